// A replacement for the boot ROM of the RP2040, sufficient for an image that contains its compiler's arithmetic.
// Uses: nothing. The layout is that of the RP2040 datasheet, section 2.8.3; no byte is Raspberry Pi's.
//
// | address | content |
// | --- | --- |
// | 0x0000 | initial stack pointer |
// | 0x0004 to 0x000c | reset, NMI and hard fault: stop with BREAK.FAULT |
// | 0x0010 | "Mu", 1, and the version of the ROM |
// | 0x0014, 0x0016, 0x0018 | 16-bit addresses of the function table, the data table, the look-up routine |
// | 0x0020 | the routines below |
//
// Functions in the table: flash_exit_xip, which sets up the flash's interface for single bytes; connect_internal_flash,
// flash_flush_cache and flash_enter_cmd_xip, which have nothing to do here; reset_usb_boot, which ends the run. If an
// image looks up anything else, the run ends with a message: floating point, bit and memory routines (build with the
// compiler's), and writing to the flash.
//
// The board itself does the first steps of the real ROM: it checks the second stage, copies it to RAM, and starts it.

/** Why a routine of the stand-in stops the processor: the number in its BKPT instruction. */
export const BREAK = { FAULT: 0xf0, MISSING: 0xf1, BOOTSEL: 0xf2 };

const FAULT = 0x20, LOOK_UP = 0x22, NOTHING = 0x36, BOOTSEL = 0x38, EXIT_XIP = 0x3c, FUNCTIONS = 0x50,
  DATA = 0x68;

const routines = [
  // 0x20 a fault
  0xbe00 | BREAK.FAULT, //  bkpt #FAULT
  // 0x22 look_up(table, code): entries are a code and an address, 16 bits each, up to the code 0
  0x8802, //  ldrh r2, [r0]
  0x428a, //  cmp  r2, r1
  0xd003, //  beq  found
  0x3004, //  adds r0, #4
  0x2a00, //  cmp  r2, #0
  0xd1f9, //  bne  look_up
  0xbe00 | BREAK.MISSING, //  bkpt #MISSING
  0x8840, //  found: ldrh r0, [r0, #2]
  0x4770, //  bx   lr
  0x46c0, //  nop
  // 0x36 nothing to do
  0x4770, //  bx   lr
  // 0x38 reset_usb_boot
  0xbe00 | BREAK.BOOTSEL, //  bkpt #BOOTSEL
  0x46c0, //  nop
  // 0x3c flash_exit_xip
  0x2018, //  movs r0, #0x18
  0x0600, //  lsls r0, r0, #24
  0x2100, //  movs r1, #0
  0x6081, //  str  r1, [r0, #8]: SSIENR
  0x2107, //  movs r1, #7
  0x0409, //  lsls r1, r1, #16
  0x6001, //  str  r1, [r0, #0]: CTRLR0, frames of 8 bits
  0x2101, //  movs r1, #1
  0x6081, //  str  r1, [r0, #8]
  0x4770, //  bx   lr
];

const code = (letters) => letters.charCodeAt(0) | (letters.charCodeAt(1) << 8);

const functions = [
  [code("IF"), NOTHING],
  [code("EX"), EXIT_XIP],
  [code("FC"), NOTHING],
  [code("CX"), NOTHING],
  [code("UB"), BOOTSEL],
];

/** The bytes of the stand-in, from address 0. */
export function makeBootRom() {
  const halfwords = new Uint16Array(DATA / 2 + 2);
  const thumb = (address) => address | 1;

  halfwords.set([0x2000, 0x2004], 0x00 / 2); // the stack begins at 0x20042000, little-endian
  for (const vector of [0x04, 0x08, 0x0c]) {
    halfwords[vector / 2] = thumb(FAULT);
  }
  halfwords.set([code("Mu"), 0x0301], 0x10 / 2);
  halfwords.set([FUNCTIONS, DATA, thumb(LOOK_UP)], 0x14 / 2);
  halfwords.set(routines, FAULT / 2);
  halfwords.set(functions.flatMap(([name, routine]) => [name, thumb(routine)]), FUNCTIONS / 2);
  return new Uint8Array(halfwords.buffer);
}
