// A language model in ONNX Runtime: a token in, the logits of the next one out, the state kept in between.
// Uses: descriptor.js, sampler.js, and the runtime that the caller provides: onnxruntime-node, or onnxruntime-web.

import { InputError } from "./descriptor.js";
import { sample } from "./sampler.js";

// One thread, so that every sum always has the same order.
export const sessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" };

const isInteger = ({ type }) => type === "int64" || type === "int32";
const isFloat = ({ type }) => type === "float32";
const isOpen = (size) => !(size > 0);

// Sizes that the file leaves open count as 1: one token of one text at a time.
const sizeOf = (shape) => shape.reduce((product, size) => product * (isOpen(size) ? 1 : size), 1);
const fixed = ({ name, type, shape }) => ({ name, type, shape: shape.map((size) => (isOpen(size) ? 1 : size)) });

// What is known of an output's shape before a run: it may have open sizes, and ONNX Runtime gives an empty list for one of
// which nothing is known.
const couldBe = (shape, wanted) => shape.length === 0 ||
  (shape.length === wanted.length && shape.every((size, k) => isOpen(size) || size === wanted[k]));
const couldHold = (shape, count) => sizeOf(shape) === count || shape.length === 0 || isOpen(shape.at(-1));

function named(list, name, field) {
  const found = list.find((tensor) => tensor.name === name);
  if (found === undefined) {
    throw new InputError(`the model has no input or output "${name}", which the descriptor's "${field}" names`);
  }
  return found;
}

function findTokens(inputs, descriptor, V) {
  if (descriptor.tokens !== "") {
    return named(inputs, descriptor.tokens, "tokens");
  }
  const integers = inputs.filter(isInteger);
  const candidates = integers.length > 0 ? integers : inputs.filter((input) => isFloat(input) && input.shape.at(-1) === V);
  if (candidates.length !== 1) {
    throw new InputError(`${candidates.length === 0 ? "no" : "more than one"} input of the model can be the tokens: ` +
      'name it in the descriptor, "tokens": "..."');
  }
  return candidates[0];
}

// Order and shape prove nothing: a file may give c before h, or features in addition to the logits.
function findLogits(outputs, descriptor, V) {
  if (descriptor.logits !== "") {
    return named(outputs, descriptor.logits, "logits");
  }
  const candidates = outputs.filter((output) => isFloat(output) && sizeOf(output.shape) === V);
  if (candidates.length > 1) {
    throw new InputError("more than one output of the model can be the logits: name it in the descriptor, " +
      `"logits": "${candidates[0].name}"`);
  }
  return candidates[0] ?? outputs[0];
}

function checkLogits({ name, type, shape }, V) {
  if (!isFloat({ type }) || !couldHold(shape, V)) {
    throw new InputError(`the output "${name}" has ${sizeOf(shape)} numbers of type ${type}, not ${V} floats: is the ` +
      "vocabulary that of this model?");
  }
}

function findStates(inputs, outputs, descriptor) {
  if (descriptor.states.length > 0) {
    return descriptor.states.map(([input, output, kind = "replace"]) => (
      { input: named(inputs, input, "states"), output: named(outputs, output, "states"), kind }));
  }
  if (inputs.length > outputs.length) {
    throw new InputError(`the input "${inputs[outputs.length].name}" has no output that goes with it: name the pairs ` +
      'in the descriptor, "states": [["input", "output"], ...]');
  }
  if (inputs.length > 1 || (inputs.length === 1 && outputs.length > 1)) {
    throw new InputError("which output continues which state does not show here: write the pairs into the descriptor, " +
      `such as "states": [${inputs.map((input, k) => `["${input.name}", "${outputs[k].name}"]`).join(", ")}]; ` +
      "`quillet verify` tries them, and `quillet export` writes them");
  }
  return inputs.map((input, k) => ({ input, output: outputs[k], kind: "replace" }));
}

// What a kind of state requires, as in ql_model_roles_check.
const fitsKind = {
  replace: () => true,
  append: ({ shape }) => shape.length >= 2,
  counter: ({ type, shape }) => type === "int64" && sizeOf(shape) === 1,
};

function checkShape(input, output) {
  if (!couldBe(output.shape, input.shape)) {
    throw new InputError(`the state that goes in as "${input.name}" with the shape (${input.shape.join(", ")}) comes out ` +
      `as "${output.name}" with (${output.shape.join(", ")}), but a state keeps its shape from token to token. If it grows ` +
      'with the text, export the model with a cache of a fixed length; otherwise correct the pairs in the descriptor\'s "states"');
  }
}

