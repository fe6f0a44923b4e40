// The filter of listed words and refused items, as docs/filter.md specifies it; the twin of device/filter.h.
// It reads the file that `quillet filter` writes. Uses: sampler.js (the mixing of integers).

import { mix } from "./sampler.js";

// Kinds of symbols, flags of edges, and modes of places: device/filter.h explains them.
const BOUNDARY = 1, JOINER = 2, SPACE = 4, END = 8, IGNORED = 16;
const GAP = 26, LATIN_LABELS = 32, NO_LABEL = 63, LABEL = 63;
const LAST = 1 << 6, WHOLE = 1 << 7, START = 1 << 8, FINAL = 1 << 9, ANY = 1 << 10, APART = 1 << 11, FREE = 1 << 12;
const GOAL_SHIFT = 13;
const INSIDE = 0, ANCHORED = 1, JOINED = 2, SPELLED = 3, MODE = 3, WAITING = 4, MODE_BITS = 3;
const ENDS = [FINAL, WHOLE | FINAL, APART, APART];

const MAGIC = "QLFILTER";
const VERSION = 2;
const HEADER_BYTES = 32;

/** The file is not a filter, or a damaged one. */
export class FilterError extends Error {}

function checksum(bytes) {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261);
}

/** Reads the bytes of a .qlf file, a Uint8Array; `file` is for messages. */
export function readFilter(bytes, file) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) {
    throw new FilterError(`${file}: is not a filter; \`quillet filter --output FILE.qlf\` makes one`);
  }
  const [version, edgeCount, rangeCount, block, seed] = [8, 12, 16, 20, 24].map((place) => view.getUint32(place, true));
  const rangesAt = HEADER_BYTES + 4 * edgeCount, itemsAt = rangesAt + 12 * rangeCount, end = itemsAt + 3 * block;
  if (version !== VERSION) {
    throw new FilterError(`${file}: has version ${version} of the format, and this program reads version ${VERSION}; ` +
      "compile the list again");
  }
  if (end + 4 !== bytes.length || view.getUint32(end, true) !== checksum(bytes.subarray(0, end))) {
    throw new FilterError(`${file}: the filter is damaged or cut short; compile the list again`);
  }
  const edges = Uint32Array.from({ length: edgeCount }, (_, k) => view.getUint32(HEADER_BYTES + 4 * k, true));
  // Without its last edge a node would have no end.
  if (edges.some((edge) => edge >>> GOAL_SHIFT >= edgeCount) || (edgeCount > 1 && !(edges[edgeCount - 1] & LAST))) {
    throw new FilterError(`${file}: an edge of the filter leads nowhere; compile the list again`);
  }
  return {
    file,
    edges,
    ranges: Array.from({ length: rangeCount }, (_, k) => {
      const place = rangesAt + 12 * k, reading = view.getUint32(place + 8, true);
      return {
        first: view.getUint32(place, true), last: view.getUint32(place + 4, true),
        label: reading & 255, kind: (reading >>> 8) & 255, keyShift: reading >>> 16,
      };
    }),
    fingerprints: bytes.slice(itemsAt, end), block, seed,
  };
}

// How a symbol reads; one in no range is a letter without a label.
function readingOf(symbol, ranges) {
  const range = ranges.find(({ first, last }) => symbol >= first && symbol <= last);
  if (range === undefined) {
    return { label: NO_LABEL, kind: 0, key: (symbol & 0x7fff) | 0x8000 };
  }
  const { label, kind, keyShift } = range;
  if (kind === 0 && label < LATIN_LABELS) {
    return { label, kind, key: label + 97 };
  }
  return { label, kind, key: kind !== 0 && keyShift === 0 ? 0 : (symbol + keyShift) & 0xffff };
}

// What ends at once with each label, and whether a listed word ends at a boundary, on the paths that a vocabulary with the
// labels of `has` can take.
function findEnds(edges, has) {
  const atOnce = new Set(), seen = new Set([0]), waiting = [0]; // the root's edges come first
  let atBoundary = false;
  while (waiting.length > 0) {
    for (let next = waiting.pop(), edge = 0; next < edges.length && !(edge & LAST); next++) {
      edge = edges[next];
      const label = edge & LABEL, goal = edge >>> GOAL_SHIFT;
      if (!has.has(label)) {
        continue;
      }
      if (edge & (ANY | START)) {
        atOnce.add(label);
      }
      atBoundary ||= (edge & (WHOLE | FINAL | APART)) !== 0;
      if (!seen.has(goal)) {
        seen.add(goal);
        waiting.push(goal);
      }
    }
  }
  return { atOnce, atBoundary };
}

