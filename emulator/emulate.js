// Runs an image of the firmware on an emulated Pico with its panel; the console is the terminal.
// Uses: board.js and what it uses; socat for --pty. npm run --silent emulate -- quotes.uf2 [OPTION ...]

import { spawn } from "node:child_process";
import {
  accessSync, chmodSync, constants, existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import path from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { Board, jumperPins } from "./board.js";
import { ConsoleReader, ConsoleText, visibleText } from "./console.js";
import { BootLoaderExit, FirmwareError, InputError } from "./errors.js";
import { addFault, flipBit } from "./faults.js";
import { readElfImage, readSymbols, readUf2, Symbols } from "./image.js";
import { findPage, pageWithImage } from "./page.js";
import { Ssd1683 } from "./panel/ssd1683.js";
import { Uc8176 } from "./panel/uc8176.js";
import { encodePng } from "./picture.js";

const usage = `usage: quillet emulate IMAGE [OPTION ...]
       quillet emulate [IMAGE] --page

Runs an image of the firmware, a UF2 or an ELF file, on an emulated Raspberry Pi
Pico with a 4.2 inch e-paper panel. The console goes to the terminal, notes of
the emulator to the standard error. A sleeping board takes no time. Without
--pages, --seconds or --until, the run ends when the input has ended and the
console has been silent for four seconds of the board's time. It exits with 1
when the firmware does what a board or a panel would not tolerate;
docs/emulator.md says what that is.

  --panel NAME       the panel's controller: ssd1683, uc8176, or none (ssd1683)
  --png FILE         write the picture after each refresh; the second one to
                     FILE-2.png, and so on
  --send LINE        type a line when the console is there; may be repeated
  --console KIND     usb, uart, or none: on batteries, with nobody there (usb)
  --pty LINK         the console is a pseudo terminal with that name, for
                     quillet monitor --port LINK
  --pages N          end after N refreshes
  --seconds X        end after X seconds of the board's time
  --until TEXT       end when the console says TEXT
  --after LINE       type a line before the end, and wait for the answer; may be
                     repeated
  --jumper NAME      close J1 (clicks) or J2 (a page every eight hours); may be
                     repeated
  --seed N           seed of the ring oscillator, the same in each run (1)
  --battery VOLTS    voltage of the board's supply (4.5)
  --fault KIND:N     busy, after N pictures; lock, after N sleeps; reset,
                     watchdog or flood, after N bytes of the console; may be
                     repeated
  --flip PLACE       flip a bit of the flash, at 0x10012345 or at SYMBOL+OFFSET
  --elf FILE         the symbols of the image (the file that the build made)
  --profile          print at the end which functions took how many cycles
  --flash-cycles N   cycles for a word of the flash that is not in its cache:
                     about 50 on a board (0: as fast as RAM)
  --banks            count the cycles in which a processor waits for a bank of
                     RAM that the other one or DMA uses
  --realtime         run no faster than a real board
  --quiet            no notes
  --page             run it in a browser instead: open the page of the frame, or
                     print its address where no browser can be opened. With an
                     image, the page is written to a separate file beside it,
                     such as quotes.html, with the image inside. All other
                     options are ignored
`;

const controllers = { ssd1683: () => new Ssd1683(), uc8176: () => new Uc8176(), none: () => null };

const SLICE_NANOS = 20e6; // of the processor's work between checks of the input
const SILENCE_NANOS = 4e9;

class UsageError extends Error {}

function readOptions(argv) {
  const options = {};
  for (const name of ["panel", "png", "console", "pty", "pages", "seconds", "until", "seed", "battery", "elf", "flip",
    "flash-cycles"]) {
    options[name] = { type: "string" };
  }
  for (const name of ["send", "after", "jumper", "fault"]) {
    options[name] = { type: "string", multiple: true, default: [] };
  }
  for (const name of ["profile", "banks", "realtime", "quiet", "page", "help"]) {
    options[name] = { type: "boolean", default: false };
  }
  let parsed;
  try {
    // An underscore in the name of an option is a hyphen, as everywhere in quillet.
    const spell = (name) => (Object.hasOwn(options, name.replaceAll("_", "-")) ? name.replaceAll("_", "-") : name);
    const args = argv.map((argument) => argument.replace(/(?<=^--)[^=]+/, spell));
    parsed = parseArgs({ args, options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
  const { values, positionals } = parsed;
  if (!values.help && positionals.length !== 1 && !(values.page && positionals.length === 0)) {
    const isMissing = positionals.length === 0;
    throw new UsageError(isMissing ? "the image is missing: a UF2 or an ELF file" : "there must be one image only");
  }
  const number = (name, low, high, otherwise) => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (values[name] !== undefined && (values[name].trim() === "" || !(value >= low && value <= high))) {
      throw new UsageError(`--${name} must be a number from ${low} to ${high}, not '${values[name]}'`);
    }
    return value;
  };
  const oneOf = (name, value, table) => {
    if (!Object.hasOwn(table, value)) {
      throw new UsageError(`--${name} must be one of ${Object.keys(table).join(", ")}, not '${value}'`);
    }
    return table[value];
  };
  if (values.panel === "none" && values.pages !== undefined) {
    throw new UsageError("--pages needs a panel: without one, --seconds or --until ends the run");
  }
  if (values.panel === "none" && values.fault.some((fault) => /^busy(:|$)/.test(fault))) {
    throw new UsageError("--fault busy needs a panel, which stays busy");
  }
  return {
    ...values,
    image: positionals[0],
    controller: oneOf("panel", values.panel ?? "ssd1683", controllers),
    jumpers: values.jumper.map((name) => oneOf("jumper", name, jumperPins)),
    console: oneOf("console", values.console ?? "usb", { usb: "usb", uart: "uart", none: "none" }),
    pages: number("pages", 1, 1e6, Infinity),
    seconds: number("seconds", 0, 1e9, Infinity),
    seed: number("seed", 0, 0xffffffff, 1),
    flashCycles: number("flash-cycles", 0, 1000, 0),
    battery: number("battery", 0, 5.5, 4.5),
  };
}

// npm starts programs in emulator/; the user's paths are relative to where npm was called.
function fromUser(file) {
  return path.resolve(process.env.INIT_CWD ?? ".", file);
}

// What the system says of a failure: Node puts a code before it, and its call and any path after it.
function reasonOf({ message }) {
  return message.replace(/^E[A-Z]+: ([^,]*), .*$/s, "$1");
}

// A pipe or a device, which may be endless, is not read.
function readFile(file) {
  try {
    if (!statSync(fromUser(file)).isFile()) {
      throw new Error("it is not a regular file");
    }
    return readFileSync(fromUser(file));
  } catch (error) {
    throw new InputError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

// The image and its symbols, from the ELF file that was given, that is the image, or that the build left beside the
// image.
function readImage({ image, elf }) {
  const bytes = readFile(image);
  const isElf = bytes.subarray(0, 4).toString("latin1") === "\x7fELF";
  const name = path.basename(image, ".uf2");
  const places = [image.replace(/\.uf2$/, ".elf"), path.join(path.dirname(image), "firmware", name, "quotes.elf")];
  const file = elf ?? (isElf ? image : places.find((place) => place !== image && existsSync(fromUser(place))));
  return {
    flash: isElf ? readElfImage(bytes, image) : readUf2(bytes, image),
    symbols: file === undefined ? new Symbols() : readSymbols(readFile(file), file),
    files: [image, file],
  };
}

// A console on a pseudo terminal: socat creates it, and passes on its input.
function openPty(link) {
  const child = spawn("socat", ["-", `pty,link=${fromUser(link)},raw,echo=0`], { stdio: ["pipe", "pipe", "inherit"] });
  child.on("error", (error) => {
    process.stderr.write(`quillet emulate: --pty needs socat, which does not start: ${error.message}\n`);
    process.exit(1);
  });
  child.stdin.on("error", () => {}); // it has exited
  return { input: child.stdout, output: child.stdin, close: () => child.kill() };
}

// Does what writes a file; `file` is its name for messages.
function writing(file, act) {
  try {
    act();
  } catch (error) {
    throw new InputError(`cannot write ${file}: ${reasonOf(error)}`);
  }
}

// The output can be written: that of a run is noticed before it begins.
function checkWritable(file) {
  writing(file, () => {
    const there = statSync(fromUser(file), { throwIfNoEntry: false });
    if (there?.isDirectory()) {
      throw new Error("it is a folder");
    }
    if (there === undefined || there.isFile()) {
      accessSync(path.dirname(there === undefined ? fromUser(file) : realpathSync(fromUser(file))), constants.W_OK);
    }
  });
}

// A reader finds the old file or the new one, with the mode that it had. A symbolic link is kept. A device or a pipe is
// written directly.
function writeWhole(name, bytes) {
  const there = statSync(name, { throwIfNoEntry: false });
  if (there?.isFile() === false) {
    writeFileSync(name, bytes);
    return;
  }
  const file = there === undefined ? name : realpathSync(name);
  const temporary = `${file}.${process.pid}.partial`;
  try {
    writeFileSync(temporary, bytes, { flag: "wx", flush: true, mode: there === undefined ? 0o666 : 0o600 });
    if (there !== undefined) {
      chmodSync(temporary, there.mode & 0o7777);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

// An output must not be a file that is read, under any name.
function checkOutput(file, inputs) {
  const output = statSync(fromUser(file), { throwIfNoEntry: false });
  for (const input of inputs) {
    const read = input === undefined ? undefined : statSync(fromUser(input), { throwIfNoEntry: false });
    if (output !== undefined && read !== undefined && output.dev === read.dev && output.ino === read.ino) {
      throw new UsageError(`${file}: is also an input (${input}), which the output would destroy; name another output`);
    }
  }
}

// Opens the page of the frame in a browser, or prints its address if there is no screen.
function openPage({ image }) {
  let page = findPage();
  if (image !== undefined) {
    readImage({ image }); // fails if it is not an image
    const html = pageWithImage(page, readFile(image), path.basename(image));
    const file = `${image.replace(/\.(uf2|elf)$/, "")}.html`;
    checkOutput(file, [image]);
    page = fromUser(file);
    writing(file, () => writeWhole(page, html));
  }
  process.stdout.write(`${pathToFileURL(page)}\n`);
  if (process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    const opener = process.platform === "darwin" ? "open" : "xdg-open";
    const child = spawn(opener, [page], { detached: true, stdio: "ignore" });
    child.on("error", () => {}); // the address was printed
    child.unref();
  }
}

function numbered(file, number) {
  const { dir, name, ext } = path.parse(file);
  return number === 1 ? file : path.join(dir, `${name}-${number}${ext}`);
}

async function emulate(options) {
  let isLineOpen = false; // the terminal's cursor is after the console's output
  const note = (text) => {
    if (!options.quiet) {
      process.stderr.write(`${isLineOpen ? "\n" : ""}${visibleText(text)}\n`);
      isLineOpen = false;
    }
  };
  const { flash, symbols, files } = readImage(options);
  if (options.png !== undefined) {
    checkWritable(options.png);
    checkOutput(options.png, files);
  }
  if (options.flip !== undefined) {
    flipBit(flash, symbols, options.flip);
  }
  const controller = options.controller();
  const board = new Board({ flash, symbols, controller, jumpers: options.jumpers, batteryVolts: options.battery,
    seed: options.seed, console: options.console, flashCycles: options.flashCycles,
    countsBanks: options.banks });
  const line = options.pty === undefined
    ? { input: process.stdin, output: process.stdout, close: () => {} }
    : openPty(options.pty);
  const reader = new ConsoleReader(board);
  let hasInput = true;

  // Text for a terminal must not control it.
  const text = process.stdout.isTTY && options.pty === undefined ? new ConsoleText() : undefined;
  board.onConsole = (bytes) => {
    // This comes first, so that notes follow the line that they refer to.
    line.output.write(text === undefined ? bytes : text.take(bytes));
    isLineOpen = process.stdout.isTTY && options.pty === undefined && bytes.at(-1) !== 10;
    reader.take(bytes);
  };
  board.onReset = () => note("(reset)");
  reader.onMark = ({ cycles, nanos, secondCycles }) =>
    note(`(${cycles} cycles between the marks: ${(nanos / 1e9).toFixed(4)} s` +
      `${secondCycles > 0 ? `; ${secondCycles} of the second processor` : ""})`);
  if (controller !== null) {
    controller.onPicture = (frame) => {
      if (options.png !== undefined) {
        const file = numbered(options.png, controller.pictures);
        checkOutput(file, files);
        writing(file, () => writeWhole(fromUser(file), encodePng(frame)));
        note(`(picture ${controller.pictures}: ${file})`);
      }
    };
  }
  options.fault.forEach((fault) => addFault(board, fault));
  options.send.forEach((text) => board.send(Buffer.from(`${text}\n`)));
  line.input.on("data", (bytes) => board.send(bytes));
  line.input.on("end", () => { hasInput = false; });
  line.input.resume();
  if (options.profile) {
    board.startProfile();
  }

  const hasSaid = () => options.until !== undefined && reader.hasSaid(options.until);
  const hasShown = () => (controller?.pictures ?? 0) >= options.pages;
  const isUnbounded = options.pages === Infinity && options.seconds === Infinity && options.until === undefined;
  const isOver = () =>
    hasShown() || hasSaid() ||
    (!hasInput && isUnbounded &&
      board.nanos - Math.max(reader.lastNanos, controller?.lastNanos ?? 0) > SILENCE_NANOS);
  const startMs = Date.now();
  const endNanos = options.seconds * 1e9;
  let state = "slice";
  try {
    while (state !== "done" && board.nanos < endNanos && (state !== "idle" || hasInput)) {
      const untilNanos = options.realtime ? Math.min(endNanos, board.nanos + SLICE_NANOS) : endNanos;
      state = board.run({ isDone: isOver, untilNanos, sliceNanos: SLICE_NANOS });
      const aheadMs = options.realtime ? board.nanos / 1e6 - (Date.now() - startMs) : 0;
      await (state === "idle" ? setTimeout(10) : aheadMs > 1 ? setTimeout(aheadMs) : setImmediate());
    }
    // --seconds and --until end a run anywhere, also in the middle of a page, which says nothing against the firmware.
    const isCut = !hasShown() && (hasSaid() || board.nanos >= endNanos);
    if (hasShown()) {
      board.run({ untilNanos: board.nanos + 5e9, isDone: () => !controller.isAwake }); // until the panel is asleep
    }
    for (const text of options.after) {
      board.send(Buffer.from(`${text}\n`));
      board.run({ untilNanos: board.nanos + 1e9 });
    }
    if (!isCut) {
      controller?.checkRest();
    }
  } catch (error) {
    if (!(error instanceof BootLoaderExit)) {
      throw error;
    }
    note(`(${error.message})`);
  } finally {
    const pictures = controller?.pictures ?? 0;
    note(`(${(board.nanos / 1e9).toFixed(3)} s, ${board.cycles} cycles, ${pictures} picture${pictures === 1 ? "" : "s"})`);
    if (options.banks) {
      note(`(waiting for banks of RAM: ${board.bankWaits[0]} cycles; ${board.bankWaits[1]} of the second processor)`);
    }
    if (options.profile) {
      board.readProfile().forEach((all, index) => {
        const sum = all.reduce((total, { cycles }) => total + cycles, 0);
        if (index > 0 && sum > 0) {
          note("second processor:");
        }
        for (const { name, cycles } of all.slice(0, 30)) {
          note(`${String(cycles).padStart(14)} ${(100 * cycles / sum).toFixed(1).padStart(5)} %  ${name}`);
        }
      });
    }
    line.close();
  }
}

async function main() {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(usage);
      await setImmediate(); // an output that cannot be written is reported now
      return 0;
    }
    if (options.page) {
      openPage(options);
      await setImmediate(); // a missing opener is reported now
      return 0;
    }
    await emulate(options);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`quillet emulate: ${visibleText(error.message)}\nquillet emulate --help explains the command.\n`);
      return 2;
    }
    if (error instanceof InputError || error instanceof FirmwareError) {
      process.stderr.write(`quillet emulate: ${visibleText(error.message)}\n`);
      return 1;
    }
    throw error;
  }
}

process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") { // otherwise the reader of the console has closed it
    process.stderr.write(`quillet emulate: cannot write the output: ${reasonOf(error)}\n`);
  }
  process.exit(1);
});
process.exit(await main());
