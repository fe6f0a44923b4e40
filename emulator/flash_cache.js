// The cache between the processor and the flash, for counting the cost of the flash: rp2040js, and with it every figure
// without this, reads the flash as fast as RAM. Uses: nothing. RP2040 datasheet 2.6.3: 16 KB, two ways, lines of 8
// bytes that are filled one word at a time. Which way is replaced is not documented; here it is the least recently used
// one. Prefetching and DMA are not modeled.

const SETS = 1024, WAYS = 2;

export class FlashCache {
  /** missCycles: what a word takes that is not in the cache. */
  constructor(missCycles) {
    this.missCycles = missCycles;
    this.tags = new Int32Array(SETS * WAYS).fill(-1);
    this.words = new Uint8Array(SETS * WAYS); // which of the two words are valid
    this.newest = new Uint8Array(SETS); // the way that was used last
    this.misses = 0;
  }

  /** The cycles that reading the word at `address` takes besides those of an access to RAM. */
  read(address) {
    const line = (address & 0xffffff) >> 3;
    const set = line & (SETS - 1), word = 1 << ((address >> 2) & 1);
    let place = set * WAYS;
    if (this.tags[place] !== line) {
      place++;
      if (this.tags[place] !== line) {
        place = set * WAYS + 1 - this.newest[set];
        this.tags[place] = line;
        this.words[place] = 0;
      }
    }
    this.newest[set] = place - set * WAYS;
    if (this.words[place] & word) {
      return 0;
    }
    this.words[place] |= word;
    this.misses++;
    return this.missCycles;
  }

  /** Likewise for a run of code. */
  fetch(address, bytes) {
    let cycles = 0;
    for (let word = address & ~3; word < address + bytes; word += 4) {
      cycles += this.read(word);
    }
    return cycles;
  }
}
