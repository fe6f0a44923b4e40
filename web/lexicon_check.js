// Proves that a lexicon and a filter together always permit some token; the twin of src/filter/lexicon_check.c.
// The places of a filter's state move independently of each other. So it is enough to follow separately each place that
// can be open when a word begins, and the places that the word itself opens. Uses: lexicon.js.

import { CAPITAL, END, ENDING, GOAL_SHIFT, LABEL, LAST, MARK, NO_LABEL, SPACE, STOP, UPPER, WORD } from "./lexicon.js";

const WORD_LIMIT = 48; // labels of a word, at most

// Whether a word may begin after this sign: ql_lexicon_separate.
const isBegin = (begin, kind) => (kind & SPACE) !== 0 || (begin && (kind & STOP) === 0 && (kind & MARK) !== 0);

class Check {
  conflicts = [];
  #edges;
  #filter;
  #characters = []; // the tokens of one symbol, with their label and kind in the lexicon
  #tokens = [[], []]; // by label, a token for its lower case, or its capital
  #seen = new Set(); // places at which the text can be between words, each with whether a word may begin
  #waiting = [];

  constructor(lexicon, filter) {
    this.#edges = lexicon.table.edges;
    this.#filter = filter;
    lexicon.readings.forEach((readings, token) => {
      if (readings.length === 1) {
        const [{ label, kind }] = readings;
        this.#characters.push({ token, label, kind });
        if (label !== NO_LABEL) {
          this.#tokens[kind & UPPER ? 1 : 0][label] = token;
        }
      }
    });
  }

  run() {
    this.#openSigns();
    this.#walkWords(this.#filter.stateWith(), { isOwn: true, edge: 0, labels: [], upper: 0 });
    while (this.#waiting.length > 0) {
      const { place, begin } = this.#waiting.pop();
      this.#walkSigns(place, begin);
      if (begin) {
        this.#walkWords(this.#filter.stateWith([place]), { isOwn: false, edge: 0, labels: [], upper: 0 });
      }
    }
  }

  // Remembers that a place can be open between words.
  #reach(place, begin) {
    const number = 2 * place + (begin ? 1 : 0);
    if (!this.#seen.has(number)) {
      this.#seen.add(number);
      this.#waiting.push({ place, begin });
    }
  }

  // Follows all words that go on from an edge. With `isOwn`, also the places that the word itself opens.
  #walkWords(state, { isOwn, edge, labels, upper }) {
    if (labels.length === WORD_LIMIT) {
      return;
    }
    let next = this.#edges[edge] >>> GOAL_SHIFT;
    while (next !== 0) {
      const word = this.#edges[next], label = word & LABEL;
      const token = this.#tokens[upper][label] ?? this.#tokens[1 - upper][label];
      const walk = { isOwn, edge: next, labels: [...labels, label], upper: label === CAPITAL ? 1 : 0 };
      if (label === CAPITAL) {
        this.#walkWords(state, walk);
      } else if (token !== undefined) {
        this.#takeLetter(state, walk, token, (word & ENDING) !== 0);
      }
      next = word & LAST ? 0 : next + 1;
    }
  }

  #takeLetter(state, walk, token, isEnding) {
    const { isOwn, labels } = walk;
    if (this.#filter.isBlocked(state, token)) {
      this.conflicts.push({ labels, ends: false });
      return;
    }
    const after = this.#filter.stateAfter(state, token, isOwn);
    if (isEnding && this.#filter.completes(after)) {
      this.conflicts.push({ labels, ends: true });
    } else if (isEnding) {
      after.places.forEach((place) => this.#reach(place, false));
    }
    if (isOwn || after.places.size > 0) {
      this.#walkWords(after, walk);
    }
  }

  // Moves on from a place between words, with each symbol that is not part of a word.
  #walkSigns(place, begin) {
    for (const { token, kind } of this.#characters) {
      if (kind & (WORD | END)) {
        continue;
      }
      for (const after of this.#filter.placesAfter(place, token)) {
        if (!this.#filter.completes(this.#filter.stateWith([after]))) { // a sign that completes a word is blocked
          this.#reach(after, isBegin(begin, kind));
        }
      }
    }
  }

  // Signs, such as $ for s, begin listed words, too.
  #openSigns() {
    for (const { token, kind } of this.#characters) {
      if (this.#filter.hasLabel(token) && !(kind & WORD)) {
        const { places } = this.#filter.stateAfter(this.#filter.stateWith(), token, true);
        places.forEach((place) => this.#reach(place, (kind & MARK) !== 0));
      }
    }
  }
}

/**
 * The conflicts of a lexicon with a filter for the same tokens: `labels` of the lexicon that begin words of which the filter,
 * after some text, would permit no end. With `ends`, they are one whole word.
 */
export function findConflicts(lexicon, filter) {
  const check = new Check(lexicon, filter);
  check.run();
  return check.conflicts;
}
