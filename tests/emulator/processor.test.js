// The fast processor compared with rp2040js's own: the same registers, flags, memory, and cycles after each
// instruction.
// Uses: node's own test runner, emulator/processor.js, rp2040js. node --test tests/emulator/processor.test.js

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import { makeRandom } from "../../emulator/board.js";
import { Clock } from "../../emulator/clock.js";
import { FirmwareError } from "../../emulator/errors.js";
import { FlashCache } from "../../emulator/flash_cache.js";
import { Symbols } from "../../emulator/image.js";
import { Processor } from "../../emulator/processor.js";

const { LogLevel, ConsoleLogger, RP2040 } = createRequire(new URL("../../emulator/board.js", import.meta.url))("rp2040js");

const RAM = 0x20000000, CODE = RAM + 0x8000, DATA = RAM + 0x1000;

function makeMachine(cache = null) {
  const clock = new Clock();
  const mcu = new RP2040(clock);
  clock.counter = mcu.core;
  mcu.logger = new ConsoleLogger(LogLevel.Error, true);
  return { mcu, clock, processor: new Processor(mcu, clock, new Symbols(), cache) };
}

// Both machines in the same state: registers, flags, some data, instructions, and an undefined one after them.
function prepare(machine, state) {
  const { mcu, clock } = machine;
  const { core } = mcu;
  mcu.sram.fill(0, 0, 0x9000);
  state.data.forEach((byte, place) => { mcu.sram[DATA - RAM + place] = byte; });
  [...state.opcodes, state.next].forEach((opcode, place) => {
    new DataView(mcu.sram.buffer).setUint16(CODE - RAM + 2 * place, opcode, true);
  });
  core.registers.set(state.registers);
  core.PC = CODE;
  [core.N, core.Z, core.C, core.V] = state.flags;
  core.waiting = core.interruptsUpdated = core.eventRegistered = false;
  core.cycles = 0;
  clock.deadline = 1;
  machine.processor.inRam.fill(undefined, (CODE - RAM) / 2, (CODE - RAM) / 2 + 32);
}

function result({ mcu }) {
  const { core } = mcu;
  return {
    registers: Array.from(core.registers, (value, index) => (index === 15 ? value & ~1 : value).toString(16)),
    flags: [core.N, core.Z, core.C, core.V],
    cycles: core.cycles,
    memory: Buffer.from(mcu.sram.subarray(0, 0x9000)).toString("latin1"),
  };
}

// Edges of 32-bit arithmetic among random words.
function makeWord(random) {
  const edges = [0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xffff0000];
  return random() < 0.4 ? edges[Math.floor(random() * edges.length)] : Math.floor(random() * 2 ** 32);
}

const isMemory = (opcode) => opcode >> 12 >= 5 && opcode >> 12 <= 9 || opcode >> 12 === 12 || (opcode & 0xf600) === 0xb400;

function makeState(opcode, random) {
  const registers = Array.from({ length: 16 }, () => makeWord(random));
  registers[13] = DATA + 128;
  if (isMemory(opcode)) {
    // Addresses within the data; an offset in a register is small, and both are aligned.
    for (let i = 0; i < 8; i++) {
      registers[i] = DATA + 4 * Math.floor(random() * 16);
    }
    const offset = (opcode >> 6) & 7, base = (opcode >> 3) & 7;
    if (opcode >> 12 === 5 && offset !== base) {
      registers[offset] = 4 * Math.floor(random() * 8);
    }
  }
  const data = Array.from({ length: 512 }, () => Math.floor(random() * 256));
  // Bit 0 of an address to which BX, BLX or POP jump is set.
  registers[(opcode >> 3) & 15] |= opcode >> 8 === 0x47 ? 1 : 0;
  if (opcode >> 8 === 0xbd) {
    data[128 + 4 * [...(opcode & 0xff).toString(2)].filter((bit) => bit === "1").length] |= 1;
  }
  return {
    opcodes: [opcode],
    next: 0xf800 | Math.floor(random() * 0x800),
    registers,
    flags: Array.from({ length: 4 }, () => random() < 0.5),
    data,
  };
}

