// Tests what the readers of filters and lexicons refuse: damaged files, and files whose graph would never end; and letters.
// Uses: node's own test runner: node --test web/guard_files.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { Filter, FilterError, readFilter } from "./filter.js";
import { Lexicon, LexiconError, readLexicon } from "./lexicon.js";

const LAST = 1 << 6, ENDING = 1 << 7;

// A file: its magic, words of 32 bits, more bytes, and the checksum over all of them.
function seal(magic, words, more = []) {
  const bytes = Uint8Array.from([...Buffer.from(magic), ...new Uint8Array(Uint32Array.from(words).buffer), ...more]);
  const hash = bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 16777619) >>> 0, 2166136261);
  return Uint8Array.from([...bytes, ...new Uint8Array(Uint32Array.of(hash).buffer)]);
}

const filterOf = (edges, version = 2) => seal("QLFILTER", [version, edges.length, 0, 0, 0, 0, ...edges]);
const lexiconOf = (edges, version = 1) => seal("QLLEXICO", [version, 1, 2, edges.length, 0, 97],
  edges.flatMap((edge) => [edge & 255, (edge >>> 8) & 255, edge >>> 16]));
const refuses = (read, bytes, kind, words) => assert.throws(() => read(bytes, "it"),
  (error) => error instanceof kind && error.message.startsWith("it: ") && words.test(error.message));

test("whole files are read, and walk", () => {
  const filter = new Filter(readFilter(filterOf([1 << 13, LAST]), "it"), ["\n", "a"]);
  filter.step(1);
  const lexicon = new Lexicon(readLexicon(lexiconOf([1 << 8, 1 | LAST | ENDING]), "it"), ["\n", "a", "b"]);
  assert.ok(lexicon.mayEnd(1));
  lexicon.step(1);
});

// The words abc, acb and ba; letters and labels from 1 on. A node comes after those that it leads to.
const WORDS = [9 << 8, // the root
  3 | ENDING | LAST, 2 | ENDING | LAST, 1 | ENDING | LAST, // 1 to 3: ends of abc, of acb, of ba
  LAST, // 4: unused
  2 | (1 << 8), 3 | (2 << 8) | LAST, // 5: behind a
  LAST, LAST,
  1 | (5 << 8), 2 | (3 << 8) | LAST]; // 9
const lexiconOfWords = () => readLexicon(seal("QLLEXICO", [1, 1, 4, WORDS.length, 0, 97, 98, 99],
  WORDS.flatMap((edge) => [edge & 255, (edge >>> 8) & 255, edge >>> 16])), "it");

test("a lexicon whose words need letters that the vocabulary lacks is refused, as is a vocabulary without an end", () => {
  const refusesVocabulary = (symbols, pattern) => assert.throws(() => new Lexicon(lexiconOfWords(), [...symbols]),
    (error) => error instanceof LexiconError && pattern.test(error.message));
  const lexicon = new Lexicon(lexiconOfWords(), [..."\nabc"]);
  lexicon.step(1);
  lexicon.step(2);
  assert.equal(lexicon.mayEnd(3), true);
  refusesVocabulary("\n<>ab", /^it: after '[ab]' some words go on only with letters that the model's vocabulary lacks/);
  refusesVocabulary("abc", /^it: .* neither a space nor a newline/);
});

test("every capital letter has one small letter", () => {
  const table = readLexicon(seal("QLLEXICO", [1, 1, 2, 2, 0, 105], [0, 1, 0, 1 | LAST | ENDING, 0, 0]), "it");
  const lexicon = new Lexicon(table, ["\n", "\u0130", "I", "i", "\u0131"]);
  assert.deepEqual([1, 2, 3, 4].map((token) => lexicon.mayEnd(token)), [true, true, true, false]);
  for (let code = 0; code < 0x20000; code++) {
    const symbol = String.fromCodePoint((code & 0x1f800) === 0xd800 ? 0x41 : code);
    assert.ok(symbol === "\u0130" || [...symbol.toLowerCase()].length === 1);
  }
});

for (const [read, make, kind] of [[readFilter, filterOf, FilterError], [readLexicon, lexiconOf, LexiconError]]) {
  const shift = kind === FilterError ? 13 : 8;
  test(`${kind.name}: no such file, another version, damaged or cut short`, () => {
    const good = make([1 << shift, LAST]);
    refuses(read, new Uint8Array(0), kind, /is not a/);
    refuses(read, Uint8Array.from(Buffer.from("x".repeat(80))), kind, /is not a/);
    refuses(read, make([1 << shift, LAST], 3), kind, /version 3/);
    refuses(read, good.subarray(0, good.length - 1), kind, /damaged/);
    refuses(read, good.map((byte, k) => (k === good.length - 5 ? byte ^ 1 : byte)), kind, /damaged/);
  });
  test(`${kind.name}: a node without an end, or none`, () => {
    refuses(read, make([1 << shift, 0]), kind, /leads nowhere/);
    refuses(read, make([2 << shift, LAST]), kind, /leads nowhere/);
  });
}

test("a lexicon whose words go on in a circle is refused", () => {
  refuses(readLexicon, lexiconOf([1 << 8, 1 | LAST | ENDING | (1 << 8)]), LexiconError, /leads nowhere/);
  refuses(readLexicon, lexiconOf([1 << 8, 1 | LAST | (2 << 8), 1 | LAST | ENDING]), LexiconError, /leads nowhere/);
});
