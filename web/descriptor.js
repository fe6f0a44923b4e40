// The model descriptor: information about a language model that its ONNX file lacks. docs/descriptor.md has the fields.
// Uses: pieces.js; the caller provides the text of the file.

import { readPieces } from "./pieces.js";

/** Something that the user can put right: the message says what and where. */
export class InputError extends Error {}

const leastFloat = 2 ** -126;
const mostFloat = 2 ** 128 - 2 ** 104;
const isNumber = (value) => typeof value === "number" && value >= 0;
const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
const isText = (value) => typeof value === "string";
const isName = (value) => isText(value) && value !== "";
const isVocabulary = (value) => isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName));
const stateKinds = ["replace", "append", "counter"];
const isState = (value) => Array.isArray(value) && (value.length === 2 || (value.length === 3 && stateKinds.includes(value[2]))) &&
  value.slice(0, 2).every(isName);

// Code points that are not characters stand for no text, and are never drawn: ql_text_rules_init.
const NO_CHARACTER = /^[\ufdd0-\ufdef]$/;

// The name, what it must be, in words, and the default; without a default the field is required.
const fields = [
  ["filename", isName, "the name of the model's .onnx file"],
  ["vocabulary", isVocabulary, "a string with the symbol of each token, in their order, or a list of strings"],
  ["type", isText, "a string", ""],
  ["sequenceLength", isCount, "a whole number of at least 0", 0],
  ["sha256", (value) => value === "" || (isText(value) && /^[0-9a-f]{64}$/i.test(value)),
    "the SHA-256 of the model's file, 64 hexadecimal digits", ""],
  ["temperature", (value) => value === 0 || (isNumber(value) && value >= leastFloat && value <= mostFloat),
    "0, or from 1.2e-38 to 3.4e38", 1],
  ["top_p", (value) => isNumber(value) && value >= leastFloat && value <= 1,
    "more than 0 (from 1.2e-38 on) and at most 1", 1],
  ["top_k", isCount, "a whole number of at least 0", 0],
  ["hiddenSize", isCount, "a whole number of at least 0", 0],
  ["hiddenLayers", isCount, "a whole number of at least 0", 0],
  ["reset", isText, "a string of symbols", ""],
  ["begin", isText, "a token of the vocabulary", ""],
  ["tokens", isText, "the name of an input", ""],
  ["logits", isText, "the name of an output", ""],
  ["states", (value) => Array.isArray(value) && value.every(isState), 'a list of pairs of names, [["h0", "hn"], ...], with ' +
    '"append" or "counter" as a third string where a token does not replace all of the state', []],
  ["constants", (value) => typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((numbers) => readNumbers(numbers) !== null),
    'an object of inputs with their numbers, such as {"category": [0, 1]}', {}],
];

// The numbers of a constant, one after another: a number, a boolean, or nested lists of them. null: it is not a
// constant.
function readNumbers(value) {
  const numbers = [value].flat(16).map((number) => (typeof number === "boolean" ? Number(number) : number));
  return numbers.length > 0 && numbers.every((number) => typeof number === "number") ? numbers : null;
}

// A begin token of several characters is no piece, though it may look like one: a code point that is not a character
// takes its place among the symbols, as in src/onnx/descriptor.c. Returns the begin token as `symbols` then has it.
function nameBegin(symbols, begin, name) {
  if ([...begin].length <= 1) {
    return begin;
  }
  const stand = Array.from({ length: 32 }, (_, k) => String.fromCharCode(0xfdd0 + k)).find((code) => !symbols.includes(code));
  if (stand === undefined) {
    throw new InputError(`${name}: the vocabulary has more than 32 tokens that stand for no text`);
  }
  symbols[symbols.indexOf(begin)] = stand;
  return stand;
}

/**
 * Reads a descriptor: its text, and the name of its file for messages.
 * Returns the fields with their defaults; `constants` has pairs of a name and a list of numbers; `symbols` has the
 * vocabulary as an array, in which a token is an index, `begin` is one of them or empty, `ranks` has the pieces as
 * pieces.js takes them, and `specials` the tokens that are never drawn.
 */
export function readDescriptor(text, name) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${name}: is not JSON: ${error.message.replace(/\s+/g, " ")}`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new InputError(`${name}: is not a JSON object`);
  }

  const descriptor = {};
  for (const [field, isValid, expected, standard] of fields) {
    const value = given[field] === undefined ? standard : given[field];
    if (value === undefined || !isValid(value)) {
      throw new InputError(`${name}: the field "${field}" must be ${expected}`);
    }
    descriptor[field] = value;
  }

  const symbols = [...descriptor.vocabulary];
  const twice = symbols.find((symbol, token) => symbols.indexOf(symbol) !== token);
  if (twice !== undefined) {
    throw new InputError(`${name}: the vocabulary has ${JSON.stringify(twice)} twice`);
  }
  const unknown = [...descriptor.reset].find((symbol) => !symbols.includes(symbol));
  if (unknown !== undefined) {
    throw new InputError(`${name}: "reset" has ${JSON.stringify(unknown)}, which is not in the vocabulary`);
  }
  if (descriptor.begin !== "" && !symbols.includes(descriptor.begin)) {
    throw new InputError(`${name}: "begin" is not in the vocabulary`);
  }
  // The end symbol must be a newline, before which the state is reset. Others would need a changed graph.
  const missing = ["end", "special", "window"].find((field) => given[field] !== undefined && (field !== "end" || given.end !== "\n"));
  if (missing !== undefined) {
    throw new InputError(`${name}: the field "${missing}" changes the model's graph, which is not supported here; ` +
      "`quillet evaluate` does it");
  }
  const begin = nameBegin(symbols, descriptor.begin, name);
  const { error, ranks } = readPieces(symbols);
  if (error !== "") {
    throw new InputError(`${name}: the vocabulary ${error}`);
  }
  const specials = symbols.flatMap((symbol, token) => (NO_CHARACTER.test(symbol) ? [token] : []));
  if (specials.length === symbols.length) {
    throw new InputError(`${name}: the vocabulary has only tokens that stand for no text, which are never drawn`);
  }
  const constants = Object.entries(descriptor.constants).map(([input, value]) => [input, readNumbers(value)]);
  const reset = descriptor.reset.includes("\n") || given.end === undefined ? descriptor.reset : `${descriptor.reset}\n`;
  return { ...descriptor, begin, reset, constants, symbols, ranks, specials };
}
