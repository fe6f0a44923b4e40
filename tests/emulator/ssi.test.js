// The flash's serial interface: what DMA gets from it and when, and what a board would not tolerate.
// Uses: node's own test runner, emulator/, rp2040js. node --test tests/emulator/ssi.test.js

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import { Clock } from "../../emulator/clock.js";
import { FirmwareError } from "../../emulator/errors.js";
import { Ssi } from "../../emulator/ssi.js";

const { LogLevel, ConsoleLogger, RP2040 } = createRequire(new URL("../../emulator/board.js", import.meta.url))("rp2040js");

const CTRLR0 = 0x00, CTRLR1 = 0x04, SSIENR = 0x08, BAUDR = 0x14, RXFLR = 0x24, SR = 0x28, DMACR = 0x4c, DR0 = 0x60,
  SPI_CTRLR0 = 0xf4;
const BUSY = 1, RECEIVED = 8;
const FLASH_PLACE = 0x1234, RAM = 0x20000000, RAM_PLACE = 0x800;
const READ = FLASH_PLACE << 8 | 0xa0;
const DMA_CONTROL = 1 | (2 << 2) | (1 << 5) | (39 << 15) | (1 << 22); // words to increasing addresses, bytes swapped

// An interface as the second stage leaves it: continuous read, at half of 125 MHz.
function makeMachine(settings = {}) {
  const clock = new Clock();
  const mcu = new RP2040(clock);
  clock.counter = mcu.core;
  mcu.logger = new ConsoleLogger(LogLevel.Error, true);
  mcu.logger.error = () => {};
  const ssi = mcu.peripherals[0x18000] = new Ssi(mcu, clock);
  mcu.flash.forEach((value, place) => { mcu.flash[place] = place * 7 + (place >> 8); });
  const write = (values) => values.forEach(([register, value]) => ssi.writeUint32(register, value));
  const start = () => write([[SSIENR, 0], [BAUDR, settings.divisor ?? 2], [CTRLR0, settings.control ?? 0x5f0300],
    [SPI_CTRLR0, 0x2022], [SSIENR, 1]]);
  const pass = (cycles) => {
    mcu.core.cycles += cycles;
    clock.ring();
  };
  return { clock, mcu, ssi, write, start, pass };
}

// Asks for words by DMA, as the firmware does.
function ask({ mcu, write }, count, channelCount = count) {
  write([[SSIENR, 0], [CTRLR1, count - 1], [DMACR, 3], [SSIENR, 1]]);
  mcu.writeUint32(0x50000000, 0x18000060);
  mcu.writeUint32(0x50000004, RAM + RAM_PLACE);
  mcu.writeUint32(0x50000008, channelCount);
  mcu.writeUint32(0x5000000c, DMA_CONTROL);
  write([[DR0, READ]]);
}

const isBusy = ({ mcu }) => (mcu.readUint32(0x5000000c) & (1 << 24)) !== 0;
const came = ({ mcu }, count) => Buffer.from(mcu.sram.subarray(RAM_PLACE, RAM_PLACE + 4 * count));
const wanted = ({ mcu }, count) => Buffer.from(mcu.flash.subarray(FLASH_PLACE, FLASH_PLACE + 4 * count));

test("DMA takes a block in 16 cycles a word and 24 to begin, and the flash is not there meanwhile", () => {
  const machine = makeMachine();
  const { ssi, start, pass, write } = machine;
  start();
  assert.equal(ssi.isFlashThere, true);
  const blocks = [];
  ssi.onBlock = (...block) => blocks.push(block);
  ask(machine, 100);
  assert.deepEqual(blocks, [[24 + 16, 16, RAM + RAM_PLACE, 100]]); // when the words will arrive, for statistics
  assert.equal(ssi.isFlashThere, false);
  pass(24 + 16 * 100 - 1);
  assert.equal(isBusy(machine), true);
  assert.equal(ssi.readUint32(SR) & BUSY, BUSY);
  pass(1);
  assert.equal(isBusy(machine), false);
  assert.deepEqual(came(machine, 101), Buffer.concat([wanted(machine, 100), Buffer.alloc(4)]));
  assert.equal(ssi.isFlashThere, false); // until the second stage's settings are restored
  write([[SSIENR, 0], [CTRLR1, 0], [DMACR, 0], [SSIENR, 1]]);
  assert.equal(ssi.isFlashThere, true);
});

