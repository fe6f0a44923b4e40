// Waiting for banks of RAM: random accesses of two processors and DMA, compared with an arbiter that goes cycle by
// cycle, and programs whose waits are known.
// Uses: node's own test runner, emulator/, rp2040js. node --test tests/emulator/banks.test.js

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";

import { Banks, bankExpression, bankOf } from "../../emulator/banks.js";
import { makeRandom } from "../../emulator/board.js";
import { Clock } from "../../emulator/clock.js";
import { Symbols } from "../../emulator/image.js";
import { Processor } from "../../emulator/processor.js";
import { SecondCore } from "../../emulator/second_core.js";

const { RP2040 } = createRequire(new URL("../../emulator/board.js", import.meta.url))("rp2040js");

const RAM = 0x20000000, CODE = 0x8000, SECOND_CODE = 0x9004, SCRATCH = 0x40000, OTHER_SCRATCH = 0x41000, STACK = 0x7000;
const WFE = 0xbf20, LOAD = 0x6803, LOAD_EIGHT = 0xc8ff, NOP = 0x46c0; // ldr r3, [r0]; ldmia r0, {r0-r7}; mov r8, r8

// How long each processor waits if each bank serves one access per cycle. `lists`: for each processor [cycles since the
// previous access, bank].
function arbitrate(lists, block) {
  const due = lists.map((list) => list[0]?.[0]), places = [0, 0], waits = [0, 0];
  const served = new Array(6).fill(0);
  const wants = (which, cycle) => (due[which] === cycle ? lists[which][places[which]][1] : undefined);
  const take = (which) => {
    places[which]++;
    due[which] += lists[which][places[which]]?.[0] ?? Infinity;
  };
  for (let cycle = 0; places.some((place, which) => place < lists[which].length); cycle++) {
    const word = (cycle - block.time) / block.period;
    const taken = word % 1 === 0 && word >= 0 && word < block.words ? bankOf(block.offset + 4 * word) : undefined;
    const wanted = [wants(0, cycle), wants(1, cycle)];
    let free = [0, 1].filter((which) => wanted[which] !== undefined && wanted[which] !== taken);
    if (free.length === 2 && wanted[0] === wanted[1]) {
      free = [1 - served[wanted[0]]];
      [served[wanted[0]]] = free;
    }
    for (const which of [0, 1]) {
      if (free.includes(which)) {
        take(which);
      } else if (wanted[which] !== undefined) {
        due[which]++;
        waits[which]++;
      }
    }
  }
  return waits;
}

test("a byte's bank follows from its address, four of them by words", () => {
  const places = [0, 3, 4, 8, 12, 16, 0x3fffc, SCRATCH, SCRATCH + 0xffc, OTHER_SCRATCH, OTHER_SCRATCH + 0xffc];
  const banks = [0, 0, 1, 2, 3, 0, 3, 4, 4, 5, 5];
  assert.deepEqual(places.map(bankOf), banks);
  const inCode = new Function("t", `return ${bankExpression("t")};`);
  assert.deepEqual(places.map(inCode), banks);
});

test("waits are those of an arbiter that goes cycle by cycle", () => {
  const random = makeRandom(5);
  const below = (limit) => Math.floor(random() * limit);
  for (let round = 0; round < 300; round++) {
    const lists = [0, 1].map(() => Array.from({ length: below(60) }, () => [1 + below(3), below(1 + below(6))]));
    const block = { time: 5 + below(40), period: 1 + below(16), offset: 4 * below(9), words: below(12) };
    const waits = [0, 0];
    const now = [0, 0];
    const banks = new Banks((which) => {
      waits[which]++;
      now[which]++;
    });
    banks.beginBlock(block.time, block.period, block.offset, block.words);
    // The first processor advances by some accesses, then the second one catches up, in turns.
    const left = lists.map((list) => [...list]);
    const addOne = (which) => {
      const [cycles, bank] = left[which].shift();
      now[which] += cycles;
      banks.accesses[which].add(now[which], bank);
    };
    while (left[0].length > 0 || left[1].length > 0) {
      for (let count = below(9); count > 0 && left[0].length > 0; count--) {
        addOne(0);
      }
      if (left[0].length === 0) {
        now[0] = Infinity;
      }
      while (left[1].length > 0 && now[1] <= now[0]) {
        addOne(1);
      }
      banks.settle(Math.min(now[0], left[1].length > 0 ? now[1] : Infinity));
    }
    banks.settle(Infinity);
    assert.deepEqual(waits, arbitrate(lists, block), `round ${round}`);
  }
});

