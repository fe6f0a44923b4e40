// Collects the output of the console in lines, counts cycles between marks, and records when output came last. Makes
// foreign text harmless for a terminal.
// Uses: nothing.

// Characters that control a terminal, or change the order or the lines of the text around them, as in
// src/cli/terminal.c.
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

// The text with such characters as visible text; line ends and tabs are kept.
export function visibleText(text) {
  return text.replaceAll(steering, (character) => {
    const code = character.codePointAt(0);
    return character === "\n" || character === "\t" ? character
      : code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// The console's bytes for a terminal: ASCII control characters are left out, others and bytes that are not UTF-8 are
// made visible. A character can arrive in parts.
export class ConsoleText {
  constructor() {
    this.decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  }

  take(bytes) {
    const text = this.decoder.decode(Uint8Array.from(bytes), { stream: true });
    return visibleText(text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ""));
  }
}

export class ConsoleReader {
  constructor(board) {
    this.board = board;
    this.text = ""; // everything, bytes as Latin-1; the code that shows it decodes UTF-8
    this.line = "";
    this.lastNanos = 0; // the time of the last output
    this.mark = undefined;
    this.onMark = () => {}; // ({cycles, nanos, secondCycles}) between "= mark begin" and "= mark end"
    this.onLine = () => {};
  }

  take(bytes) {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    this.text += text;
    this.lastNanos = this.board.nanos;
    for (const character of text) {
      if (character === "\n") {
        this.finishLine(this.line.replace(/\r$/, ""));
        this.line = "";
      } else {
        this.line += character;
      }
    }
  }

  /** Whether the console has said this text. */
  hasSaid(text) {
    return this.text.includes(String.fromCharCode(...new TextEncoder().encode(text)));
  }

  finishLine(line) {
    const { cycles, nanos, secondCycles } = this.board;
    if (/^= mark begin\b/.test(line)) {
      this.mark = { cycles, nanos, secondCycles };
    } else if (/^= mark end\b/.test(line) && this.mark !== undefined) {
      this.onMark({ cycles: cycles - this.mark.cycles, nanos: nanos - this.mark.nanos,
        secondCycles: secondCycles - this.mark.secondCycles });
      this.mark = undefined;
    }
    this.onLine(line);
  }
}
