// The emulator's clock at frequencies whose cycle is not a whole number of nanoseconds: an alarm rings at its deadline.
// Uses: node's own test runner, emulator/. node --test tests/emulator/clock.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { Board, makeRandom } from "../../emulator/board.js";
import { Clock } from "../../emulator/clock.js";

const MEGAHERTZ = [12, 48, 125, 133, 150, 180, 200];
const TRIALS = 20000;

for (const megahertz of MEGAHERTZ) {
  test(`at ${megahertz} MHz an alarm rings in the cycle of its deadline`, () => {
    const random = makeRandom(megahertz);
    const below = (limit) => Math.floor(random() * limit);
    for (let trial = 0; trial < TRIALS; trial++) {
      const clock = new Clock();
      // Earlier frequencies leave a base time with a fraction, as they do when firmware starts.
      for (const hertz of [12e6, megahertz * 1e6]) {
        clock.counter.cycles += below(1e6);
        clock.setFrequency(hertz);
      }
      clock.counter.cycles += below(1e9);
      let rings = 0;
      const nanos = [below(1e6) * 1000, below(1e5) * clock.cycleNanos, random() * 1e6][trial % 3];
      clock.createAlarm(() => { rings++; }).schedule(nanos);
      const { deadline } = clock;
      const what = `${nanos} ns after cycle ${clock.counter.cycles}, with the deadline ${deadline}`;
      assert.equal(deadline, Math.floor(deadline), what);
      if (deadline > clock.counter.cycles + 1) {
        clock.counter.cycles = deadline - 2; // it may be one late by rounding, but never early
        clock.ring();
        assert.equal(rings, 0, what);
      }
      clock.counter.cycles = deadline;
      clock.ring();
      assert.equal(rings, 1, what);
    }
  });
}

// A second stage that sets the PLL of the system to 133 MHz, and then sets an alarm of the timer, again and again: in
// 14 us, every 15 us.
function makeFlash() {
  const flash = new Uint8Array(1024).fill(0xff);
  const view = new DataView(flash.buffer);
  const words = [
    0x40028008, 133, // the PLL's FBDIV: 12 MHz times 133
    0x4002800c, (6 << 16) | (2 << 12), // PRIM: divided by 6 and by 2
    0x4000803c, 1, // CLK_SYS_CTRL: from the PLL
    0, 0,
    0x40054000, // the timer
    669,
  ];
  const code = [
    0xa007, //       adr  r0, words
    0xc806, // next: ldmia r0!, {r1, r2}
    0x2900, //       cmp  r1, #0
    0xd001, //       beq  set_up
    0x600a, //       str  r2, [r1]
    0xe7fa, //       b    next
    0xc802, // set_up: ldmia r0!, {r1}
    0x6a8a, // loop: ldr  r2, [r1, #0x28]: TIMERAWL
    0x320e, //       adds r2, #14
    0x610a, //       str  r2, [r1, #0x10]: ALARM0
    0x6803, //       ldr  r3, [r0]
    0x3b01, // wait: subs r3, #1
    0xd1fd, //       bne  wait
    0xe7f8, //       b    loop
  ];
  code.forEach((opcode, place) => view.setUint16(2 * place, opcode, true));
  words.forEach((word, place) => view.setUint32(32 + 4 * place, word, true));
  return flash;
}

test("a board at 133 MHz takes thousands of alarms, and its time goes on", () => {
  const board = new Board({ flash: makeFlash(), console: "none" });
  let before = -1, still = 0;
  const isStuck = () => {
    still = board.cycles === before ? still + 1 : 0;
    before = board.cycles;
    return still > 100;
  };
  assert.equal(board.run({ untilNanos: 1e9, isDone: isStuck }), "time", `at ${board.nanos} ns`);
  assert.equal(board.clock.cycleNanos, 1e9 / 133e6);
});
