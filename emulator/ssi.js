// The flash's serial interface (RP2040 datasheet, 4.10): as long as it is set up as the second stage leaves it, the
// flash can be read; a program may instead have DMA take a block of words from it. Anything that a board would not
// tolerate ends the run. Uses: rp2040js, errors.js, peripherals.js. The flash is a W25Q16JV, in "continuous read" after
// the second stage.

import { FirmwareError } from "./errors.js";
import { PlainRegisters } from "./peripherals.js";

const CTRLR0 = 0x00, CTRLR1 = 0x04, SSIENR = 0x08, SER = 0x10, BAUDR = 0x14, TXFTLR = 0x18, RXFTLR = 0x1c, TXFLR = 0x20,
  RXFLR = 0x24, SR = 0x28, DMACR = 0x4c, DMATDLR = 0x50, DMARDLR = 0x54, IDR = 0x58, VERSION = 0x5c, DR0 = 0x60,
  SPI_CTRLR0 = 0xf4;
const BUSY = 1, TX_NOT_FULL = 2, TX_EMPTY = 4, RX_NOT_EMPTY = 8, RX_FULL = 16;
const RX_DMA = 1;
const QUAD_READ = (2 << 21) | (31 << 16) | (3 << 8); // four lines, frames of 32 bits, an address and then data
const ADDRESS_AND_MODE = (2 << 0) | (8 << 2) | (4 << 11); // on four lines; 32 bits, then four idle clocks
const SETTINGS = (2 << 21) | (31 << 16) | (3 << 8), NO_COMMAND = 3 << 8;
const CONTINUOUS = 0xa0;
const FIFO_WORDS = 16;
const REQUEST = 39; // for DMA to take received words
const START_CLOCKS = 12, WORD_CLOCKS = 8; // of the flash: address, mode and waiting; eight times four bits
const FLASH_HERTZ = 133e6;
const READ_STATUS_2 = 0x35, QUAD_ENABLED = 2;

const constantWhileEnabled = new Map([[CTRLR0, "CTRLR0"], [CTRLR1, "CTRLR1"], [BAUDR, "BAUDR"],
  [SPI_CTRLR0, "SPI_CTRLR0"]]);

export class Ssi extends PlainRegisters {
  constructor(mcu, clock) {
    super(mcu, "SSI", { [IDR]: 0x51535049, [VERSION]: 0x3430312a });
    this.clock = clock;
    this.fifo = [];
    this.left = 0; // words of the transfer that are still missing
    this.address = 0;
    this.arrival = clock.createAlarm(() => this.arrive());
    this.burst = null; // {channel, words}: DMA takes the whole transfer
    this.words = 0; // moved by DMA, for statistics
    this.hasCopied = false;
    /** DMA will take a block: the cycles until its first word, from word to word, where it goes, how many words. */
    this.onBlock = () => {};
    /** Whether the processor can read the flash. */
    this.isFlashThere = true;
  }

  get(register) {
    return super.readUint32(register);
  }

  get isBusy() {
    return this.left > 0;
  }

  readUint32(offset) {
    switch (offset & 0xfff) {
      case TXFLR: return 0;
      case RXFLR: return this.fifo.length;
      case SR:
        return (this.isBusy ? BUSY : 0) | TX_NOT_FULL | TX_EMPTY | (this.fifo.length > 0 ? RX_NOT_EMPTY : 0) |
          (this.fifo.length === FIFO_WORDS ? RX_FULL : 0) | (this.isSerial ? RX_NOT_EMPTY : 0);
      case DR0: return this.take();
      default: return super.readUint32(offset);
    }
  }

  writeUint32(offset, value) {
    const name = constantWhileEnabled.get(offset);
    if (name !== undefined && this.get(SSIENR) & 1) {
      this.fail(`wrote ${name} of the flash's interface while that is enabled, which has no effect`);
    }
    if (offset === DR0) {
      this.send(value >>> 0);
      return;
    }
    if (offset === SSIENR && (value & 1) === 0 && this.isBusy) {
      this.fail("disabled the flash's interface in the middle of a transfer");
    }
    super.writeUint32(offset, value);
    if (offset === SSIENR) {
      this.fifo.length = 0; // disabling empties it
      this.request();
    }
    if (offset === SSIENR || offset === DMACR) {
      this.updateFlash();
    }
  }

