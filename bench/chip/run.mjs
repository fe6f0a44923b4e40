// Runs a program that measures itself on the emulated RP2040, and prints its output. Cycles are those of rp2040js: one
// for most instructions, two for loads, stores and taken branches, no waiting for flash.
// Uses: rp2040js, as it is installed in emulator/. usage: node run.mjs PROGRAM.elf
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../emulator/package.json", import.meta.url));
const { ConsoleLogger, LogLevel, RP2040 } = require("rp2040js");

const RAM = 0x20000000, LOADED = 1;
const mcu = new RP2040();
const { core } = mcu;
mcu.logger = new ConsoleLogger(LogLevel.Error);

// The program's segments, from the header of a 32-bit ELF file.
const elf = readFileSync(process.argv[2]);
const table = elf.readUInt32LE(28), entries = elf.readUInt16LE(44);
for (let entry = table; entry < table + 32 * entries; entry += 32) {
  const [type, offset, , address, size] = [0, 4, 8, 12, 16].map((field) => elf.readUInt32LE(entry + field));
  if (type === LOADED) {
    (address >= RAM ? mcu.sram : mcu.flash).set(elf.subarray(offset, offset + size), address & 0xffffff);
  }
}
core.SP = mcu.readUint32(RAM);
core.PC = mcu.readUint32(RAM + 4) & ~1;

let done = false, begun = 0;
const actions = [
  () => { done = true; },
  () => { begun = core.cycles; },
  () => process.stdout.write(` ${core.cycles - begun}`),
  () => {
    for (let address = core.registers[0]; mcu.readUint8(address) !== 0; address++) {
      process.stdout.write(String.fromCharCode(mcu.readUint8(address)));
    }
  },
  () => process.stdout.write(` ${core.registers[0] | 0}`),
];
mcu.onBreak = (number) => {
  core.breakRewind = 0;
  if (actions[number] === undefined) {
    throw new Error(`the program stops at ${core.PC.toString(16)}`);
  }
  actions[number]();
};
while (!done) {
  core.executeInstruction();
}
