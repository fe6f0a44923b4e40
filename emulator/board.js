// A Raspberry Pi Pico on a Pico-ePaper-4.2, in software: powers up an image, connects console and panel, and advances
// time. Uses: rp2040js; banks.js, processor.js, flash_cache.js, clock.js, boot_rom.js, peripherals.js, ssi.js,
// usb_host.js, xip_stream.js, panel/.

import { ConsoleLogger, LogLevel, RP2040 } from "rp2040js";

import { Banks } from "./banks.js";
import { BREAK, makeBootRom } from "./boot_rom.js";
import { Clock } from "./clock.js";
import { BootLoaderExit, FirmwareError } from "./errors.js";
import { FlashCache } from "./flash_cache.js";
import { Symbols } from "./image.js";
import {
  completePins, completeSpi, loseLock, PlainRegisters, RealTimeClock, RingOscillator, VoltageAndReset,
} from "./peripherals.js";
import { Processor } from "./processor.js";
import { SecondCore } from "./second_core.js";
import { Ssi } from "./ssi.js";
import { UsbHost } from "./usb_host.js";
import { XipStream } from "./xip_stream.js";
import { BUSY, PanelWires } from "./panel/wires.js";

const SECOND_STAGE = 0x20041f00, FLASH = 0x10000000, RAM = 0x20000000;
const UART_BYTE_NANOS = 10e9 / 115200;
const WATCHDOG_TIMER = 1; // in the watchdog's reason register

/** The pins that a closed jumper connects to ground, by the jumper's name (docs/device.md). */
export const jumperPins = { J1: 18, J2: 21 };
const JUMPER_PINS = Object.values(jumperPins);

