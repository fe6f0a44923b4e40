// A firmware's output on its way to a terminal: nothing that could control the terminal gets through.
// Uses: node's own test runner, emulator/. node --test tests/emulator/console.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { ConsoleReader, ConsoleText, visibleText } from "../../emulator/console.js";

const take = (text, bytes) => text.take(Buffer.from(bytes, "latin1"));

test("a text stays as it is, also where its characters come in parts", () => {
  const text = new ConsoleText();
  assert.equal(take(text, "= text \xc3"), "= text ");
  assert.equal(take(text, "\xa4\xe2\x80"), "\u00e4");
  assert.equal(take(text, "\xa6\r\n\tend"), "\u2026\n\tend");
});

test("control characters are left out, those beyond ASCII are visible", () => {
  assert.equal(take(new ConsoleText(), "a\x1b[2Jb\x07c\x7f"), "a[2Jbc");
  assert.equal(take(new ConsoleText(), "\xc2\x9b2J"), "\\u009b2J");
  assert.equal(take(new ConsoleText(), "\xe2\x80\xaeabc"), "\\u202eabc");
  assert.equal(take(new ConsoleText(), "\x9b2J"), "\ufffd2J");
});

test("messages show all of them", () => {
  assert.equal(visibleText("cannot read \u001b[31m\u202e.uf2\n"), "cannot read \\x1b[31m\\u202e.uf2\n");
});

test("what the console has said is found in any script, also where it came in parts", () => {
  const reader = new ConsoleReader({ nanos: 0 });
  reader.take(Buffer.from("= text caf\xc3", "latin1"));
  assert.equal(reader.hasSaid("caf"), true);
  assert.equal(reader.hasSaid("caf\u00e9"), false);
  reader.take(Buffer.from("\xa9 \xe2\x80\xa6", "latin1"));
  assert.equal(reader.hasSaid("caf\u00e9 \u2026"), true);
  assert.equal(reader.hasSaid("caf\u00c3"), false);
});