// Cases in which rp2040js is not the reference.
function isRp2040jsWrong({ opcodes: [opcode], registers, flags }) {
  const carry = flags[2] ? 1 : 0;
  const d = opcode & 7, m = (opcode >> 3) & 7;
  switch (opcode >> 6) {
    case 0b0100000101: // ADCS: overflow, when the carry alone takes an operand over the edge
      return registers[d] + carry === 0x80000000 || registers[d] + carry === 0x100000000;
    case 0b0100000110: // SBCS: likewise
      return registers[m] + 1 - carry === 0x80000000 || registers[m] + 1 - carry === 0x100000000;
    case 0b0100000010: case 0b0100000011: case 0b0100000100: case 0b0100000111: // shifts by a register
      return (registers[m] & 0xff) === 0 || (registers[m] & 0xff) >= 32;
    default:
      break;
  }
  if (opcode === 0x47f0) { // BLX LR: it overwrites the register before it reads it
    return true;
  }
  const storesBase = opcode >> 11 === 0b11000 && (opcode & (1 << ((opcode >> 8) & 7))) !== 0; // STMIA writes back always
  return storesBase;
}

// The instructions that firmware consists of: no system calls, breakpoints, waits, or undefined ones.
function isTested(opcode) {
  const top = opcode >> 8;
  return top !== 0xbe && top !== 0xbf && top !== 0xde && top !== 0xdf && opcode >> 11 !== 0b11101 && top < 0xf0 &&
    (opcode & 0xf500) !== 0xb100 && // CBZ and others that ARMv6-M does not have
    !(top === 0xbb || top === 0xb6 || top === 0xb8 || top === 0xb9 || top === 0xb7) && (top !== 0xba || (opcode & 0xc0) !== 0x80) &&
    !(top === 0x47 && (opcode & 7) !== 0) && opcode !== 0x4778 && opcode !== 0x47f8 && // BX PC, BLX PC
    !(opcode >> 12 === 12 && (opcode & 0xff) === 0) &&
    !((opcode & 0xf600) === 0xb400 && (opcode & 0x1ff) === 0);
}

test("each instruction does what it does in rp2040js", () => {
  const ours = makeMachine(), theirs = makeMachine();
  const random = makeRandom(7);
  let count = 0;

  for (let opcode = 0; opcode < 0x10000; opcode += 1 + Math.floor(random() * 9)) {
    if (!isTested(opcode)) {
      continue;
    }
    const state = makeState(opcode, random);
    if (isRp2040jsWrong(state)) {
      continue;
    }
    prepare(ours, state);
    prepare(theirs, state);
    ours.processor.run();
    theirs.mcu.core.executeInstruction();
    const expected = result(theirs);
    expected.cycles += opcode >> 8 === 0xb5 ? 1 : 0; // PUSH takes one more with the link register, as with any other
    assert.deepEqual(result(ours), expected, `opcode 0x${opcode.toString(16)}, ${JSON.stringify(state.registers)}, ` +
      `flags ${state.flags}`);
    count++;
  }
  assert.ok(count > 7000, `${count} were compared`);
});

// Arithmetic, and loads and stores on the stack; no shifts by a register, additions with carry, branches.
function makeStraightOpcode(random) {
  for (;;) {
    const opcode = Math.floor(random() * 0x10000);
    const isArithmetic = opcode >> 13 <= 1 || (opcode >> 10 === 0b010000 && ![2, 3, 4, 5, 6, 7].includes((opcode >> 6) & 15));
    const isOnStack = opcode >> 12 === 9 && (opcode & 0xff) < 32;
    if (isArithmetic || isOnStack || opcode >> 8 === 0xb2) {
      return opcode;
    }
  }
}

