// A filter and a lexicon at work on one text; the twin of src/filter/guard.c.
// Uses: lexicon.js, lexicon_check.js.

import { CAPITAL, LexiconError } from "./lexicon.js";
import { findConflicts } from "./lexicon_check.js";

// Refuses a lexicon that a filter could leave no way on, as check_together in src/filter/guard.c does.
function checkTogether(lexicon, filter) {
  const conflicts = findConflicts(lexicon, filter);
  if (conflicts.length === 0) {
    return;
  }
  const [{ labels, ends }] = conflicts, { file, letters } = lexicon.table;
  const word = labels.filter((label) => label !== CAPITAL).map((label) => String.fromCodePoint(letters[label])).join("");
  const more = conflicts.length - 1;
  throw new LexiconError(`${file}: with this filter, a text could not go on after the word '${word}${ends ? "" : "..."}'` +
    `${more === 0 ? "" : ` (and in ${more} more case${more === 1 ? "" : "s"})`}; compile the lexicon again with this filter ` +
    "as --filter");
}

/**
 * A filter (filter.js) and a lexicon at work on one text; either may be null.
 * @throws {LexiconError} where the filter could leave no way on to the words.
 */
export class Guard {
  #filter;
  #lexicon;

  constructor(filter, lexicon) {
    this.#filter = filter;
    this.#lexicon = lexicon;
    if (filter !== null && lexicon !== null) {
      checkTogether(lexicon, filter);
    }
  }

  /** Begins a text. */
  reset() {
    this.#filter?.reset();
    this.#lexicon?.reset();
  }

  /** Whether there are items to refuse. */
  get hasItems() {
    return this.#filter?.hasItems ?? false;
  }

  /** Takes a token; returns the tokens that must not come next as the sampler takes them, or null for none. */
  step(token) {
    const listed = this.#filter?.step(token) ?? null;
    if (this.#lexicon === null) {
      return listed;
    }
    const blocked = this.#lexicon.step(token);
    listed?.forEach((word, k) => (blocked[k] |= word));
    this.#filter?.barSigns(blocked);
    return blocked;
  }

  /** Whether the text may end with this token, which has not been taken yet. */
  mayEnd(token) {
    return (this.#filter?.mayEnd(token) ?? true) && (this.#lexicon?.mayEnd(token) ?? true);
  }

  /** Whether the item that has been taken must not be shown. Ask before its newline is taken. */
  refuses() {
    return this.#filter?.refuses() ?? false;
  }
}
