// Makes rp2040js's Cortex-M0+ many times as fast, and stricter: runs of instructions are translated to JavaScript once,
// by translate.js. Anything that is not translated is left to rp2040js, as are exceptions.
// Uses: errors.js, translate.js; the fields of rp2040js's core. Cycles are counted as rp2040js counts them, and a test
// compares the two. An alarm that comes due within a run, and an interrupt, wait for its end.

import { FirmwareError } from "./errors.js";
import { FLASH, FLASH_MASK, RAM, RAM_BYTES, translate } from "./translate.js";

const PC = 15;
const BEHIND_FLASH = 0x14000000;
const BANKS = -1; // in a profile: not the address of a run
const WAIT_CYCLES = 16; // that a core waits between checks of what the other one does

/**
 * Runs one core. `clock` follows the cycles of the first, `symbols` give places their names, `cache` makes the flash slow.
 * `second`, where this is the second core, has it as `core`; the first core is given it as `partner`. `banks` makes both
 * wait for each other's accesses to RAM.
 */
export class Processor {
  constructor(mcu, clock, symbols, cache = null, second = null, banks = null) {
    this.mcu = mcu;
    this.core = second?.core ?? mcu.core;
    this.isSecond = second !== null;
    this.partner = null;
    this.banks = banks;
    this.accesses = banks?.accesses[this.isSecond ? 1 : 0] ?? null;
    this.clock = clock;
    this.symbols = symbols;
    this.registers = new Int32Array(this.core.registers.buffer); // the same, with signs
    this.ram32 = new Int32Array(mcu.sram.buffer);
    this.ram16 = new Uint16Array(mcu.sram.buffer);
    this.ram8 = mcu.sram;
    this.flash32 = new Int32Array(mcu.flash.buffer);
    this.flash16 = new Uint16Array(mcu.flash.buffer);
    this.flash8 = mcu.flash;
    this.cache = cache;
    // Translated runs by the position of their first halfword.
    this.inFlash = new Array((FLASH_MASK + 1) / 2).fill(undefined);
    this.inRam = new Array(RAM_BYTES / 2).fill(undefined);
    this.isCode = new Uint8Array(RAM_BYTES / 4); // words of RAM that have been translated
    this.doSlowly = () => this.core.executeInstruction();
    this.onEvent = () => {};
    this.onForget = () => {};
    this.isWaitingForEvent = false; // WFE, not WFI
    this.profile = null; // cycles by the address of a run, once startProfile was called
    this.adjustInterrupts();
  }

  /** Runs until the next alarm is due or the processor waits. Exceptions of the emulated code are taken in between. */
  run() {
    const { core, clock, registers, inFlash, inRam, profile, banks } = this;
    const { ssi } = this.mcu;
    const { partner } = this;

    while (core.cycles < clock.deadline) {
      if (core.interruptsUpdated && core.checkForInterrupts()) {
        core.waiting = false;
      }
      if (core.waiting) {
        if (partner?.isAwake !== true) {
          banks?.settle(Infinity);
          return;
        }
        core.cycles += WAIT_CYCLES;
        partner.catchUp();
        banks?.settle(core.cycles);
        continue;
      }
      const pc = registers[PC] & ~1; // rp2040js enters exceptions with the Thumb bit set
      const before = core.cycles;
      let run;
      if (pc >>> 24 === 0x10) {
        if (ssi?.isFlashThere === false) {
          this.missFlash(pc, pc);
        }
        run = inFlash[(pc & FLASH_MASK) >> 1] ?? this.translate(pc);
      } else if (pc >>> 0 >= RAM && pc >>> 0 < RAM + RAM_BYTES) {
        run = inRam[(pc - RAM) >> 1] ?? this.translate(pc);
      } else {
        run = this.findElsewhere(pc);
      }
      run();
      if (profile !== null) {
        profile.set(pc, (profile.get(pc) ?? 0) + core.cycles - before);
      }
      if (partner !== null && partner.isAwake) {
        partner.catchUp();
      }
      if (banks !== null) {
        banks.settle(core.cycles);
      }
    }
  }

