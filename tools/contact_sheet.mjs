// Puts pictures of pages side by side, as one picture: node tools/contact_sheet.mjs SHEET.png COLUMNS PAGE.png...
// All pages have the size of the first. Uses: pngjs of emulator/ (tools/bootstrap pico).

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { PNG } = createRequire(new URL("../emulator/package.json", import.meta.url))("pngjs");

const GAP = 12; // pixels between pages, and around them
const GRAY = 0xa0;

const [sheetPath, columnText, ...paths] = process.argv.slice(2);
const columns = Number(columnText);
if (!sheetPath || !Number.isInteger(columns) || columns < 1 || paths.length === 0) {
  console.error("usage: node tools/contact_sheet.mjs SHEET.png COLUMNS PAGE.png...");
  process.exit(2);
}

const pages = paths.map((path) => PNG.sync.read(readFileSync(path)));
const { width, height } = pages[0];
const odd = pages.findIndex((page) => page.width !== width || page.height !== height);
if (odd >= 0) {
  console.error(`contact_sheet: ${paths[odd]} is not ${width} x ${height}, as ${paths[0]} is`);
  process.exit(1);
}

const rows = Math.ceil(pages.length / columns);
const sheet = new PNG({ width: columns * (width + GAP) + GAP, height: rows * (height + GAP) + GAP });
sheet.data.fill(GRAY);
for (let alpha = 3; alpha < sheet.data.length; alpha += 4) {
  sheet.data[alpha] = 0xff;
}
pages.forEach((page, k) => {
  const x = GAP + (k % columns) * (width + GAP), y = GAP + Math.floor(k / columns) * (height + GAP);
  PNG.bitblt(page, sheet, 0, 0, width, height, x, y);
});
writeFileSync(sheetPath, PNG.sync.write(sheet, { colorType: 0, deflateLevel: 9 })); // shades of gray
