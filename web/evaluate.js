// Has an exported model write, with ONNX Runtime: the twin of `quillet evaluate`, with the same options and text.
// Uses: onnxruntime-node, language_model.js. npm run --silent evaluate -- --model names.json --length 512

import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";

import * as runtime from "onnxruntime-node";

import { InputError } from "./descriptor.js";
import { encode } from "./pieces.js";
import { Filter, FilterError, readFilter } from "./filter.js";
import { Guard } from "./guard.js";
import { Lexicon, LexiconError, readLexicon } from "./lexicon.js";
import { LanguageModel } from "./language_model.js";
import { readModelFile } from "./model_file.js";
import { INSIDE, OUTSIDE, REFUSED, addToken, candidateSeed, cost, isBefore, makeSampler } from "./sampler.js";

const usage = `usage: npm run --silent evaluate -- --model FILE [OPTION ...]

Lets an exported model write, with ONNX Runtime. The text is that of
\`quillet evaluate\` with the same options.

  --model FILE         the descriptor of the model, such as names.json
  --length N           characters to write (512)
  --temperature X      low: typical, repetitive; high: bold; 0: always the
                       likeliest (the descriptor's)
  --top-p X            draw from the likeliest symbols whose probabilities add
                       up to this; 1 is off (the descriptor's)
  --top-k N            draw from the N likeliest symbols; 0 is off (the
                       descriptor's)
  --seed N             same seed, same text; otherwise a new one each time
  --prompt TEXT        what the text begins with
  --best N             write N candidates for an item, and take the one whose
                       characters are likeliest (1)
  --min-length N       of these, prefer those with at least this many
                       characters (0)
  --filter FILE        a compiled filter: none of its words is written, none of
                       its items shown
  --lexicon FILE       a compiled lexicon: only its words are written
  --json               print text and settings as JSON
  --raw                print control characters as they are, even on a terminal
  --quiet              print the text only
`;

/** The command line is wrong. */
class UsageError extends Error {}

function numberOf(values, name, low, high, isWhole) {
  const text = values[name];
  if (text === undefined) {
    return undefined;
  }
  // Number() would take 1e2 and 0x10 for whole numbers, which the tool does not.
  const isNumber = isWhole ? /^\s*[+-]?\d+$/.test(text) : text.trim() !== "";
  const value = isNumber ? Number(text) : NaN;
  if (!(value >= low && value <= high) || (isWhole && !Number.isInteger(value))) {
    throw new UsageError(`--${name} must be ${isWhole ? "an integer" : "a number"} from ${low} to ${high}, not '${text}'`);
  }
  return value;
}

