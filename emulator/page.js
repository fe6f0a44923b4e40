// The page of the emulated frame as a file: finds where the build left it, and puts an image into it.
// Uses: Node. web/frame/build.js makes the page.

import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { InputError } from "./errors.js";

const IMAGE_TAG = "<script src=\"image.js\"></script>";

/** The page's own folder: named by QUILLET_PAGE, installed beside emulator/, or in the build folder of the sources. */
export function findPage() {
  const named = process.env.QUILLET_PAGE;
  const places = named ? [named] : ["../frame/index.html", "../build/frame/index.html"]
    .map((place) => new URL(place, import.meta.url).pathname).map(decodeURI);
  const page = places.find((place) => existsSync(place));
  if (page === undefined) {
    throw new InputError(`the page is not there, in ${places.join(" or ")}: run tools/bootstrap web pico, and build again`);
  }
  return page;
}

/** A script that hands the page an image, a UF2 or an ELF file. */
export function imageScript(bytes, name) {
  const content = { name, gzip: gzipSync(bytes, { level: 9 }).toString("base64") };
  return `globalThis.quilletImage = ${JSON.stringify(content).replaceAll("<", "\\u003c")};\n`;
}

/** The page in one file, with the image in it. */
export function pageWithImage(page, bytes, name) {
  const html = readFileSync(page, "utf8");
  if (!html.includes(IMAGE_TAG)) {
    throw new InputError(`${page} is not the page of the frame; build it again`);
  }
  return html.replace(IMAGE_TAG, () => `<script>${imageScript(bytes, name)}</script>`);
}