test("runs of instructions do what they do one by one", () => {
  const ours = makeMachine(), theirs = makeMachine();
  const random = makeRandom(11);

  for (let round = 0; round < 3000; round++) {
    const state = makeState(0x2000, random);
    state.opcodes = Array.from({ length: 2 + Math.floor(random() * 10) }, () => makeStraightOpcode(random));
    // Most runs end in a branch, which reads the flags that the run has left.
    if (round % 4 !== 0) {
      state.opcodes.push(0xd002 | (Math.floor(random() * 14) << 8));
    }
    prepare(ours, state);
    prepare(theirs, state);
    ours.processor.run();
    state.opcodes.forEach(() => theirs.mcu.core.executeInstruction());
    assert.deepEqual(result(ours), result(theirs), state.opcodes.map((opcode) => opcode.toString(16)).join(" "));
  }
});

test("code in RAM that is written over is translated again", () => {
  const { processor, mcu } = makeMachine();
  const state = { opcodes: [0x2001], next: 0xe7fd, registers: new Array(16).fill(0), flags: [], data: [] }; // movs r0, #1; b .-2
  state.registers[1] = CODE;
  state.registers[2] = 0x2007; // movs r0, #7
  prepare({ mcu, clock: processor.clock, processor }, state);
  processor.run();
  assert.equal(mcu.core.registers[0], 1);
  mcu.core.registers[3] = CODE + 1; // bit 0: Thumb
  mcu.core.PC = CODE + 64;
  processor.ram16[(CODE + 64 - RAM) / 2] = 0x800a; // strh r2, [r1]
  processor.ram16[(CODE + 66 - RAM) / 2] = 0x4718; // bx r3
  processor.clock.deadline = mcu.core.cycles + 5;
  processor.run();
  assert.equal(mcu.core.registers[0], 7);
});

// Runs one instruction in RAM with some registers set.
function execute(opcode, registers) {
  const machine = makeMachine();
  const state = { opcodes: [opcode], next: 0xf800, registers: new Array(16).fill(0), flags: [false, false, false, false], data: [] };
  Object.assign(state.registers, registers);
  prepare(machine, state);
  machine.processor.run();
  return machine.mcu.core;
}

test("what rp2040js gets wrong follows the manual", () => {
  const adcs = execute(0x4148, { 0: 0x7fffffff, 1: 0 }); // without a carry
  assert.deepEqual([adcs.registers[0], adcs.V], [0x7fffffff, false]);
  const shift = execute(0x4088, { 0: 3, 1: 32 }); // LSLS r0, r1
  assert.deepEqual([shift.registers[0], shift.Z, shift.C], [0, true, true]);
  const far = execute(0x40c8, { 0: 0x80000000, 1: 33 }); // LSRS r0, r1
  assert.deepEqual([far.registers[0], far.C], [0, false]);
  const store = execute(0xc103, { 0: 1, 1: DATA }); // STMIA r1!, {r0, r1}
  assert.equal(store.registers[1], DATA + 8);
  const call = execute(0x47f0, { 14: DATA + 1 }); // BLX LR
  assert.deepEqual([call.registers[15] & ~1, call.registers[14], call.cycles], [DATA, CODE + 3, 2]);
  for (const [by, value, carry] of [[0, 0x80000001, false], [256, 0x80000001, false], [1, 0xc0000000, true],
    [31, 3, false], [32, 0x80000001, true], [33, 0xc0000000, true], [64, 0x80000001, true]]) {
    const rotated = execute(0x41c8, { 0: 0x80000001, 1: by }); // RORS r0, r1
    assert.deepEqual([rotated.registers[0], rotated.N, rotated.Z, rotated.C], [value, value > 0x7fffffff, false, carry],
      `by ${by}`);
  }
});

