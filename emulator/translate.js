// Translates runs of Thumb instructions into JavaScript functions: registers become local variables, and flags are
// computed only where something reads them. Uses: banks.js. Instructions and their names are those of the ARMv6-M
// manual. Instructions that are not listed here end a run and are left to rp2040js: system instructions, hints, and
// arithmetic with the stack pointer in a high register. If banks of RAM are counted, the code also records what it
// accesses when.

import { bankExpression, bankOf } from "./banks.js";

export const RAM = 0x20000000, RAM_BYTES = 264 * 1024, FLASH = 0x10000000, FLASH_MASK = 0x1fffff;

const SP = 13, LR = 14;
const LIMIT = 48; // instructions of a run

const reg = (i) => `r${i}`;
const hex = (value) => `0x${(value >>> 0).toString(16)}`;

// The flags, as an instruction reads or sets them: N and Z always go together.
const NZ = 1, C = 2, V = 4;

/*
 * An instruction is an object:
 *   uses, sets   the registers that it reads and writes
 *   needs, makes the flags that it reads and writes
 *   cycles       that it takes, memory beyond RAM and flash aside
 *   code(live, state)   its statements; `live`: the flags of `makes` that somebody reads; `state`: what flags are in
 *                variables, and how many cycles of the run came before
 *   target       for a branch: the new program counter as an expression; `taken`: a condition, where it has one
 *   exchanges    for a branch: bit 0 of the target must be set; `returns`: it may also return from an exception
 */

// The sum of two operands and its effect on the flags; with `target` undefined the sum is not kept.
function addition(target, a, b, uses, carry) {
  const kept = target === undefined ? "t" : reg(target);
  return {
    uses, sets: target === undefined ? [] : [target], needs: carry ? C : 0, makes: NZ | C | V, cycles: 1,
    code: (live, state) => {
      const c = carry ? `+ (${state.flag(C)} ? 1 : 0)` : "";
      return `a = ${a}; b = ${b}; t = a + b ${c} | 0; ` +
        (live & C ? (carry ? `fc = (a >>> 0) + (b >>> 0) ${c} > 0xffffffff; ` : "fc = t >>> 0 < a >>> 0; ") : "") +
        (live & V ? "fv = ((a ^ t) & (b ^ t)) < 0; " : "") + (live & NZ ? "nz = t; " : "") +
        (kept === "t" ? "" : `${kept} = t;`);
    },
  };
}

function subtraction(target, a, b, uses) {
  return {
    uses, sets: target === undefined ? [] : [target], needs: 0, makes: NZ | C | V, cycles: 1,
    code: (live) => `a = ${a}; b = ${b}; t = a - b | 0; ` + (live & C ? "fc = a >>> 0 >= b >>> 0; " : "") +
      (live & V ? "fv = ((a ^ b) & (a ^ t)) < 0; " : "") + (live & NZ ? "nz = t; " : "") +
      (target === undefined ? "" : `${reg(target)} = t;`),
  };
}

// A result that sets N and Z, and perhaps the carry.
function result(target, expression, uses, carry) {
  return {
    uses, sets: target === undefined ? [] : [target], needs: 0, makes: NZ | (carry === undefined ? 0 : C), cycles: 1,
    code: (live) => (live & C ? `fc = ${carry}; ` : "") + `t = ${expression}; ` + (live & NZ ? "nz = t; " : "") +
      (target === undefined ? "" : `${reg(target)} = t;`),
  };
}

function plain(target, expression, uses) {
  return { uses, sets: [target], needs: 0, makes: 0, cycles: 1, code: () => `${reg(target)} = ${expression};` };
}

// A shift by the lowest byte of a register: a shift by 0 keeps the carry, and from 32 on everything is shifted out.
function shiftByRegister(d, m, shifted, carry) {
  return {
    uses: [d, m], sets: [d], needs: C, makes: NZ | C, cycles: 1,
    code: (live, state) => `b = ${reg(m)} & 255; a = ${reg(d)}; ` +
      (live & C ? `fc = b === 0 ? ${state.flag(C)} : ${carry}; ` : "") +
      `t = b === 0 ? a : ${shifted}; ` + (live & NZ ? "nz = t; " : "") + `${reg(d)} = t;`,
  };
}