  // Returns whether the processor can read the flash: not while the interface is off, or set up for blocks.
  updateFlash() {
    const isEnabled = (this.get(SSIENR) & 1) !== 0;
    this.isFlashThere = isEnabled && this.isContinuousRead && this.get(CTRLR1) === 0 &&
      (this.get(DMACR) & RX_DMA) === 0 && !this.isBusy;
    if (isEnabled) {
      const divisor = this.get(BAUDR);
      if (divisor < 2 || divisor % 2 !== 0 || 1e9 / this.clock.cycleNanos / divisor > FLASH_HERTZ) {
        this.fail(`set the flash's clock to ${1e3 / this.clock.cycleNanos} MHz divided by ${divisor}; the divisor must ` +
          "be even, and the flash takes up to 133 MHz");
      }
    }
  }

  // Single bytes, with which the second stage talks to the flash before it sets up continuous reading.
  get isSerial() {
    return ((this.get(CTRLR0) >>> 21) & 3) === 0;
  }

  get isContinuousRead() {
    return (this.get(CTRLR0) & SETTINGS) === QUAD_READ && (this.get(SPI_CTRLR0) & 0xffff) === ADDRESS_AND_MODE;
  }

  send(value) {
    if ((this.get(SSIENR) & 1) === 0) {
      this.fail("wrote to the flash's interface while that is disabled");
    }
    if (this.isSerial) {
      this.answer = value === READ_STATUS_2 ? QUAD_ENABLED : 0;
      return;
    }
    if ((this.get(SPI_CTRLR0) & NO_COMMAND) !== 0) {
      this.answer = 0; // the second stage's first read, with a command
      return;
    }
    if (!this.isContinuousRead) {
      this.fail("reads the flash with settings that are not those of its continuous read");
    }
    if ((value & 0xff) !== CONTINUOUS) {
      this.fail("ended the flash's continuous read: the mode's bits must be 0xa0");
    }
    if (this.isBusy) {
      this.fail("began a transfer from the flash in the middle of another");
    }
    this.left = (this.get(CTRLR1) & 0xffff) + 1;
    this.address = value >>> 8;
    this.updateFlash();
    const channel = this.findChannel();
    this.burst = channel === undefined ? null : { channel, words: this.left };
    const clocks = START_CLOCKS + WORD_CLOCKS * (this.burst === null ? 1 : this.left);
    this.arrival.schedule(clocks * this.get(BAUDR) * this.clock.cycleNanos);
    if (this.burst !== null) {
      const cycles = this.get(BAUDR);
      this.onBlock((START_CLOCKS + WORD_CLOCKS) * cycles, WORD_CLOCKS * cycles, channel.writeAddr, this.left);
    }
  }

  // The DMA channel that will take exactly this transfer. Its words are then moved at the time of the last one.
  findChannel() {
    if ((this.get(DMACR) & RX_DMA) === 0) {
      return undefined;
    }
    return this.mcu.dma.channels.find((channel) => channel.active && channel.treq === REQUEST &&
      channel.dataSize === 4 && channel.transCount === this.left);
  }

  arrive() {
    if (this.burst !== null) {
      const { channel, words } = this.burst;
      this.burst = null;
      this.left = 0;
      this.words += words;
      for (let k = 0; k < words - 1; k++) {
        this.fifo.push(this.word());
        channel.transferFn();
        channel.writeAddr += channel.ctrl & 0x20 ? 4 : 0;
      }
      channel.transCount = 1;
      this.fifo.push(this.word());
      channel.transfer();
      this.updateFlash();
      return;
    }
    if (this.fifo.length === FIFO_WORDS) {
      this.fail("let words from the flash overflow the interface's FIFO: nobody has taken 16 of them");
    }
    this.fifo.push(this.word());
    this.left--;
    this.words++;
    if (this.left > 0) {
      this.arrival.schedule(WORD_CLOCKS * this.get(BAUDR) * this.clock.cycleNanos);
    }
    this.updateFlash();
    this.request();
  }

  // The first byte is the most significant one.
  word() {
    const view = this.mcu.flashView;
    const word = view.getUint32(this.address & 0xffffff, false);
    this.address += 4;
    return word;
  }

  take() {
    if (this.isSerial || (this.get(SPI_CTRLR0) & NO_COMMAND) !== 0) {
      return this.answer ?? 0;
    }
    if (this.fifo.length === 0) {
      this.fail("took a word from the flash's interface before it was there");
    }
    const word = this.fifo.shift();
    this.request();
    return word;
  }

  request() {
    if ((this.get(DMACR) & RX_DMA) !== 0 && this.fifo.length > this.get(DMARDLR)) {
      this.mcu.dma.setDREQ(REQUEST);
    } else {
      this.mcu.dma.clearDREQ(REQUEST);
    }
  }

  fail(what) {
    this.mcu.logger.error("SSI", `the firmware ${what}`);
    throw new FirmwareError(what);
  }
}
