// The part of the flash's controller that reads ahead: a stream of words into a short queue, from which DMA takes them.
// Uses: rp2040js, peripherals.js. Registers as in the RP2040 datasheet, section 2.6.3.

import { BasePeripheral } from "rp2040js";

import { PlainRegisters } from "./peripherals.js";

const STAT = 0x08, STREAM_ADDR = 0x14, STREAM_CTR = 0x18, STREAM_FIFO = 0x1c;
const FLUSHED = 1, EMPTY = 2, FULL = 4;
const REQUEST = 37; // for DMA to take words of the stream
const QUEUE_WORDS = 2;
const CYCLES = 40; // a 32-bit word through the four data lines, at half the processor's clock, including the address

/** Registers of the controller. The cache is that of flash_cache.js, if any: here it is always flushed. */
export class XipStream extends PlainRegisters {
  constructor(mcu, clock) {
    super(mcu, "XIP_CTRL");
    this.clock = clock;
    this.queue = [];
    this.arrival = clock.createAlarm(() => this.arrive());
    this.port = new StreamPort(mcu, this);
  }

  readUint32(offset) {
    switch (offset & 0xfff) {
      case STAT:
        return FLUSHED | (this.queue.length === 0 ? EMPTY : 0) | (this.queue.length === QUEUE_WORDS ? FULL : 0);
      case STREAM_FIFO:
        return this.take();
      default:
        return super.readUint32(offset);
    }
  }

  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset === STREAM_CTR) {
      this.arrival.cancel();
      this.expect();
    }
  }

  expect() {
    if (super.readUint32(STREAM_CTR) > 0 && this.queue.length < QUEUE_WORDS && !this.arrival.scheduled) {
      this.arrival.schedule(CYCLES * this.clock.cycleNanos);
    }
  }

  arrive() {
    const address = super.readUint32(STREAM_ADDR);
    this.queue.push(this.mcu.readUint32(address));
    super.writeUint32(STREAM_ADDR, address + 4);
    super.writeUint32(STREAM_CTR, super.readUint32(STREAM_CTR) - 1);
    this.expect();
    this.mcu.dma.setDREQ(REQUEST);
  }

  take() {
    const word = this.queue.shift() ?? 0;
    if (this.queue.length === 0) {
      this.mcu.dma.clearDREQ(REQUEST);
    }
    this.expect();
    return word;
  }
}

/** The address at which DMA reads the queue without waiting for the registers. */
class StreamPort extends BasePeripheral {
  constructor(mcu, stream) {
    super(mcu, "XIP_AUX");
    this.stream = stream;
  }

  readUint32() {
    return this.stream.take();
  }
}