const sizes = {
  32: { mask: 3, shift: 2 },
  16: { mask: 1, shift: 1 },
  8: { mask: 0, shift: 0 },
};

// An access to data at the offset `t`, in the second cycle of the instruction or, for several words, in the cycles
// after that.
function noteData(state) {
  return state.hasBanks
    ? `if (t >>> 0 < ${RAM_BYTES}) accesses.add(core.cycles + ${state.cycles + 1 + state.word}, ${bankExpression("t")}); `
    : "";
}

// `extend` computes the register's value from the loaded one, VALUE.
function load(target, address, uses, bits, extend = "VALUE") {
  const { mask, shift } = sizes[bits];
  return {
    uses, sets: [target], needs: 0, makes: 0, cycles: 2,
    code: (live, state) => {
      const wait = state.hasCache ? "core.cycles += cache.read(a), " : "";
      const value = `t >>> 0 < ${RAM_BYTES}${mask ? ` && (t & ${mask}) === 0` : ""} ? ram${bits}[t >> ${shift}] : ` +
        `a >>> 24 === 0x10${mask ? ` && (a & ${mask}) === 0` : ""} ? ` +
        `(ssi.isFlashThere ? (${wait}flash${bits}[(a & ${FLASH_MASK}) >> ${shift}]) : ` +
        `cpu.missFlash(a, ${state.pc})) : ` +
        `cpu.load${bits}(a, ${state.cycles}, ${state.pc})`;
      return `a = ${address} | 0; t = a - ${RAM} | 0; ${noteData(state)}${reg(target)} = ${extend.replace("VALUE", `(${value})`)};`;
    },
  };
}

function store(source, address, uses, bits) {
  const { mask, shift } = sizes[bits];
  return {
    uses: [source, ...uses], sets: [], needs: 0, makes: 0, cycles: 2,
    code: (live, state) => `a = ${address} | 0; t = a - ${RAM} | 0; ${noteData(state)}` +
      `if (t >>> 0 < ${RAM_BYTES}${mask ? ` && (t & ${mask}) === 0` : ""}) { ` +
      `ram${bits}[t >> ${shift}] = ${reg(source)}; ` + "if (isCode[t >> 2] !== 0) cpu.forget(); } " +
      `else cpu.store${bits}(a, ${reg(source)}, ${state.cycles}, ${state.pc});`,
  };
}

// LDMIA, STMIA, PUSH, POP: one step for each register.
function several(registers, first, access) {
  return registers.map((register, place) => access(register, `${first} + ${4 * place}`));
}

function codeOf(steps, live, state) {
  return steps.map((step, place) => {
    state.word = place;
    return step.code(live, state);
  }).join(" ");
}

function loads(registers, base, first, writeBack) {
  const steps = several(registers, "q", (register, address) => load(register, address, [], 32));
  return {
    uses: [base], sets: [...registers, ...(writeBack === undefined ? [] : [base])], needs: 0, makes: 0,
    cycles: 1 + registers.length,
    code: (live, state) => `q = ${first}; ` + codeOf(steps, live, state) +
      (writeBack === undefined ? "" : ` ${reg(base)} = q + ${writeBack} | 0;`),
  };
}

function stores(registers, base, first, writeBack) {
  const steps = several(registers, "q", (register, address) => store(register, address, [], 32));
  return {
    uses: [base, ...registers], sets: [base], needs: 0, makes: 0, cycles: 1 + registers.length,
    code: (live, state) => `q = ${first}; ` + codeOf(steps, live, state) +
      ` ${reg(base)} = ${writeBack} | 0;`,
  };
}

const conditions = [
  [NZ, (s) => s.zero], [NZ, (s) => `!${s.zero}`], [C, (s) => s.flag(C)], [C, (s) => `!${s.flag(C)}`],
  [NZ, (s) => s.negative], [NZ, (s) => `!${s.negative}`], [V, (s) => s.flag(V)], [V, (s) => `!${s.flag(V)}`],
  [NZ | C, (s) => `(${s.flag(C)} && !${s.zero})`], [NZ | C, (s) => `(!${s.flag(C)} || ${s.zero})`],
  [NZ | V, (s) => `(${s.negative} === ${s.flag(V)})`], [NZ | V, (s) => `(${s.negative} !== ${s.flag(V)})`],
  [NZ | V, (s) => `(!${s.zero} && ${s.negative} === ${s.flag(V)})`],
  [NZ | V, (s) => `(${s.zero} || ${s.negative} !== ${s.flag(V)})`],
];

