// The emulated board in a worker of the page: boots an image, advances time, and tells the page what happens.
// Uses: emulator/. Messages are objects with a `kind`.
//
// | from the page | |
// | --- | --- |
// | start | bytes and name of an image (UF2 or ELF), panel, seed, jumpers: power up the board with it |
// | type | text: to the console |
// | jumpers | jumpers: the names of those that are closed |
// | speed | speed: "chip", as fast as the chip is, or "fast", as fast as this computer can |
// | pause | isPaused |
// | reset | pull the RUN pin |
// | shown | the page shows the last picture; at full speed, the board waits for this after each one |
//
// | to the page | |
// | --- | --- |
// | started | |
// | said | text: from the console, UTF-8 as it comes |
// | refresh | frame, seconds: the panel begins to flicker, and will show the frame after this much of the board's time
// |
// | picture | number: the panel shows the frame |
// | click | the piezo clicked |
// | reset | the chip was reset |
// | time | seconds since power-up; share: of the chip's speed, at full speed without its sleep; isWaiting, isLate |
// | stopped | text: the firmware did something that a real board does not tolerate, or the file is not an image |

import { Board, jumperPins } from "../../emulator/board.js";
import { ConsoleReader } from "../../emulator/console.js";
import { BootLoaderExit, FirmwareError, InputError } from "../../emulator/errors.js";
import { readElfImage, readSymbols, readUf2, Symbols } from "../../emulator/image.js";
import { Ssd1683 } from "../../emulator/panel/ssd1683.js";
import { Uc8176 } from "../../emulator/panel/uc8176.js";

const SLICE_NANOS = 30e6; // of the processor's work between checks of the page's messages
const LAG_NANOS = 300e6; // a computer that is farther behind than this does not try to catch up
const PIEZO = 2;
const TIME_MS = 250; // between two messages with the time

const controllers = { ssd1683: Ssd1683, uc8176: Uc8176 };

let board = null;
let speed = "fast", isPaused = false;
let isWaiting = false; // the firmware is done with a page, and waits for the time of the next one
let isShowing = false; // the page has not shown the last picture yet
let hasClicked = false;
let isLate = false; // this computer is slower than the chip
let startMs = 0, startNanos = 0; // a time on this computer, and the board's time at that moment
let measured = { ms: 0, nanos: 0, cycles: 0 };
let wake = () => {}; // ends the loop's sleep

const tell = (kind, content = {}) => postMessage({ kind, ...content });

// Two ways to receive the page's messages: at once, and after some time or at the next message.
const channel = new MessageChannel();
const turn = () => new Promise((done) => {
  channel.port1.onmessage = done;
  channel.port2.postMessage(null);
});
const sleep = (ms) => new Promise((done) => {
  const timer = ms === Infinity ? undefined : setTimeout(done, ms);
  wake = () => {
    clearTimeout(timer);
    done();
  };
});

const isRealTime = () => speed === "chip" || isWaiting;

// Synchronizes the board's time with this computer's, from here on.
function setPace() {
  startMs = performance.now();
  startNanos = board.nanos;
}

function readImage(bytes, name) {
  const isElf = bytes[0] === 0x7f && String.fromCharCode(...bytes.subarray(1, 4)) === "ELF";
  return isElf
    ? { flash: readElfImage(bytes, name), symbols: readSymbols(bytes, name) }
    : { flash: readUf2(bytes, name), symbols: new Symbols() };
}

function listenToPiezo() {
  board.mcu.gpio[PIEZO].addListener(() => { hasClicked = true; });
}

function start({ bytes, name, panel, seed, jumpers }) {
  const controller = new controllers[panel]();
  const powered = new Board({ ...readImage(bytes, name), controller, seed, jumpers: jumpers.map((jumper) => jumperPins[jumper]) });
  const reader = new ConsoleReader(powered);
  const decoder = new TextDecoder();
  board = powered;
  isWaiting = isShowing = false;
  reader.onLine = (line) => {
    if (/^= (wait|page begin)\b/.test(line)) {
      isWaiting = line.startsWith("= wait");
      reader.text = "";
      setPace();
    }
  };
  board.onConsole = (data) => {
    tell("said", { text: decoder.decode(data, { stream: true }) });
    reader.take(data);
  };
  board.onReset = () => {
    isWaiting = isShowing = false;
    listenToPiezo();
    tell("reset");
  };
  controller.onRefresh = (frame, nanos) => tell("refresh", { frame, seconds: nanos / 1e9 });
  controller.onPicture = () => {
    isShowing = true;
    tell("picture", { number: controller.pictures });
  };
  listenToPiezo();
  setPace();
  measured = { ms: startMs, nanos: 0, cycles: 0 };
  tell("started");
}

function tellTime() {
  const ms = performance.now();
  if (ms - measured.ms < TIME_MS) {
    return;
  }
  const passed = isRealTime() ? board.nanos - measured.nanos : (board.cycles - measured.cycles) * board.clock.cycleNanos;
  tell("time", { seconds: board.nanos / 1e9, share: passed / 1e6 / (ms - measured.ms), isWaiting, isLate });
  isLate = false;
  measured = { ms, nanos: board.nanos, cycles: board.cycles };
}

// Runs the board for a slice of its work. Returns for how many milliseconds it is idle.
function pass() {
  const target = startNanos + (performance.now() - startMs) * 1e6;
  if (isRealTime() && target - board.nanos > LAG_NANOS) {
    setPace();
    isLate = true;
  }
  const wasRealTime = isRealTime();
  const untilNanos = wasRealTime ? Math.max(target, board.nanos + 1e6) : Infinity;
  const isDone = () => isRealTime() !== wasRealTime || (isShowing && !wasRealTime);
  const state = board.run({ untilNanos, sliceNanos: SLICE_NANOS, isDone });
  if (hasClicked) {
    hasClicked = false;
    tell("click");
  }
  tellTime();
  return state === "idle" ? Infinity : state === "time" ? 8 : 0;
}

async function live() {
  for (;;) {
    if (board === null || isPaused || (isShowing && !isRealTime())) {
      await sleep(Infinity);
      continue;
    }
    let ms = 0;
    try {
      ms = pass();
    } catch (error) {
      stop(error);
    }
    await (ms > 0 ? sleep(ms) : turn());
  }
}

function stop(error) {
  board = null;
  if (error instanceof BootLoaderExit) {
    tell("stopped", { text: "The firmware has entered the boot loader. Put an image on the board." });
  } else if (error instanceof FirmwareError || error instanceof InputError) {
    tell("stopped", { text: error.message });
  } else {
    tell("stopped", { text: `The emulator failed: ${error.message}` });
    throw error;
  }
}

const encoder = new TextEncoder();
const actions = {
  start(message) {
    try {
      start(message);
    } catch (error) {
      stop(error);
    }
  },
  type: ({ text }) => board?.send(encoder.encode(text)),
  jumpers: ({ jumpers }) => board?.setJumpers(jumpers.map((name) => jumperPins[name])),
  reset: () => board?.requestReset({ byRunPin: true }),
  shown: () => { isShowing = false; },
  speed(message) {
    speed = message.speed;
  },
  pause(message) {
    isPaused = message.isPaused;
  },
};

addEventListener("message", ({ data }) => {
  actions[data.kind](data);
  if (board !== null && ["speed", "pause", "shown"].includes(data.kind)) {
    setPace();
  }
  wake();
});
live();