test("a second block follows the first, and a block of one word is one", () => {
  const machine = makeMachine();
  machine.start();
  for (const count of [1, 17]) {
    ask(machine, count);
    machine.pass(24 + 16 * count);
    assert.equal(isBusy(machine), false);
    assert.deepEqual(came(machine, count), wanted(machine, count));
  }
});

test("a divisor of 4 doubles the time", () => {
  const machine = makeMachine({ divisor: 4 });
  machine.start();
  ask(machine, 10);
  machine.pass(2 * (24 + 160) - 1);
  assert.equal(isBusy(machine), true);
  machine.pass(1);
  assert.equal(isBusy(machine), false);
});

test("without DMA words wait in the queue, and the 17th ends the run", () => {
  const { start, write, pass, ssi, mcu } = makeMachine();
  start();
  write([[SSIENR, 0], [CTRLR1, 19], [SSIENR, 1], [DR0, READ]]);
  pass(40);
  assert.equal(ssi.readUint32(RXFLR), 1);
  assert.equal(ssi.readUint32(SR) & RECEIVED, RECEIVED);
  assert.equal(ssi.readUint32(DR0), mcu.flashView.getUint32(FLASH_PLACE, false));
  for (let word = 0; word < 16; word++) {
    pass(16);
  }
  assert.equal(ssi.readUint32(RXFLR), 16);
  assert.throws(() => pass(16), /overflow the interface's FIFO/);
});

test("a DMA channel that expects another number of words gets them one by one", () => {
  const machine = makeMachine();
  machine.start();
  ask(machine, 4, 3);
  for (let word = 0; word < 4; word++) {
    machine.pass(40);
  }
  assert.deepEqual(came(machine, 4), Buffer.concat([wanted(machine, 3), Buffer.alloc(4)]));
  assert.equal(machine.ssi.readUint32(RXFLR), 1);
});

for (const [what, settings, act, pattern] of [
  ["an odd divisor", { divisor: 3 }, () => {}, /must be even/],
  ["a setting while the interface is on", {}, ({ write }) => write([[CTRLR1, 5]]), /wrote CTRLR1 .* while that is enabled/],
  ["an address while it is off", {}, ({ write }) => write([[SSIENR, 0], [DR0, READ]]), /while that is disabled/],
  ["other bits of the mode", {}, ({ write }) => write([[DR0, FLASH_PLACE << 8]]), /must be 0xa0/],
  ["a transfer within another", {}, ({ write }) => write([[DR0, READ], [DR0, READ]]), /in the middle of another/],
  ["switching it off in a transfer", {}, ({ write }) => write([[DR0, READ], [SSIENR, 0]]), /in the middle of a transfer/],
  ["a word that is not there yet", {}, ({ ssi }) => ssi.readUint32(DR0), /before it was there/],
  ["frames of 16 bits", { control: 0x4f0300 }, ({ write }) => write([[DR0, READ]]), /settings that are not/],
]) {
  test(`${what} ends the run`, () => {
    const machine = makeMachine(settings);
    assert.throws(() => {
      machine.start();
      act(machine);
    }, (error) => error instanceof FirmwareError && pattern.test(error.message) || assert.fail(error.stack));
  });
}

test("a clock above the flash's 133 MHz ends the run", () => {
  const machine = makeMachine();
  machine.clock.setFrequency(270e6);
  assert.throws(() => machine.start(), /up to 133 MHz/);
});