function listOf(bits) {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => bits & (1 << i));
}

// The instruction at `pc`, or undefined for one that is left to rp2040js. `next`: the halfword after it.
function decode(opcode, next, pc) {
  const d = opcode & 7, n = (opcode >> 3) & 7, m = (opcode >> 6) & 7; // the usual positions of Rd or Rt, Rn or Rm, Rm
  const wide = (opcode >> 8) & 7; // the position of Rd next to an 8-bit constant
  const imm5 = (opcode >> 6) & 31, imm8 = opcode & 0xff;

  switch (opcode >> 11) {
    case 0b00000: // LSLS by a constant; MOVS
      return imm5 === 0
        ? result(d, reg(n), [n])
        : result(d, `${reg(n)} << ${imm5}`, [n], `(${reg(n)} >>> ${32 - imm5} & 1) === 1`);
    case 0b00001: // LSRS by a constant; 0 means 32
      return imm5 === 0
        ? result(d, "0", [n], `${reg(n)} < 0`)
        : result(d, `${reg(n)} >>> ${imm5} | 0`, [n], `(${reg(n)} >>> ${imm5 - 1} & 1) === 1`);
    case 0b00010: { // ASRS by a constant; 0 means 32
      const last = imm5 === 0 ? 31 : imm5 - 1;
      return result(d, `${reg(n)} >> ${imm5 === 0 ? 31 : imm5}`, [n], `(${reg(n)} >>> ${last} & 1) === 1`);
    }
    case 0b00011: // ADDS, SUBS with a register or a small constant
      switch ((opcode >> 9) & 3) {
        case 0: return addition(d, reg(n), reg(m), [n, m]);
        case 1: return subtraction(d, reg(n), reg(m), [n, m]);
        case 2: return addition(d, reg(n), `${m}`, [n]);
        default: return subtraction(d, reg(n), `${m}`, [n]);
      }
    case 0b00100: return result(wide, `${imm8}`, []); // MOVS
    case 0b00101: return subtraction(undefined, reg(wide), `${imm8}`, [wide]); // CMP
    case 0b00110: return addition(wide, reg(wide), `${imm8}`, [wide]); // ADDS
    case 0b00111: return subtraction(wide, reg(wide), `${imm8}`, [wide]); // SUBS
    case 0b01000: return opcode >> 10 === 0b010000 ? decodeData(opcode) : decodeHigh(opcode, pc);
    case 0b01001: // LDR from the literal pool
      return load(wide, hex(((pc + 4) & ~3) + 4 * imm8), [], 32);
    case 0b01010:
    case 0b01011:
      return decodeRegisterOffset(opcode);
    case 0b01100: return store(d, `${reg(n)} + ${4 * imm5}`, [n], 32);
    case 0b01101: return load(d, `${reg(n)} + ${4 * imm5}`, [n], 32);
    case 0b01110: return store(d, `${reg(n)} + ${imm5}`, [n], 8);
    case 0b01111: return load(d, `${reg(n)} + ${imm5}`, [n], 8);
    case 0b10000: return store(d, `${reg(n)} + ${2 * imm5}`, [n], 16);
    case 0b10001: return load(d, `${reg(n)} + ${2 * imm5}`, [n], 16);
    case 0b10010: return store(wide, `${reg(SP)} + ${4 * imm8}`, [SP], 32);
    case 0b10011: return load(wide, `${reg(SP)} + ${4 * imm8}`, [SP], 32);
    case 0b10100: return plain(wide, `${hex(((pc + 4) & ~3) + 4 * imm8)} | 0`, []); // ADR
    case 0b10101: return plain(wide, `${reg(SP)} + ${4 * imm8} | 0`, [SP]);
    case 0b10110:
    case 0b10111:
      return decodeMiscellaneous(opcode);
    case 0b11000: { // STMIA
      const list = listOf(imm8);
      return stores(list, wide, reg(wide), `q + ${4 * list.length}`);
    }
    case 0b11001: { // LDMIA
      const list = listOf(imm8);
      return loads(list, wide, reg(wide), list.includes(wide) ? undefined : 4 * list.length);
    }
    case 0b11010:
    case 0b11011: { // B with a condition
      const condition = conditions[(opcode >> 8) & 15];
      return condition === undefined
        ? undefined
        : { uses: [], sets: [], needs: condition[0], makes: 0, cycles: 1, code: () => "", taken: condition[1],
          target: () => `${pc + 4 + ((imm8 << 24) >> 23)}` };
    }
    case 0b11100: // B
      return { uses: [], sets: [], needs: 0, makes: 0, cycles: 2, code: () => "",
        target: () => `${pc + 4 + ((opcode << 21) >> 20)}` };
    case 0b11110: { // BL; all others of four bytes are rare
      if (next >> 14 !== 3 || (next & 0x1000) === 0) {
        return undefined;
      }
      const sign = (opcode >> 10) & 1;
      const high = (1 ^ sign ^ ((next >> 13) & 1)) << 23, low = (1 ^ sign ^ ((next >> 11) & 1)) << 22;
      const offset = (sign ? 0xff000000 : 0) | high | low | ((opcode & 0x3ff) << 12) | ((next & 0x7ff) << 1);
      return { uses: [], sets: [LR], needs: 0, makes: 0, cycles: 3, code: () => `${reg(LR)} = ${(pc + 4) | 1};`,
        target: () => `${(pc + 4 + offset) | 0}` };
    }
    default:
      return undefined;
  }
}

