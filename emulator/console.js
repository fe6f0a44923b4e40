// Collects the output of the console in lines, counts cycles between marks, and records when output came last.
// Uses: nothing.

export class ConsoleReader {
  constructor(board) {
    this.board = board;
    this.text = ""; // everything, bytes as Latin-1; UTF-8 is decoded by whoever shows it
    this.line = "";
    this.lastNanos = 0; // when something was said last
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