/**
 * The layout of the state, the twin of src/model/state_layout.h: of each part the names of its input and its output, its
 * kind, type, shape and number of elements. Whoever carries or resets a state needs to know nothing else of the model.
 */
function layOut(states) {
  return states.map(({ input, output, kind }) => {
    if (!(isFloat(input) || isInteger(input)) || input.type !== output.type) {
      throw new InputError(`the state that goes in as "${input.name}" in ${input.type} comes out as "${output.name}" in ` +
        `${output.type}, but a state is float, int64 or int32 on both sides. Export it in one of these types, or correct the ` +
        'pairs in the descriptor\'s "states"');
    }
    checkShape(input, output);
    if (!fitsKind[kind](input)) {
      throw new InputError(`the descriptor's "states" calls "${input.name}" "${kind}", which it cannot be: a counter is ` +
        "one int64, and a state to which entries are appended has at least two dimensions");
    }
    return { name: input.name, output: output.name, kind, type: input.type, shape: input.shape, count: sizeOf(input.shape) };
  });
}

// The numbers as an array of a tensor's type. A number that the type cannot represent is an error.
const arrayOf = {
  float32: (numbers) => Float32Array.from(numbers),
  float64: (numbers) => Float64Array.from(numbers),
  int64: (numbers) => BigInt64Array.from(numbers, (number) => BigInt(number)),
  int32: (numbers) => Int32Array.from(numbers),
  bool: (numbers) => Uint8Array.from(numbers),
};

/** What goes into the inputs that stay the same. A size that the file leaves open follows from the count of numbers. */
function readConstants(session, descriptor) {
  return descriptor.constants.map(([name, numbers]) => {
    const { type, shape } = named(session.inputMetadata, name, "constants");
    const known = shape.reduce((product, size) => product * (size > 0 ? size : 1), 1);
    const open = shape.filter((size) => !(size > 0)).length;
    const sizes = shape.map((size) => (size > 0 ? size : open === 1 ? numbers.length / known : 1));
    if (sizeOf(sizes) !== numbers.length || arrayOf[type] === undefined || !sizes.every(Number.isInteger)) {
      throw new InputError(`the descriptor's "constants" gives the input "${name}" ${numbers.length} numbers, which do ` +
        `not fill its shape (${shape.join(", ")}), or its type, ${type}, is not supported`);
    }
    return { name, type, shape: sizes, data: arrayOf[type](numbers) };
  });
}

/**
 * Finds out what the inputs and outputs of a model are for. A name in the descriptor decides. Otherwise the tokens are
 * the only input of integers, or the only one of floats that ends in the size of the vocabulary; the logits are the only
 * output of that size; one further input and one further output are a state. More than that has to be named, because a
 * session does not show what the graph does: src/onnx/model_roles.h reads it off the graph, and `quillet export` writes
 * all names.
 */
export function findTensors(session, descriptor) {
  const constants = readConstants(session, descriptor);
  const inputs = session.inputMetadata.filter(({ name }) => !constants.some((constant) => constant.name === name)).map(fixed);
  const outputs = session.outputMetadata;
  const V = descriptor.symbols.length;

  const tokens = findTokens(inputs, descriptor, V);
  const isOneHot = !isInteger(tokens);
  if (sizeOf(tokens.shape) !== (isOneHot ? V : 1)) {
    throw new InputError(`the input "${tokens.name}" takes ${sizeOf(tokens.shape)} numbers, not one token: ` +
      "export the model with an open sequence, or with sequence 1, and batch 1");
  }
  const logits = findLogits(outputs, descriptor, V);
  checkLogits(logits, V);
  const states = layOut(findStates(
    inputs.filter((input) => input !== tokens), outputs.filter((output) => output !== logits), descriptor));
  if (states.length !== inputs.length - 1) {
    throw new InputError(`the descriptor's "states" names ${states.length} of the model's ${inputs.length - 1} states`);
  }
  if (states.length === 0) {
    throw new InputError("the model takes and returns no state, so it would forget each token at the next; export it " +
      "with its state as inputs and outputs");
  }
  return { tokens, isOneHot, logits, states, constants };
}

// True for numbers that look like the result of a softmax. Logits would add up to 1 only by chance.
function areProbabilities(numbers) {
  const sum = numbers.reduce((total, number) => total + number, 0);
  return Math.abs(sum - 1) < 1e-3 && numbers.every((number) => number >= 0) && numbers.some((n) => n > 0 && n < 1);
}

