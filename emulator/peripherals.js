// Parts of the RP2040 that firmware needs and that are missing or incomplete in rp2040js: ring oscillator, power and
// reset, real-time clock. Uses: rp2040js. Registers as in the RP2040 datasheet, sections 2.10, 2.17 and 4.8.

import { BasePeripheral } from "rp2040js";

/** A register file that remembers what is written; for what has no effect on a program. */
export class PlainRegisters extends BasePeripheral {
  constructor(mcu, name, initial = {}) {
    super(mcu, name);
    this.mcu = mcu;
    this.values = new Map(Object.entries(initial).map(([offset, value]) => [Number(offset), value]));
  }

  readUint32(offset) {
    return this.values.get(offset & 0xfff) ?? 0;
  }

  writeUint32(offset, value) {
    this.values.set(offset, value >>> 0);
  }
}

const ROSC_DORMANT = 0x0c, ROSC_STATUS = 0x18, ROSC_RANDOM_BIT = 0x1c;
const ROSC_STABLE = 0x80000000, ROSC_ENABLED = 0x1000, DORMANT_CODE = 0x636f6d61; // "coma"

/**
 * The ring oscillator: always stable; its random bits come from outside, so that a run can be repeated. Where it is
 * told to stop, the processor waits until something wakes it, which is what a program notices of it.
 */
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

  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset === ROSC_DORMANT && value >>> 0 === DORMANT_CODE) {
      this.onDormant();
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

  /** Of the core, as the regulator is set. */
  get millivolts() {
    return 550 + 50 * ((this.readUint32(0) >>> 4) & 15);
  }
}
const RTC = { SETUP_0: 0x04, SETUP_1: 0x08, CTRL: 0x0c, IRQ_0: 0x10, IRQ_1: 0x14, RTC_1: 0x18, RTC_0: 0x1c, INTR: 0x20,
  INTE: 0x24, INTF: 0x28, INTS: 0x2c };
const RTC_ENABLE = 1, RTC_ACTIVE = 2, RTC_LOAD = 16, MATCH_ENABLE = 1 << 28, MATCH_ACTIVE = 1 << 29;
const RTC_INTERRUPT = 25, SECOND = 1e9;
const RTC_LIMIT_S = 366 * 86400; // an alarm farther away is not an alarm

// The fields of a date in the two registers, for setting it, for the alarm (with the bit that enables a field), and for
// reading it.
const fields = [
  { name: "year", word: 0, shift: 12, mask: 0xfff, enable: 1 << 26 },
  { name: "month", word: 0, shift: 8, mask: 0xf, enable: 1 << 25 },
  { name: "day", word: 0, shift: 0, mask: 0x1f, enable: 1 << 24 },
  { name: "weekday", word: 1, shift: 24, mask: 7, enable: 1 << 31 },
  { name: "hour", word: 1, shift: 16, mask: 0x1f, enable: 1 << 30 },
  { name: "minute", word: 1, shift: 8, mask: 0x3f, enable: 1 << 29 },
  { name: "second", word: 1, shift: 0, mask: 0x3f, enable: 1 << 28 },
];

function fieldOf(date, name) {
  switch (name) {
    case "year": return date.getUTCFullYear();
    case "month": return date.getUTCMonth() + 1;
    case "day": return date.getUTCDate();
    case "weekday": return date.getUTCDay();
    case "hour": return date.getUTCHours();
    case "minute": return date.getUTCMinutes();
    default: return date.getUTCSeconds();
  }
}

/** The real-time clock, with the alarm that rp2040js lacks. It counts seconds from when it is enabled. */
export class RealTimeClock extends PlainRegisters {
  constructor(mcu, clock) {
    super(mcu, "RTC");
    this.clock = clock;
    this.startNanos = 0;
    this.startMs = Date.UTC(2000, 0, 1);
    this.alarm = clock.createAlarm(() => this.ring());
    this.hasRung = false;
    this.isEnabled = false;
  }

  get date() {
    const seconds = this.isEnabled ? Math.floor((this.clock.nanos - this.startNanos) / SECOND) : 0;
    return new Date(this.startMs + 1000 * seconds);
  }

