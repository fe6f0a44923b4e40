// The samplers, the choice between candidates, and their arithmetic, as docs/sampling.md specifies them; the twin of
// device/{random,activation,sampler,candidate}.h and device/sampler_s32.h.
// With the same seed and settings both draw the same tokens from the same logits, bit for bit.
// Uses: nothing. The numbers in the comments (R1, E2, S4 ...) refer to the steps on that page.

const f = Math.fround;

// One float and its bits, in the same four bytes.
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The 32 bits of a number, rounded to float. */
export function bitsOf(number) {
  float[0] = number;
  return bits[0];
}

/** The float with these 32 bits. */
export function fromBits(integer) {
  bits[0] = integer;
  return float[0];
}

// Random numbers

function rotate(integer, count) {
  return ((integer << count) | (integer >>> (32 - count))) >>> 0;
}

/** The mixing of R1: every bit of an integer moves every bit of the result. */
export function mix(integer) {
  let x = integer;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** R1: the state of a generator, four 32-bit integers, from a seed of 32 bits. */
export function randomState(seed) {
  return Uint32Array.from([1, 2, 3, 4], (k) => mix((seed + Math.imul(k, 0x9e3779b9)) >>> 0));
}

/** R2: the next integer, 0 to 2^32 - 1. Changes the state. */
export function randomInteger(state) {
  const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotate(state[3], 11);
  return result;
}

/** R3: the next number in [0, 1), a float. Changes the state. */
export function randomNumber(state) {
  return (randomInteger(state) >>> 8) / 16777216;
}

// exp, sigmoid, tanh

const INVERSE_LN2 = fromBits(0x3fb8aa3b);
const ROUND = fromBits(0x4b400000);
const LN2_HIGH = fromBits(0x3f318000);
const LN2_LOW = fromBits(0xb95e8083);
const Q = [0x3ab6a194, 0x3c0905ba, 0x3d2aaa75, 0x3e2aaa6e, 0x3f000000].map(fromBits); // Q4 ... Q0

// E1: x = n ln 2 + r; returns 2^n, and e^r - 1.
function expParts(x) {
  const shifted = f(f(x * INVERSE_LN2) + ROUND);
  const n = f(shifted - ROUND);
  const r = f(f(x - f(n * LN2_HIGH)) - f(n * LN2_LOW));
  const q = Q.reduce((sum, coefficient) => f(f(sum * r) + coefficient));
  return {
    power: fromBits((bitsOf(shifted) << 23) + 0x3f800000),
    expm1: f(r + f(f(r * r) * q)),
  };
}

/** E2: e^x for x in [-87, 87]; beyond, the value at the nearer end. */
export function exp(x) {
  const { power, expm1 } = expParts(x < -87 ? -87 : x > 87 ? 87 : f(x));
  return f(power * f(1 + expm1));
}

/** E3: 1 / (1 + e^-x). */
export function sigmoid(x) {
  return f(1 / f(1 + exp(-x)));
}

/** E4: the hyperbolic tangent. */
export function tanh(x) {
  const sign = bitsOf(x) & 0x80000000;
  const magnitude = f(Math.abs(x));
  const { power, expm1 } = expParts(f(2 * (magnitude > 10 ? 10 : magnitude)));
  const e = f(f(power * expm1) + f(power - 1));
  return fromBits(bitsOf(f(e / f(e + 2))) ^ sign);
}

// The sampler

/**
 * A sampler: settings and a generator of random numbers.
 * temperature >= 0 (0 always takes the largest logit), topP in (0, 1] (1 is off), topK (0 is off), seed of 32 bits.
 */
export function makeSampler({ temperature, topP = 1, topK = 0, seed }) {
  return { temperature: f(temperature), topP: f(topP), topK, random: randomState(seed) };
}

// Candidates, order, and limits are the same for both samplers; `add` is what differs: sums of floats are rounded,
// those of whole numbers are not.

/** S0 and S2, J0 and J1: the tokens that are not blocked, and the one with the largest logit (-1 without any). */
function listCandidates(logits, blocked) {
  const candidates = [];
  let best = -1;
  for (let v = 0; v < logits.length; v++) {
    if (blocked === null || !((blocked[v >>> 5] >>> (v % 32)) & 1)) {
      candidates.push(v);
      if (best < 0 || logits[v] > logits[best]) {
        best = v;
      }
    }
  }
  return { candidates, best };
}

/** S5 and J4: the candidates in order, those with the larger key first. */
function sortCandidates(candidates, keys) {
  return candidates.sort((a, b) => keys[b] - keys[a] || a - b);
}

/** S6 and S7, J5 and J6: the candidates that may be drawn, and the sum of their weights. */
function limit(order, weights, total, topK, wantedOf, add) {
  let kept = order;
  let sum = total;

  if (topK > 0 && topK < order.length) {
    kept = order.slice(0, topK);
    sum = kept.reduce((partial, v) => add(partial, weights[v]), 0);
  }
  const wanted = wantedOf(sum);
  if (wanted !== null) {
    let n = 0;
    sum = 0;
    do {
      sum = add(sum, weights[kept[n++]]);
    } while (sum < wanted && n < kept.length);
    kept = kept.slice(0, n);
  }
  return { kept, sum };
}

/** S9 and J8: the first candidate at which the sum of the weights is greater than `drawn`, or the last one. */
function find(kept, weights, drawn, add) {
  let passed = 0;
  for (const v of kept) {
    passed = add(passed, weights[v]);
    if (passed > drawn) {
      return v;
    }
  }
  return kept[kept.length - 1];
}

/**
 * Draws a token from the logits, a Float32Array or an array of floats. Changes the sampler's random state.
 * Token v must not be drawn where bit v % 32 of blocked[v / 32], a Uint32Array, is set; null blocks none.
 * Returns the token, or -1 when a logit is not a finite number, or when all tokens are blocked.
 */
export function sample(sampler, logits, blocked = null) {
  const { temperature, topP, topK, random } = sampler;
  const add = (a, b) => f(a + b);

  // S0, S1, S2
  if (!logits.every(Number.isFinite)) {
    return -1;
  }
  const { candidates, best } = listCandidates(logits, blocked);

  // S3
  if (temperature === 0 || candidates.length === 0) {
    return best;
  }

  // S4
  const weights = new Float32Array(logits.length);
  let total = 0;
  for (const v of candidates) {
    weights[v] = exp(f(f(logits[v] - logits[best]) / temperature));
    total = add(total, weights[v]);
  }

  // S5, S6, S7
  const order = sortCandidates(candidates, weights);
  const { kept, sum } = limit(order, weights, total, topK, (all) => (topP < 1 ? f(topP * all) : null), add);

  // S8, S9
  return find(kept, weights, f(randomNumber(random) * sum), add);
}

// The sampler of integer logits: the twin of device/sampler_s32.h

const TEMPERATURE_ONE = 4096;
const SHARE_ONE = 65536;
const HALVINGS_LIMIT = 17 * 2 ** 27;
const RATE_OF_ONE = 774541002;

// I1: no entry is closer than 0.01 to a rounding boundary, so any Math.pow will do.
const POWERS = Array.from({ length: 65 }, (_, k) => Math.floor(65536 * 2 ** (-k / 64) + 0.5));

/** I2: a setting in units of 1 / one, rounded; what is not 0 stays so, and what is 2^31 or more is 2^31 - 1. */
export function units(value, one) {
  const rounded = Math.min(Math.floor(f(value) * one + 0.5), 2 ** 31 - 1);
  return rounded === 0 && value > 0 ? 1 : rounded;
}

/** I3: 2^16 2^(-x / 2^27), rounded; x is a whole number up to 17 * 2^27. */
export function power(x) {
  const halvings = Math.floor(x / 2 ** 27);
  const place = Math.floor(x / 2 ** 21) % 64;
  const part = Math.floor(x / 2 ** 11) % 1024;
  const value = POWERS[place] - Math.floor(((POWERS[place] - POWERS[place + 1]) * part + 512) / 1024);
  return Math.floor((value + Math.floor(2 ** halvings / 2)) / 2 ** halvings);
}

/** A sampler of integer logits; the settings are those of makeSampler. */
export function makeIntegerSampler({ temperature, topP = 1, topK = 0, seed }) {
  return {
    temperature: units(temperature, TEMPERATURE_ONE),
    topP: units(topP, SHARE_ONE),
    topK,
    random: randomState(seed),
  };
}

/**
 * Draws a token from integer logits in units of 2^-10. Changes the sampler's random state. `blocked` is that of sample.
 * Returns the token, or -1 when all tokens are blocked.
 */
export function sampleInteger(sampler, logits, blocked = null) {
  const { temperature, topP, topK, random } = sampler;
  const add = (a, b) => a + b;

  // J0, J1
  const { candidates, best } = listCandidates(logits, blocked);

  // J2
  if (temperature === 0 || candidates.length === 0) {
    return best;
  }

  // J3
  const rate = Math.min(
    Math.max(Math.floor((RATE_OF_ONE + Math.floor(temperature / 2)) / temperature), 1),
    HALVINGS_LIMIT,
  );
  const furthest = Math.floor(HALVINGS_LIMIT / rate);
  const weights = new Uint32Array(logits.length);
  let total = 0;
  for (const v of candidates) {
    const distance = logits[best] - logits[v];
    weights[v] = distance > furthest ? 0 : power(distance * rate);
    total += weights[v];
  }

  // J4, J5, J6
  const order = sortCandidates(candidates, logits);
  const wantedOf = (all) => (topP < SHARE_ONE ? Math.floor((all * topP) / SHARE_ONE) : null);
  const { kept, sum } = limit(order, weights, total, topK, wantedOf, add);

  // J7
  const unused = Math.clz32(sum - 1);
  let drawn;
  do {
    drawn = randomInteger(random) >>> unused;
  } while (drawn >= sum);

  // J8
  return find(kept, weights, drawn, add);
}

// The best of several texts: the twin of device/candidate.h

const COST_ONE = 1024;
const COST_FURTHEST = 2 ** 20;
const COST_RATE = 189097;
const COST_LN2 = 45426;
const COST_LARGEST = 2 ** 32 - 1;

/** B2: the whole part of 2^10 log2(total), up to what is lost in 16 bits; total is a whole number of at least 1. */
function log2Units(total) {
  let result = 31 - Math.clz32(total);
  let part = result > 15 ? total >>> (result - 15) : total << (15 - result);
  for (let k = 0; k < 10; k++) {
    part = Math.floor((part * part) / 32768);
    result *= 2;
    if (part >= 65536) {
      part >>>= 1;
      result++;
    }
  }
  return result;
}

function costOf(logits, token, distanceOf) {
  const largest = logits.reduce((a, b) => (b > a ? b : a));
  let total = 0;
  for (const logit of logits) {
    const distance = distanceOf(largest, logit);
    total += distance > Math.floor(HALVINGS_LIMIT / COST_RATE) ? 0 : power(distance * COST_RATE);
  }
  const base = Math.floor(((log2Units(total) - 16 * COST_ONE) * COST_LN2 + 32768) / 65536);
  return base + distanceOf(largest, logits[token]);
}

/** B1 to B3: the cost of a token by logits in float. */
export function cost(logits, token) {
  return costOf(logits, token, (largest, logit) => {
    const units = f(f(largest - logit) * COST_ONE);
    return units < COST_FURTHEST ? Math.floor(f(units + 0.5)) : COST_FURTHEST;
  });
}

/** B1 to B3 for integer logits. */
export function costInteger(logits, token) {
  return costOf(logits, token, (largest, logit) => Math.min(largest - logit, COST_FURTHEST));
}

/** The seed of candidate `number`, from 0. */
export function candidateSeed(seed, number) {
  return number === 0 ? seed : mix((seed ^ mix((number + 0x9e3779b9) >>> 0)) >>> 0);
}

/** Ranks of candidates; the smaller goes before the larger. */
export const INSIDE = 0, OUTSIDE = 1, REFUSED = 2;

/** B4: adds a token that was drawn to a candidate, { cost, characters, rank }. */
export function addToken(candidate, tokenCost, characters) {
  candidate.cost = Math.min(candidate.cost + tokenCost, COST_LARGEST);
  candidate.characters += characters;
}

/** B5: whether `left` is better than `right`. The products are exact for up to 2^21 characters. */
export function isBefore(left, right) {
  return left.rank !== right.rank ? left.rank < right.rank : left.cost * right.characters < right.cost * left.characters;
}
