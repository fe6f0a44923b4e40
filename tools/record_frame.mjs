// Records the page of the emulated frame while it writes one page, as pictures for apngasm: FOLDER/001.png and on, with
// how long each is shown in 001.txt; 000.png, the last one again, is for viewers that show no animation. Uses: Chromium, playwright-core of web/. node record_frame.mjs PAGE.html FOLDER SEED
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(new URL("../web/package.json", import.meta.url))("playwright-core");
const [file, folder, seed] = process.argv.slice(2);
const STEP_MS = 100; // between two looks
const PACE = 10; // characters a second
const REFRESH_MS = [560, 520, 640, 680, 1600]; // the phases of web/frame/panel.js
const LONGEST_MS = 400, LAST_MS = 5000;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 990, height: 760 }, colorScheme: "light" });
await page.clock.install();
await page.goto(`${pathToFileURL(path.resolve(file))}`);
await page.addStyleTag({ content: "header, .controls, #drawer, #suggestions { display: none !important } body { padding: 12px } #meter { visibility: hidden } " +
  "main { gap: 16px; grid-template-columns: 510px minmax(0, 1fr) } figure { padding: 24px 40px 8px } * { caret-color: transparent !important; outline: none !important }" });
const text = (id) => page.textContent(id);
const press = (selector) => page.evaluate((where) => document.querySelector(where).click(), selector); // also what is hidden
const frames = [];

async function shoot(ms) {
  const { height } = await page.locator("main").boundingBox();
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 990, height: height + 24 } });
  const last = frames.at(-1);
  if (last !== undefined && last.picture.equals(picture)) {
    last.ms = Math.min(LONGEST_MS, last.ms + ms);
  } else {
    frames.push({ picture, ms });
  }
}

async function type(command) {
  await page.fill("#command", command);
  await shoot(600);
  await page.keyboard.press("Enter");
}

// Waits in the real time of the worker, while that of the page stands.
async function until(holds, each = async () => {}) {
  while (!(await holds())) {
    await each();
    await new Promise((done) => setTimeout(done, STEP_MS / 2));
  }
}

await page.clock.pauseAt(Date.now() + 3600000);
await press("input[value=fast]");
await until(async () => /= page begin/.test(await text("#log")));
await page.fill("#command", `pace ${PACE}`);
await page.keyboard.press("Enter");
await until(async () => /= pace/.test(await text("#log")));
await press("#pause");
await page.evaluate(() => document.getElementById("log").replaceChildren());
await press("input[value=chip]");
await page.focus("#command");
await type(`seed ${seed}`);
await until(async () => / refreshes$/.test(await text("#caption")), () => shoot(STEP_MS));
for (const ms of REFRESH_MS) {
  await page.clock.runFor(ms - 1);
  await shoot(ms);
  await page.clock.runFor(1);
}
await until(async () => /= wait/.test(await text("#log")), () => page.clock.runFor(50));
await shoot(LAST_MS);
frames.at(-1).ms = LAST_MS;
await browser.close();
writeFileSync(path.join(folder, "000.png"), frames.at(-1).picture);
frames.forEach(({ picture, ms }, i) => {
  const name = path.join(folder, `${i + 1}`.padStart(3, "0"));
  writeFileSync(`${name}.png`, picture);
  writeFileSync(`${name}.txt`, `delay=${ms}/1000\n`);
});
