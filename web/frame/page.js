// The page of the emulated frame: shows the worker's messages, and sends it the visitor's actions.
// Uses: panel.js, terminal.js; worker.js as text in the page, where build.js puts it; image.js beside the page.

import { PanelView } from "./panel.js";
import { Terminal } from "./terminal.js";

const $ = (id) => document.getElementById(id);

const QUICK_MS = 1500; // of a refresh at full speed
const ANSWER_MS = 3000; // after a command, during which a line counts as its answer
const CLICK_SECONDS = 0.004;
const colors = { paper: [227, 225, 216], ink: [34, 33, 31] };

const source = $("worker_source").textContent;
const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
const tell = (kind, content = {}) => worker.postMessage({ kind, ...content });

const view = new PanelView($("panel"), colors);
const terminal = new Terminal($("log"), readLine);

let image = null; // {name, bytes}
let page = { number: 0, texts: [] }; // the page that is being written
let lastLine = "";
let answerUntil = 0; // until then a line is an answer, and is spoken
let sound = null;
let shown = Promise.resolve(); // the refresh in progress

const speed = () => document.querySelector("input[name=speed]:checked").value;
const jumpers = () => ["J1", "J2"].filter((name) => $(name).checked);

function say(text) {
  $("status").textContent = text;
}

function caption(text) {
  $("caption").textContent = text;
}

function complain(text) {
  $("problem").textContent = text;
}

function duration(seconds) {
  return seconds >= 7200 ? `${Math.round(seconds / 3600)} hours` : seconds >= 120 ? `${Math.round(seconds / 60)} minutes`
    : `${Math.round(seconds)} seconds`;
}

// --- Lines of the console, as in docs/device.md ------------------------------------------------------------------

const readers = [
  [/^= page begin (\d+)$/, (number) => {
    page = { number: Number(number), texts: [] };
    caption(`Page ${number}: writing`);
  }],
  [/^= candidate (\d+) of (\d+) /, (number, count) => caption(`Page ${page.number}: candidate ${number} of ${count}`)],
  [/^= mark end /, () => page.texts.push(lastLine)],
  [/^= rejected /, () => page.texts.pop()],
  [/^= page done$/, () => {
    const text = page.texts.join(" \u2014 ");
    $("panel").setAttribute("aria-label", `Page ${page.number} on the panel: ${text}`);
    say(`Page ${page.number}: ${text}`);
  }],
  [/^= wait (\d+)$/, (seconds) => caption(`Page ${page.number}. The next one is due in ${duration(Number(seconds))}.`)],
  [/^= error (.*)$/, (words) => say(`Error: ${words}`)],
];

function readLine(line) {
  for (const [pattern, read] of readers) {
    const found = pattern.exec(line);
    if (found !== null) {
      read(...found.slice(1));
    }
  }
  if (line.startsWith("=") && performance.now() < answerUntil && !/^= (mark|candidate|page|wait)/.test(line)) {
    say(line.slice(2));
  }
  lastLine = line;
}

// --- Messages of the worker --------------------------------------------------------------------------------------

const handlers = {
  started() {
    complain("");
  },
  said: ({ text }) => terminal.take(text),
  refresh({ frame, seconds }) {
    caption(`Page ${page.number}: the panel refreshes`);
    shown = view.refresh(frame, speed() === "chip" ? 1000 * seconds : QUICK_MS);
  },
  picture() {
    shown.then(() => tell("shown"));
  },
  click,
  reset() {
    view.abandon();
    terminal.note("(reset)");
    caption("The chip was reset.");
  },
  time({ seconds, share, isWaiting, isLate }) {
    const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
    const rate = speed() === "fast" || isLate ? `, ${share.toFixed(1)} times the chip's speed` : "";
    $("meter").textContent = `${clock} on the board${isWaiting ? "" : rate}`;
  },
  stopped({ text }) {
    complain(text);
    caption("The board has stopped.");
    terminal.note("(stopped)");
  },
};

worker.addEventListener("message", ({ data }) => handlers[data.kind](data));
worker.addEventListener("error", (event) => complain(`The emulator failed: ${event.message}`));

