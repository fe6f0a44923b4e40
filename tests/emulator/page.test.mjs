// The page of the emulated frame in a browser, from a file: text and pixels match those of the host program; the
// jumpers, speeds, and buttons do what they say; and everything can be reached with the keyboard.
// Uses: playwright-core and axe-core of web/, emulator/picture.js. page_test.sh builds what the variables CHROMIUM,
// QL_QUOTES (the program for the host) and QL_PAGES name: a folder with index.html, board.html and board.uf2.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { decodePng } from "../../emulator/picture.js";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { QL_QUOTES: quotes, QL_PAGES: folder } = process.env;
const image = path.join(folder, "board.uf2");

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

// A page on which any error, and any request outside its folder, fails the test. Without `motion` the
// panel does not flicker.
async function open(file, { motion = "reduce", prepare = () => {}, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 960 }, reducedMotion: motion, ...options });
  const page = await context.newPage();
  const faults = [];
  page.setDefaultTimeout(60000);
  await page.addInitScript(prepare);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") faults.push(message.text()); });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${pathToFileURL(folder)}/`)) {
      faults.push(request.url());
    }
  });
  await page.goto(`${pathToFileURL(path.join(folder, file))}`);
  return { page, faults, close: () => context.close() };
}

// Lines of the board's console, as text.
const lines = (page) => page.locator("#log .line").allTextContents();

async function type(page, command) {
  await page.fill("#command", command);
  await page.keyboard.press("Enter");
}

async function until(page, pattern) {
  await page.waitForFunction((source) => [...document.querySelectorAll("#log .line")]
    .some((line) => new RegExp(source).test(line.textContent)), pattern.source, { polling: 100 });
}

// The pixels of the panel, 1 where it is white, from the middle of each.
function pixels(page) {
  return page.evaluate(() => {
    const canvas = document.getElementById("panel");
    const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const scale = width / 400;
    return Array.from({ length: 400 * 300 }, (_, i) => {
      const x = (i % 400 + 0.5) * scale | 0, y = (Math.floor(i / 400) + 0.5) * scale | 0;
      return data[4 * (y * width + x)] > 128 ? 1 : 0;
    });
  });
}

function onHost(...args) {
  return execFileSync(quotes, ["--best", "1", ...args], { input: "", stdio: ["pipe", "pipe", "ignore"] }).toString("utf8");
}

// A page of a seed, without times and the lines that the host program prints at its start.
function pageOf(all, seed) {
  const rest = all.slice(all.lastIndexOf(`= seed ${seed}`));
  return rest.slice(0, rest.indexOf("= page done") + 1).filter((line) => !/^= \w+ filter /.test(line))
    .map((line) => line.replace(/^(= mark end \d+) \d+$/, "$1").replace(/^= page begin \d+$/, "= page begin"));
}

async function expectPage(page, seed) {
  await type(page, `seed ${seed}`);
  await until(page, new RegExp(`^= seed ${seed}$`));
  await page.waitForFunction((wanted) => {
    const all = [...document.querySelectorAll("#log .line")].map((line) => line.textContent);
    return all.slice(all.lastIndexOf(`= seed ${wanted}`)).some((line) => line.startsWith("= wait"));
  }, seed, { polling: 100 });
  const host = onHost("--console", "--seed", `${seed}`, "--count", "1").split(/\r?\n/);
  assert.deepEqual(pageOf(await lines(page), seed), pageOf(host, seed));
  const file = path.join(folder, `host-${seed}.png`);
  onHost("--seed", `${seed}`, "--count", "1", "--png", file);
  const frame = decodePng(readFileSync(file));
  assert.deepEqual(await pixels(page), Array.from({ length: 400 * 300 }, (_, i) => (frame[i >> 3] >> (7 - (i & 7))) & 1));
  const texts = pageOf(host, seed).filter((line, i, all) => all[i + 1]?.startsWith("= mark end"));
  assert.ok((await page.getAttribute("#panel", "aria-label")).endsWith(texts.join(" \u2014 ")));
  assert.ok((await page.textContent("#status")).endsWith(texts.join(" \u2014 ")));
}

