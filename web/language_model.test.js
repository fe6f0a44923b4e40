// Tests how a language model is run, with a stub for the runtime: the roles of inputs and outputs, and the flow of the
// state.
// Uses: node's own test runner: node --test web/language_model.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { InputError, readDescriptor } from "./descriptor.js";
import { LanguageModel, findTensors } from "./language_model.js";
import { makeSampler } from "./sampler.js";

const float = (name, ...shape) => ({ name, type: "float32", shape });
const int64 = (name, ...shape) => ({ name, type: "int64", shape });

const tokens = int64("tokens", "sequence", 1);

function describe(fields = {}) {
  return readDescriptor(JSON.stringify({ filename: "m.onnx", vocabulary: "\nabc", ...fields }), "m.json");
}

function find(inputs, outputs, fields) {
  const found = findTensors({ inputMetadata: inputs, outputMetadata: outputs }, describe(fields));
  return [found.tokens.name, found.logits.name, ...found.states.map(({ name, output }) => `${name}>${output}`)];
}

test("tokens, logits and one state are found by type and size", () => {
  assert.deepEqual(
    find([float("s", 1, 7), int64("ids", 1)], [float("t", 1, 7), float("p", 1, 4)]), ["ids", "p", "s>t"]);
  assert.deepEqual(
    find([float("x", "sequence", 1, 4), float("s", 1, 7)], [float("p", 1, 4), float("t", 1, 7)]), ["x", "p", "s>t"]);
});

test("what order alone would tell is refused, with the lines to write", () => {
  const h = [2, 1, 5];
  const y = float("y", "sequence", 1, 4);
  const says = (inputs, outputs, fields, pattern) => assert.throws(
    () => find(inputs, outputs, fields), (error) => error instanceof InputError && pattern.test(error.message));
  says([tokens, float("h0", ...h), float("c0", ...h)], [y, float("cn", ...h), float("hn", ...h)], {},
    /"states": \[\["h0", "cn"\], \["c0", "hn"\]\]/);
  says([tokens, float("h0", ...h)], [y, float("features", ...h), float("hn", ...h)], {}, /"states"/);
  says([tokens, float("h0", 1, 1, 4)], [y, float("hn", 1, 1, 4)], {}, /"logits": "y"/);
  assert.deepEqual(
    find([tokens, float("h0", 1, 1, 4)], [float("hn", 1, 1, 4), y], { logits: "y" }), ["tokens", "y", "h0>hn"]);
});

test("the descriptor can pair the states", () => {
  const h = [2, 1, 5];
  assert.deepEqual(
    find([tokens, float("a", ...h), float("b", ...h)], [float("y", 1, 1, 4), float("c", ...h), float("d", ...h)],
      { states: [["a", "d"], ["b", "c"]] }),
    ["tokens", "y", "a>d", "b>c"]);
});

test("the descriptor can say what a token does to a state", () => {
  const inputs = [tokens, float("keys", 1, 8, 4), int64("position", 1)];
  const outputs = [float("y", 1, 1, 4), float("new_keys", 1, 8, 4), int64("new_position", 1)];
  const layout = (states) => findTensors({ inputMetadata: inputs, outputMetadata: outputs }, describe({ tokens: "tokens", states })).states;
  assert.deepEqual(layout([["keys", "new_keys", "append"], ["position", "new_position", "counter"]]), [
    { name: "keys", output: "new_keys", kind: "append", type: "float32", shape: [1, 8, 4], count: 32 },
    { name: "position", output: "new_position", kind: "counter", type: "int64", shape: [1], count: 1 },
  ]);
  const narrow = (tensors) => tensors.map((tensor) => ({ ...tensor, type: tensor.name.endsWith("position") ? "int32" : tensor.type }));
  const metadata = { inputMetadata: narrow(inputs), outputMetadata: narrow(outputs) };
  const states = [["keys", "new_keys"], ["position", "new_position"]];
  assert.equal(findTensors(metadata, describe({ tokens: "tokens", states })).states[1].type, "int32");
  assert.deepEqual(layout([["keys", "new_keys"], ["position", "new_position"]]).map(({ kind }) => kind), ["replace", "replace"]);
  assert.throws(() => layout([["keys", "new_keys", "counter"], ["position", "new_position"]]), /"keys" "counter"/);
  assert.throws(() => layout([["keys", "new_keys"], ["position", "new_position", "append"]]), /"position" "append"/);
});