// A click of the piezo: a few milliseconds of noise. Browsers stay silent until the user has interacted with the page.
function click() {
  if (sound === null || sound.state !== "running") {
    return;
  }
  const buffer = sound.createBuffer(1, Math.ceil(CLICK_SECONDS * sound.sampleRate), sound.sampleRate);
  buffer.getChannelData(0).forEach((_, i, samples) => { samples[i] = (i % 24 < 12 ? 0.2 : -0.2) * (1 - i / samples.length); });
  const player = sound.createBufferSource();
  player.buffer = buffer;
  player.connect(sound.destination);
  player.start();
}

// --- The image ---------------------------------------------------------------------------------------------------

function powerUp() {
  if (image === null) {
    return;
  }
  $("log").replaceChildren();
  terminal.line = null;
  terminal.text = "";
  page = { number: 0, texts: [] };
  caption("The board starts.");
  setPaused(false);
  const seed = Math.min(4294967295, Math.max(0, Math.floor(Number($("seed").value)) || 0));
  tell("start", { ...image, panel: $("controller").value, seed, jumpers: jumpers() });
}

function putOn(name, bytes) {
  image = { name, bytes };
  $("image_name").textContent = name;
  $("image_size").textContent = `${(bytes.length / 1e6).toFixed(1)} MB`;
  for (const id of ["next", "pause", "reset", "power"]) {
    $(id).disabled = false;
  }
  powerUp();
}

async function putFile(file) {
  try {
    putOn(file.name, new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    complain(`${file.name} cannot be read: ${error.message}`);
  }
}

// The image that the build put beside the page, compressed, in base 64.
async function unpack({ name, gzip }) {
  const packed = Uint8Array.from(atob(gzip), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  putOn(name, new Uint8Array(await new Response(stream).arrayBuffer()));
}

// --- Actions of the visitor --------------------------------------------------------------------------------------

const typed = []; // commands, for the arrow keys
let place = 0;

function type(command) {
  if (image === null) {
    complain("There is no image on the board yet.");
    return;
  }
  terminal.echo(command);
  answerUntil = performance.now() + ANSWER_MS;
  setPaused(false);
  tell("type", { text: `${command}\n` });
}

function setPaused(isPaused) {
  $("pause").setAttribute("aria-pressed", `${isPaused}`);
  tell("pause", { isPaused });
}

$("prompt").addEventListener("submit", (event) => {
  event.preventDefault();
  const command = $("command").value.trim();
  if (command !== "") {
    type(command);
    typed.push(command);
    place = typed.length;
    $("command").value = "";
  }
});
$("command").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step !== undefined && typed.length > 0) {
    event.preventDefault();
    place = Math.min(typed.length, Math.max(0, place + step));
    $("command").value = typed[place] ?? "";
  }
});
$("suggestions").addEventListener("click", ({ target }) => {
  if (target.dataset.command !== undefined) {
    type(target.dataset.command);
  }
});
$("next").addEventListener("click", () => type("next"));
$("pause").addEventListener("click", () => setPaused($("pause").getAttribute("aria-pressed") !== "true"));
$("reset").addEventListener("click", () => {
  setPaused(false);
  tell("reset");
});
$("power").addEventListener("click", powerUp);
for (const button of document.querySelectorAll("input[name=speed]")) {
  button.addEventListener("change", () => tell("speed", { speed: speed() }));
}
for (const name of ["J1", "J2"]) {
  $(name).addEventListener("change", () => {
    tell("jumpers", { jumpers: jumpers() });
    if ($("J1").checked) {
      sound ??= new AudioContext();
      sound.resume();
    }
  });
}
$("file").addEventListener("change", () => {
  if ($("file").files.length > 0) {
    putFile($("file").files[0]);
  }
});
let depth = 0; // the number of nested elements under a dragged file
addEventListener("dragenter", (event) => {
  event.preventDefault();
  depth++;
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => {
  depth--;
  document.body.classList.toggle("dropping", depth > 0);
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files.length > 0) {
    putFile(event.dataTransfer.files[0]);
  }
});

for (const id of ["next", "pause", "reset", "power"]) {
  $(id).disabled = true;
}
tell("speed", { speed: speed() });
if (globalThis.quilletImage) {
  unpack(globalThis.quilletImage).catch((error) => complain(`The image beside this page cannot be read: ${error.message}`));
}
