// Lets an exported model write, with ONNX Runtime: the twin of `quillet evaluate`, with the same options and text.
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
import { Guard, Lexicon, LexiconError, readLexicon } from "./lexicon.js";
import { LanguageModel } from "./language_model.js";
import { readModelFile } from "./model_file.js";
import { makeSampler } from "./sampler.js";

const usage = `usage: npm run --silent evaluate -- --model FILE [OPTION ...]

Lets an exported model write, with ONNX Runtime. The text is that of \`quillet evaluate\` with the same options.

  --model FILE         the descriptor of the model, as names.json
  --length N           characters to write (512)
  --temperature X      low: typical, repetitive; high: bold; 0: always the likeliest (the descriptor's)
  --top_p X            draw from the likeliest symbols that have this share together; 1 is off (the descriptor's)
  --top_k N            draw from the N likeliest symbols; 0 is off (the descriptor's)
  --seed N             same seed, same text; otherwise a new one each time
  --prompt TEXT        what the text begins with
  --filter FILE        a compiled filter: none of its words is written, none of its items shown
  --lexicon FILE       a compiled lexicon: no other words than its own are written
  --json               print text and settings as JSON
  --raw                control characters as they are, on a terminal, too
  --quiet              print the text only
`;

/** The command line is wrong. */
class UsageError extends Error {}

function numberOf(values, name, low, high, isWhole) {
  const text = values[name];
  if (text === undefined) {
    return undefined;
  }
  const value = text.trim() === "" ? NaN : Number(text);
  if (!(value >= low && value <= high) || (isWhole && !Number.isInteger(value))) {
    throw new UsageError(`--${name} must be ${isWhole ? "an integer" : "a number"} from ${low} to ${high}, not '${text}'`);
  }
  return value;
}

function readOptions(argv) {
  const options = {};
  for (const name of ["model", "length", "temperature", "top_p", "top_k", "seed", "prompt", "filter", "lexicon"]) {
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
  return {
    ...values,
    length: numberOf(values, "length", 0, 100000000, true) ?? 512,
    temperature: numberOf(values, "temperature", 0, 100, false),
    top_p: numberOf(values, "top_p", 0.000001, 1, false),
    top_k: numberOf(values, "top_k", 0, 65535, true),
    seed: numberOf(values, "seed", 0, 0xffffffff, true),
    prompt: values.prompt ?? "",
  };
}

// npm starts programs in web/; the user's files are where npm was called.
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

// A terminal obeys control characters, and shows text in another order where it is told so: they become visible text.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (symbol) => {
    const code = symbol.charCodeAt(0);
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// Waits while the reader of our output does.
async function print(text) {
  if (!process.stdout.write(text)) {
    await once(process.stdout, "drain");
  }
}

async function evaluate(options) {
  if (options.model === undefined) {
    throw new UsageError("--model is missing: a descriptor, as names.json");
  }
  const { descriptor, model: modelPath } = await readModelFile(fromUser(options.model), options.model);
  const model = await LanguageModel.load(runtime, modelPath, descriptor);
  const seed = options.seed ?? randomInt(0x100000000);
  const settings = {
    temperature: options.temperature ?? descriptor.temperature,
    top_p: options.top_p ?? descriptor.top_p,
    top_k: options.top_k ?? descriptor.top_k,
  };
  const sampler = makeSampler({ ...settings, topP: settings.top_p, topK: settings.top_k, seed });

  const filter = new Guard(
    options.filter === undefined ? null
      : new Filter(readFilter(await readFile(fromUser(options.filter)), options.filter), descriptor.symbols),
    options.lexicon === undefined ? null
      : new Lexicon(readLexicon(await readFile(fromUser(options.lexicon)), options.lexicon), descriptor.symbols));

  const tokens = model.write(sampler, readPrompt(options.prompt, descriptor), filter);
  const isVisible = process.stdout.isTTY && !options.raw;
  let text = "";
  const show = async (item) => {
    text += options.json ? item : "";
    await (options.json ? undefined : print(isVisible ? visible(item) : item));
  };
  if (!options.json) {
    await print(isVisible ? visible(options.prompt) : options.prompt);
  }
  let item = ""; // waits for its end where it may be refused
  let token = model.firstToken;
  for (let left = options.length; left > 0 || (options.length > 0 && !(filter?.mayEnd(token) ?? true));) {
    token = (await tokens.next()).value;
    left -= [...descriptor.symbols[token]].length;
    item += descriptor.symbols[token];
    const isWhole = descriptor.symbols[token] === "\n";
    if (!filter?.hasItems || isWhole) {
      await show(isWhole && filter?.refuses() ? "" : item);
      item = "";
    }
  }
  if (item !== "") {
    filter.step(token);
    await show(filter.refuses() ? "" : item);
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

// A reader that closes the pipe has read enough.
process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 1));

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