test("an input that stays the same is given its numbers, in its type and shape", () => {
  const inputs = [tokens, float("h0", 1, 1, 5), float("category", "batch", 3), int64("speaker", 1)];
  const outputs = [float("y", "sequence", 1, 4), float("hn", 1, 1, 5)];
  const constants = (given) => findTensors({ inputMetadata: inputs, outputMetadata: outputs },
    describe({ tokens: "tokens", constants: given })).constants;
  assert.deepEqual(constants({ category: [[0, 1, 0.5]], speaker: 7 }), [
    { name: "category", type: "float32", shape: [1, 3], data: Float32Array.of(0, 1, 0.5) },
    { name: "speaker", type: "int64", shape: [1], data: BigInt64Array.of(7n) },
  ]);
  assert.throws(() => constants({ category: [0, 1], speaker: 7 }), /"category" 2 numbers/);
  assert.throws(() => constants({ size: 7 }), /"size"/);
  assert.throws(() => constants({ category: ["a"] }), /"constants" must be/);
  assert.throws(() => constants({ category: [] }), /"constants" must be/);
});

test("a model whose inputs or outputs make no sense is refused", () => {
  const y = float("y", "sequence", 1, 4);
  const refuses = (inputs, outputs, pattern, fields) => assert.throws(
    () => find(inputs, outputs, fields), (error) => error instanceof InputError && pattern.test(error.message));
  const h = [float("h0", 1, 1, 5), float("hn", 1, 1, 5)];
  refuses([float("x", 1, 1), h[0]], [y, h[1]], /no input/);
  refuses([tokens, int64("more", 1)], [y, h[1]], /more than one/);
  refuses([int64("tokens", 64, 1), h[0]], [y, h[1]], /64 numbers/);
  refuses([tokens, h[0]], [float("y", 1, 1, 5), h[1]], /4 floats/);
  refuses([tokens, h[0]], [y, float("hn", 1, 1, 6)], /h0.*hn/);
  refuses([tokens, h[0]], [y], /h0/);
  refuses([tokens], [y], /no state/);
  refuses([tokens, h[0]], [y, h[1]], /"z"/, { tokens: "z" });
  refuses([tokens, h[0], float("c0", 1, 1, 5)], [y, h[1], float("cn", 1, 1, 5)], /1 of the model's 2/,
    { states: [["h0", "hn"]] });
});

test("a size that the file leaves open for an output is no contradiction", () => {
  const y = float("y", "sequence", 1, 4);
  const cache = float("cache", 1, 8, 4);
  const fields = { tokens: "tokens", logits: "y", states: [["cache", "next"]] };
  const states = (...outputs) => findTensors({ inputMetadata: [tokens, cache], outputMetadata: outputs }, describe(fields)).states;
  for (const shape of [[1, "Slicenext_dim_1", 4], [undefined, -1, 4], []]) {
    assert.deepEqual(states(y, float("next", ...shape))[0].shape, [1, 8, 4]);
  }
  assert.equal(states(float("y", "sequence", "n"), float("next", 1, 8, 4)).length, 1);
  assert.throws(() => states(y, float("next", 1, "n", 5)), /\(1, 8, 4\) comes out as "next" with \(1, n, 5\)/);
  assert.throws(() => states(y, float("next", 1, "n")), /shape/);
  assert.throws(() => states(y, int64("next", 1, 8, 4)), /"cache" in float32 comes out as "next" in int64/);
  assert.throws(() => states(float("y", "sequence", 3), float("next", 1, 8, 4)), /4 floats/);
});