export class LanguageModel {
  #runtime;
  #session;
  #tensors;
  #state;
  #isTried = false;
  #specials;
  #V;

  /** `model` is what the runtime's InferenceSession.create takes: a path (Node), an address (browser), or the bytes. */
  static async load(runtime, model, descriptor) {
    const session = await runtime.InferenceSession.create(model, sessionOptions);
    return new LanguageModel(runtime, session, descriptor);
  }

  constructor(runtime, session, descriptor) {
    this.#runtime = runtime;
    this.#session = session;
    this.#tensors = findTensors(session, descriptor);
    this.resetTokens = new Set(Array.from(descriptor.reset, (symbol) => descriptor.symbols.indexOf(symbol)));
    this.firstToken = Math.max(0, descriptor.symbols.indexOf(descriptor.begin || "\n"));
    this.#specials = descriptor.specials ?? [];
    this.#V = descriptor.symbols.length;
    const cache = this.#tensors.states.find(({ kind }) => kind === "append");
    /** Tokens after which an item that has not ended is over: ql_text_rules_item_limit. */
    this.itemLimit = cache !== undefined && this.resetTokens.has(descriptor.symbols.indexOf("\n")) ?
      cache.shape.at(-2) : Infinity;
    this.reset();
  }

  /** Zero state: where a text begins. */
  reset() {
    this.#state = this.#tensors.states.map((part) => {
      const zeros = arrayOf[part.type](new Array(part.count).fill(0));
      return new this.#runtime.Tensor(part.type, zeros, part.shape);
    });
  }

  #encode(token) {
    const { tokens, isOneHot } = this.#tensors;
    if (isOneHot) {
      return new Float32Array(sizeOf(tokens.shape)).fill(1, token, token + 1);
    }
    return tokens.type === "int64" ? BigInt64Array.of(BigInt(token)) : Int32Array.of(token);
  }

  // What the file does not say shows in the first run.
  #try(results) {
    const { logits, states } = this.#tensors;
    const numbers = results[logits.name].data;
    if (areProbabilities(numbers)) {
      throw new InputError(`the output "${logits.name}" consists of probabilities, which add up to 1, in place of logits: export ` +
        "the model without the softmax; the tool itself takes the logits from which they are computed");
    }
    checkLogits({ name: logits.name, type: logits.type, shape: [numbers.length] }, this.#V);
    states.forEach((part) => checkShape(part, { name: part.output, shape: results[part.output].dims }));
  }

  /** Takes one token; returns the logits of the next. */
  async step(token) {
    const { tokens, logits, states, constants } = this.#tensors;
    if (this.resetTokens.has(token)) {
      this.reset();
    }
    const feeds = { [tokens.name]: new this.#runtime.Tensor(tokens.type, this.#encode(token), tokens.shape) };
    states.forEach(({ name }, k) => (feeds[name] = this.#state[k]));
    constants.forEach(({ name, type, data, shape }) => (feeds[name] = new this.#runtime.Tensor(type, data, shape)));
    const results = await this.#session.run(feeds, [logits.name, ...states.map(({ output }) => output)]);
    this.#state = states.map(({ output }) => results[output]);
    const numbers = results[logits.name].data;
    if (!this.#isTried) {
      this.#try(results);
    }
    this.#isTried = true;
    return numbers;
  }

  // The twin of ql_text_rules_block: the tokens that must not be drawn, in the sampler's form. null: none.
  #block(blocked) {
    if (this.#specials.length === 0) {
      return blocked;
    }
    const words = blocked === null ? new Uint32Array(Math.ceil(this.#V / 32)) : Uint32Array.from(blocked);
    this.#specials.forEach((token) => (words[token >>> 5] |= 1 << (token % 32)));
    return words;
  }

  /**
   * Draws tokens without end, from zero state. `prompt` holds the tokens that the text begins with; they are taken, not
   * given. A filter (filter.js) sees every token that is taken. `this.logits` are those of the token drawn last.
   */
  async *write(sampler, prompt = [], filter = null) {
    this.reset();
    let token = this.firstToken;
    for (const next of prompt) {
      await this.step(token);
      filter?.step(token);
      token = next;
    }
    for (;;) {
      const blocked = this.#block(filter?.step(token) ?? null);
      this.logits = await this.step(token);
      token = sample(sampler, this.logits, blocked);
      if (token < 0) {
        throw new InputError(this.logits.every(Number.isFinite)
          ? "the filter and the lexicon leave the model no token to go on with; compile them for its vocabulary"
          : "the model's output is not a finite number");
      }
      yield token;
    }
  }
}