// Refuses a vocabulary none of whose symbols is free after every text, as ql_filter_binding_check does. `readings` are
// those of single symbols, of which pieces consist.
function checkVocabulary({ file, edges }, readings) {
  const has = new Set(readings.map(({ label }) => label));
  if (readings.some(({ kind }) => kind & (JOINER | SPACE))) {
    has.add(GAP);
  }
  const { atOnce, atBoundary } = findEnds(edges, has);
  if (!readings.some(({ label, kind }) =>
    !atOnce.has(label) && !(kind & BOUNDARY && atBoundary) && !(kind & IGNORED))) {
    throw new FilterError(`${file}: after some texts the filter would leave the model nothing to say: every symbol of its ` +
      "vocabulary ends a listed word; list fewer words in full, or more of them without '*'");
  }
}

/**
 * A filter at work on one text, for a model with these symbols (strings of a code point, or of several).
 * @throws {FilterError} where a text could go on with none of them.
 */
export class Filter {
  #table;
  #readings; // of each token, those of its symbols
  #state;

  constructor(table, symbols) {
    this.#table = table;
    this.#readings = symbols.map((text) =>
      Array.from(text, (character) => readingOf(character.codePointAt(0), table.ranges)));
    checkVocabulary(table, this.#readings.filter(({ length }) => length === 1).flat());
    this.reset();
  }

  /** Whether there are items to refuse. */
  get hasItems() {
    return this.#table.block > 0;
  }

  /** Begins a text. */
  reset() {
    this.#state = this.stateWith();
  }

