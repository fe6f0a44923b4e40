// The firmware's real image in the emulator, compared with the host program: the same characters, the same pixels, and
// after each fault a message and another quote. Uses: node's own test runner, emulator/. firmware_test.sh builds what
// the variables QL_IMAGE, QL_SYMBOLS (its ELF file) and QL_QUOTES (the program) name.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { Board } from "../../emulator/board.js";
import { ConsoleReader } from "../../emulator/console.js";
import { BootLoaderExit } from "../../emulator/errors.js";
import { addFault, flipBit } from "../../emulator/faults.js";
import { readSymbols, readUf2 } from "../../emulator/image.js";
import { Ssd1683 } from "../../emulator/panel/ssd1683.js";
import { Uc8176 } from "../../emulator/panel/uc8176.js";
import { decodePng } from "../../emulator/picture.js";

const { QL_IMAGE: image, QL_SYMBOLS: elf, QL_QUOTES: quotes } = process.env;
const symbols = readSymbols(readFileSync(elf), elf);
const isFloat = symbols.byName.has("quotes_model_rnn_l0_w_hh");
const hasSecond = symbols.byName.has("run_second"); // it uses both processors
const SECOND = 1e9, DAY = 86400 * SECOND;

// A board that has been powered up, with what its console said and what its panel showed.
function powerUp({ controller = new Ssd1683(), flip, faults = [], ...options } = {}) {
  const flash = readUf2(readFileSync(image), image);
  if (flip !== undefined) {
    flipBit(flash, symbols, flip);
  }
  const board = new Board({ flash, symbols, controller, ...options });
  const reader = new ConsoleReader(board);
  const lines = [], pictures = [];
  board.onConsole = (bytes) => reader.take(bytes);
  reader.onLine = (line) => lines.push(line);
  if (controller !== null) {
    controller.onPicture = (frame) => pictures.push({ frame, nanos: board.nanos });
  }
  faults.forEach((fault) => addFault(board, fault));
  return {
    board, controller, lines, pictures,
    type: (line) => board.send(Buffer.from(`${line}\n`)),
    // Runs until a line of the console matches. Only lines after the earlier ones count.
    until(pattern, seconds = 300) {
      const from = lines.length;
      const state = board.run({
        isDone: () => lines.slice(from).some((line) => pattern.test(line)),
        untilNanos: board.nanos + seconds * SECOND,
      });
      assert.equal(state, "done", `no line like ${pattern} within ${seconds} s; the last ones are\n` +
        lines.slice(-12).join("\n"));
      return lines.slice(from);
    },
    pass: (seconds) => board.run({ untilNanos: board.nanos + seconds * SECOND }),
  };
}

// A page of a seed: the lines from the seed on, without times, and without the lines that the host program, which
// begins with that seed, prints at its start.
function pageOf(lines, seed) {
  const begin = lines.lastIndexOf(`= seed ${seed}`);
  assert.ok(begin >= 0, lines.join("\n"));
  const rest = lines.slice(begin);
  return rest.slice(0, rest.indexOf("= page done") + 1)
    .filter((line) => !/^= \w+ filter \w+ lexicon /.test(line)).map((line) => line.replace(/^(= mark end \d+) \d+$/, "$1"))
    .map((line) => line.replace(/^= page begin \d+$/, "= page begin"));
}

// The image has one candidate for a quote, unless the console says otherwise.
function onHost(...args) {
  return execFileSync(quotes, ["--best", "1", ...args], { input: "", stdio: ["pipe", "pipe", "ignore"] }).toString("utf8");
}