  /** The same for the second core, which has no interrupts and no alarms: until it has used so many cycles, or waits. */
  runUntil(cycles) {
    const { core, registers, inFlash, inRam, profile } = this;
    const { ssi } = this.mcu;

    while (core.cycles < cycles && !core.waiting) {
      const pc = registers[PC] & ~1;
      const before = core.cycles;
      let run;
      if (pc >>> 0 >= RAM && pc >>> 0 < RAM + RAM_BYTES) {
        run = inRam[(pc - RAM) >> 1] ?? this.translate(pc);
      } else if (pc >>> 24 === 0x10) {
        if (ssi?.isFlashThere === false) {
          this.missFlash(pc, pc);
        }
        run = inFlash[(pc & FLASH_MASK) >> 1] ?? this.translate(pc);
      } else {
        run = this.findElsewhere(pc);
      }
      run();
      if (profile !== null) {
        profile.set(pc, (profile.get(pc) ?? 0) + core.cycles - before);
      }
    }
  }

  translate(pc) {
    const isFlash = pc >>> 24 === 0x10;
    const fetch = isFlash
      ? (address) => this.flash16[(address & FLASH_MASK) >> 1]
      : (address) => this.ram16[(address - RAM) >> 1];
    const { run, bytes } = translate(this, pc, fetch) ?? { run: this.makeSlow(fetch(pc)), bytes: 2 };
    if (isFlash) {
      return (this.inFlash[(pc & FLASH_MASK) >> 1] = this.cache === null ? run : this.makeCached(run, pc, bytes));
    }
    this.isCode.fill(1, (pc - RAM) >> 2, (pc - RAM + bytes + 3) >> 2);
    return (this.inRam[(pc - RAM) >> 1] = run);
  }

  // A run whose code comes through the cache each time.
  makeCached(run, pc, bytes) {
    const { core, cache } = this;
    return () => {
      core.cycles += cache.fetch(pc, bytes);
      run();
    };
  }

  // Instructions that are not translated: hints, which rp2040js handles incompletely, and those that it does handle.
  makeSlow(opcode) {
    const { core, registers } = this;
    const hint = (cycles, act) => () => {
      registers[PC] += 2;
      core.cycles += cycles;
      act();
    };
    switch (opcode) {
      case 0xbf10: return hint(1, () => {}); // YIELD
      case 0xbf20: // WFE
        return hint(2, () => {
          core.waiting = !core.eventRegistered && !this.isInterruptPending;
          this.isWaitingForEvent = core.waiting;
          core.eventRegistered = false;
        });
      case 0xbf30: // WFI
        return hint(2, () => {
          core.waiting = !this.isInterruptPending;
          this.isWaitingForEvent = false;
        });
      case 0xbf40: // SEV
        return hint(1, () => {
          core.eventRegistered = true;
          this.onEvent();
        });
      default: return this.doSlowly;
    }
  }

  findElsewhere(pc) {
    if (pc >>> 0 < 0x4000) { // the boot ROM
      return this.doSlowly;
    }
    return this.fail(`jumped to ${hex(pc)}, where there is no code; the return address is ` +
      this.symbols.place(this.registers[14] & ~1));
  }

  /** An event of the other core. */
  takeEvent() {
    const { core } = this;
    if (core.waiting && this.isWaitingForEvent) {
      core.waiting = false;
    } else {
      core.eventRegistered = true;
    }
  }

  /** The flash was read, or code of it was to run, while its interface was not set up for that. */
  missFlash(address, pc) {
    this.accessPc = pc;
    return this.fail(`read ${hex(address)} in the flash while the flash's interface is disabled or busy with a block`);
  }

  /** A branch to an address, or an exception's vector, whose bit 0 is clear: a Cortex-M0+ has no other state than Thumb. */
  missThumb(address, pc) {
    this.accessPc = pc;
    return this.fail(`jumped to ${hex(address)}, an even address: bit 0 must be set, or the processor takes a fault`);
  }

  /** Code in RAM was written over. */
  forget() {
    this.forgetOwn();
    this.onForget();
  }

  forgetOwn() {
    this.inRam.fill(undefined);
    this.isCode.fill(0);
  }

  /** About where the processor is: at the beginning of a run, or at the instruction that accesses memory. */
  get place() {
    return this.symbols.place(this.accessPc ?? this.registers[PC] & ~1);
  }

  fail(what) {
    throw new FirmwareError(`the firmware ${what}, at ${this.place}`);
  }