// Data processing: two registers, the first of which receives the result.
function decodeData(opcode) {
  const d = opcode & 7, m = (opcode >> 3) & 7;
  const both = [d, m], [rd, rm] = both.map(reg);

  switch ((opcode >> 6) & 15) {
    case 0: return result(d, `${rd} & ${rm}`, both); // ANDS
    case 1: return result(d, `${rd} ^ ${rm}`, both); // EORS
    case 2: return shiftByRegister(d, m, "b < 32 ? a << b : 0", "b <= 32 && (a >>> 32 - b & 1) === 1"); // LSLS
    case 3: return shiftByRegister(d, m, "b < 32 ? a >>> b | 0 : 0", "b <= 32 && (a >>> b - 1 & 1) === 1"); // LSRS
    case 4: return shiftByRegister(d, m, "a >> (b < 32 ? b : 31)", "(a >> (b < 33 ? b - 1 : 31) & 1) === 1"); // ASRS
    case 5: return addition(d, rd, rm, both, true); // ADCS
    case 6: return addition(d, rd, `~${rm}`, both, true); // SBCS
    case 7: return shiftByRegister(d, m, "a >>> (b & 31) | a << 32 - (b & 31)", "(a >>> (b - 1 & 31) & 1) === 1"); // RORS
    case 8: return result(undefined, `${rd} & ${rm}`, both); // TST
    case 9: return subtraction(d, "0", rm, [m]); // RSBS from 0
    case 10: return subtraction(undefined, rd, rm, both); // CMP
    case 11: return addition(undefined, rd, rm, both); // CMN
    case 12: return result(d, `${rd} | ${rm}`, both); // ORRS
    case 13: return result(d, `Math.imul(${rd}, ${rm})`, both); // MULS
    case 14: return result(d, `${rd} & ~${rm}`, both); // BICS
    case 15: return result(d, `~${rm}`, [m]); // MVNS
    default: return undefined;
  }
}

// ADD, CMP, MOV with any register, and the branches to one: BX, BLX.
function decodeHigh(opcode, pc) {
  const d = ((opcode >> 4) & 8) | (opcode & 7), m = (opcode >> 3) & 15;

  switch ((opcode >> 8) & 3) {
    case 0: return d < SP && m < SP ? plain(d, `${reg(d)} + ${reg(m)} | 0`, [d, m]) : undefined;
    case 1: return d < 15 && m < 15 ? subtraction(undefined, reg(d), reg(m), [d, m]) : undefined;
    case 2: return d < SP && m < 15 ? plain(d, reg(m), [m]) : undefined;
    default: {
      const isCall = (opcode & 0x80) !== 0;
      const code = `q = ${m < 15 ? reg(m) : pc + 4};` + (isCall ? ` ${reg(LR)} = ${(pc + 2) | 1};` : "");
      return { uses: m < 15 ? [m] : [], sets: isCall ? [LR] : [], needs: 0, makes: 0, cycles: 2, code: () => code,
        target: () => "q", exchanges: true, returns: !isCall };
    }
  }
}

