// The banks of the RP2040's RAM, each of which serves one access in a cycle (datasheet, 2.1 and 2.6.2): four that take
// turns word by word, and the two scratch memories. Counts the cycles in which a processor waits because the other one, or
// DMA with a block from the flash, uses the same bank. Uses: nothing.
//
// A processor fetches a word of code when it reaches the word's first instruction, and accesses data in the cycles
// after that. If both processors want a bank in the same cycle, the one that was served second last time is served
// first; DMA is served before both. The flash and the registers are not in these banks.

const STRIPED_BYTES = 0x40000, STRIPED = 4, SCRATCH = 2;
const NONE = -1;

/** The bank of a byte, counted from the beginning of RAM. */
export function bankOf(offset) {
  return offset < STRIPED_BYTES ? (offset >> 2) & 3 : STRIPED + ((offset >> 12) & 1);
}

/** The same in JavaScript's source, of a variable. */
export const bankExpression = (offset) =>
  `(${offset} < ${STRIPED_BYTES} ? ${offset} >> 2 & 3 : ${STRIPED} + (${offset} >> 12 & 1))`;

// The accesses of a processor that are not settled yet, in order of time.
class Accesses {
  constructor() {
    this.times = new Float64Array(1024); // in cycles
    this.banks = new Uint8Array(1024);
    this.count = 0;
  }

  add(time, bank) {
    if (this.count === this.times.length) {
      const { times, banks } = this;
      this.times = new Float64Array(2 * this.count);
      this.banks = new Uint8Array(2 * this.count);
      this.times.set(times);
      this.banks.set(banks);
    }
    this.times[this.count] = time;
    this.banks[this.count++] = bank;
  }

  // Delays everything at `place` or after it by one cycle.
  delay(place) {
    for (let k = place; k < this.count; k++) {
      this.times[k]++;
    }
  }

  drop(number) {
    this.times.copyWithin(0, number, this.count);
    this.banks.copyWithin(0, number, this.count);
    this.count -= number;
  }
}

export class Banks {
  /** wait(processor) is called for each cycle in which processor 0 or 1 waits. */
  constructor(wait) {
    this.wait = wait;
    this.accesses = [new Accesses(), new Accesses()];
    this.servedFirst = new Uint8Array(STRIPED + SCRATCH); // the one served first when both last collided
    this.block = null;
  }

  /** DMA writes `words` words from the offset on: the first one in cycle `time`, the others each `period` cycles later. */
  beginBlock(time, period, offset, words) {
    this.block = { time, period, offset, words };
  }

  // The bank that DMA uses in this cycle, or NONE.
  blockBank(time) {
    const { block } = this;
    const word = (time - block.time) / block.period;
    if (word >= block.words) {
      this.block = null;
    }
    return word >= 0 && word < block.words && Number.isInteger(word) ? bankOf(block.offset + 4 * word) : NONE;
  }

  /** Settles all accesses before the cycle `end`. Those that are added later lie in it or behind. */
  settle(end) {
    const { accesses: [first, second], servedFirst } = this;
    let i = 0, j = 0;

    for (;;) {
      const firstTime = i < first.count ? first.times[i] : Infinity;
      const secondTime = j < second.count ? second.times[j] : Infinity;
      const time = firstTime < secondTime ? firstTime : secondTime;
      if (!(time < end)) {
        break;
      }
      const firstBank = firstTime === time ? first.banks[i] : NONE;
      const secondBank = secondTime === time ? second.banks[j] : NONE;
      const taken = this.block === null ? NONE : this.blockBank(time);
      let isFirstServed = firstBank !== NONE && firstBank !== taken;
      let isSecondServed = secondBank !== NONE && secondBank !== taken;
      if (isFirstServed && firstBank === secondBank) {
        isFirstServed = servedFirst[firstBank] === 1;
        isSecondServed = !isFirstServed;
        servedFirst[firstBank] = isFirstServed ? 0 : 1;
      }
      if (isFirstServed) {
        i++;
      } else if (firstBank !== NONE) {
        first.delay(i);
        this.wait(0);
      }
      if (isSecondServed) {
        j++;
      } else if (secondBank !== NONE) {
        second.delay(j);
        this.wait(1);
      }
    }
    first.drop(i);
    second.drop(j);
  }
}
