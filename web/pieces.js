// Texts as tokens of a vocabulary with pieces, as specified in docs/pieces.md; the twin of src/corpus/pieces.c.
// Uses: nothing.

/** Encodes strings of one code point each by the pieces of `ranks`: from the two parts, one per line, to the rank. */
function join(tokens, ranks) {
  for (;;) {
    let best = Infinity, place = -1;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const rank = ranks.get(`${tokens[i]}\n${tokens[i + 1]}`) ?? Infinity;
      if (rank < best) {
        best = rank;
        place = i;
      }
    }
    if (place < 0) {
      return tokens;
    }
    tokens.splice(place, 2, tokens[place] + tokens[place + 1]);
  }
}

/** Returns what is wrong with the pieces of a vocabulary in words, or "", and their ranks by their two parts. */
export function readPieces(symbols) {
  const ranks = new Map();
  const characters = new Set(symbols.filter((symbol) => [...symbol].length === 1));
  const first = characters.size;
  for (let k = 0; k < symbols.length; k++) {
    const spelled = [...symbols[k]];
    if ((spelled.length === 1) !== (k < first)) {
      return { error: "has a single symbol after a piece of several", ranks };
    }
    if (k < first) {
      continue;
    }
    const name = JSON.stringify(symbols[k]);
    if (spelled.some((symbol) => !characters.has(symbol))) {
      return { error: `has the piece ${name}, of which a symbol is not a token by itself`, ranks };
    }
    if (spelled.length > 16 || /[\n-\r\u0085\u2028\u2029]/.test(symbols[k]) ||
      /.[\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u.test(symbols[k])) {
      return { error: `has the piece ${name}, which is too long, or has a line end or a space inside`, ranks };
    }
    const parts = join(spelled, ranks);
    if (parts.length !== 2) {
      return { error: `has the piece ${name}, which does not consist of two tokens that come before it`, ranks };
    }
    ranks.set(parts.join("\n"), ranks.size);
  }
  return { error: "", ranks };
}

/** Encodes a text. Returns tokens, or the symbol that is not in the vocabulary. */
export function encode(text, symbols, ranks) {
  const tokens = new Map(symbols.map((symbol, token) => [symbol, token]));
  const unknown = [...text].find((symbol) => !tokens.has(symbol));
  if (unknown !== undefined) {
    return { unknown };
  }
  // No piece extends across the left side of a space, or a line end.
  const chunks = text.split(/(?=[\n-\r\u0085\u2028\u2029\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])/u);
  return { tokens: chunks.flatMap((chunk) => join([...chunk], ranks)).map((token) => tokens.get(token)) };
}
