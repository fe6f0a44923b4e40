// Tests what the descriptor reader accepts, and its messages about the rest.
// Uses: node's own test runner: node --test web/descriptor.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { InputError, readDescriptor } from "./descriptor.js";
import { encode } from "./pieces.js";

// The descriptor of the project's example model, with changes.
function read(changes = {}) {
  const fields = {
    filename: "./names-wait.onnx",
    type: "lstm",
    sequenceLength: 64,
    temperature: 0.95,
    top_p: 0.8,
    top_k: 24,
    hiddenSize: 128,
    hiddenLayers: 2,
    vocabulary: "\n ',-.0124ABCDEFGHIJKLMNOPQRSTUVWXYZ]abcdefghijklmnopqrstuvwxyz",
    ...changes,
  };
  return readDescriptor(JSON.stringify(fields), "names.json");
}

function refuses(text, pattern) {
  assert.throws(() => (typeof text === "string" ? readDescriptor(text, "names.json") : read(text)), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^names\.json: /);
    assert.match(error.message, pattern);
    return true;
  });
}

test("a descriptor as the seed has it is taken", () => {
  const descriptor = read();
  assert.equal(descriptor.filename, "./names-wait.onnx");
  assert.equal(descriptor.top_k, 24);
  assert.equal(descriptor.symbols.length, 63);
  assert.equal(descriptor.symbols[0], "\n");
  assert.equal(descriptor.reset, "");
});

test("a vocabulary is counted in symbols, not in UTF-16 units", () => {
  assert.deepEqual(read({ vocabulary: "\n🙂é" }).symbols, ["\n", "🙂", "é"]);
});

test("fields that are missing have defaults, but for file and vocabulary", () => {
  const descriptor = readDescriptor('{"filename": "a.onnx", "vocabulary": "ab"}', "a.json");
  assert.equal(descriptor.temperature, 1);
  assert.equal(descriptor.top_p, 1);
  assert.equal(descriptor.top_k, 0);
  refuses({ vocabulary: undefined }, /"vocabulary"/);
  refuses({ filename: undefined }, /"filename"/);
});

test("what is not a descriptor is refused", () => {
  refuses("", /not JSON/);
  refuses("[]", /not a JSON object/);
  refuses("null", /not a JSON object/);
  refuses('"text"', /not a JSON object/);
});

test("fields of another type or out of range are refused by name", () => {
  refuses({ temperature: -0.1 }, /"temperature"/);
  refuses({ temperature: "1" }, /"temperature"/);
  refuses({ top_p: 0 }, /"top_p"/);
  refuses({ top_p: 1.1 }, /"top_p"/);
  refuses({ top_k: 1.5 }, /"top_k"/);
  refuses({ top_k: -1 }, /"top_k"/);
  refuses({ top_k: null }, /"top_k"/);
  refuses({ states: [["h0"]] }, /"states"/);
  refuses({ states: [["h0", "hn", "keep"]] }, /"states"/);
  refuses({ vocabulary: "" }, /"vocabulary"/);
  refuses({ vocabulary: [] }, /"vocabulary"/);
  refuses({ vocabulary: ["a", 7] }, /"vocabulary"/);
  refuses({ filename: 7 }, /"filename"/);
});

test("a vocabulary with a symbol twice is refused", () => {
  refuses({ vocabulary: "abca" }, /"a" twice/);
});

test("a vocabulary may be a list with pieces of several symbols", () => {
  const descriptor = read({ vocabulary: ["\n", " ", "e", "h", "t", "th", "the", " th"] });
  assert.equal(descriptor.symbols[6], "the");
  assert.deepEqual(encode("the thet", descriptor.symbols, descriptor.ranks).tokens, [6, 1, 6, 4]);
  assert.equal(encode("thx", descriptor.symbols, descriptor.ranks).unknown, "x");
});

test("pieces that were never learned are refused", () => {
  refuses({ vocabulary: ["a", "b", "abb"] }, /"abb", which does not consist of two/);
  refuses({ vocabulary: ["a", "b", "ac"] }, /"ac", of which a symbol/);
  refuses({ vocabulary: ["a", "ab", "b"] }, /single symbol after/);
  refuses({ vocabulary: ["a", " ", "a "] }, /space inside/);
  refuses({ vocabulary: ["a", "b", "ab", "ab"] }, /"ab" twice/);
});

test("a begin symbol is taken; an end symbol is the newline, or refused", () => {
  assert.equal(read({ begin: "a" }).begin, "a");
  refuses({ begin: "*" }, /"begin"/);
  assert.equal(read({ end: "\n" }).reset, "\n");
  refuses({ end: "a" }, /"end"/);
  refuses({ special: ["<pad>"] }, /"special"/);
  refuses({ window: 40 }, /"window"/);
});

test("symbols that are no characters are never drawn", () => {
  assert.deepEqual(read({ vocabulary: "\n\ufdd0a\ufdef\ufdf0\ufdcfb" }).specials, [1, 3]);
  assert.deepEqual(read({ vocabulary: "\nab" }).specials, []);
});

test("a begin token of several characters is no piece, stands for no text, and is never drawn", () => {
  for (const vocabulary of [["\n", "<", ">", "a", "<>"], ["\n", "<>", "<", ">", "a"]]) {
    const token = vocabulary.indexOf("<>");
    const { symbols, begin, specials, ranks } = read({ vocabulary, begin: "<>" });
    assert.equal(symbols.indexOf(begin), token);
    assert.deepEqual(specials, [token]);
    assert.equal(ranks.size, 0);
    assert.deepEqual(encode("<>a", symbols, ranks).tokens, ["<", ">", "a"].map((text) => vocabulary.indexOf(text)));
  }
  assert.deepEqual(read({ vocabulary: ["\ufdd0", "a", "<s>"], begin: "<s>" }).specials, [0, 2]);
  // Single symbols and other pieces stay what they are.
  assert.deepEqual(read({ vocabulary: ["a", "b", "ab"], begin: "a" }).specials, []);
  assert.equal(read({ vocabulary: ["<s>", "a", "b", "ab"], begin: "<s>" }).ranks.size, 1);
  refuses({ vocabulary: ["a", "b", "ab", "<s>"], begin: "<s>" }, /single symbol after/);
  refuses({ vocabulary: ["<s>"], begin: "<s>" }, /only tokens that stand for no text/);
});

test("the symbols of the reset must be in the vocabulary", () => {
  assert.equal(read({ reset: "\n." }).reset, "\n.");
  refuses({ reset: "\n*" }, /"\*"/);
  refuses({ reset: 7 }, /"reset"/);
});