test("what the file left open is checked when it shows", async () => {
  const y = float("y", 1, "n");
  const run = (logits, dims) => {
    const session = {
      inputMetadata: [tokens, float("cache", 1, "past", 2)],
      outputMetadata: [y, float("next", 1, "total", 2)],
      run: async () => ({ y: new Tensor("float32", Float32Array.from(logits), [1, logits.length]),
        next: new Tensor("float32", new Float32Array(4), dims) }),
    };
    return new LanguageModel({ Tensor }, session, describe({ logits: "y" })).step(0);
  };
  assert.deepEqual(await run([1, 2, 3, 4], [1, 1, 2]), Float32Array.of(1, 2, 3, 4));
  await assert.rejects(run([1, 2, 3, 4], [1, 2, 2]), /\(1, 1, 2\) comes out as "next" with \(1, 2, 2\).*fixed length/);
  await assert.rejects(run([1, 2, 3], [1, 1, 2]), /has 3 numbers.*4 floats/);
});

// A model of four symbols: the state counts the tokens since the last reset, and the logits prefer token + state.
class Tensor {
  constructor(type, data, dims) {
    Object.assign(this, { type, data, dims });
  }
}

function makeModel(fields) {
  const session = {
    inputMetadata: [tokens, float("count", 1)],
    outputMetadata: [float("y", "sequence", 1, 4), float("counted", 1)],
    async run(feeds) {
      const sum = Number(feeds.tokens.data[0]) + feeds.count.data[0];
      const logits = Float32Array.from([0, 1, 2, 3], (v) => (v === sum % 4 ? 10 : 0));
      return {
        y: new Tensor("float32", logits, [1, 1, 4]),
        counted: new Tensor("float32", Float32Array.of(feeds.count.data[0] + 1), [1]),
      };
    },
  };
  return new LanguageModel({ Tensor }, session, describe(fields));
}

async function firstTokens(model, count, prompt) {
  const written = [];
  for await (const token of model.write(makeSampler({ temperature: 0, seed: 1 }), prompt)) {
    if (written.push(token) === count) {
      return written;
    }
  }
}

test("the state is carried from token to token, and a text begins from zero", async () => {
  const model = makeModel();
  assert.deepEqual(await firstTokens(model, 5), [0, 1, 3, 2, 2]);
  assert.deepEqual(await firstTokens(model, 5), [0, 1, 3, 2, 2]);
});

test("the state is reset before the symbol that the descriptor names", async () => {
  assert.deepEqual(await firstTokens(makeModel({ reset: "\n" }), 5), [0, 0, 0, 0, 0]);
});

test("a token that stands for no text is never drawn, with and without a filter", async () => {
  const drawn = async (vocabulary, filter) => {
    const model = makeModel({ vocabulary });
    for await (const token of model.write(makeSampler({ temperature: 0, seed: 1 }), [], filter)) {
      return token;
    }
  };
  assert.equal(await drawn("abcd"), 0);
  assert.equal(await drawn("\ufdd0bcd"), 1);
  assert.equal(await drawn("\ufdd0bcd", { step: () => Uint32Array.of(2) }), 2);
});

test("that a filter blocks every token is said, and not that the model's output is wrong", async () => {
  const model = makeModel();
  const drawn = model.write(makeSampler({ temperature: 0, seed: 1 }), [], { step: () => Uint32Array.of(15) });
  await assert.rejects(drawn.next(), /the filter and the lexicon leave the model no token/);
});

test("a prompt is taken before the first symbol is drawn", async () => {
  assert.deepEqual(await firstTokens(makeModel(), 2, [3, 1]), [3, 2]);
});

test("probabilities in place of logits are refused", async () => {
  class Tensor {
    constructor(type, data, shape) {
      Object.assign(this, { type, data, shape });
    }
  }
  const session = {
    inputMetadata: [tokens, float("h0", 1, 1, 1)],
    outputMetadata: [float("y", "sequence", 1, 4), float("hn", 1, 1, 1)],
    run: async () => ({ y: new Tensor("float32", Float32Array.of(0.01, 0.97, 0.01, 0.01), [1, 1, 4]),
      hn: new Tensor("float32", Float32Array.of(0), [1, 1, 1]) }),
  };
  await assert.rejects(new LanguageModel({ Tensor }, session, describe()).step(0), /probabilities/);
});