// Loads and stores at the sum of two registers.
function decodeRegisterOffset(opcode) {
  const t = opcode & 7, uses = [(opcode >> 3) & 7, (opcode >> 6) & 7];
  const address = uses.map(reg).join(" + ");

  switch ((opcode >> 9) & 7) {
    case 0: return store(t, address, uses, 32);
    case 1: return store(t, address, uses, 16);
    case 2: return store(t, address, uses, 8);
    case 3: return load(t, address, uses, 8, "VALUE << 24 >> 24"); // LDRSB
    case 4: return load(t, address, uses, 32);
    case 5: return load(t, address, uses, 16);
    case 6: return load(t, address, uses, 8);
    default: return load(t, address, uses, 16, "VALUE << 16 >> 16"); // LDRSH
  }
}

function decodeMiscellaneous(opcode) {
  const d = opcode & 7, m = (opcode >> 3) & 7;
  const list = listOf(opcode & 0xff), hasOther = (opcode & 0x100) !== 0;

  if ((opcode & 0xff00) === 0xb000) { // ADD, SUB to the stack pointer
    const bytes = 4 * (opcode & 127);
    return plain(SP, `${reg(SP)} ${opcode & 0x80 ? "-" : "+"} ${bytes} | 0`, [SP]);
  }
  if ((opcode & 0xfe00) === 0xb400) { // PUSH
    const all = hasOther ? [...list, LR] : list;
    return stores(all, SP, `${reg(SP)} - ${4 * all.length}`, "q");
  }
  if ((opcode & 0xfe00) === 0xbc00) { // POP
    const popped = loads(list, SP, reg(SP), 4 * list.length);
    if (!hasOther) {
      return popped;
    }
    const last = load(SP, reg(SP), [SP], 32); // in place of the stack pointer, temporarily
    return {
      ...popped, cycles: 3 + list.length, exchanges: true, returns: true, target: () => "pc",
      code: (live, state) => {
        const before = popped.code(live, state);
        state.word = list.length;
        return `${before} q = ${reg(SP)}; ${last.code(live, state)} pc = ${reg(SP)}; ${reg(SP)} = q + 4 | 0;`;
      },
    };
  }
  switch ((opcode >> 6) & 63) {
    case 0b001000: return plain(d, `${reg(m)} << 16 >> 16`, [m]); // SXTH
    case 0b001001: return plain(d, `${reg(m)} << 24 >> 24`, [m]); // SXTB
    case 0b001010: return plain(d, `${reg(m)} & 0xffff`, [m]); // UXTH
    case 0b001011: return plain(d, `${reg(m)} & 0xff`, [m]); // UXTB
    case 0b101000: // REV
      return plain(d, `${reg(m)} << 24 | (${reg(m)} & 0xff00) << 8 | ${reg(m)} >>> 8 & 0xff00 | ${reg(m)} >>> 24`, [m]);
    case 0b101001: // REV16
      return plain(d, `(${reg(m)} & 0xff00ff) << 8 | ${reg(m)} >>> 8 & 0xff00ff`, [m]);
    default: return undefined;
  }
}

// Where the flags are at a point of the run: in the core until an instruction of the run has computed them.
class State {
  constructor(pc, hasCache, hasBanks) {
    this.pc = pc;
    this.hasCache = hasCache; // reads of the flash take time
    this.hasBanks = hasBanks; // accesses to RAM are noted
    this.word = 0; // of several that an instruction accesses
    this.cycles = 0;
    this.made = 0;
  }

  get zero() {
    return this.made & NZ ? "(nz === 0)" : "core.Z";
  }

  get negative() {
    return this.made & NZ ? "(nz < 0)" : "core.N";
  }

