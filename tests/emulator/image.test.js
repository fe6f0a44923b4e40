// What the emulator accepts as an image, and its messages about anything else; its boot ROM; its clocks.
// Uses: node's own test runner, emulator/. node --test tests/emulator/image.test.js

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { makeBootRom } from "../../emulator/boot_rom.js";
import { Clock } from "../../emulator/clock.js";
import { InputError } from "../../emulator/errors.js";
import { flipBit } from "../../emulator/faults.js";
import { readElfImage, readSymbols, readUf2, Symbols } from "../../emulator/image.js";
import { RealTimeClock } from "../../emulator/peripherals.js";
import { decodePng, encodePng } from "../../emulator/picture.js";

// A second implementation of the data sheet's CRC-32, bit by bit.
function checksum(bytes) {
  let sum = 0xffffffffn;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (sum >> 31n) ^ BigInt((byte >> bit) & 1);
      sum = ((sum << 1n) & 0xffffffffn) ^ (top ? 0x04c11db7n : 0n);
    }
  }
  return Number(sum);
}

// A UF2 file of two pages, the first of which is a second stage with its checksum.
function makeUf2(change = () => {}) {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < 2; block++) {
    const words = [0x0a324655, 0x9e5d5157, 0x2000, 0x10000000 + 256 * block, 256, block, 2, 0xe48bff56];
    words.forEach((word, place) => view.setUint32(512 * block + 4 * place, word, true));
    bytes.fill(block + 1, 512 * block + 32, 512 * block + 288);
    view.setUint32(512 * block + 508, 0x0ab16f30, true);
  }
  view.setUint32(32 + 252, checksum(bytes.subarray(32, 32 + 252)), true);
  change(view, bytes);
  return bytes;
}

function refuses(act, pattern) {
  assert.throws(act, (error) => error instanceof InputError && pattern.test(error.message) || assert.fail(error.stack));
}

test("a UF2 file becomes the flash", () => {
  const flash = readUf2(makeUf2(), "a.uf2");
  assert.equal(flash.length, 2 * 1024 * 1024);
  assert.deepEqual([flash[0], flash[251], flash[256], flash[511], flash[512]], [1, 1, 2, 2, 0xff]);
});

test("a UF2 file with a fault is refused, with the block", () => {
  const refusesChange = (change, pattern) => refuses(() => readUf2(makeUf2(change), "a.uf2"), pattern);
  refuses(() => readUf2(new Uint8Array(0), "a.uf2"), /^a\.uf2: 0 bytes are not whole/);
  refuses(() => readUf2(makeUf2().subarray(0, 700), "a.uf2"), /700 bytes are not whole/);
  refusesChange((view) => view.setUint32(512, 1, true), /block 1 does not begin/);
  refusesChange((view) => view.setUint32(508, 1, true), /block 0 does not end/);
  refusesChange((view) => view.setUint32(8, 0, true), /block 0 is not for an RP2040/);
  refusesChange((view) => view.setUint32(512 + 28, 0xe48bff59, true), /block 1 is not for an RP2040/);
  refusesChange((view) => view.setUint32(512 + 20, 0, true), /block 1 says that it is block 0/);
  refusesChange((view) => view.setUint32(24, 3, true), /block 0 says that there are 3 blocks/);
  refusesChange((view) => view.setUint32(16, 476, true), /476 bytes of content/);
  refusesChange((view) => view.setUint32(512 + 12, 0x10000000, true), /0x10000000 for the second time/);
  refusesChange((view) => view.setUint32(512 + 12, 0x20000000, true), /0x20000000, which is not a page of the flash/);
  refusesChange((view) => view.setUint32(512 + 12, 0x10200000, true), /0x10200000, which is not a page/);
  refusesChange((view, bytes) => { bytes[40] ^= 1; }, /second stage .* wrong checksum/);
});