// The comparison with rp2040js says nothing about these: Processor leaves them to it.
test("instructions that are left to rp2040js follow the manual", () => {
  const at = (opcode, registers, index) => execute(opcode, registers).registers[index] >>> 0;
  assert.equal(at(0x4468, { 0: 12, 13: DATA }, 0), DATA + 12); // ADD r0, SP
  assert.equal(at(0x4485, { 0: 12, 13: DATA }, 13), DATA + 12); // ADD SP, r0
  assert.equal(at(0x4478, { 0: 12 }, 0), CODE + 4 + 12); // ADD r0, PC
  assert.equal(at(0x4678, {}, 0), CODE + 4); // MOV r0, PC
  assert.equal(at(0x4685, { 0: DATA }, 13), DATA); // MOV SP, r0
  assert.equal(at(0xbac8, { 1: 0x12348001 }, 0), 0x0180); // REVSH r0, r1
  assert.equal(at(0xbac8, { 1: 0x123401ff }, 0), 0xffffff01);
  for (const [opcode, registers, target] of [
    [0x4687, { 0: DATA + 1 }, DATA], // MOV PC, r0
    [0x4487, { 0: 0x100 }, CODE + 4 + 0x100], // ADD PC, r0
  ]) {
    const core = execute(opcode, registers);
    assert.deepEqual([(core.registers[15] & ~1) >>> 0, core.cycles], [target, 2]);
  }
});

test("each execution of code in the flash is charged for the words that the cache does not have", () => {
  const { mcu, clock, processor } = makeMachine(new FlashCache(50));
  const { core } = mcu;
  const code = [0x3001, 0x3001, 0x3001, 0xe7fb]; // adds r0, #1 three times; b to the first: two words
  code.forEach((opcode, place) => { processor.flash16[place] = opcode; });
  core.PC = 0x10000000;
  const cycles = [1, 2, 3].map(() => {
    const before = core.cycles;
    clock.deadline = before + 1;
    processor.run();
    return core.cycles - before;
  });
  assert.deepEqual(cycles, [5 + 2 * 50, 5, 5]);
  // Translated again, the code is in the cache already.
  processor.inFlash.fill(undefined, 0, 4);
  clock.deadline = core.cycles + 1;
  processor.run();
  assert.equal(core.cycles, 4 * 5 + 2 * 50);
});

test("an access that is not aligned, a write to flash and a jump into nowhere end the run", () => {
  for (const [opcode, registers, pattern] of [
    [0x6808, { 1: DATA + 2 }, /read a word from 0x20001002, which is not aligned, at 0x20008000/],
    [0x8008, { 1: DATA + 1 }, /wrote a halfword to 0x20001001, which is not aligned/],
    [0x7008, { 1: 0x10000000 }, /wrote to 0x10000000, which is flash/],
    [0x4708, { 1: 0x30000001 }, /jumped to 0x30000000, where there is no code/],
    [0x4708, { 1: DATA }, /jumped to 0x20001000, an even address: bit 0 must be set, .* at 0x20008000/], // BX
    [0x4788, { 1: DATA }, /jumped to 0x20001000, an even address/], // BLX
    [0x4778, {}, /jumped to 0x20008004, an even address/], // BX PC
    [0xbd00, { 13: DATA }, /jumped to 0x0, an even address/], // POP, of a zero
  ]) {
    assert.throws(() => {
      const machine = makeMachine();
      const state = { opcodes: [opcode], next: 0xf800, registers: new Array(16).fill(0), flags: [], data: [] };
      Object.assign(state.registers, registers);
      prepare(machine, state);
      machine.clock.deadline = 10;
      machine.processor.run();
    }, (error) => error instanceof FirmwareError && pattern.test(error.message) || assert.fail(error.stack));
  }
});

test("an exception's vector to an even address ends the run", () => {
  for (const [vector, pattern] of [[DATA + 1, null], [DATA, /jumped to 0x20001000, an even address.* at 0x20008000/]]) {
    const { mcu, clock, processor } = makeMachine();
    const { core } = mcu;
    core.PC = CODE;
    core.SP = DATA + 256;
    core.VTOR = RAM + 0x2000;
    processor.ram16[(CODE - RAM) / 2] = processor.ram16[(DATA - RAM) / 2] = 0x46c0; // nop
    mcu.writeUint32(core.VTOR + 4 * 16, vector);
    core.enabledInterrupts = 1;
    mcu.setInterrupt(0, true);
    clock.deadline = 1;
    if (pattern === null) {
      processor.run();
      assert.equal(core.IPSR, 16);
    } else {
      assert.throws(() => processor.run(), (error) => error instanceof FirmwareError && pattern.test(error.message) ||
        assert.fail(error.stack));
    }
  }
});