test("an image that is dropped or chosen boots, and writes and shows what the host does, flicker and all", async () => {
  const { page, faults, close } = await open("index.html", { motion: "no-preference" });
  assert.match(await page.textContent("#caption"), /no image/);
  assert.ok(await page.isDisabled("#next"));
  await type(page, "help");
  assert.match(await page.textContent("#problem"), /no image/);
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(["not an image"], "letter.txt"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => /letter\.txt.*UF2/.test(document.getElementById("problem").textContent));
  await page.setInputFiles("#file", image);
  await page.check("input[value=fast]");
  await until(page, /^= start /);
  assert.equal(await page.textContent("#problem"), "");
  for (const seed of [5, 4294967295]) {
    await expectPage(page, seed);
  }
  assert.deepEqual(faults, []);
  await close();
});

test("a page in one file boots its image; speed, jumpers and buttons do what they say", async () => {
  const { page, faults, close } = await open("board.html");
  await until(page, /^= wait 8639\d$/);
  const chipMs = await page.evaluate(() => performance.now());
  assert.ok(chipMs > 3000, `the SSD1683 refreshes for three seconds at the speed of the chip, but all took ${chipMs} ms`);
  assert.match(await page.textContent("#caption"), /^Page 1\. The next one is due in 24 hours\.$/);
  await page.check("input[value=fast]");
  await page.check("#J2");
  await page.click("#next");
  await until(page, /^= wait 2879\d$/);
  assert.match(await page.textContent("#caption"), /^Page 2\. .* 8 hours\.$/);
  await page.click("#reset");
  await page.waitForFunction(() => /\(reset\)/.test(document.getElementById("log").textContent));
  await page.click("#pause");
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
  await page.click("#suggestions button:text-is('stats')");
  await until(page, /^= stats /);
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "false");
  await type(page, "nonsense");
  await page.waitForFunction(() => /^error/i.test(document.getElementById("status").textContent));
  await page.focus("#command");
  await page.keyboard.press("ArrowUp");
  assert.equal(await page.inputValue("#command"), "nonsense");
  await type(page, "bootsel");
  await page.waitForFunction(() => /boot loader/.test(document.getElementById("problem").textContent));
  await page.click("summary");
  await page.selectOption("#controller", "uc8176");
  await page.click("#power");
  await until(page, /^= start /);
  await type(page, "panel uc8176");
  await until(page, /^= page done$/);
  assert.deepEqual(faults, []);
  await close();
});

test("the board's clock never shows sixty seconds", async () => {
  const { page, faults, close } = await open("index.html", { prepare: () => {
    globalThis.Worker = class extends Worker {
      constructor(...all) {
        super(...all);
        globalThis.boardWorker = this;
      }
    };
  } });
  for (const [seconds, shown] of [[0, "0:00"], [59.4, "0:59"], [59.9, "0:59"], [60, "1:00"], [3599.99, "59:59"]]) {
    await page.evaluate((time) => globalThis.boardWorker.dispatchEvent(new MessageEvent("message",
      { data: { kind: "time", seconds: time, share: 1, isWaiting: true, isLate: false } })), seconds);
    assert.equal(await page.textContent("#meter"), `${shown} on the board`);
  }
  assert.deepEqual(faults, []);
  await close();
});

test("a jumper that is closed makes the piezo click, and the page makes the sound", async () => {
  const { page, faults, close } = await open("board.html");
  await page.evaluate(() => {
    globalThis.clicks = 0;
    const { start } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function count() {
      globalThis.clicks++;
      start.call(this);
    };
  });
  await page.check("#J1");
  await type(page, "pace 10");
  await type(page, "next");
  await page.waitForFunction(() => globalThis.clicks > 5, null, { polling: 100 });
  assert.deepEqual(faults, []);
  await close();
});

test("the keyboard alone reaches everything", async () => {
  const { page, close } = await open("board.html");
  await until(page, /^= start /);
  const reached = new Set();
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.command ||
      document.activeElement.tagName));
  }
  for (const id of ["next", "pause", "reset", "J1", "J2", "log", "command", "best 1", "help", "file", "SUMMARY"]) {
    assert.ok(reached.has(id), `${id} is not among ${[...reached].join(", ")}`);
  }
  await close();
});

test("axe-core finds nothing at two widths, in light and in dark", async () => {
  for (const width of [1280, 400]) {
    const { page, faults, close } = await open("board.html", { viewport: { width, height: 900 } });
    await page.check("input[value=fast]");
    await until(page, /^= wait /);
    await page.click("summary");
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the page");
      await page.screenshot({ path: path.join(folder, `frame-${width}-${colorScheme}.png`), fullPage: true });
    }
    assert.deepEqual(faults, []);
    await close();
  }
});
