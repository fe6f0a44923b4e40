// Makes the Cortex-M0+ of rp2040js several times as fast, and stricter: the instructions that firmware spends its time in
// are decoded once, into functions that know their operands. All others are left to rp2040js, as are exceptions.
// Uses: errors.js; the fields of rp2040js's core. Cycles are counted as rp2040js counts them; a test compares the two.

import { FirmwareError } from "./errors.js";

const FLASH = 0x10000000, FLASH_MASK = 0x1fffff, RAM = 0x20000000, RAM_BYTES = 264 * 1024;
const PC = 15;

/** Runs one core. `clock` follows its cycles, `symbols` give places their names. */
export class Processor {
  constructor(mcu, clock, symbols) {
    this.mcu = mcu;
    this.core = mcu.core;
    this.clock = clock;
    this.symbols = symbols;
    this.registers = new Int32Array(this.core.registers.buffer); // the same, with signs
    this.ram32 = new Int32Array(mcu.sram.buffer);
    this.ram16 = new Uint16Array(mcu.sram.buffer);
    this.ram8 = mcu.sram;
    this.flash32 = new Int32Array(mcu.flash.buffer);
    this.flash16 = new Uint16Array(mcu.flash.buffer);
    this.flash8 = mcu.flash;
    this.handlers = new Array(0x10000).fill(undefined);
    this.profile = null; // cycles by halfword of the flash, then of the RAM, once startProfile was called
    this.adjustInterrupts();
  }

  /** Runs until the next alarm is due or the processor waits. Exceptions of the emulated code are taken in between. */
  run() {
    const { core, clock, registers, handlers, flash16, ram16, profile } = this;

    while (core.cycles < clock.deadline) {
      if (core.interruptsUpdated && core.checkForInterrupts()) {
        core.waiting = false;
      }
      if (core.waiting) {
        return;
      }
      const pc = registers[PC] & ~1; // rp2040js enters exceptions with the bit that says Thumb
      let opcode;
      if (pc >>> 24 === 0x10) {
        opcode = flash16[(pc & FLASH_MASK) >> 1];
      } else if (pc >>> 0 >= RAM && pc >>> 0 < RAM + RAM_BYTES) {
        opcode = ram16[(pc - RAM) >> 1];
      } else {
        opcode = this.fetchElsewhere(pc);
      }
      let handler = handlers[opcode];
      if (handler === undefined) {
        handler = decode(opcode, this) ?? ((r) => this.executeSlowly(r));
        handlers[opcode] = handler;
      }
      registers[PC] = pc + 2;
      const cycles = handler(registers, core);
      core.cycles += cycles;
      if (profile !== null) {
        profile[pc >>> 24 === 0x10 ? (pc & FLASH_MASK) >> 1 : 0x100000 + ((pc & 0x7ffff) >> 1)] += cycles;
      }
    }
  }

  fetchElsewhere(pc) {
    if (pc >>> 0 < 0x4000) {
      return this.core.readUint16(pc);
    }
    return this.fail(`jumped to 0x${(pc >>> 0).toString(16)}, where no code is; the return address is ` +
      this.symbols.place(this.registers[14] & ~1));
  }

  executeSlowly(registers) {
    registers[PC] -= 2;
    const before = this.core.cycles;
    this.core.executeInstruction();
    const cycles = this.core.cycles - before;
    this.core.cycles = before;
    return cycles;
  }

  /** The instruction that is being executed. */
  get place() {
    return this.symbols.place((this.registers[PC] - 2) & ~1);
  }

  fail(what) {
    throw new FirmwareError(`the firmware ${what}, at ${this.place}`);
  }

  startProfile() {
    this.profile = new Float64Array(0x100000 + 0x40000);
  }