/** A generator of random numbers from 0 up to 1 that a seed fixes (Lehmer's, modulo 2^31 - 1). */
export function makeRandom(seed) {
  let state = (seed % 0x7ffffffe) + 1;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

// Registers that rp2040js lacks and that have no effect here: UART0's DMA, which the firmware does not use.
const harmless = new Set(["UART0: Unimplemented peripheral write to 0x48"]);

// Anything that rp2040js warns about is an error in the firmware or in the emulator; in both cases the run ends.
class Complaints {
  constructor(board) {
    this.board = board;
  }

  debug() {}

  info() {}

  warn(name, message) {
    this.error(name, message);
  }

  error(name, message) {
    if (harmless.has(`${name}: ${message.replace(/: 0x[0-9a-f]+$/, "")}`)) {
      return;
    }
    throw new FirmwareError(`${name}: ${message}, at ${this.board.processor?.place ?? "power-up"}`);
  }
}

export class Board {
  /**
   * flash: as readUf2 gives it; symbols: of the same image, for messages; controller: a model from panel/, or null for
   * no panel; jumpers: the pins that are closed to ground; batteryVolts: at VSYS; seed: of the ring oscillator;
   * console: "usb", "uart", or "none"; flashCycles: what a word of the flash takes that its cache has not;
   * countsBanks: whether a processor waits where the other one or DMA uses the same bank of RAM.
   */
  constructor({ flash, symbols = new Symbols(), controller = null, jumpers = [], batteryVolts = 4.5, seed = 1,
    console: consoleKind = "usb", flashCycles = 0, countsBanks = false }) {
    this.flash = Uint8Array.from(flash);
    this.symbols = symbols;
    this.controller = controller;
    this.jumpers = jumpers;
    this.batteryVolts = batteryVolts;
    this.random = makeRandom(seed);
    this.consoleKind = consoleKind;
    this.flashCycles = flashCycles;
    this.countsBanks = countsBanks;
    /** Cycles in which each processor waited for a bank. */
    this.bankWaits = [0, 0];
    this.pastNanos = 0; // until the last reset
    this.pastCycles = 0;
    this.pastSecondCycles = 0;
    this.resets = 0;
    this.sleeps = 0; // in which the clocks were stopped
    this.unlockedSleep = Infinity; // the fault: after the sleep of this number, from 0, the system's PLL does not lock
    this.lineFreeAt = 0; // when the UART has sent its last byte
    this.appointments = []; // timers of parts around the chip, which are not reset with it: {nanos, callback}
    this.onConsole = () => {};
    this.onReset = () => {};
    this.powerUp({});
  }

  /** Nanoseconds since the board got its power, and cycles in which its processor did not sleep. */
  get nanos() {
    return this.pastNanos + this.clock.nanos;
  }

  get cycles() {
    return this.pastCycles + this.mcu.core.cycles;
  }

  // `kept`: the state that survives a reset.
  powerUp({ ram, scratch, reason = 0, byRunPin = false }) {
    const clock = new Clock();
    const mcu = new RP2040(clock);
    this.clock = clock;
    this.mcu = mcu;
    clock.counter = mcu.core;
    mcu.logger = new Complaints(this);
    mcu.flash.fill(0xff);
    mcu.flash.set(this.flash);
    if (ram !== undefined) {
      mcu.sram.set(ram);
    }
    mcu.addClockListener((frequency) => {
      this.checkFrequency(frequency);
      clock.setFrequency(frequency);
    });
    this.addPeripherals(byRunPin);
    mcu.watchdog.reason = reason;
    if (scratch !== undefined) {
      mcu.watchdog.scratchData.set(scratch);
    }
    mcu.watchdog.onWatchdogTrigger = () => {
      mcu.watchdog.timer.enable = false; // at 0, rp2040js would ring its alarm again at once, without an end
      this.requestReset({ reason: mcu.watchdog.reason || WATCHDOG_TIMER });
    };
    mcu.onBreak = (number) => this.stopAtBreak(number);
    this.setLevels();
    this.connectConsole();
    this.panelWires?.disconnect();
    this.panelWires = this.controller === null ? null : new PanelWires(this, this.controller);
    this.appointments.forEach((appointment) => this.appoint(appointment));
    this.resetRequest = null;
    this.boot();
  }

  addPeripherals(byRunPin) {
    const { mcu } = this;
    mcu.watchdog = mcu.peripherals[0x40058];
    const stream = new XipStream(mcu, this.clock);
    mcu.peripherals[0x14000] = stream;
    mcu.peripherals[0x50400] = stream.port;
    mcu.ssi = mcu.peripherals[0x18000] = new Ssi(mcu, this.clock);
    mcu.peripherals[0x40018] = new PlainRegisters(mcu, "IO_QSPI");
    const rtc = this.rtc = new RealTimeClock(mcu, this.clock);
    const oscillator = new RingOscillator(mcu, this.random);
    oscillator.onDormant = () => this.fallAsleep();
    rtc.onWake = () => this.wake();
    mcu.peripherals[0x4005c] = rtc;
    mcu.peripherals[0x40060] = oscillator;
    this.voltage = mcu.peripherals[0x40064] = new VoltageAndReset(mcu, byRunPin);
    mcu.spi.forEach(completeSpi);
    completePins(mcu.peripherals[0x40014]);
    this.isDormant = false;
  }

  // The data sheet permits 133 MHz, and 200 MHz with a core voltage of 1.15 V.
  checkFrequency(frequency) {
    const hasVoltage = this.voltage.millivolts >= 1150;
    if (frequency > 200e6 || (frequency > 133e6 && !hasVoltage)) {
      throw new FirmwareError(`the firmware set the clock to ${frequency / 1e6} MHz at ${
        this.voltage.millivolts} mV; up to 133 MHz are for any voltage, up to 200 for 1150 mV and more`);
    }
  }

  // Stops the clocks of both processors. The second one must have been told to wait. An alarm that has come already lets
  // nothing stop.
  fallAsleep() {
    if (this.second.isAwake) {
      throw new FirmwareError(`the firmware stopped the clocks while its second processor was at work, at ${
        this.second.processor.place}`);
    }
    if (this.rtc.isInterrupting) {
      return;
    }
    this.isDormant = this.mcu.core.waiting = true;
    if (this.sleeps++ === this.unlockedSleep) {
      loseLock(this.mcu.pllSys); // that of the chip until its next reset
    }
  }

  // Wakes from a sleep in which the processor had no clock. It continues where it was, whether it takes the interrupt
  // or not.
  wake() {
    if (this.isDormant) {
      this.isDormant = this.mcu.core.waiting = false;
    }
  }

  // Does what the boot ROM does when there is an image: copies the second stage to the end of RAM and starts it.
  boot() {
    const { mcu } = this;
    mcu.bootrom.set(new Uint32Array(makeBootRom().buffer));
    mcu.sram.set(this.flash.subarray(0, 256), SECOND_STAGE - 0x20000000);
    mcu.core.VTOR = 0;
    mcu.core.SP = SECOND_STAGE;
    mcu.core.LR = 0; // the second stage continues to the image instead of returning
    mcu.core.PC = SECOND_STAGE;
    const cache = this.flashCycles > 0 ? new FlashCache(this.flashCycles) : null;
    const profiles = [this.processor?.profile ?? null, this.second?.profile ?? null];
    const banks = this.countsBanks ? new Banks((which) => {
      (which === 0 ? first : second).wait();
      this.bankWaits[which]++;
    }) : null;
    const first = new Processor(mcu, this.clock, this.symbols, cache, null, banks);
    const second = new SecondCore(mcu, this.clock, this.symbols, cache, banks);
    mcu.ssi.onBlock = (cycles, period, address, words) =>
      banks?.beginBlock(mcu.core.cycles + cycles, period, address - RAM, words);
    this.processor = first;
    this.second = second;
    [first.profile, second.profile] = profiles;
    second.connect(first);
  }

  // Jumpers pull their pin to ground; the others rely on the pull-ups that the firmware must turn on.
  setLevels() {
    const { mcu } = this;
    for (const pin of mcu.gpio) {
      pin.setInputValue(!this.jumpers.includes(pin.index));
    }
    if (this.controller === null) {
      mcu.gpio[BUSY].setInputValue(false); // by the pull-down that every pad has after a reset
    }
    mcu.gpio[24].setInputValue(this.consoleKind === "usb"); // VBUS is present
    const fullScale = 4095, reference = 3.3;
    mcu.adc.channelValues[3] = Math.min(fullScale, Math.round(this.batteryVolts / 3 / reference * fullScale));
    mcu.adc.channelValues[4] = Math.round(0.706 / reference * fullScale); // 27 degrees
  }

  /** From now on exactly these pins are closed to ground by jumpers. */
  setJumpers(pins) {
    this.jumpers = pins;
    this.mcu.gpio.forEach((pin) => {
      if (JUMPER_PINS.includes(pin.index)) {
        pin.setInputValue(!pins.includes(pin.index));
      }
    });
  }

  connectConsole() {
    const { mcu } = this;
    if (this.consoleKind === "usb") {
      this.host = new UsbHost(mcu.usbCtrl, (bytes) => this.onConsole(bytes));
    } else {
      this.host = null;
      mcu.uart[0].onByte = (byte) => {
        if (this.consoleKind === "uart") {
          this.onConsole(Uint8Array.of(byte));
        }
      };
    }
  }

  /** Calls back in so many nanoseconds, whether the chip is reset in the meantime or not. */
  after(nanos, callback) {
    const appointment = { nanos: this.nanos + nanos, callback };
    this.appointments.push(appointment);
    this.appoint(appointment);
  }

  appoint(appointment) {
    this.clock.createAlarm(() => {
      this.appointments.splice(this.appointments.indexOf(appointment), 1);
      appointment.callback();
    }).schedule(appointment.nanos - this.nanos);
  }

  /** Bytes for the firmware's console. They arrive as fast as it takes them, also while the panel refreshes. */
  send(bytes) {
    if (this.host !== null) {
      this.host.send(bytes);
    } else if (this.consoleKind === "uart") {
      this.lineFreeAt = Math.max(this.lineFreeAt, this.nanos);
      for (const byte of bytes) {
        this.lineFreeAt += UART_BYTE_NANOS;
        this.after(this.lineFreeAt - this.nanos, () => this.receive(byte));
      }
    }
  }

  // Bytes that arrive at a full FIFO are lost.
  receive(byte) {
    const [uart] = this.mcu.uart;
    if (!uart.rxFIFO.full) {
      uart.feedByte(byte);
    }
  }

  /** A reset before the next instruction: by the run pin, or with a reason as the watchdog has it. RAM is kept. */
  requestReset(how) {
    this.resetRequest = how;
    this.clock.deadline = 0;
  }

  reset() {
    const { mcu, resetRequest } = this;
    const queue = this.host?.queue ?? [];
    this.pastNanos += this.clock.nanos;
    this.pastCycles += mcu.core.cycles;
    this.pastSecondCycles += this.second.busyCycles;
    this.resets++;
    this.powerUp({
      ram: mcu.sram,
      scratch: resetRequest.byRunPin ? undefined : mcu.watchdog.scratchData,
      ...resetRequest,
    });
    this.host?.send(queue);
    this.onReset();
  }

  /**
   * Lets time pass until `isDone()` holds ("done"), until the board's clock reads `untilNanos` ("time"), until the
   * processor has worked for `sliceNanos` ("slice"; what it sleeps does not count), or until the firmware waits for
   * something that only the console can bring ("idle").
   */
  run({ isDone = () => false, untilNanos = Infinity, sliceNanos = Infinity } = {}) {
    const sliceEnd = this.cycles + sliceNanos / this.clock.cycleNanos;
    let alarms = [];
    const appoint = (nanos) => {
      const alarm = this.clock.createAlarm(() => {});
      alarms.push(alarm);
      if (nanos < Infinity) {
        alarm.schedule(Math.max(0, nanos));
      }
    };
    const dismiss = () => {
      alarms.forEach((alarm) => alarm.cancel());
      alarms = [];
    };

    try {
      for (;;) {
        if (isDone()) {
          return "done";
        }
        if (this.nanos >= untilNanos) {
          return "time";
        }
        if (this.cycles >= sliceEnd) {
          return "slice";
        }
        appoint(untilNanos - this.nanos);
        if (!this.mcu.core.waiting || this.second.isAwake) {
          appoint((sliceEnd - this.cycles) * this.clock.cycleNanos);
          this.processor.run();
        } else if (this.clock.isAlarmSet) {
          this.clock.jump();
        } else {
          return "idle";
        }
        dismiss();
        this.clock.ring();
        if (this.resetRequest !== null) {
          this.reset();
        }
      }
    } finally {
      dismiss();
    }
  }

  /** Cycles in which the second processor did not wait. */
  get secondCycles() {
    return this.pastSecondCycles + this.second.busyCycles;
  }

  /** From here on, cycles are counted for each function. */
  startProfile() {
    this.processor.startProfile();
    this.second.profile = new Map();
    if (this.second.processor !== null) {
      this.second.processor.profile = this.second.profile;
    }
  }

  /** Of each processor. */
  readProfile() {
    return [this.processor.readProfile(), this.processor.readProfile(this.second.profile)];
  }

  stopAtBreak(number) {
    const { core } = this.mcu;
    const caller = this.symbols.place((core.LR & ~1) - 2);
    switch (number) {
      case BREAK.MISSING: {
        const code = core.registers[1];
        const name = String.fromCharCode(code & 255, code >> 8);
        throw new FirmwareError(`the firmware looks for "${name}" in the boot ROM, which the stand-in has not, at ` +
          caller);
      }
      case BREAK.BOOTSEL:
        throw new BootLoaderExit("the firmware entered the boot loader");
      case BREAK.FAULT:
        throw new FirmwareError(`the processor took a fault before the firmware had vectors for it, at ${caller}`);
      default:
        throw new FirmwareError(`the firmware stopped at a breakpoint, as after a panic, at ${this.processor.place}; ` +
          `called from ${caller}`);
    }
  }
}
