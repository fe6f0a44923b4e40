// Has a firmware image write pages of a seed on the emulated board, and reports the speed, and where the cycles of each
// processor go between the first and the last character of a text. Cycles in which a processor waits for a bank of RAM
// count. Markdown on stdout; the pages' lines go to a file.
// Uses: emulator/, node. usage: node account.mjs IMAGE.uf2 IMAGE.elf SEED PAGES CONSOLE_FILE
import { readFileSync, writeFileSync } from "node:fs";
import { Board } from "../../emulator/board.js";
import { ConsoleReader } from "../../emulator/console.js";
import { readSymbols, readUf2 } from "../../emulator/image.js";
import { Ssd1683 } from "../../emulator/panel/ssd1683.js";

const [image, elf, seed, pages, consoleFile] = process.argv.slice(2);
const MISS_CYCLES = 50; // for a word that is not in the flash's cache
const ROWS = 12;

const symbols = readSymbols(readFileSync(elf), elf);
const board = new Board({ flash: readUf2(readFileSync(image), image), symbols, controller: new Ssd1683(),
  flashCycles: MISS_CYCLES, countsBanks: true });
const reader = new ConsoleReader(board);
let firstCycles; // when the first character of a text came
let candidates;  // completed candidates of the text; their characters do not appear on the console
board.onConsole = (bytes) => {
  const isWriting = firstCycles === null;
  reader.take(bytes);
  if (isWriting && firstCycles === null && reader.line !== "" && !reader.line.startsWith("=")) {
    firstCycles = board.cycles;
    if (candidates === 0) {
      board.startProfile();
    }
  }
};

const lines = []; // from the seed on
let texts = [], mark, shown = 0, pageNanos = 0;
const pageSeconds = [];
const kinds = { quotes: [], names: [] };

reader.onMark = (counted) => { mark = { ...counted, profile: board.readProfile() }; };
reader.onLine = (line) => {
  if (line === `= seed ${seed}`) {
    lines.length = 0;
    texts = [];
    shown = 0;
    pageSeconds.length = 0;
  }
  lines.push(line);
  if (line.startsWith("= page begin")) {
    pageNanos = board.nanos;
  } else if (line.startsWith("= mark begin")) {
    board.startProfile();
    firstCycles = null;
    candidates = 0;
  } else if (line.startsWith("= candidate")) {
    candidates++;
  } else if (line.startsWith("= mark end")) {
    const symbols = Number(line.split(" ")[3]);
    texts.push({ ...mark, symbols, counted: symbols - (candidates === 0), laterCycles: board.cycles - firstCycles });
  } else if (line === "= page done") {
    pageSeconds.push((board.nanos - pageNanos) / 1e9);
    kinds.names.push(texts.pop());
    kinds.quotes.push(...texts);
    texts = [];
    shown++;
  }
};
board.send(Buffer.from(`seed ${seed}\n`));
board.run({ isDone: () => shown >= pages && lines[0] === `= seed ${seed}` });
const written = lines.length;
board.send(Buffer.from("stats\n"));
board.run({ isDone: () => lines.slice(written).some((line) => line.startsWith("= stats ")) });
const stacks = / stack_bytes (-?\d+) second_stack_bytes (-?\d+)/.exec(lines.at(-1));
writeFileSync(consoleFile, `${lines.join("\n")}\n`);

const mhz = 1e3 / board.clock.cycleNanos;
const sum = (list, value) => list.reduce((total, item) => total + value(item), 0);
console.log(`| text | characters | characters/s at ${mhz} MHz | thousand cycles each | of the second processor | ` +
  "characters/s without each text's first one |");
console.log("| --- | --- | --- | --- | --- | --- |");
for (const [kind, list] of Object.entries(kinds)) {
  const count = sum(list, (text) => text.symbols), cycles = sum(list, (text) => text.cycles);
  console.log(`| ${kind} | ${count} | ${(1e6 * mhz * count / cycles).toFixed(1)} | ${(cycles / count / 1e3).toFixed(1)} | ` +
    `${(sum(list, (text) => text.secondCycles) / count / 1e3).toFixed(1)} | ` +
    `${(1e6 * mhz * (count - list.length) / sum(list, (text) => text.laterCycles)).toFixed(1)} |`);
}
console.log(`\nA page takes ${(sum(pageSeconds, (s) => s) / pageSeconds.length).toFixed(1)} s until the panel shows it. Of the stacks ` +
  `${stacks[1]} and ${stacks[2]} bytes were in use.`);
for (const [kind, list] of Object.entries(kinds)) {
  console.log(`\nThousand cycles of a character, but for each text's first one, ${kind}:\n\n| function | first processor | second |\n| --- | --- | --- |`);
  const count = sum(list, (text) => text.counted);
  const table = new Map();
  for (const { profile } of list) {
    profile.forEach((entries, core) => entries.forEach(({ name, cycles }) => {
      const row = table.get(name) ?? [0, 0];
      row[core] += cycles / count / 1e3;
      table.set(name, row);
    }));
  }
  [...table].sort(([, a], [, b]) => b[0] + b[1] - a[0] - a[1])
    .filter(([name], place) => place < ROWS || name.startsWith("(waiting"))
    .forEach(([name, row]) => console.log(`| ${name} | ${row.map((cycles) => cycles.toFixed(1)).join(" | ")} |`));
}