  /** Cycles by function, the most first: [{name, cycles}]. */
  readProfile() {
    const sums = new Map();
    this.profile?.forEach((cycles, place) => {
      if (cycles > 0) {
        const address = place < 0x100000 ? FLASH + 2 * place : RAM + 2 * (place - 0x100000);
        const name = this.symbols.functionAt(address)?.name ?? `0x${address.toString(16)}`;
        sums.set(name, (sums.get(name) ?? 0) + cycles);
      }
    });
    return [...sums].map(([name, cycles]) => ({ name, cycles })).sort((a, b) => b.cycles - a.cycles);
  }

  // WFI ends at a pending interrupt even where PRIMASK keeps it from being taken; rp2040js would take it.
  adjustInterrupts() {
    const { core } = this;
    const { checkForInterrupts } = core;
    core.checkForInterrupts = () => {
      if (core.waiting && core.PM) {
        return this.isInterruptPending;
      }
      return checkForInterrupts.call(core);
    };
  }

  get isInterruptPending() {
    const { core } = this;
    return (core.pendingInterrupts & core.enabledInterrupts) !== 0 || core.pendingSystick || core.pendingPendSV;
  }

  // Memory. Beyond RAM and flash, rp2040js knows what is there; a load or a store adds the bus's cycles to its own one.

  load32(address) {
    const a = address >>> 0;
    if ((a & 3) !== 0) {
      this.fail(`read a word from 0x${a.toString(16)}, which is not aligned`);
    }
    if (a >= RAM && a < RAM + RAM_BYTES) {
      return this.ram32[(a - RAM) >> 2];
    }
    return a >>> 24 === 0x10 ? this.flash32[(a & FLASH_MASK) >> 2] : this.core.readUint32(a);
  }

  load16(address) {
    const a = address >>> 0;
    if ((a & 1) !== 0) {
      this.fail(`read a halfword from 0x${a.toString(16)}, which is not aligned`);
    }
    if (a >= RAM && a < RAM + RAM_BYTES) {
      return this.ram16[(a - RAM) >> 1];
    }
    return a >>> 24 === 0x10 ? this.flash16[(a & FLASH_MASK) >> 1] : this.core.readUint16(a);
  }

  load8(address) {
    const a = address >>> 0;
    if (a >= RAM && a < RAM + RAM_BYTES) {
      return this.ram8[a - RAM];
    }
    return a >>> 24 === 0x10 ? this.flash8[a & FLASH_MASK] : this.core.readUint8(a);
  }

  store32(address, value) {
    const a = address >>> 0;
    if ((a & 3) !== 0) {
      this.fail(`wrote a word to 0x${a.toString(16)}, which is not aligned`);
    }
    if (a >= RAM && a < RAM + RAM_BYTES) {
      this.ram32[(a - RAM) >> 2] = value;
    } else if (this.canStore(a)) {
      this.core.writeUint32(a, value >>> 0);
    }
  }

  store16(address, value) {
    const a = address >>> 0;
    if ((a & 1) !== 0) {
      this.fail(`wrote a halfword to 0x${a.toString(16)}, which is not aligned`);
    }
    if (a >= RAM && a < RAM + RAM_BYTES) {
      this.ram16[(a - RAM) >> 1] = value;
    } else if (this.canStore(a)) {
      this.core.writeUint16(a, value & 0xffff);
    }
  }

  store8(address, value) {
    const a = address >>> 0;
    if (a >= RAM && a < RAM + RAM_BYTES) {
      this.ram8[a - RAM] = value;
    } else if (this.canStore(a)) {
      this.core.writeUint8(a, value & 0xff);
    }
  }

  // The ROM takes no notice of a write; TinyUSB writes to address 0, where endpoint 0 has no control register.
  canStore(address) {
    if (address >= FLASH && address < 0x14000000) {
      this.fail(`wrote to 0x${address.toString(16)}, which is flash`);
    }
    return address >= FLASH;
  }
}

// What a load or a store takes besides its one cycle.
function loadCycles(address) {
  const top = address >>> 28;
  return top === 0xd ? 0 : top === 0x4 ? 3 : 1;
}

