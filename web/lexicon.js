// The lexicon, the list of the only words that a text may contain, as docs/lexicon.md specifies it; the twin of
// device/lexicon.h.
// It reads the file that `quillet lexicon` writes. Uses: nothing.

// Kinds of symbols, flags of edges and of states: device/lexicon.h explains them.
export const WORD = 1, UPPER = 2, SPACE = 4, MARK = 8, STOP = 16, END = 32;
export const CAPITAL = 0, NO_LABEL = 63, LABEL = 63, LAST = 1 << 6, ENDING = 1 << 7, GOAL_SHIFT = 8;

const MAGIC = "QLLEXICO";
const HEADER_BYTES = 24;
const SPACES = " \t\u00a0", STOPS = ".!?:\u2026";
const MARKS = "\"'()[]{}\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a";

/** The file is not a lexicon, or a damaged one, or not one for the model's vocabulary. */
export class LexiconError extends Error {}

function checksum(bytes) {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261);
}

// Whether words could go on without end. In a file of the tool nodes come after those that they lead to.
function hasCircle(edges) {
  let first = 1;
  return edges.some((edge, k) => {
    const isForward = k > 0 && edge >>> GOAL_SHIFT >= first;
    first = k > 0 && edge & LAST ? k + 1 : first;
    return isForward;
  });
}

/** Reads the bytes of a .qlx file, a Uint8Array; `file` is for messages. */
export function readLexicon(bytes, file) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) {
    throw new LexiconError(`${file}: is not a lexicon; \`quillet lexicon --output FILE.qlx\` makes one`);
  }
  const [version, , letterCount, edgeCount] = [8, 12, 16, 20].map((place) => view.getUint32(place, true));
  const edgesAt = HEADER_BYTES + 4 * letterCount, end = edgesAt + 3 * edgeCount;
  if (version !== 1) {
    throw new LexiconError(`${file}: has version ${version} of the format, and this program reads version 1`);
  }
  if (end + 4 !== bytes.length || view.getUint32(end, true) !== checksum(bytes.subarray(0, end))) {
    throw new LexiconError(`${file}: the lexicon is damaged or cut short; compile it again`);
  }
  const edges = Uint32Array.from({ length: edgeCount }, (_, k) =>
    bytes[edgesAt + 3 * k] | (bytes[edgesAt + 3 * k + 1] << 8) | (bytes[edgesAt + 3 * k + 2] << 16));
  // Without its last edge a node would have no end.
  if (edges.some((edge) => edge >>> GOAL_SHIFT >= edgeCount) || (edgeCount > 1 && !(edges[edgeCount - 1] & LAST)) ||
      hasCircle(edges)) {
    throw new LexiconError(`${file}: an edge of the lexicon leads nowhere; compile it again`);
  }
  return {
    file,
    letters: Array.from({ length: letterCount }, (_, k) => view.getUint32(HEADER_BYTES + 4 * k, true)),
    edges,
  };
}

function readSymbol(symbol, letters) {
  let small = symbol, kind = 0;
  if (symbol === "\n") {
    kind = END;
  } else if (/^[\p{L}\p{N}\p{M}]$/u.test(symbol)) {
    // The one letter whose small form has two code points: one of them here, as in utf8proc.
    small = symbol === "\u0130" ? "i" : symbol.toLowerCase();
    kind = WORD | (small === symbol ? 0 : UPPER);
  } else {
    small = symbol === "\u2019" ? "'" : symbol === "\u2010" || symbol === "\u2011" ? "-" : symbol;
    kind = SPACES.includes(symbol) ? SPACE : STOPS.includes(symbol) ? STOP : MARKS.includes(symbol) ? MARK : 0;
  }
  const label = letters.indexOf(small.codePointAt(0), 1);
  return { kind, label: label < 0 ? NO_LABEL : label };
}

