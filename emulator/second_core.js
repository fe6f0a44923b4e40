// The second processor of the RP2040: it waits in the boot ROM until the first one launches it, shares memory and
// peripherals, and has its own FIFO end, divider and interpolators. Uses: rp2040js, errors.js, processor.js. RP2040
// datasheet 2.3.1 (SIO) and 2.8.2 (launch). It has no interrupts here. The processors run in turns: after each run of
// the first one's instructions, 48 at most, the second one catches up. So a run of the board is reproducible.

import { FirmwareError } from "./errors.js";
import { Processor } from "./processor.js";

const CPUID = 0x00, FIFO_STATUS = 0x50, FIFO_WRITE = 0x54, FIFO_READ = 0x58, OWN_FIRST = 0x60, OWN_LAST = 0xfc;
const FIFO_WORDS = 8, VALID = 1, READY = 2;
const FIFO_INTERRUPT = 15; // on the first processor
const PSM = 0x40010, FORCE_OFF = 0x04, PROC_1 = 1 << 16;
const LAUNCH = [0, 0, 1]; // then vector table, stack, entry
const LAUNCH_WORDS = 6;

export class SecondCore {
  constructor(mcu, clock, symbols, cache, banks = null) {
    this.mcu = mcu;
    this.banks = banks;
    this.clock = clock;
    this.symbols = symbols;
    this.cache = cache;
    this.fifos = [[], []]; // to the first processor, and to this one
    this.isCurrent = false; // it is executing, so an access is its own
    this.busyCycles = 0;
    this.profile = null; // cycles by the address of a run
    this.first = null;
    this.shareSio();
    this.sharePower();
    this.restart();
  }

  // The state after a reset: in the boot ROM, waiting for the words of the launch.
  restart() {
    const { mcu } = this;
    this.core = new mcu.core.constructor(mcu);
    this.core.waiting = true;
    this.launch = [];
    this.isLaunched = false;
    this.processor = null;
  }

  /** Makes this the partner of the first processor: events and code that was written over concern both. */
  connect(first) {
    this.first = first;
    first.partner = this;
    first.onEvent = () => this.takeEvent();
    first.onForget = () => this.processor?.forgetOwn();
  }

  /** Whether it was launched and does not wait for an event. */
  get isAwake() {
    return this.isLaunched && !this.core.waiting;
  }

  /** Runs until it has used as many cycles as the first processor. */
  catchUp() {
    const { core, mcu } = this;
    const until = mcu.core.cycles;
    const before = core.cycles;
    this.isCurrent = true;
    try {
      this.processor.runUntil(until);
    } finally {
      this.isCurrent = false;
    }
    this.busyCycles += core.cycles - before;
  }

  /** Waits a cycle for a bank of RAM. */
  wait() {
    this.processor.wait();
    this.busyCycles++;
  }

  /** An event of the other processor, which ends the wait for one. */
  takeEvent() {
    if (this.isLaunched && this.core.waiting && this.processor.isWaitingForEvent) {
      this.core.waiting = false;
      this.core.cycles = this.mcu.core.cycles;
    } else {
      this.core.eventRegistered = true;
    }
  }

  // Handles a word of the FIFO like the boot ROM: echoes it, and starts over if it is unexpected.
  takeLaunchWord(word) {
    const { launch } = this;
    if (launch.length < LAUNCH.length && word !== LAUNCH[launch.length]) {
      launch.length = 0;
    }
    if (launch.length >= LAUNCH.length || word === LAUNCH[launch.length]) {
      launch.push(word);
    }
    this.push(0, word);
    if (launch.length === LAUNCH_WORDS) {
      const [, , , vectors, stack, entry] = launch;
      const { core, mcu } = this;
      if ((entry & 1) === 0) {
        throw new FirmwareError(`the firmware launched its second processor at ${this.symbols.place(entry)}, an even ` +
          "address: bit 0 must be set, or the processor takes a fault");
      }
      core.VTOR = vectors;
      core.SP = stack;
      core.LR = 0;
      core.PC = entry - 1;
      core.waiting = false;
      core.cycles = mcu.core.cycles;
      this.processor = new Processor(mcu, this.clock, this.symbols, this.cache, this, this.banks);
      this.processor.profile = this.profile;
      this.processor.onEvent = () => this.first.takeEvent();
      this.processor.onForget = () => this.first.forgetOwn();
      this.isLaunched = true;
    }
  }

  push(to, word) {
    if (this.fifos[to].length === FIFO_WORDS) {
      throw new FirmwareError("the firmware wrote to the other processor's FIFO, which was full");
    }
    this.fifos[to].push(word);
    this.mcu.setInterrupt(FIFO_INTERRUPT, this.fifos[0].length > 0);
  }

  readFifo() {
    const word = this.fifos[this.isCurrent ? 1 : 0].shift();
    if (word === undefined) {
      throw new FirmwareError("the firmware read a word from the other processor's FIFO, which was empty");
    }
    this.mcu.setInterrupt(FIFO_INTERRUPT, this.fifos[0].length > 0);
    return word;
  }

  writeFifo(word) {
    if (!this.isCurrent && !this.isLaunched) {
      this.takeLaunchWord(word);
    } else {
      this.push(this.isCurrent ? 0 : 1, word);
    }
  }

  // Pins and spin locks are shared; every other register belongs to the executing processor.
  shareSio() {
    const { mcu } = this;
    const shared = mcu.sio, own = new shared.constructor(mcu);
    const { readUint32, writeUint32 } = shared;
    const isOwn = (offset) => this.isCurrent && offset >= OWN_FIRST && offset <= OWN_LAST;
    // rp2040js's divider charges its time to the first processor.
    const access = (act) => {
      const { cycles } = mcu.core;
      const value = act();
      this.core.cycles += mcu.core.cycles - cycles;
      mcu.core.cycles = cycles;
      return value;
    };
    shared.readUint32 = (offset) => {
      switch (offset) {
        case CPUID: return this.isCurrent ? 1 : 0;
        case FIFO_STATUS:
          return (this.fifos[this.isCurrent ? 1 : 0].length > 0 ? VALID : 0) |
            (this.fifos[this.isCurrent ? 0 : 1].length < FIFO_WORDS ? READY : 0);
        case FIFO_READ: return this.readFifo();
        default:
          return isOwn(offset) ? access(() => own.readUint32(offset)) : readUint32.call(shared, offset);
      }
    };
    shared.writeUint32 = (offset, value) => {
      if (offset === FIFO_WRITE) {
        this.writeFifo(value >>> 0);
      } else if (offset !== FIFO_STATUS) { // writing it clears error flags; those errors end a run anyway
        return isOwn(offset) ? access(() => own.writeUint32(offset, value)) : writeUint32.call(shared, offset, value);
      }
      return undefined;
    };
  }

  // The power-on state machine holds this processor in reset, and releases it into the boot ROM again.
  sharePower() {
    const power = this.mcu.peripherals[PSM];
    const { writeUint32 } = power;
    power.writeUint32 = (offset, value) => {
      const wasOff = (power.frceOff & PROC_1) !== 0;
      writeUint32.call(power, offset, value);
      const isOff = (power.frceOff & PROC_1) !== 0;
      if (offset === FORCE_OFF && isOff) {
        this.restart();
      } else if (offset === FORCE_OFF && wasOff) {
        this.fifos[1].length = 0;
        this.push(0, 0);
      }
    };
  }
}
