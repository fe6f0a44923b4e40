// The second processor: how the first one launches it, what they share, and that a run of both is reproducible.
// Uses: node's own test runner, emulator/, rp2040js. node --test tests/emulator/second_core.test.js

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import { Clock } from "../../emulator/clock.js";
import { FirmwareError } from "../../emulator/errors.js";
import { Symbols } from "../../emulator/image.js";
import { Processor } from "../../emulator/processor.js";
import { SecondCore } from "../../emulator/second_core.js";

const { LogLevel, ConsoleLogger, RP2040 } = createRequire(new URL("../../emulator/board.js", import.meta.url))("rp2040js");

const RAM = 0x20000000, CODE = RAM + 0x8000, SECOND_CODE = RAM + 0x9000, STACK = RAM + 0x7000;
const COUNTER = RAM + 0x1000, PLAIN_WORD = RAM + 0x1004, SIO = 0xd0000000;
const CPUID = 0x00, STATUS = 0x50, WRITE = 0x54, READ = 0x58, SPIN_LOCK_3 = 0x10c;
const DIVIDEND = 0x60, DIVISOR = 0x64, QUOTIENT = 0x70;
const VALID = 1, READY = 2;
const WFE = 0xbf20, SEV = 0xbf40;

function makeMachine() {
  const clock = new Clock();
  const mcu = new RP2040(clock);
  clock.counter = mcu.core;
  mcu.logger = new ConsoleLogger(LogLevel.Error, true);
  const first = new Processor(mcu, clock, new Symbols());
  const second = new SecondCore(mcu, clock, new Symbols(), null);
  second.connect(first);
  const put = (address, opcodes) => opcodes.forEach((opcode, place) =>
    new DataView(mcu.sram.buffer).setUint16(address - RAM + 2 * place, opcode, true));
  return { mcu, clock, first, second, put, sio: mcu.sio, word: (address) => mcu.readUint32(address) };
}

// Sends the words that the boot ROM expects; each one is echoed.
function launch({ sio, second }, entry) {
  for (const word of [0, 0, 1, RAM, STACK, entry | 1]) {
    sio.writeUint32(WRITE, word);
    assert.equal(sio.readUint32(STATUS) & VALID, VALID);
    assert.equal(sio.readUint32(READ) >>> 0, word);
  }
  assert.equal(second.isAwake, true);
}

// Both add to a counter, with a branch between reading and writing it; they take turns with `lock`.
const adding = [
  0x680b, // loop: ldr r3, [r1]: takes the lock
  0x2b00, // cmp r3, #0
  0xd0fc, // beq loop
  0x6803, // ldr r3, [r0]
  0x3301, // adds r3, #1
  0xe7ff, // b to the next instruction
  0x6003, // str r3, [r0]
  0x600b, // str r3, [r1]: gives the lock back
  0x3a01, // subs r2, #1
  0xd1f5, // bne loop
  WFE, // end: wfe
  0xe7fd, // b end
];

function addTogether(lock, count) {
  const machine = makeMachine();
  const { mcu, first, second, put } = machine;
  put(CODE, adding);
  put(SECOND_CODE, [0x46c0, ...adding]); // nop: so that the two are not in step
  mcu.writeUint32(PLAIN_WORD, 1);
  launch(machine, SECOND_CODE);
  mcu.core.PC = CODE;
  for (const core of [mcu.core, second.core]) {
    core.registers.set([COUNTER, lock, count]);
  }
  first.run(); // until both wait
  return { sum: machine.word(COUNTER), cycles: [mcu.core.cycles, second.core.cycles, second.busyCycles] };
}

test("the boot ROM's protocol launches the second processor with its stack, vectors and entry", () => {
  const machine = makeMachine();
  const { second, sio } = machine;
  assert.equal(second.isAwake, false);
  launch(machine, SECOND_CODE);
  assert.deepEqual([second.core.SP, second.core.VTOR, second.core.PC], [STACK, RAM, SECOND_CODE]);
  assert.equal(sio.readUint32(CPUID), 0);
  second.isCurrent = true;
  assert.equal(sio.readUint32(CPUID), 1);
});

test("an entry at an even address ends the run", () => {
  const { sio } = makeMachine();
  [0, 0, 1, RAM, STACK].forEach((word) => sio.writeUint32(WRITE, word));
  assert.throws(() => sio.writeUint32(WRITE, SECOND_CODE), (error) => error instanceof FirmwareError &&
    /launched its second processor at 0x20009000, an even address/.test(error.message));
});