  #find(edge, label) {
    const { edges } = this.#table;
    for (let next = edges[edge] >>> GOAL_SHIFT; next !== 0; next++) {
      if ((edges[next] & LABEL) === label) {
        return next;
      }
      if (edges[next] & LAST) {
        break;
      }
    }
    return 0;
  }

  #advance(places, place, label) {
    const mode = place & MODE;
    if (mode === SPELLED && !(place & WAITING)) {
      return;
    }
    const next = this.#find(place >>> MODE_BITS, label);
    if (next !== 0 && (mode !== INSIDE || this.#table.edges[next] & FREE)) {
      places.add((next << MODE_BITS) | mode);
    }
  }

  #separate(places, place, kind) {
    const mode = place & MODE, edge = place >>> MODE_BITS;
    if (mode === SPELLED || (mode === JOINED && kind & JOINER)) {
      places.add(place | WAITING);
    } else if (mode <= ANCHORED) {
      if ((this.#table.edges[edge] & LABEL) === GAP) {
        places.add(place);
      } else {
        this.#advance(places, place, GAP);
        if (mode === ANCHORED && kind & JOINER) {
          places.add((edge << MODE_BITS) | JOINED | WAITING);
        }
      }
    }
  }

  #takeLetter(state, before, label, isOpening) {
    const { places } = state;
    const begin = isOpening ? this.#table.edges[label] : 0;
    for (const place of before) {
      this.#advance(places, place, label);
    }
    if (state.atBoundary && begin >>> GOAL_SHIFT !== 0) {
      places.add((label << MODE_BITS) | ANCHORED);
      places.add((label << MODE_BITS) | SPELLED);
    } else if (begin & FREE) {
      places.add((label << MODE_BITS) | INSIDE);
    }
    if (state.run === 3) {
      [...before, ...state.beforeRun].forEach((place) => places.add(place));
    } else if (state.run === 1) {
      state.beforeRun = [...places];
    }
  }

  #after(now, token) {
    return this.#readings[token].reduce((state, reading) => this.#afterSymbol(state, reading), now);
  }

  // With `isOpening`, listed words may begin here.
  #afterSymbol(now, { label, kind, key }, isOpening = true) {
    const state = { ...now };
    if (kind & END) {
      return this.stateWith();
    }
    if (key !== 0) {
      state.hash = Math.imul((now.hash === 0 ? 2166136261 : now.hash) ^ key, 16777619) >>> 0 || 1;
    }
    if (kind & IGNORED) {
      return state;
    }
    if (label === NO_LABEL) {
      state.run = 0;
    } else if (label !== now.label) {
      state.run = 1;
    } else {
      state.run = Math.min(now.run + 1, 3);
    }
    state.label = label;
    state.places = new Set();
    if (label !== NO_LABEL) {
      this.#takeLetter(state, now.places, label, isOpening);
    } else if (kind & (JOINER | SPACE)) {
      now.places.forEach((place) => this.#separate(state.places, place, kind));
    }
    state.atBoundary = (kind & BOUNDARY) !== 0;
    return state;
  }

  #completes({ places }) {
    return [...places].some((place) =>
      !(place & WAITING) && this.#table.edges[place >>> MODE_BITS] & ENDS[place & MODE]);
  }

  // Finds what must not come next: the labels that would complete a listed word, and whether boundaries would.
  #listed(state) {
    const { edges } = this.#table;
    const labels = new Set();
    for (const place of state.places) {
      const mode = place & MODE, flags = mode === INSIDE ? ANY : ANY | START;
      let next = edges[place >>> MODE_BITS] >>> GOAL_SHIFT;
      for (let edge = 0; mode !== SPELLED && next !== 0 && !(edge & LAST); next++) {
        edge = edges[next];
        if (edge & flags && (mode !== JOINED || edge & APART)) {
          labels.add(edge & LABEL);
        }
      }
    }
    return { labels, completes: this.#completes(state) };
  }

  // Goes through the symbols of a piece as they would be taken; `first` is what must not come now.
  #blocks(readings, state, first) {
    let now = state, listed = first;
    return readings.some((reading, k) => {
      if (k > 0) {
        now = this.#afterSymbol(now, readings[k - 1]);
        listed = this.#listed(now);
      }
      return listed.labels.has(reading.label) || (listed.completes && (reading.kind & (BOUNDARY | END)) !== 0);
    });
  }

  // The methods that take places or a state are for lexicon_check.js. A token stands for its first symbol there.

  /** The state in which a text begins; with places, one in which these are open and no word begins. */
  stateWith(places = []) {
    return { places: new Set(places), beforeRun: [], label: NO_LABEL, run: 0, atBoundary: true, hash: 0 };
  }

  /** The state after a symbol; without `isOpening`, leaves out the listed words that would begin with it. */
  stateAfter(state, token, isOpening) {
    return this.#afterSymbol(state, this.#readings[token][0], isOpening);
  }

  /** Whether this symbol would complete a listed word. */
  isBlocked(state, token) {
    return this.#blocks([this.#readings[token][0]], state, this.#listed(state));
  }

  /** Whether a listed word would be complete at this state. */
  completes(state) {
    return this.#completes(state);
  }

  /** Whether this symbol can be part of a listed word. */
  hasLabel(token) {
    return this.#readings[token][0].label !== NO_LABEL;
  }

  /** The places to which this one can come with a symbol that is not part of a word. None follows the end of an item. */
  placesAfter(place, token) {
    const { label, kind } = this.#readings[token][0];
    const places = new Set();
    if (kind & END) {
      return places;
    }
    if (kind & IGNORED) {
      places.add(place);
    } else if (label !== NO_LABEL) {
      this.#advance(places, place, label);
      places.add(place); // equal signs in a row also read as fewer
    } else if (kind & (JOINER | SPACE)) {
      this.#separate(places, place, kind);
    }
    return places;
  }

  /** Takes a token; returns the tokens that must not come next as the sampler takes them, or null for none. */
  step(token) {
    this.#state = this.#after(this.#state, token);
    const listed = this.#listed(this.#state);
    const blocked = new Uint32Array(Math.ceil(this.#readings.length / 32));
    let any = false;
    this.#readings.forEach((readings, v) => {
      if (this.#blocks(readings, this.#state, listed)) {
        blocked[v >>> 5] |= 1 << (v % 32);
        any = true;
      }
    });
    return any ? blocked : null;
  }

  /** Adds the signs that would complete a listed word to those that must not come next: with a lexicon only. */
  barSigns(blocked) {
    const completesAlong = (label) => [...this.#state.places].some((place) => {
      const next = this.#find(place >>> MODE_BITS, label);
      return next !== 0 && this.#table.edges[next] & ENDS[place & MODE];
    });
    this.#readings.forEach((readings, v) => {
      const { label, kind } = readings.at(-1);
      const completes = label !== NO_LABEL && kind & BOUNDARY &&
        (readings.length === 1 ? completesAlong(label) : this.#completes(this.#after(this.#state, v)));
      if (completes) {
        blocked[v >>> 5] |= 1 << (v % 32);
      }
    });
  }

  /** Whether the text may end with this token, which has not been taken yet. */
  mayEnd(token) {
    const state = this.#readings[token][0].kind & END ? this.#state : this.#after(this.#state, token);
    return !this.#completes(state);
  }

  /** Whether the item that has been taken must not be shown. Ask before its newline is taken. */
  refuses() {
    const { fingerprints, block, seed } = this.#table;
    const key = this.#state.hash;
    if (block === 0 || key === 0) {
      return false;
    }
    let found = 0;
    for (let k = 0; k < 3; k++) {
      found ^= fingerprints[k * block + (mix((key + seed + Math.imul(k + 1, 0x9e3779b9)) >>> 0) % block)];
    }
    return found === mix((key ^ seed) >>> 0) >>> 24;
  }
}