  /** Waits a cycle for a bank of RAM. */
  wait() {
    this.core.cycles++;
    this.profile?.set(BANKS, (this.profile.get(BANKS) ?? 0) + 1);
  }

  startProfile() {
    this.profile = new Map();
  }

  /** Cycles by function, the most first: [{name, cycles}]. */
  readProfile(profile = this.profile) {
    const sums = new Map();
    for (const [address, cycles] of profile ?? []) {
      const name = address === BANKS ? "(waiting for a bank)" : this.symbols.functionAt(address)?.name ?? hex(address);
      sums.set(name, (sums.get(name) ?? 0) + cycles);
    }
    return [...sums].map(([name, cycles]) => ({ name, cycles })).sort((a, b) => b.cycles - a.cycles);
  }

  // WFI ends at a pending interrupt even if PRIMASK keeps it from being taken; rp2040js would take it. It also takes a
  // vector for a place where bit 0 is clear.
  adjustInterrupts() {
    const { core } = this;
    const { checkForInterrupts } = core;
    core.checkForInterrupts = () => {
      if (core.waiting && core.PM) {
        return this.isInterruptPending;
      }
      const from = core.PC & ~1;
      const isTaken = checkForInterrupts.call(core);
      if (isTaken && (core.PC & 1) === 0) {
        this.missThumb(core.PC, from);
      }
      return isTaken;
    };
  }

  get isInterruptPending() {
    const { core } = this;
    return (core.pendingInterrupts & core.enabledInterrupts) !== 0 || core.pendingSystick || core.pendingPendSV;
  }

  // Accesses beyond RAM and flash, from translated code; rp2040js handles them. `cycles` of the run came before, so
  // that timers show the time of the access. Peripherals take a different time than memory, for which a cycle is
  // counted.

  load32(address, cycles, pc) {
    return this.access(address, 3, "read a word from", cycles, pc, loadCycles, (a) => this.core.readUint32(a)) | 0;
  }

  load16(address, cycles, pc) {
    return this.access(address, 1, "read a halfword from", cycles, pc, loadCycles, (a) => this.core.readUint16(a));
  }

  load8(address, cycles, pc) {
    return this.access(address, 0, "read", cycles, pc, loadCycles, (a) => this.core.readUint8(a));
  }

  store32(address, value, cycles, pc) {
    this.access(address, 3, "wrote a word to", cycles, pc, storeCycles, (a) => {
      if (this.canStore(a)) {
        this.core.writeUint32(a, value >>> 0);
      }
    });
  }

  store16(address, value, cycles, pc) {
    this.access(address, 1, "wrote a halfword to", cycles, pc, storeCycles, (a) => {
      if (this.canStore(a)) {
        this.core.writeUint16(a, value & 0xffff);
      }
    });
  }

  store8(address, value, cycles, pc) {
    this.access(address, 0, "wrote to", cycles, pc, storeCycles, (a) => {
      if (this.canStore(a)) {
        this.core.writeUint8(a, value & 0xff);
      }
    });
  }

  access(address, mask, what, cycles, pc, busCycles, act) {
    const { core } = this;
    const a = address >>> 0;
    this.accessPc = pc;
    if ((a & mask) !== 0) {
      this.fail(`${what} ${hex(a)}, which is not aligned`);
    }
    if (this.isSecond && a >>> 28 === 0xe) {
      this.fail(`${what} ${hex(a)} on its second processor, which has no interrupts and no timer of its own here`);
    }
    core.cycles += cycles;
    const value = act(a);
    core.cycles += busCycles(a) - 1 - cycles;
    this.accessPc = undefined;
    return value;
  }

  // The ROM ignores writes; TinyUSB writes to address 0, where endpoint 0 has no control register.
  canStore(address) {
    if (address >= FLASH && address < BEHIND_FLASH) {
      this.fail(`wrote to ${hex(address)}, which is flash`);
    }
    return address >= FLASH;
  }
}

function hex(number) {
  return `0x${(number >>> 0).toString(16)}`;
}

// The cycles of a load or a store beyond the first: none in the single-cycle I/O block, more on the peripheral bus.
function loadCycles(address) {
  const top = address >>> 28;
  return top === 0xd ? 0 : top === 0x4 ? 3 : 1;
}

function storeCycles(address) {
  const top = address >>> 28;
  return top === 0xd ? 0 : top === 0x4 ? 4 : 1;
}