test("a word that does not fit begins the launch anew", () => {
  const machine = makeMachine();
  for (const word of [0, 0, 7, 0, 1]) { // the third is wrong, and so is the last, after one 0
    machine.sio.writeUint32(WRITE, word);
    assert.equal(machine.sio.readUint32(READ), word);
  }
  assert.equal(machine.second.isAwake, false);
  launch(machine, SECOND_CODE);
});

test("words between the processors keep their order, and a full or an empty queue ends the run", () => {
  const machine = makeMachine();
  const { sio, second } = machine;
  launch(machine, SECOND_CODE);
  for (let word = 1; word <= 8; word++) {
    assert.equal(sio.readUint32(STATUS), READY);
    sio.writeUint32(WRITE, word);
  }
  assert.equal(sio.readUint32(STATUS), 0);
  assert.throws(() => sio.writeUint32(WRITE, 9), /FIFO, which was full/);
  second.isCurrent = true;
  for (let word = 1; word <= 8; word++) {
    assert.equal(sio.readUint32(STATUS), READY | VALID);
    assert.equal(sio.readUint32(READ), word);
  }
  assert.throws(() => sio.readUint32(READ), (error) => error instanceof FirmwareError && /was empty/.test(error.message));
});

test("with a spin lock no addition is lost, without one some are", () => {
  assert.equal(addTogether(SIO + SPIN_LOCK_3, 500).sum, 1000);
  const { sum } = addTogether(PLAIN_WORD, 500);
  assert.ok(sum < 1000 && sum >= 500, `${sum}`);
});

test("a run of both processors can be repeated to the cycle", () => {
  assert.deepEqual(addTogether(SIO + SPIN_LOCK_3, 300), addTogether(SIO + SPIN_LOCK_3, 300));
});

test("the second processor waits until an event of the first, and its time does not count meanwhile", () => {
  const machine = makeMachine();
  const { mcu, first, second, put } = machine;
  put(SECOND_CODE, [WFE, 0x3401, 0xe7fc]); // wfe; adds r4, #1; b to the wfe
  // subs r2, #1; bne to it; sev; subs r5, #1; bne to it; wfe
  put(CODE, [0x3a01, 0xd1fd, SEV, 0x3d01, 0xd1fd, WFE, 0xe7fd]);
  launch(machine, SECOND_CODE);
  mcu.core.PC = CODE;
  mcu.core.registers[2] = mcu.core.registers[5] = 1000;
  first.run();
  assert.equal(second.core.registers[4], 1);
  assert.equal(second.isAwake, false);
  assert.ok(second.busyCycles < 20, `${second.busyCycles} cycles`);
  assert.ok(mcu.core.cycles > 6000, `${mcu.core.cycles} cycles`);
});

test("each processor has a divider of its own", () => {
  const machine = makeMachine();
  const { sio, second } = machine;
  for (const [isCurrent, dividend] of [[false, 100], [true, 63]]) {
    second.isCurrent = isCurrent;
    sio.writeUint32(DIVIDEND, dividend);
    sio.writeUint32(DIVISOR, 7);
  }
  assert.equal(sio.readUint32(QUOTIENT), 9);
  second.isCurrent = false;
  assert.equal(Math.floor(sio.readUint32(QUOTIENT)), 14);
});

test("a reset by the power-on state machine takes the second processor back to the boot ROM", () => {
  const machine = makeMachine();
  const power = machine.mcu.peripherals[0x40010];
  launch(machine, SECOND_CODE);
  power.writeUint32(0x04, 1 << 16);
  assert.equal(machine.second.isAwake, false);
  power.writeUint32(0x04, 0);
  assert.equal(machine.sio.readUint32(READ), 0); // it reports that it is present
  launch(machine, SECOND_CODE);
});

test("interrupts and timers of the second processor are not there, and using them ends the run", () => {
  const machine = makeMachine();
  const { mcu, first, second, put } = machine;
  put(SECOND_CODE, [0x6801]); // ldr r1, [r0]
  put(CODE, [0xe7fe]); // b to itself
  launch(machine, SECOND_CODE);
  second.core.registers[0] = 0xe000e010;
  mcu.core.PC = CODE;
  assert.throws(() => first.run(), /on its second processor, which has no interrupts/);
});