// Refuses a vocabulary with which a text could begin a word that no token ends, as check_binding in
// src/filter/lexicon_file.c does. `readings` are those of single symbols. Nodes come after those that they lead to, so
// one pass over the edges is enough.
function checkVocabulary({ file, letters, edges }, readings) {
  if (!readings.some(({ kind }) => kind & (SPACE | END))) {
    throw new LexiconError(`${file}: the model's vocabulary has neither a space nor a newline, so no word could end; ` +
      "leave out the lexicon");
  }
  const has = [0, UPPER].map((upper) => new Set(readings.filter(({ kind }) => (kind & UPPER) === upper)
    .map(({ label }) => label).filter((label) => label !== NO_LABEL)));
  // By the first edge of a node, reached after a letter, or after a capital's mark: whether a word can end behind it.
  const alive = [new Set(), new Set()];
  const root = edges[0] >>> GOAL_SHIFT;
  let first = 1;
  for (let k = 1; k < edges.length; k++) {
    const label = edges[k] & LABEL, goal = edges[k] >>> GOAL_SHIFT;
    for (const upper of [0, 1]) {
      // The first letter of a lower-case word may be a capital.
      const isLetter = has[upper].has(label) || (first === root && has[1].has(label));
      const isTaken = label === CAPITAL ? upper === 0 && alive[1].has(goal) : isLetter;
      const isEnding = label === CAPITAL || (edges[k] & ENDING) !== 0 || alive[0].has(goal);
      if (isTaken && !isEnding) {
        throw new LexiconError(`${file}: after '${String.fromCodePoint(letters[label])}' some words go on only with ` +
          "letters that the model's vocabulary lacks; compile the lexicon again with --text, the text that the model was " +
          "trained on");
      }
      if (isTaken) {
        alive[upper].add(first);
      }
    }
    first = edges[k] & LAST ? k + 1 : first;
  }
}

const START = { edges: [0, 0], outside: true, begin: true, sentence: true };

/**
 * A lexicon at work on one text, for a model with these tokens (strings of one code point or more each).
 * @throws {LexiconError} where a word could begin that no token ends.
 */
export class Lexicon {
  #table;
  #edges;
  #readings;
  #state = START;

  constructor(table, symbols) {
    this.#table = table;
    this.#edges = table.edges;
    this.#readings = symbols.map((text) => [...text].map((symbol) => readSymbol(symbol, table.letters)));
    checkVocabulary(table, this.#readings.filter(({ length }) => length === 1).flat());
  }

  /** What readLexicon has read. */
  get table() {
    return this.#table;
  }

  /** How the symbols of each token read: a label and a kind. */
  get readings() {
    return this.#readings;
  }

  /** Begins a text. */
  reset() {
    this.#state = START;
  }

  #find(edge, label) {
    for (let next = this.#edges[edge] >>> GOAL_SHIFT; next !== 0; next++) {
      if ((this.#edges[next] & LABEL) === label) {
        return next;
      }
      if (this.#edges[next] & LAST) {
        break;
      }
    }
    return 0;
  }

  #findLetter(edge, label, upper) {
    const before = upper ? this.#find(edge, CAPITAL) : edge;
    return upper && before === 0 ? 0 : this.#find(before, label);
  }

  #isBetween({ edges, outside }) {
    return outside || edges.some((edge) => edge !== 0 && this.#edges[edge] & ENDING);
  }

  // The state after one symbol, and whether the list permits it.
  #take(now, { kind, label }) {
    const between = this.#isBetween(now), upper = (kind & UPPER) !== 0;
    if (kind & END) {
      return [START, between];
    }
    let found = [0, 0], first = [0, 0];
    if (label !== NO_LABEL) {
      found = now.edges.map((edge) => (edge === 0 ? 0 : this.#findLetter(edge, label, upper)));
      first = now.begin
        ? [this.#findLetter(0, label, upper), upper && now.sentence ? this.#findLetter(0, label, false) : 0] : first;
    }
    const edges = found.map((edge, k) => edge || first[k]);
    const isOpen = edges[0] !== 0 || edges[1] !== 0;
    if (kind & WORD) {
      return [{ edges, outside: !isOpen, begin: false, sentence: false }, isOpen];
    }
    if (!between && isOpen) {
      return [{ edges, outside: false, begin: false, sentence: false }, true];
    }
    const begin = (kind & SPACE) !== 0 || ((kind & MARK) !== 0 && now.begin);
    const sentence = kind & STOP ? true : kind & SPACE ? now.sentence : kind & MARK ? now.begin || now.sentence : false;
    return [{ edges, outside: true, begin, sentence }, between || isOpen];
  }

  #after(now, token) {
    let state = now, permitted = true;
    for (const reading of this.#readings[token]) {
      const [next, isPermitted] = this.#take(state, reading);
      state = next;
      permitted &&= isPermitted;
    }
    return [state, permitted];
  }

  /** Takes a token; returns the tokens that must not come next as the sampler takes them. */
  step(token) {
    [this.#state] = this.#after(this.#state, token);
    const blocked = new Uint32Array(Math.ceil(this.#readings.length / 32));
    this.#readings.forEach((_, v) => {
      if (!this.#after(this.#state, v)[1]) {
        blocked[v >>> 5] |= 1 << (v % 32);
      }
    });
    return blocked;
  }

  /** Whether the text may end with this token, which has not been taken yet. */
  mayEnd(token) {
    const [state, permitted] = this.#after(this.#state, token);
    return permitted && this.#isBetween(state);
  }
}
