// Tests the JavaScript sampler against test vectors that the C sampler wrote, and against values in docs/sampling.md.
// Uses: node's own test runner: node --test web/sampler.test.js
// QL_SAMPLER_VECTORS may name a further file of vectors; CTest makes one with thousands of cases.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import {
  addToken,
  bitsOf,
  candidateSeed,
  cost,
  costInteger,
  exp,
  fromBits,
  isBefore,
  makeIntegerSampler,
  makeSampler,
  power,
  randomInteger,
  randomState,
  sample,
  sampleInteger,
  sigmoid,
  tanh,
  units,
} from "./sampler.js";

const golden = new URL("../tests/golden/sampler_vectors.json", import.meta.url);
const files = [golden, process.env.QL_SAMPLER_VECTORS].filter(Boolean);

for (const file of files) {
  const vectors = JSON.parse(readFileSync(file, "utf8"));

  test(`random numbers of ${file} are the same as in C`, () => {
    assert.ok(vectors.random.length > 0);
    for (const { seed, state, integers } of vectors.random) {
      const random = randomState(seed);
      assert.deepEqual([...random], state);
      assert.deepEqual(integers.map(() => randomInteger(random)), integers, `seed ${seed}`);
    }
  });

  test(`activations of ${file} have the same bits as in C`, () => {
    assert.ok(vectors.activations.length > 0);
    for (const [x, ...expected] of vectors.activations) {
      const actual = [exp, sigmoid, tanh].map((activation) => bitsOf(activation(fromBits(x))));
      assert.deepEqual(actual, expected, `x = ${fromBits(x)}`);
    }
  });

  test(`tokens of ${file} are the same as in C`, () => {
    assert.ok(vectors.draws.length > 0);
    vectors.draws.forEach(({ temperature, top_p, top_k, seed, logits, blocked, tokens, costs, state }, number) => {
      const sampler = makeSampler({ temperature: fromBits(temperature), topP: fromBits(top_p), topK: top_k, seed });
      const floats = Float32Array.from(logits, fromBits);
      const given = blocked.some((word) => word !== 0) ? Uint32Array.from(blocked) : null;
      assert.deepEqual(tokens.map(() => sample(sampler, floats, given)), tokens, `case ${number}`);
      assert.deepEqual(tokens.map((token) => (token < 0 ? 0 : cost(floats, token))), costs, `case ${number}: costs`);
      assert.deepEqual([...sampler.random], state, `case ${number}: random numbers used`);
    });
  });

  test(`powers of ${file} are the same as in C`, () => {
    assert.ok(vectors.powers.length > 0);
    for (const [x, expected] of vectors.powers) {
      assert.equal(power(x), expected, `x = ${x}`);
    }
  });

  test(`tokens of integer logits of ${file} are the same as in C`, () => {
    assert.ok(vectors.integer_draws.length > 0);
    vectors.integer_draws.forEach((draw, number) => {
      const { temperature, top_p, top_k, seed, settings, logits, blocked, tokens, costs, state } = draw;
      const floats = { temperature: fromBits(temperature), topP: fromBits(top_p), topK: top_k, seed };
      const sampler = makeIntegerSampler(floats);
      const given = blocked.some((word) => word !== 0) ? Uint32Array.from(blocked) : null;
      assert.deepEqual([sampler.temperature, sampler.topP], settings, `case ${number}: settings`);
      assert.deepEqual(tokens.map(() => sampleInteger(sampler, logits, given)), tokens, `case ${number}`);
      assert.deepEqual(tokens.map((token) => (token < 0 ? 0 : costInteger(logits, token))), costs, `case ${number}: costs`);
      assert.deepEqual([...sampler.random], state, `case ${number}: random numbers used`);
    });
  });

  test(`choices of ${file} are the same as in C`, () => {
    assert.ok(vectors.choices.length > 0);
    vectors.choices.forEach(({ seed, candidates, chosen }, number) => {
      const read = candidates.map(([, tokenCost, characters, rank]) => {
        const candidate = { cost: 0, characters: 0, rank };
        addToken(candidate, tokenCost, characters);
        return candidate;
      });
      assert.deepEqual(candidates.map((_, k) => candidateSeed(seed, k)), candidates.map(([own]) => own), `case ${number}`);
      assert.equal(read.reduce((best, own, k) => (isBefore(own, read[best]) ? k : best), 0), chosen, `case ${number}`);
    });
  });
}

test("the cost of a text stays at its largest value", () => {
  const candidate = { cost: 4294967290, characters: 7, rank: 0 };
  addToken(candidate, 6, 2);
  assert.deepEqual(candidate, { cost: 4294967295, characters: 9, rank: 0 });
});

test("costs are nats in units of 1/1024", () => {
  const logits = [1.5, -2, 0.25, 3, 0];
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  logits.forEach((logit, token) => {
    const nats = Math.log(total) - logit;
    assert.ok(Math.abs(cost(Float32Array.from(logits), token) - 1024 * nats) < 1.5, `token ${token}`);
    assert.ok(Math.abs(costInteger(logits.map((l) => 1024 * l), token) - 1024 * nats) < 1.5, `token ${token}`);
  });
});

test("settings in whole units are rounded from floats, and stay above 0", () => {
  assert.deepEqual([0, 0.0001, 0.7, 1, 100].map((t) => units(t, 4096)), [0, 1, 2867, 4096, 409600]);
});

test("settings that are not floats are rounded to floats first", () => {
  const draw = (temperature) => {
    const sampler = makeSampler({ temperature, topP: 0.9, seed: 7 });
    return Array.from({ length: 100 }, () => sample(sampler, [1, 3, 2, 3, -1, 0.5]));
  };
  assert.deepEqual(draw(0.7), draw(Math.fround(0.7)));
});

test("NaN stays NaN, and a NaN among the logits draws nothing", () => {
  for (const activation of [exp, sigmoid, tanh]) {
    assert.ok(Number.isNaN(activation(NaN)));
  }
  const sampler = makeSampler({ temperature: 1, seed: 1 });
  assert.equal(sample(sampler, [0, NaN]), -1);
  assert.deepEqual(sampler.random, randomState(1));
});

test("weights are added up in float, where the smallest are lost", () => {
  const logits = new Float32Array(2000).fill(-17.4);
  logits[0] = 0;
  const sampler = makeSampler({ temperature: 1, seed: 1 });
  // R2 backward: 5 s[1], rotated by 7, times 9 is to be the largest integer. 0xcccccccd is 1/5, 0x38e38e39 is 1/9.
  const product = Math.imul(0xffffffff, 0x38e38e39);
  sampler.random[1] = Math.imul((product >>> 7) | (product << 25), 0xcccccccd);
  assert.equal(sample(sampler, logits), 0);
});
