// The console of the board as lines of a page: text as it arrives, with answers and notes distinguished from the
// written text.
// Uses: the DOM.

const MOST_LINES = 1500;

export class Terminal {
  /** log: the element that takes the lines. onLine(text) is called for each line that is complete. */
  constructor(log, onLine) {
    this.log = log;
    this.onLine = onLine;
    this.text = ""; // the text of the incomplete line
    this.line = null; // its element
  }

  /** Text from the board. */
  take(text) {
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    const parts = text.replaceAll("\r", "").split("\n");
    parts.forEach((part, i) => {
      this.write(part);
      if (i < parts.length - 1) {
        this.finishLine();
      }
    });
    while (this.log.childElementCount > MOST_LINES) {
      this.log.firstElementChild.remove();
    }
    if (isAtEnd) {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  write(part) {
    if (part === "") {
      return;
    }
    this.line ??= this.add("line");
    this.text += part;
    this.line.textContent = this.text;
    this.line.classList.toggle("answer", this.text.startsWith("="));
    this.line.classList.toggle("error", this.text.startsWith("= error"));
  }

  finishLine() {
    this.line ??= this.add("line");
    const { text } = this;
    this.line = null;
    this.text = "";
    this.onLine(text);
  }

  add(kind) {
    const element = document.createElement("div");
    element.className = kind;
    this.log.append(element);
    return element;
  }

  /** What the user typed, which the board does not echo; before the line that is being written. */
  echo(text) {
    const element = this.add("typed");
    element.textContent = text;
    if (this.line !== null) {
      this.log.insertBefore(element, this.line);
    }
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** A note of the page itself. */
  note(text) {
    if (this.line !== null) {
      this.finishLine();
    }
    this.add("note").textContent = text;
    this.log.scrollTop = this.log.scrollHeight;
  }
}
