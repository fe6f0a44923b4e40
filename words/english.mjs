// Writes the default list of the filter, in the syntax of docs/filter.md, from the package cuss and innocent.txt.
// Usage: node english.mjs FOLDER, where FOLDER/cuss/index.js is the package. Uses: nothing else.
//
// The package rates how surely a word is meant badly: 2 is likely, 1 is maybe, 0 is hardly. Words rated 2 match wherever
// they stand, those rated 1 where a word begins with them, unless an innocent word holds them there; then less widely,
// at least where they stand alone. Words rated 0 and innocent ones are left out.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { cuss } = await import(pathToFileURL(path.resolve(process.argv[2], "cuss", "index.js")));

const MINIMUM_LETTERS = 4; // of a word that matches inside of others

// Entries of the package that are spelled with digits: the filter takes a digit of a list for the letter that it stands
// for.
const letters = { 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 6: "g", 7: "t", 8: "b", 9: "g" };
const plain = (word) => word.toLowerCase().replace(/[0-9]/g, (digit) => letters[digit] ?? digit);

const fold = (word) => plain(word.normalize("NFKD").replace(/\p{M}/gu, ""));

const innocent = readFileSync(new URL("innocent.txt", import.meta.url), "utf8").split("\n")
  .filter((line) => line !== "" && !line.startsWith("#")).map(fold);
const innocentWords = new Set(innocent);
const innocentText = `\n${innocent.join("\n")}\n`;

function pattern(word, rating) {
  if (word.length < MINIMUM_LETTERS || word.includes(" ")) {
    return word;
  }
  if (rating === 2 && !innocentText.includes(word)) {
    return `*${word}*`;
  }
  return innocentText.includes(`\n${word}`) ? word : `${word}*`;
}

process.stdout.write("# Made by words/english.mjs from the npm package cuss (MIT License, Copyright (c) Titus Wormer)\n");
for (const [entry, rating] of Object.entries(cuss)) {
  const word = plain(entry);
  if (rating > 0 && word.length > 1 && !innocentWords.has(word)) {
    process.stdout.write(`${pattern(word, rating)}\t${rating}\n`);
  }
}