// Both processors run the code, each with its address in r0, until they wait for an event.
function runBoth({ codes, addresses, isCounting = true }) {
  const clock = new Clock();
  const mcu = new RP2040(clock);
  clock.counter = mcu.core;
  const waits = [0, 0];
  const banks = isCounting
    ? new Banks((which) => {
      [first, second][which].wait();
      waits[which]++;
    })
    : null;
  const first = new Processor(mcu, clock, new Symbols(), null, null, banks);
  const second = new SecondCore(mcu, clock, new Symbols(), null, banks);
  second.connect(first);
  [CODE, SECOND_CODE].forEach((place, which) => [...codes[which], WFE, 0xe7fd].forEach((opcode, index) =>
    new DataView(mcu.sram.buffer).setUint16(place + 2 * index, opcode, true)));
  for (const word of [0, 0, 1, RAM, RAM + STACK, (RAM + SECOND_CODE) | 1]) {
    mcu.sio.writeUint32(0x54, word);
    mcu.sio.readUint32(0x58);
  }
  mcu.core.PC = RAM + CODE;
  [mcu.core, second.core].forEach((core, which) => { core.registers[0] = RAM + addresses[which]; });
  first.run();
  return { waits, cycles: [mcu.core.cycles, second.core.cycles], busy: second.busyCycles };
}

test("processors whose code and data are in banks of their own do not wait, nor without the option", () => {
  const codes = [[LOAD, LOAD], [LOAD, LOAD]], addresses = [0x1008, 0x100c];
  const counted = runBoth({ codes, addresses });
  assert.deepEqual(counted.waits, [0, 0]);
  assert.deepEqual(counted, runBoth({ codes, addresses, isCounting: false }));
  assert.deepEqual(runBoth({ codes, addresses: [SCRATCH, SCRATCH], isCounting: false }).waits, [0, 0]);
});

test("of two loads at once from a scratch memory one waits, and is late from then on", () => {
  const codes = [[LOAD, LOAD], [LOAD, LOAD]];
  const { waits, cycles, busy } = runBoth({ codes, addresses: [SCRATCH, SCRATCH] });
  const apart = runBoth({ codes, addresses: [SCRATCH, OTHER_SCRATCH] });
  assert.deepEqual(apart.waits, [0, 0]);
  assert.deepEqual(waits, [1, 0]);
  assert.deepEqual(cycles, [apart.cycles[0] + 1, apart.cycles[1]]);
  assert.equal(busy, apart.busy);
  const other = runBoth({ codes, addresses: [SCRATCH + 4, SCRATCH + 8] });
  assert.deepEqual(other.waits, [1, 0]); // this does not depend on the word
});

test("eight words each from one scratch memory at the same time take sixteen cycles", () => {
  const codes = [[LOAD_EIGHT], [LOAD_EIGHT]];
  const { waits } = runBoth({ codes, addresses: [SCRATCH, SCRATCH] });
  assert.deepEqual(waits, [8, 7]); // they take turns
  // In the striped banks, the processor that is a cycle late finds the next bank free.
  const striped = runBoth({ codes, addresses: [0x1008, 0x1008] }).waits;
  assert.equal(striped[0] + striped[1], 1);
});

test("code is fetched from its bank, a word for two instructions", () => {
  const { waits } = runBoth({ codes: [[NOP, NOP, NOP, NOP], [LOAD, LOAD]], addresses: [0, CODE + 8] });
  assert.deepEqual(waits, [0, 0]); // the first one is at its third instruction when the word after its fourth is read
  const same = runBoth({ codes: [[NOP, NOP, NOP, NOP], [NOP, LOAD]], addresses: [0, CODE + 4] });
  assert.equal(same.waits[0] + same.waits[1], 1);
});