function storeCycles(address) {
  const top = address >>> 28;
  return top === 0xd ? 0 : top === 0x4 ? 4 : 1;
}

function setNZ(core, result) {
  core.N = result < 0;
  core.Z = result === 0;
  return result;
}

// a + b + carry with all flags; a and b are signed 32 bits. A subtraction is an addition of the complement, with carry.
function add(core, a, b, carry) {
  const result = (a + b + carry) | 0;
  core.N = result < 0;
  core.Z = result === 0;
  core.C = (a >>> 0) + (b >>> 0) + carry > 0xffffffff;
  core.V = ((a ^ result) & (b ^ result)) < 0;
  return result;
}

const conditions = [
  (core) => core.Z, (core) => !core.Z, (core) => core.C, (core) => !core.C,
  (core) => core.N, (core) => !core.N, (core) => core.V, (core) => !core.V,
  (core) => core.C && !core.Z, (core) => !core.C || core.Z,
  (core) => core.N === core.V, (core) => core.N !== core.V,
  (core) => !core.Z && core.N === core.V, (core) => core.Z || core.N !== core.V,
];

// The function of one opcode: it takes the registers and the core, and returns the cycles; the program counter is
// already behind the instruction. undefined where rp2040js shall do it. Names as in the ARMv6-M manual.
function decode(opcode, cpu) {
  const d = opcode & 7, n = (opcode >> 3) & 7, m = (opcode >> 6) & 7; // the usual places of Rd or Rt, Rn or Rm, Rm
  const wide = (opcode >> 8) & 7; // the place of Rd beside an 8-bit constant
  const imm5 = (opcode >> 6) & 31, imm8 = opcode & 0xff;

  switch (opcode >> 11) {
    case 0b00000: // LSLS by a constant; MOVS
      return imm5 === 0
        ? (r, core) => { r[d] = setNZ(core, r[n]); return 1; }
        : (r, core) => { core.C = ((r[n] >>> (32 - imm5)) & 1) === 1; r[d] = setNZ(core, r[n] << imm5); return 1; };
    case 0b00001: // LSRS by a constant; 0 means 32
      return imm5 === 0
        ? (r, core) => { core.C = r[n] < 0; r[d] = setNZ(core, 0); return 1; }
        : (r, core) => { core.C = ((r[n] >>> (imm5 - 1)) & 1) === 1; r[d] = setNZ(core, (r[n] >>> imm5) | 0); return 1; };
    case 0b00010: { // ASRS by a constant; 0 means 32
      const shift = imm5 === 0 ? 31 : imm5, last = imm5 === 0 ? 31 : imm5 - 1;
      return (r, core) => { core.C = ((r[n] >>> last) & 1) === 1; r[d] = setNZ(core, r[n] >> shift); return 1; };
    }
    case 0b00011: { // ADDS, SUBS with a register or a small constant
      switch ((opcode >> 9) & 3) {
        case 0: return (r, core) => { r[d] = add(core, r[n], r[m], 0); return 1; };
        case 1: return (r, core) => { r[d] = add(core, r[n], ~r[m], 1); return 1; };
        case 2: return (r, core) => { r[d] = add(core, r[n], m, 0); return 1; };
        default: return (r, core) => { r[d] = add(core, r[n], ~m, 1); return 1; };
      }
    }
    case 0b00100: // MOVS
      return (r, core) => { r[wide] = imm8; core.N = false; core.Z = imm8 === 0; return 1; };
    case 0b00101: // CMP
      return (r, core) => { add(core, r[wide], ~imm8, 1); return 1; };
    case 0b00110: // ADDS
      return (r, core) => { r[wide] = add(core, r[wide], imm8, 0); return 1; };
    case 0b00111: // SUBS
      return (r, core) => { r[wide] = add(core, r[wide], ~imm8, 1); return 1; };
    case 0b01000:
      return (opcode >> 10) === 0b010000 ? decodeData(opcode) : decodeHigh(opcode);
    case 0b01001: // LDR from the literal pool
      return (r) => { r[wide] = cpu.load32(((r[PC] + 2) & ~3) + 4 * imm8); return 2; };
    case 0b01010:
    case 0b01011:
      return decodeRegisterOffset(opcode, cpu);
    case 0b01100: // STR
      return (r) => { const a = r[n] + 4 * imm5; cpu.store32(a, r[d]); return 1 + storeCycles(a); };
    case 0b01101: // LDR
      return (r) => { const a = r[n] + 4 * imm5; r[d] = cpu.load32(a); return 1 + loadCycles(a); };
    case 0b01110: // STRB
      return (r) => { const a = r[n] + imm5; cpu.store8(a, r[d]); return 1 + storeCycles(a); };
    case 0b01111: // LDRB
      return (r) => { const a = r[n] + imm5; r[d] = cpu.load8(a); return 1 + loadCycles(a); };
    case 0b10000: // STRH
      return (r) => { const a = r[n] + 2 * imm5; cpu.store16(a, r[d]); return 1 + storeCycles(a); };
    case 0b10001: // LDRH
      return (r) => { const a = r[n] + 2 * imm5; r[d] = cpu.load16(a); return 1 + loadCycles(a); };
    case 0b10010: // STR on the stack
      return (r) => { cpu.store32(r[13] + 4 * imm8, r[wide]); return 2; };
    case 0b10011: // LDR from the stack
      return (r) => { r[wide] = cpu.load32(r[13] + 4 * imm8); return 2; };
    case 0b10100: // ADR
      return (r) => { r[wide] = ((r[PC] + 2) & ~3) + 4 * imm8; return 1; };
    case 0b10101: // ADD to the stack pointer
      return (r) => { r[wide] = r[13] + 4 * imm8; return 1; };
    case 0b10110:
    case 0b10111:
      return decodeMiscellaneous(opcode, cpu);
    case 0b11000: { // STMIA
      const list = listOf(imm8);
      return (r) => {
        let a = r[wide];
        for (const i of list) {
          cpu.store32(a, r[i]);
          a += 4;
        }
        r[wide] = a;
        return 1 + list.length;
      };
    }
    case 0b11001: { // LDMIA
      const list = listOf(imm8), writesBack = !list.includes(wide);
      return (r) => {
        let a = r[wide];
        for (const i of list) {
          r[i] = cpu.load32(a);
          a += 4;
        }
        if (writesBack) {
          r[wide] = a;
        }
        return 1 + list.length;
      };
    }
    case 0b11010:
    case 0b11011: { // B with a condition
      const holds = conditions[(opcode >> 8) & 15];
      if (holds === undefined) {
        return undefined;
      }
      const offset = ((imm8 << 24) >> 23) + 2;
      return (r, core) => {
        if (holds(core)) {
          r[PC] += offset;
          return 2;
        }
        return 1;
      };
    }
    case 0b11100: { // B
      const offset = ((opcode << 21) >> 20) + 2;
      return (r) => { r[PC] += offset; return 2; };
    }
    case 0b11110: // BL; all others of four bytes are rare
      return (r, core) => {
        const second = cpu.load16(r[PC]);
        if (second >> 14 !== 3 || (second & 0x1000) === 0) {
          return cpu.executeSlowly(r);
        }
        const sign = (opcode >> 10) & 1;
        const high = (1 ^ sign ^ ((second >> 13) & 1)) << 23, low = (1 ^ sign ^ ((second >> 11) & 1)) << 22;
        const offset = (sign ? 0xff000000 : 0) | high | low | ((opcode & 0x3ff) << 12) | ((second & 0x7ff) << 1);
        r[14] = (r[PC] + 2) | 1;
        r[PC] += 2 + offset;
        return 3;
      };
    default:
      return undefined;
  }
}

