// Parts of the RP2040 that firmware needs and rp2040js lacks or only begins: ring oscillator, power and reset, real-time
// clock. Uses: rp2040js. Registers as in the RP2040 datasheet, sections 2.10, 2.17 and 4.8.

import { BasePeripheral } from "rp2040js";

/** A register file that remembers what is written; for what has no effect on a program. */
export class PlainRegisters extends BasePeripheral {
  constructor(mcu, name, initial = {}) {
    super(mcu, name);
    this.values = new Map(Object.entries(initial).map(([offset, value]) => [Number(offset), value]));
  }

  readUint32(offset) {
    return this.values.get(offset & 0xfff) ?? 0;
  }

  writeUint32(offset, value) {
    this.values.set(offset, value >>> 0);
  }
}

const ROSC_STATUS = 0x18, ROSC_RANDOM_BIT = 0x1c;
const ROSC_STABLE = 0x80000000, ROSC_ENABLED = 0x1000;

/** The ring oscillator: always stable; its random bits come from outside, so that a run can be repeated. */
export class RingOscillator extends PlainRegisters {
  /** @param random returns a number from 0 up to 1. */
  constructor(mcu, random) {
    super(mcu, "ROSC", { 0x00: 0xaa0, 0x10: 0xaa0 + 16 });
    this.random = random;
  }

  readUint32(offset) {
    switch (offset & 0xfff) {
      case ROSC_STATUS:
        return (ROSC_STABLE | ROSC_ENABLED) >>> 0;
      case ROSC_RANDOM_BIT:
        return this.random() < 0.5 ? 0 : 1;
      default:
        return super.readUint32(offset);
    }
  }
}

const CHIP_RESET = 0x08, HAD_POWER_ON = 1 << 8, HAD_RUN_PIN = 1 << 16;

/** The voltage regulator and what is known of the last reset. */
export class VoltageAndReset extends PlainRegisters {
  constructor(mcu, byRunPin) {
    super(mcu, "VREG_AND_CHIP_RESET", { 0x00: 0xb1 | (1 << 12), 0x04: 0x91 });
    this.values.set(CHIP_RESET, byRunPin ? HAD_RUN_PIN : HAD_POWER_ON);
  }
}
