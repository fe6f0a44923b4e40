// The errors that end a run.
// Uses: nothing.

/** The firmware did what no board would put up with: the message says what, and where. */
export class FirmwareError extends Error {}

/** The firmware entered the boot loader, as its console was told to. */
export class BootLoaderExit extends Error {}

/** A file or an option from outside cannot be used. */
export class InputError extends Error {}