// To an address, or out of an exception.
function branch(r, core, target) {
  if (target >>> 28 === 15) {
    core.BXWritePC(target >>> 0);
  } else {
    r[PC] = target & ~1;
  }
}

function listOf(bits) {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => bits & (1 << i));
}

// Data processing: two registers, the first of which takes the result.
function decodeData(opcode) {
  const d = opcode & 7, m = (opcode >> 3) & 7;

  switch ((opcode >> 6) & 15) {
    case 0: return (r, core) => { r[d] = setNZ(core, r[d] & r[m]); return 1; }; // ANDS
    case 1: return (r, core) => { r[d] = setNZ(core, r[d] ^ r[m]); return 1; }; // EORS
    case 2: // LSLS
      return (r, core) => {
        const shift = r[m] & 0xff;
        if (shift > 0) {
          core.C = shift <= 32 && ((r[d] >>> (32 - shift)) & 1) === 1;
          r[d] = shift < 32 ? r[d] << shift : 0;
        }
        setNZ(core, r[d]);
        return 1;
      };
    case 3: // LSRS
      return (r, core) => {
        const shift = r[m] & 0xff;
        if (shift > 0) {
          core.C = shift <= 32 && ((r[d] >>> (shift - 1)) & 1) === 1;
          r[d] = shift < 32 ? r[d] >>> shift : 0;
        }
        setNZ(core, r[d]);
        return 1;
      };
    case 4: // ASRS
      return (r, core) => {
        const shift = r[m] & 0xff;
        if (shift > 0) {
          core.C = ((r[d] >> Math.min(shift - 1, 31)) & 1) === 1;
          r[d] >>= Math.min(shift, 31);
        }
        setNZ(core, r[d]);
        return 1;
      };
    case 5: return (r, core) => { r[d] = add(core, r[d], r[m], core.C ? 1 : 0); return 1; }; // ADCS
    case 6: return (r, core) => { r[d] = add(core, r[d], ~r[m], core.C ? 1 : 0); return 1; }; // SBCS
    case 8: return (r, core) => { setNZ(core, r[d] & r[m]); return 1; }; // TST
    case 9: return (r, core) => { r[d] = add(core, 0, ~r[m], 1); return 1; }; // RSBS from 0
    case 10: return (r, core) => { add(core, r[d], ~r[m], 1); return 1; }; // CMP
    case 11: return (r, core) => { add(core, r[d], r[m], 0); return 1; }; // CMN
    case 12: return (r, core) => { r[d] = setNZ(core, r[d] | r[m]); return 1; }; // ORRS
    case 13: return (r, core) => { r[d] = setNZ(core, Math.imul(r[d], r[m])); return 1; }; // MULS
    case 14: return (r, core) => { r[d] = setNZ(core, r[d] & ~r[m]); return 1; }; // BICS
    case 15: return (r, core) => { r[d] = setNZ(core, ~r[m]); return 1; }; // MVNS
    default: return undefined; // RORS is rare
  }
}

