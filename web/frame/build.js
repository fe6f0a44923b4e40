// Makes the page of the emulated frame: one HTML file with all scripts in it, which needs neither a server nor a
// network, and image.js with the image of the firmware beside it, if there is one.
// Uses: esbuild, emulator/ with its libraries. node build.js FOLDER [IMAGE.uf2]

import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

import { imageScript } from "../../emulator/page.js";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const [folder, image] = process.argv.slice(2);

if (folder === undefined) {
  process.stderr.write("usage: node build.js FOLDER [IMAGE.uf2]\n");
  process.exit(2);
}

const read = (name) => readFileSync(path.join(here, name), "utf8");

// A reader finds the old file or the new one.
function write(name, text) {
  const file = path.join(folder, name);
  writeFileSync(`${file}.partial`, text);
  renameSync(`${file}.partial`, file);
}

async function bundle(name, format) {
  const result = await build({ entryPoints: [path.join(here, name)], bundle: true, format, minify: true, write: false,
    target: "es2022", charset: "utf8", logLevel: "warning" });
  return result.outputFiles[0].text.replaceAll("</script", "<\\/script");
}

function replaceOnce(html, tag, content) {
  if (html.split(tag).length !== 2) {
    throw new Error(`index.html must have ${tag} once`);
  }
  return html.replace(tag, () => content);
}

const license = readFileSync(path.join(here, "../../emulator/node_modules/rp2040js/LICENSE"), "utf8").trim();
const worker = await bundle("worker.js", "iife");
const page = await bundle("page.js", "esm");
let html = read("index.html");
html = replaceOnce(html, "<link rel=\"stylesheet\" href=\"frame.css\">", `<style>\n${read("frame.css")}</style>`);
html = replaceOnce(html, "<script type=\"module\" src=\"page.js\"></script>",
  `<script type="text/plain" id="worker_source">${worker}</script>\n<script type="module">${page}</script>\n` +
  `<!-- This page contains rp2040js, under this license:\n\n${license.replaceAll("--", "- -")}\n-->`);

mkdirSync(folder, { recursive: true });
if (image !== undefined) {
  write("image.js", imageScript(readFileSync(image), path.basename(image)));
} else if (!existsSync(path.join(folder, "image.js"))) {
  write("image.js", "// no image yet: make firmware puts it here\n");
}
write("index.html", html);
