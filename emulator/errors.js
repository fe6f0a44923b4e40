// The two ways in which a run ends badly.
// Uses: nothing.

/** The firmware did what no board would put up with: the message says what, and where. */
export class FirmwareError extends Error {}

/** A file or an option from outside cannot be used. */
export class InputError extends Error {}