// ADD, CMP, MOV with any register, and branches to one. What touches the stack pointer, and BLX, is left alone.
function decodeHigh(opcode) {
  const d = ((opcode >> 4) & 8) | (opcode & 7), m = (opcode >> 3) & 15;

  switch ((opcode >> 8) & 3) {
    case 0:
      return d < 13 && m < 13 ? (r) => { r[d] += r[m]; return 1; } : undefined;
    case 1:
      return d < 15 && m < 15 ? (r, core) => { add(core, r[d], ~r[m], 1); return 1; } : undefined;
    case 2:
      return d < 13 && m < 15 ? (r) => { r[d] = r[m]; return 1; } : undefined;
    default:
      return (opcode & 0x80) === 0 && m < 15
        ? (r, core) => { branch(r, core, r[m]); return 2; }
        : undefined;
  }
}

// Loads and stores at the sum of two registers.
function decodeRegisterOffset(opcode, cpu) {
  const t = opcode & 7, n = (opcode >> 3) & 7, m = (opcode >> 6) & 7;

  switch ((opcode >> 9) & 7) {
    case 0: return (r) => { const a = r[n] + r[m]; cpu.store32(a, r[t]); return 1 + storeCycles(a); };
    case 1: return (r) => { const a = r[n] + r[m]; cpu.store16(a, r[t]); return 1 + storeCycles(a); };
    case 2: return (r) => { const a = r[n] + r[m]; cpu.store8(a, r[t]); return 1 + storeCycles(a); };
    case 3: return (r) => { const a = r[n] + r[m]; r[t] = (cpu.load8(a) << 24) >> 24; return 1 + loadCycles(a); };
    case 4: return (r) => { const a = r[n] + r[m]; r[t] = cpu.load32(a); return 1 + loadCycles(a); };
    case 5: return (r) => { const a = r[n] + r[m]; r[t] = cpu.load16(a); return 1 + loadCycles(a); };
    case 6: return (r) => { const a = r[n] + r[m]; r[t] = cpu.load8(a); return 1 + loadCycles(a); };
    default: return (r) => { const a = r[n] + r[m]; r[t] = (cpu.load16(a) << 16) >> 16; return 1 + loadCycles(a); };
  }
}