test("a file that is not an ELF file, or is cut short, is refused", () => {
  refuses(() => readElfImage(new Uint8Array(10), "a.elf"), /not a 32-bit, little-endian ELF file/);
  const header = new Uint8Array(52);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1]);
  const view = new DataView(header.buffer);
  view.setUint32(28, 52, true); // a program header beyond the end
  view.setUint16(42, 32, true);
  view.setUint16(44, 1, true);
  refuses(() => readElfImage(header, "a.elf"), /cut short/);
  view.setUint32(32, 1000, true); // a section header, likewise
  view.setUint16(46, 40, true);
  view.setUint16(48, 1, true);
  refuses(() => readSymbols(header, "a.elf"), /cut short/);
});

// An ELF file of 1 KB with three section headers: none, a table of one symbol, and the table of names.
function makeElf(change = () => {}) {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1]);
  view.setUint32(32, 64, true); // section headers
  view.setUint16(46, 40, true);
  view.setUint16(48, 3, true);
  view.setUint32(104 + 4, 2, true); // SHT_SYMTAB
  view.setUint32(104 + 16, 512, true);
  view.setUint32(104 + 20, 16, true);
  view.setUint32(104 + 24, 2, true); // its names
  view.setUint32(144 + 16, 600, true);
  view.setUint32(512, 1, true);
  view.setUint32(516, 0x10000101, true);
  view.setUint32(520, 8, true);
  bytes[524] = 2;
  bytes.set(Buffer.from("\0main\0"), 600);
  change(view, bytes);
  return bytes;
}

test("the symbols of an ELF file are read", () => {
  assert.equal(readSymbols(makeElf(), "a.elf").place(0x10000102), "0x10000102 (main+0x2)");
  assert.equal(readSymbols(makeElf((view) => view.setUint32(104 + 4, 1, true)), "a.elf").byName.size, 0);
});

test("an ELF file with sizes beyond its end is refused at once", () => {
  const refusesChange = (change, pattern) => refuses(() => readSymbols(makeElf(change), "a.elf"), pattern);
  refusesChange((view) => view.setUint32(104 + 20, 0xfffffff0, true), /4294967280 bytes of symbols at 512 are not in the file/);
  refusesChange((view) => view.setUint32(104 + 20, 528, true), /528 bytes of symbols/);
  refusesChange((view) => view.setUint16(46, 0, true), /section headers of 0 bytes/);
  refusesChange((view) => view.setUint16(46, 8, true), /section headers of 8 bytes/);
  refusesChange((view) => view.setUint32(104 + 24, 100, true), /cut short/);
  refusesChange((view) => view.setUint32(512, 0xfffffff0, true), /name of a symbol has no end/);
  refusesChange((view, bytes) => bytes.fill(65, 601), /name of a symbol has no end/);
});

test("parts of an ELF file that overlap are refused, however many there are", () => {
  const bytes = new Uint8Array(2 ** 21 + 2 ** 12);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1]);
  view.setUint32(28, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, 2, true);
  for (let header = 52; header < 52 + 2 * 32; header += 32) {
    [1, 0, 0, 0x10000000, 2 ** 20 + 1].forEach((word, place) => view.setUint32(header + 4 * place, word, true));
  }
  refuses(() => readElfImage(bytes, "a.elf"), /more bytes than the flash has/);
  view.setUint16(42, 1, true);
  refuses(() => readElfImage(bytes, "a.elf"), /program headers of 1 bytes/);
});

test("symbols name places", () => {
  const symbols = new Symbols([
    { name: "first", address: 0x100, bytes: 16, isFunction: true },
    { name: "table", address: 0x110, bytes: 16, isFunction: false },
    { name: "second", address: 0x120, bytes: 8, isFunction: true },
  ]);
  assert.equal(symbols.functionAt(0x10e).name, "first");
  assert.equal(symbols.functionAt(0x110), undefined);
  assert.equal(symbols.functionAt(0xff), undefined);
  assert.equal(symbols.place(0x124), "0x00000124 (second+0x4)");
  assert.equal(symbols.place(0x200), "0x00000200");
});