  readUint32(offset) {
    switch (offset) {
      case RTC.CTRL:
        return this.isEnabled ? RTC_ENABLE | RTC_ACTIVE : 0;
      case RTC.IRQ_0: {
        const value = super.readUint32(offset);
        return value & MATCH_ENABLE ? value | MATCH_ACTIVE : value & ~MATCH_ACTIVE;
      }
      case RTC.RTC_1:
        return this.encode(0);
      case RTC.RTC_0:
        return this.encode(1);
      case RTC.INTR:
        return this.hasRung ? 1 : 0;
      case RTC.INTS:
        return (this.hasRung && (super.readUint32(RTC.INTE) & 1)) || super.readUint32(RTC.INTF) & 1 ? 1 : 0;
      default:
        return super.readUint32(offset);
    }
  }

  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset === RTC.CTRL) {
      if (value & RTC_LOAD) {
        this.load();
      }
      this.isEnabled = (value & RTC_ENABLE) !== 0;
    }
    if (offset === RTC.CTRL || offset === RTC.IRQ_0 || offset === RTC.IRQ_1) {
      this.hasRung = false;
      this.appoint();
    }
    this.updateInterrupt();
  }

  // Sets the time to that of the set-up registers.
  load() {
    const value = {};
    for (const { name, word, shift, mask } of fields) {
      value[name] = (super.readUint32(word === 0 ? RTC.SETUP_0 : RTC.SETUP_1) >>> shift) & mask;
    }
    this.startMs = Date.UTC(value.year, value.month - 1, value.day, value.hour, value.minute, value.second);
    this.startNanos = this.clock.nanos;
  }

  encode(word) {
    const { date } = this;
    const bits = fields.filter((field) => field.word === word).map(({ name, shift }) => fieldOf(date, name) << shift);
    return bits.reduce((sum, value) => sum | value, 0) >>> 0;
  }

  // Finds the next second in which all enabled fields match the alarm.
  appoint() {
    this.alarm.cancel();
    const setting = [super.readUint32(RTC.IRQ_0), super.readUint32(RTC.IRQ_1)];
    if (!this.isEnabled || (setting[0] & MATCH_ENABLE) === 0) {
      return;
    }
    const wanted = fields.filter(({ word, enable }) => setting[word] & enable)
      .map(({ name, word, shift, mask }) => ({ name, value: (setting[word] >>> shift) & mask }));
    const now = this.date.getTime();
    for (let seconds = 1; seconds < RTC_LIMIT_S; ) {
      const date = new Date(now + 1000 * seconds);
      const wrong = wanted.find(({ name, value }) => fieldOf(date, name) !== value);
      if (wrong === undefined) {
        const age = (this.clock.nanos - this.startNanos) % SECOND;
        this.alarm.schedule(seconds * SECOND - age);
        return;
      }
      const ofDay = (now / 1000 + seconds) % 86400;
      const isOfDate = ["year", "month", "day", "weekday"].includes(wrong.name);
      seconds += isOfDate ? 86400 - ofDay : wrong.name === "hour" ? 3600 - (ofDay % 3600) : 1;
    }
  }

  ring() {
    this.hasRung = true;
    this.updateInterrupt();
  }

  get isInterrupting() {
    return this.readUint32(RTC.INTS) !== 0;
  }

  updateInterrupt() {
    const isActive = this.isInterrupting;
    this.mcu.setInterrupt(RTC_INTERRUPT, isActive);
    if (isActive) {
      this.onWake();
    }
  }
}

const WAKE_FIRST = 0x160, WAKE_LAST = 0x18c;

/** rp2040js's pins lack the registers that say which of them end a sleep without clocks; none of ours does. */
export function completePins(pins) {
  const values = new Map();
  const { readUint32, writeUint32 } = pins;
  const isWake = (offset) => offset >= WAKE_FIRST && offset <= WAKE_LAST;
  pins.readUint32 = (offset) => (isWake(offset) ? values.get(offset) ?? 0 : readUint32.call(pins, offset));
  pins.writeUint32 = (offset, value) => {
    if (isWake(offset)) {
      values.set(offset, value);
    } else {
      writeUint32.call(pins, offset, value);
    }
  };
}

const PLL_CS = 0x00, PLL_LOCK = 0x80000000;

/** From now on a PLL of rp2040js, which always reports that it is locked, never does. */
export function loseLock(pll) {
  const { readUint32 } = pll;
  pll.readUint32 = (offset) => {
    const value = readUint32.call(pll, offset);
    return offset === PLL_CS ? (value & ~PLL_LOCK) >>> 0 : value;
  };
}

const SSPCR1 = 0x004;

/** rp2040js's SPI passes over control register 1, which has the bit that switches it on. */
export function completeSpi(spi) {
  const { readUint32, writeUint32 } = spi;
  spi.readUint32 = (offset) => (offset === SSPCR1 ? spi.control1 : readUint32.call(spi, offset));
  spi.writeUint32 = (offset, value) => {
    if (offset === SSPCR1) {
      spi.control1 = value;
    } else {
      writeUint32.call(spi, offset, value);
    }
  };
}