function decodeMiscellaneous(opcode, cpu) {
  const d = opcode & 7, m = (opcode >> 3) & 7;

  switch ((opcode >> 6) & 63) {
    case 0b000000: case 0b000001: // ADD SP
      return (r) => { r[13] += 4 * (opcode & 127); return 1; };
    case 0b000010: case 0b000011: // SUB SP
      return (r) => { r[13] -= 4 * (opcode & 127); return 1; };
    case 0b001000: return (r) => { r[d] = (r[m] << 16) >> 16; return 1; }; // SXTH
    case 0b001001: return (r) => { r[d] = (r[m] << 24) >> 24; return 1; }; // SXTB
    case 0b001010: return (r) => { r[d] = r[m] & 0xffff; return 1; }; // UXTH
    case 0b001011: return (r) => { r[d] = r[m] & 0xff; return 1; }; // UXTB
    case 0b101001: // REV16
      return (r) => { r[d] = ((r[m] & 0x00ff00ff) << 8) | ((r[m] >>> 8) & 0x00ff00ff); return 1; };
    case 0b010000: case 0b010001: case 0b010010: case 0b010011:
    case 0b010100: case 0b010101: case 0b010110: case 0b010111: { // PUSH
      const list = listOf(opcode & 0xff);
      if (opcode & 0x100) {
        list.push(14);
      }
      return (r) => {
        let a = r[13] - 4 * list.length;
        r[13] = a;
        for (const i of list) {
          cpu.store32(a, r[i]);
          a += 4;
        }
        return 1 + list.length;
      };
    }
    case 0b110000: case 0b110001: case 0b110010: case 0b110011:
    case 0b110100: case 0b110101: case 0b110110: case 0b110111: { // POP
      const list = listOf(opcode & 0xff);
      const branches = (opcode & 0x100) !== 0;
      return (r, core) => {
        let a = r[13];
        for (const i of list) {
          r[i] = cpu.load32(a);
          a += 4;
        }
        if (!branches) {
          r[13] = a;
          return 1 + list.length;
        }
        r[13] = a + 4;
        branch(r, core, cpu.load32(a));
        return 3 + list.length;
      };
    }
    case 0b111100: case 0b111101: // hints
      switch (opcode) {
        case 0xbf20: // WFE
          return (r, core) => {
            core.waiting = !core.eventRegistered && !cpu.isInterruptPending;
            core.eventRegistered = false;
            return 2;
          };
        case 0xbf30: // WFI
          return (r, core) => { core.waiting = !cpu.isInterruptPending; return 2; };
        case 0xbf40: // SEV
          return (r, core) => { core.eventRegistered = true; return 1; };
        case 0xbf10: // YIELD
          return () => 1;
        default:
          return undefined;
      }
    default:
      return undefined; // CPS, BKPT, REV, REVSH
  }
}