test("a bit is flipped at a symbol or at an address of the flash, and nowhere else", () => {
  const symbols = new Symbols([{ name: "weights", address: 0x10000010, bytes: 64, isFunction: false }]);
  const flash = new Uint8Array(64);
  flipBit(flash, symbols, "weights+2");
  flipBit(flash, symbols, "0x10000001");
  assert.deepEqual([flash[0x12], flash[1], flash.filter((byte) => byte !== 0).length], [1, 1, 2]);
  refuses(() => flipBit(flash, symbols, "biases"), /no symbol 'biases'/);
  refuses(() => flipBit(flash, symbols, "weights+100"), /not in the flash/);
  refuses(() => flipBit(flash, symbols, ""), /no symbol/);
});

test("the boot ROM has less than 200 bytes, and its tables where the data sheet wants them", () => {
  const rom = makeBootRom();
  const view = new DataView(rom.buffer);
  assert.ok(rom.length < 200);
  const documentation = readFileSync(new URL("../../docs/emulator.md", import.meta.url), "utf8");
  assert.match(documentation, new RegExp(`stand-in for the boot ROM: ${rom.length} bytes`));
  assert.equal(String.fromCharCode(rom[0x10], rom[0x11]), "Mu");
  const names = [];
  for (let entry = view.getUint16(0x14, true); view.getUint16(entry, true) !== 0; entry += 4) {
    names.push(String.fromCharCode(rom[entry], rom[entry + 1]));
    assert.equal(view.getUint16(entry + 2, true) & 1, 1);
  }
  assert.deepEqual(names, ["IF", "EX", "FC", "CX", "UB"]);
});

test("alarms ring in the order of their time, and time jumps over sleep", () => {
  const clock = new Clock();
  const rung = [];
  const alarm = (name) => clock.createAlarm(() => rung.push([name, clock.nanos]));
  const [a, b, c] = ["a", "b", "c"].map(alarm);
  a.schedule(200);
  b.schedule(100);
  c.schedule(100);
  c.cancel();
  assert.equal(clock.deadline, 13);
  clock.counter.cycles = 13;
  clock.ring();
  assert.deepEqual(rung, [["b", 100]]);
  clock.jump();
  clock.ring();
  assert.deepEqual(rung, [["b", 100], ["a", 200]]);
  assert.equal(clock.nanos, 200);
  assert.equal(clock.isAlarmSet, false);
});

test("the clock follows a change of the processor's frequency", () => {
  const clock = new Clock();
  clock.counter.cycles = 125;
  clock.setFrequency(12.5e6);
  clock.counter.cycles = 225;
  assert.equal(Math.round(clock.nanos), 9000);
});

test("the real-time clock rings at the date of its alarm", () => {
  const clock = new Clock();
  const interrupts = [];
  const rtc = new RealTimeClock({ setInterrupt: (number, value) => interrupts.push([number, value]) }, clock);
  rtc.onWake = () => {};
  const write = (offset, value) => rtc.writeUint32(offset, value >>> 0);
  write(0x04, (2024 << 12) | (2 << 8) | 28); // 2024-02-28, a Wednesday, 23:59:58
  write(0x08, (3 << 24) | (23 << 16) | (59 << 8) | 58);
  write(0x0c, 16);
  write(0x0c, 1);
  write(0x24, 1);
  write(0x14, 0x80000000 | (4 << 24) | 0x40000000 | (1 << 16) | 0x20000000 | 0x10000000); // Thursday, 01:00:00
  write(0x10, 1 << 28);
  assert.equal(rtc.readUint32(0x10) & (1 << 29), 1 << 29);
  clock.jump();
  clock.ring();
  assert.equal(clock.nanos, 3602e9);
  assert.equal(rtc.readUint32(0x18), (2024 << 12) | (2 << 8) | 29);
  assert.equal(rtc.readUint32(0x1c), ((4 << 24) | (1 << 16)) >>> 0);
  assert.deepEqual(interrupts.at(-1), [25, true]);
});

test("a picture that is written and read is the same", () => {
  const frame = Uint8Array.from({ length: 15000 }, (_, place) => (place * 91) & 255);
  assert.deepEqual(decodePng(encodePng(frame)), frame);
});
