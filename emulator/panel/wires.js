// The wires between the Pico and the panel: Waveshare's Pico-ePaper-4.2, on SPI1. Uses: rp2040js's SPI and pins,
// ../errors.js. Bytes take their time at the clock that the firmware chose; a byte is a command or data according to
// the level of DC while it is being sent.

import { FirmwareError } from "../errors.js";

const CLOCK = 10, DATA_IN = 11, SELECT = 9, DATA_OR_COMMAND = 8, RESET = 12;
export const BUSY = 13;
const FUNCTION_SPI = 1, FUNCTION_SIO = 5;

// SSPCR0 in the data sheet of the PL022.
const PHASE = 0x80, POLARITY = 0x40;
// SSPCR1: the bit that switches the port on, and the one that makes it a slave.
const ON = 2, SLAVE = 4;

export class PanelWires {
  constructor(board, controller) {
    const { mcu } = board;
    this.board = board;
    this.controller = controller;
    this.spi = mcu.spi[1];
    this.byte = undefined; // being sent
    controller.now = () => board.nanos;
    controller.after = (nanos, callback) => board.after(nanos, callback);
    controller.onBusyChange = () => mcu.gpio[BUSY].setInputValue(controller.busyPin);
    controller.onBusyChange();
    controller.writeReset(true); // the line is high until the firmware drives it
    this.spi.onTransmit = (byte) => this.transmit(byte);
    this.unlisten = [
      mcu.gpio[SELECT].addListener(() => this.selectChanged()),
      mcu.gpio[DATA_OR_COMMAND].addListener(() => this.checkQuiet("DC")),
      mcu.gpio[RESET].addListener(() => controller.writeReset(this.level(RESET))),
    ];
  }

  disconnect() {
    this.unlisten.forEach((end) => end());
  }

  level(pin) {
    const { gpio } = this.board.mcu;
    return gpio[pin].outputEnable ? gpio[pin].outputValue : true; // the board has pull-ups
  }

  selectChanged() {
    this.checkQuiet("CS");
    if (this.level(SELECT)) {
      this.controller.deselect();
    }
  }

  checkQuiet(name) {
    if (this.byte !== undefined) {
      throw new FirmwareError(`panel: ${name} changed while the byte 0x${this.byte.toString(16)} was on the wire, at ` +
        this.board.processor.place);
    }
  }

  transmit(byte) {
    const { spi, controller, board } = this;
    const expect = (holds, what) => {
      if (!holds) {
        throw new FirmwareError(`panel: ${what}, at ${board.processor.place}`);
      }
    };
    expect([CLOCK, DATA_IN].every((pin) => board.mcu.gpio[pin].functionSelect === FUNCTION_SPI),
      `a byte was sent while the pins ${CLOCK} and ${DATA_IN} did not belong to SPI1`);
    for (const pin of [SELECT, DATA_OR_COMMAND, RESET]) {
      expect(board.mcu.gpio[pin].functionSelect === FUNCTION_SIO && board.mcu.gpio[pin].outputEnable,
        `a byte was sent while pin ${pin} was not an output`);
    }
    expect(!this.level(SELECT), "a byte was sent while it was not selected (CS high)");
    expect((spi.control1 & (ON | SLAVE)) === ON, "a byte was sent while SPI1 was off or not a master");
    expect(spi.dataBits === 8, `SPI1 sends ${spi.dataBits} bits at a time instead of 8`);
    expect((spi.control0 & (PHASE | POLARITY)) === 0, "SPI1 is not in mode 0");
    expect(spi.clockFrequency > 0 && spi.clockFrequency <= controller.maxFrequency,
      `SPI1 runs at ${spi.clockFrequency / 1e6} MHz; the ${controller.name} takes ${controller.maxFrequency / 1e6}`);
    this.byte = byte;
    board.clock.createAlarm(() => {
      const isData = this.level(DATA_OR_COMMAND);
      this.byte = undefined;
      if (isData) {
        controller.writeData(byte);
      } else {
        controller.writeCommand(byte);
      }
      spi.completeTransmit(0xff);
    }).schedule(8e9 / spi.clockFrequency);
  }
}