  flag(which) {
    const isMade = (this.made & which) !== 0;
    return which === C ? (isMade ? "fc" : "core.C") : isMade ? "fv" : "core.V";
  }
}

// The words of code in RAM whose first instruction is in the run from `start` on.
function noteFetches({ pc, bytes }, start, state) {
  const notes = [];
  for (let place = pc; place < pc + bytes; place += 2) {
    if (pc >>> 28 === RAM >>> 28 && (place === start || (place & 2) === 0)) {
      notes.push(`accesses.add(core.cycles + ${state.cycles + notes.length}, ${bankOf(place - RAM)});`);
    }
  }
  return notes.join(" ");
}

/**
 * The run of instructions from `pc` on as a function of no arguments, which leaves registers, flags, program counter
 * and cycles as they are after it; undefined when rp2040js shall do the first one. fetch(address) reads a halfword.
 * Returns {run, bytes}.
 */
export function translate(cpu, pc, fetch) {
  const list = [];
  let end = pc;
  while (list.length < LIMIT && (list.length === 0 || list.at(-1).target === undefined)) {
    const opcode = fetch(end);
    const instruction = decode(opcode, fetch(end + 2), end);
    if (instruction === undefined) {
      break;
    }
    instruction.pc = end;
    instruction.bytes = opcode >> 11 === 0b11110 ? 4 : 2;
    list.push(instruction);
    end += instruction.bytes;
  }
  if (list.length === 0) {
    return undefined;
  }

  // Goes backward to find which flags are read before they are computed again. Code after the run may read all of them.
  let live = NZ | C | V;
  for (const instruction of [...list].reverse()) {
    instruction.live = live & instruction.makes;
    live = (live & ~instruction.makes) | instruction.needs;
  }

  const state = new State(pc, cpu.cache !== null, cpu.accesses !== null);
  const statements = [];
  let made = 0;
  for (const instruction of list) {
    state.pc = instruction.pc;
    state.word = 0;
    if (state.hasBanks) {
      statements.push(noteFetches(instruction, pc, state));
    }
    statements.push(instruction.code(instruction.live, state));
    state.made |= instruction.makes;
    made |= instruction.live;
    state.cycles += instruction.cycles;
  }
  const last = list.at(-1);
  const registers = [...new Set(list.flatMap(({ uses, sets }) => [...uses, ...sets]))];
  const changed = new Set(list.flatMap(({ sets }) => sets));
  const target = last.target?.() ?? `${end}`;
  const condition = last.taken?.(state);
  const goOn = condition === undefined
    ? `pc = ${target};`
    : `if (${condition}) { pc = ${target}; core.cycles++; } else { pc = ${end}; }`;
  const leave = `${last.returns ? "if (pc >>> 28 === 15) core.BXWritePC(pc >>> 0); else " : ""}` +
    `r[15] = ${last.exchanges ? `(pc & 1) !== 0 ? pc - 1 : cpu.missThumb(pc, ${last.pc})` : "pc"};`;
  const body = `"use strict";
    return () => {
      let a = 0, b = 0, t = 0, q = 0, pc = 0, nz = 0, fc = false, fv = false;
      ${registers.map((i) => `let ${reg(i)} = r[${i}];`).join(" ")}
      ${statements.join("\n      ")}
      ${goOn}
      ${[...changed].map((i) => `r[${i}] = ${reg(i)};`).join(" ")}
      ${made & NZ ? "core.N = nz < 0; core.Z = nz === 0;" : ""}
      ${made & C ? "core.C = fc;" : ""} ${made & V ? "core.V = fv;" : ""}
      core.cycles += ${state.cycles};
      ${leave}
    };`;
  const make = new Function("cpu", "core", "r", "ram32", "ram16", "ram8", "flash32", "flash16", "flash8", "isCode",
    "cache", "ssi", "accesses", body);
  const run = make(cpu, cpu.core, cpu.registers, cpu.ram32, cpu.ram16, cpu.ram8, cpu.flash32, cpu.flash16, cpu.flash8,
    cpu.isCode, cpu.cache, cpu.mcu.ssi ?? { isFlashThere: true }, cpu.accesses);
  return { run, bytes: end - pc };
}