function readOptions(argv) {
  const options = {};
  const named = ["model", "length", "temperature", "top_p", "top_k", "seed", "prompt", "best", "min_length", "filter",
    "lexicon"];
  for (const name of named) {
    options[name] = { type: "string" };
  }
  for (const name of ["json", "quiet", "raw", "help"]) {
    options[name] = { type: "boolean" };
  }
  // Dashes and underscores in a name are the same.
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const args = argv.map((arg, place) =>
    place < end && arg.startsWith("--") ? arg.replace(/^--[^=]*/, (name) => `--${name.slice(2).replaceAll("-", "_")}`) : arg);
  let values;
  try {
    ({ values } = parseArgs({ args, options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  const numbers = {
    length: numberOf(values, "length", 0, 100000000, true) ?? 512,
    temperature: numberOf(values, "temperature", 0, 100, false),
    top_p: numberOf(values, "top_p", 0.000001, 1, false),
    top_k: numberOf(values, "top_k", 0, 65535, true),
    seed: numberOf(values, "seed", 0, 0xffffffff, true),
    best: numberOf(values, "best", 1, 100, true) ?? 1,
    min_length: numberOf(values, "min_length", 0, 1000000, true) ?? 0,
  };
  checkMinLength(numbers);
  return { ...values, ...numbers, prompt: values.prompt ?? "" };
}

// An option that would choose nothing is an error, as in src/cli/sampling.c.
function checkMinLength({ length, best, min_length: minLength }) {
  if (minLength > 0 && best === 1) {
    throw new UsageError(`--min-length ${minLength}: chooses among the candidates of an item, and there is only one; add --best`);
  }
  if (minLength > length) {
    throw new UsageError(`--min-length ${minLength}: no item can be that long, because --length is ${length}`);
  }
}

// npm starts programs in web/; the user's paths are relative to where npm was called.
function fromUser(file) {
  return path.resolve(process.env.INIT_CWD ?? ".", file);
}

function readPrompt(prompt, { symbols, ranks }) {
  const { tokens, unknown } = encode(prompt, symbols, ranks);
  if (unknown !== undefined) {
    throw new UsageError(`--prompt: '${unknown}' is not in the model's vocabulary`);
  }
  return tokens;
}

// A terminal obeys control characters, some of which change the order of text, so they are made visible.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (symbol) => {
    const code = symbol.charCodeAt(0);
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// Waits while the reader of our output is not ready.
async function print(text) {
  if (!process.stdout.write(text)) {
    await once(process.stdout, "drain");
  }
}

// Writes a text of the given length, and more if it must not end there. An item that may be refused is held back until
// its end.
async function writeText(model, sampler, prompt, guard, symbols, length, show) {
  const tokens = model.write(sampler, prompt, guard);
  let item = "";
  let token = model.firstToken;
  for (let left = length; left > 0 || (length > 0 && !guard.mayEnd(token));) {
    token = (await tokens.next()).value;
    left -= [...symbols[token]].length;
    item += symbols[token];
    const isWhole = symbols[token] === "\n";
    if (!guard.hasItems || isWhole) {
      await show(isWhole && guard.refuses() ? "" : item);
      item = "";
    }
  }
  if (item !== "") {
    guard.step(token);
    await show(guard.refuses() ? "" : item);
  }
}

// Draws a candidate for an item: up to its newline, or to the given length, and more if it must not end there. The end
// of the context, which counts the prompt's tokens, is the end of the item.
async function drawCandidate(model, sampler, prompt, guard, symbols, { length, min_length: minLength }) {
  const candidate = { cost: 0, characters: 0, rank: OUTSIDE, text: "" };
  guard.reset();
  const tokens = model.write(sampler, prompt, guard);
  let token = model.firstToken;
  let count = prompt.length;
  while (candidate.rank !== INSIDE && count < model.itemLimit &&
      (candidate.characters < length || !guard.mayEnd(token))) {
    count++;
    token = (await tokens.next()).value;
    addToken(candidate, cost(model.logits, token), [...symbols[token]].length);
    candidate.rank = symbols[token] === "\n" ? INSIDE : OUTSIDE;
    candidate.text += candidate.rank === INSIDE ? "" : symbols[token];
  }
  const isBroken = candidate.rank !== INSIDE && !guard.mayEnd(token);
  if (candidate.rank === INSIDE && candidate.characters <= minLength) { // its characters include the newline
    candidate.rank = OUTSIDE;
  } else if (candidate.rank !== INSIDE) {
    guard.step(token);
  }
  candidate.rank = isBroken || guard.refuses() ? REFUSED : candidate.rank;
  return candidate;
}

// The text of the best candidate for an item.
async function drawBest(model, settings, prompt, guard, symbols, options) {
  let best = null;
  for (let k = 0; k < options.best; k++) {
    const sampler = makeSampler({ ...settings, seed: candidateSeed(settings.seed, k) });
    const candidate = await drawCandidate(model, sampler, prompt, guard, symbols, options);
    best = best === null || isBefore(candidate, best) ? candidate : best;
  }
  return best.rank === REFUSED ? "" : best.text;
}

async function evaluate(options) {
  if (options.model === undefined) {
    throw new UsageError("--model is missing: a descriptor, such as names.json");
  }
  const { descriptor, model: modelPath } = await readModelFile(fromUser(options.model), options.model);
  const model = await LanguageModel.load(runtime, modelPath, descriptor);
  const seed = options.seed ?? randomInt(0x100000000);
  const settings = {
    temperature: options.temperature ?? descriptor.temperature,
    top_p: options.top_p ?? descriptor.top_p,
    top_k: options.top_k ?? descriptor.top_k,
  };
  const drawing = { ...settings, topP: settings.top_p, topK: settings.top_k, seed };

  const filter = new Guard(
    options.filter === undefined ? null
      : new Filter(readFilter(await readFile(fromUser(options.filter)), options.filter), descriptor.symbols),
    options.lexicon === undefined ? null
      : new Lexicon(readLexicon(await readFile(fromUser(options.lexicon)), options.lexicon), descriptor.symbols));

  const prompt = readPrompt(options.prompt, descriptor);
  if (options.best > 1 && prompt.length >= model.itemLimit) {
    throw new UsageError(`--prompt: has ${prompt.length} tokens, and an item of this model ends after ${model.itemLimit}, ` +
      "at the end of its context, so nothing would be drawn");
  }
  const isVisible = process.stdout.isTTY && !options.raw;
  let text = "";
  const show = async (item) => {
    text += options.json ? item : "";
    await (options.json ? undefined : print(isVisible ? visible(item) : item));
  };
  if (!options.json) {
    await print(isVisible ? visible(options.prompt) : options.prompt);
  }
  if (options.best > 1 && options.length > 0) {
    await show(await drawBest(model, drawing, prompt, filter, descriptor.symbols, options));
  } else {
    await writeText(model, makeSampler(drawing), prompt, filter, descriptor.symbols, options.length, show);
  }
  if (options.json) {
    const result = { model: options.model, prompt: options.prompt, text, ...settings, seed };
    await print(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    await print("\n");
    if (options.seed === undefined && !options.quiet) {
      console.error(`(seed ${seed})`);
    }
  }
}

// If the reader closes the pipe, it has read enough.
process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") {
    process.exit(0);
  }
  console.error(`evaluate: cannot write the result: ${error.message}`);
  process.exit(1);
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
  } else {
    await evaluate(options);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  const isTheirs = isUsage || error instanceof InputError || error instanceof FilterError || error instanceof LexiconError || error.code !== undefined || /load model/i.test(error.message);
  console.error(`evaluate: ${visible(isTheirs ? error.message : error.stack)}`);
  process.exitCode = isUsage ? 2 : 1;
}