function picturesOnHost(seed) {
  const folder = mkdtempSync(path.join(tmpdir(), "quillet."));
  try {
    const file = path.join(folder, "page.png");
    onHost("--seed", `${seed}`, "--count", "1", "--png", file);
    return decodePng(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Checks that the device works: it produces a page for any seed.
function expectNextPage(device, seed = 3) {
  const { pictures } = device;
  const before = pictures.length;
  device.type(`seed ${seed}`);
  device.until(new RegExp(`^= seed ${seed}$`));
  device.until(/^= page done$/);
  assert.equal(pictures.length, before + 1);
  assert.deepEqual(pictures.at(-1).frame, picturesOnHost(seed));
}

for (const [name, Controller] of [["ssd1683", Ssd1683], ["uc8176", Uc8176]]) {
  test(`the device writes what the host writes, and ${name} shows the host's pixels`, () => {
    const device = powerUp({ controller: new Controller() });
    device.until(/^= start /);
    device.type(`panel ${name}`);
    for (const seed of [1, 5, 4294967295]) {
      expectNextPage(device, seed);
      const host = onHost("--console", "--seed", `${seed}`, "--count", "1").split(/\r?\n/);
      assert.deepEqual(pageOf(device.lines, seed), pageOf(host, seed));
    }
    device.pass(1);
    assert.equal(device.controller.isAwake, false);
  });
}

test("the device chooses among candidates as the host does", () => {
  const device = powerUp();
  device.until(/^= start /);
  device.type("best 3");
  device.until(/^= best 3$/);
  device.type("seed 6");
  device.until(/^= seed 6$/);
  device.until(/^= page done$/);
  const host = onHost("--console", "--seed", "6", "--count", "1", "--best", "3").split(/\r?\n/);
  const page = pageOf(device.lines, 6);
  assert.deepEqual(page, pageOf(host, 6));
  assert.equal(page.filter((line) => line.startsWith("= candidate ")).length, 3);
});

test("the self-test passes, and one flipped bit of a weight makes it fail", () => {
  const whole = powerUp();
  whole.until(/^= start /);
  whole.type("selftest");
  whole.until(/^= selftest pass$/);

  for (const weights of isFloat ? ["quotes_model_rnn_l0_w_hh", "names_model_output_b"]
    : ["quotes_model_layer1_words", "names_model_output_words"]) {
    const damaged = powerUp({ flip: weightOf(weights) });
    assert.ok(damaged.until(/^= wait 10$/).includes("= error model the image is damaged"));
    damaged.until(/^= wait 20$/);
    assert.ok(!damaged.lines.some((line) => line.startsWith("= page begin")), damaged.lines.join("\n"));
    assert.equal(damaged.pictures.length, 0);
    damaged.type("selftest");
    const lines = damaged.until(/^= selftest /).concat(damaged.until(/^= selftest (pass|fail)/));
    assert.match(lines.at(-1), weights.startsWith("quotes") ? /fail quotes_step \d/ : /fail .*names_step \d/);
  }
});

test("a panel that stays busy is an error on the console, and is tried again", () => {
  const device = powerUp({ faults: ["busy:1"] });
  expectNextPage(device);
  device.type("next");
  device.until(/^= error panel busy timeout$/);
  const again = device.until(/^= error panel busy timeout$/);
  assert.ok(!again.some((line) => line.startsWith("= page begin")), again.join("\n"));
  device.type("next");
  const next = device.until(/^= error panel busy timeout$/);
  assert.ok(next.some((line) => line.startsWith("= mark end")), next.join("\n"));
  assert.equal(device.pictures.length, 1);
});

test("a missing panel is an error on the console, for either controller", () => {
  const device = powerUp({ controller: null });
  device.until(/^= start /);
  for (const name of ["ssd1683", "uc8176"]) {
    device.type(`panel ${name}`);
    device.until(new RegExp(`^= panel ${name}$`));
    const lines = device.until(/^= wait \d+$/);
    assert.ok(lines.includes("= error panel busy timeout"), lines.join("\n"));
  }
});

for (const [kind, message] of [["reset", /^= start /], ["watchdog", /^= error watchdog restarted the device$/]]) {
  test(`a reset in mid-generation (${kind}) ends in a message and a next quote`, () => {
    const device = powerUp({ faults: [`${kind}:130`] });
    device.until(/^= start /);
    device.until(message);
    assert.equal(device.board.resets, 1);
    expectNextPage(device);
  });
}

test("after resets by the watchdog the device waits, longer each time, until it has shown a page", () => {
  const device = powerUp();
  const { board } = device;
  device.until(/^= mark begin/);
  for (const seconds of [10, 20, 40]) {
    board.requestReset({ reason: 1 });
    const lines = device.until(/^= wait /);
    assert.ok(lines.includes("= error watchdog restarted the device"), lines.join("\n"));
    assert.equal(lines.at(-1), `= wait ${seconds}`);
  }
  const start = board.nanos;
  device.until(/^= page begin 1$/);
  assert.ok(Math.abs(board.nanos - start - 40 * SECOND) < SECOND);
  device.until(/^= page done$/);
  board.requestReset({ reason: 1 });
  assert.equal(device.until(/^= wait \d+$/).at(-1), "= wait 10");
});

test("a start by the boot loader, which uses the watchdog, is not one after a hang", () => {
  const device = powerUp();
  const { board } = device;
  device.until(/^= mark begin/);
  board.mcu.watchdog.scratchData[4] = 0;
  board.requestReset({ reason: 1 });
  const lines = device.until(/^= mark begin/);
  assert.ok(!lines.some((line) => line.startsWith("= error")), lines.join("\n"));
});

test("a reset in the middle of a refresh leaves no wrong picture", () => {
  const device = powerUp();
  device.until(/^= start /);
  device.type("seed 2");
  device.board.run({ isDone: () => device.lines.includes("= seed 2") && device.controller.isRefreshing });
  device.board.requestReset({ byRunPin: true });
  device.until(/^= start /);
  assert.equal(device.pictures.length, 0);
  expectNextPage(device);
});

test("a run that is cut in a transfer to the panel says nothing against the firmware", () => {
  const { board, controller } = powerUp();
  const begins = board.run({ isDone: () => controller.transfer?.name.startsWith("write of"), untilNanos: 300 * SECOND });
  assert.equal(begins, "done");
  board.run({ untilNanos: board.nanos + 1e6 });
  assert.throws(() => controller.checkRest(), /in the middle of write of/);
  const program = fileURLToPath(new URL("../../emulator/emulate.js", import.meta.url));
  execFileSync(process.execPath, [program, image, "--seconds", `${board.nanos / SECOND}`, "--quiet"], { stdio: "ignore" });
});

test("a flood of bytes on the console neither hangs the device nor changes its page", () => {
  const device = powerUp({ faults: ["flood:150"] });
  device.until(/^= start /);
  device.type("seed 4");
  device.until(/^= error command/);
  device.until(/^= page done$/, 600);
  device.pass(60);
  assert.deepEqual(device.pictures.at(-1).frame, picturesOnHost(4));
  device.type(""); // ends the last line of the flood
  expectNextPage(device);
});

test("on batteries the board sleeps from page to page, a day or eight hours", () => {
  for (const [jumpers, interval] of [[[], DAY], [[21], DAY / 3]]) {
    const device = powerUp({ console: "none", jumpers });
    const { board, pictures } = device;
    board.run({ untilNanos: 1.5 * interval });
    assert.equal(pictures.length, 2);
    const gap = pictures[1].nanos - pictures[0].nanos;
    assert.ok(Math.abs(gap - interval) < 30 * SECOND, `${gap / SECOND} s`);
    assert.ok(board.cycles * 8 < 0.01 * board.nanos, "the processor was awake");
  }
});

test("an alarm that comes while the board falls asleep wakes it", () => {
  const { board, pictures } = powerUp({ console: "none" });
  const { rtc, mcu: { sio } } = board;
  const { readUint32 } = sio;
  const GPIO_IN = 4; // the firmware looks at a pin between its look for the alarm and the sleep
  let alarms = 0;
  sio.readUint32 = (offset) => {
    if (offset === GPIO_IN && rtc.alarm.scheduled && alarms === 0) {
      alarms++;
      rtc.alarm.cancel();
      rtc.ring();
    }
    return readUint32.call(sio, offset);
  };
  assert.equal(board.run({ isDone: () => pictures.length === 2, untilNanos: 1.5 * DAY }), "done");
  assert.equal(alarms, 1);
});

test("clocks that do not start after a sleep end in a reset and a next quote", () => {
  const { board, pictures } = powerUp({ console: "none", faults: ["lock"] });
  board.run({ isDone: () => pictures.length === 2, untilNanos: DAY + 120 * SECOND });
  assert.equal(board.resets, 1);
  assert.equal(pictures.length, 2);
});

test("the clicks of the piezo are the characters, unless the jumper is open", () => {
  for (const [jumpers, clicks] of [[[18], true], [[], false]]) {
    const device = powerUp({ jumpers });
    let changes = 0;
    device.board.mcu.gpio[2].addListener(() => { changes++; });
    device.until(/^= page done$/);
    assert.equal(changes > 20, clicks, `${changes} changes of the piezo's level`);
  }
});

test("bootsel leaves for the boot loader, with the second processor at rest", () => {
  const device = powerUp();
  device.until(/^= mark begin/);
  device.pass(0.05);
  device.type("bootsel");
  assert.throws(() => device.pass(10), BootLoaderExit);
  assert.equal(device.board.second.isAwake, false);
});

test("statistics tell the battery's voltage, and the stack is within bounds", () => {
  const device = powerUp({ batteryVolts: 3.3 });
  expectNextPage(device);
  device.type("stats");
  const stats = device.until(/^= stats /).find((line) => line.startsWith("= stats "));
  const value = (key) => Number(new RegExp(` ${key} (-?\\d+)`).exec(stats)[1]);
  assert.ok(Math.abs(value("battery_mv") - 3300) < 20, stats);
  assert.ok(value("stack_bytes") > 500 && value("stack_bytes") < 5120, stats);
  if (hasSecond) {
    assert.ok(value("second_stack_bytes") > 100 && value("second_stack_bytes") < 2560, stats);
  } else {
    assert.equal(value("second_stack_bytes"), -1);
  }
  assert.ok(value("us_per_char") > 50, stats);
});

test("both processors work on a text, and only then", { skip: !hasSecond }, () => {
  const device = powerUp();
  const { board } = device;
  device.until(/^= mark begin/);
  const begin = board.secondCycles;
  device.until(/^= mark end/);
  assert.ok(board.secondCycles > begin + 10000, `${board.secondCycles - begin} cycles`);
  device.until(/^= page done$/);
  const shown = board.secondCycles;
  device.pass(5);
  assert.ok(board.secondCycles - shown < 0.01 * 5 * SECOND / 8, "it only looks whether there is work, after an event");
  assert.equal(board.second.isAwake, false);
});

// A byte of a weight that matters: the top of its mantissa, in the middle of the matrix.
function weightOf(name) {
  const symbol = symbols.byName.get(name);
  assert.ok(symbol !== undefined, `no ${name} among the symbols`);
  return `${name}+${4 * Math.floor(symbol.bytes / 8) + 2}`;
}
