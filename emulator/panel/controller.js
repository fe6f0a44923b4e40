// What the two panel controllers have in common: a reset line, commands with data, BUSY, memory, deep sleep, a picture.
// Uses: ../errors.js. The models are written from the controllers' data sheets and know nothing of the firmware's
// driver; where a sheet leaves something undefined, they insist on the defined behavior.

import { FirmwareError } from "../errors.js";

export const WIDTH = 400;
export const HEIGHT = 300;
export const ROW_BYTES = WIDTH / 8;
export const FRAME_BYTES = ROW_BYTES * HEIGHT;

const MILLISECOND = 1e6;
const RESET_PULSE = 0.05 * MILLISECOND; // the shortest valid reset pulse
const RESET_RECOVERY = 1 * MILLISECOND; // how long the controller is busy after a reset
/** After a refresh a panel must not stay under voltage; the sheets ask for deep sleep, this is how long we allow. */
const REFRESHED_AND_AWAKE = 5000 * MILLISECOND;

const hex = (number) => `0x${number.toString(16).padStart(2, "0")}`;

export class Controller {
  /**
   * name: for messages; busyLevel: of the BUSY pin while the controller works; maxFrequency: of the SPI clock, in Hz.
   */
  constructor(name, { busyLevel, maxFrequency, refreshMs }) {
    this.name = name;
    this.busyLevel = busyLevel;
    this.maxFrequency = maxFrequency;
    this.refreshNanos = refreshMs * MILLISECOND;
    this.commands = new Map();
    this.pictures = 0;
    this.isStuck = false; // the fault: the panel stays busy
    this.stuckAfter = Infinity; // the number of pictures after which it does
    this.onRefresh = () => {}; // (frame, nanoseconds): a refresh begins that will show `frame` and take this long
    this.onPicture = () => {}; // (frame): 15000 bytes, from the top left, 1 is white
    this.onBusyChange = () => {};
    this.now = () => 0; // nanoseconds of the board
    this.after = () => {}; // (nanoseconds, callback)
    this.isBusy = false;
    this.isRefreshing = false;
    this.isResetting = false;
    this.isAwake = false;
    this.wasReset = false;
    this.transfer = null; // the command that is receiving data
    this.data = 0; // bytes that it has received
    this.appointments = 0;
    this.refreshedAt = undefined;
    this.lastNanos = 0; // of the last refresh
  }

  /**
   * A command that takes data of one of these lengths. actions: begin(), take(byte, place), end(length); runsWhileBusy;
   * takesLess: it also takes less than its longest.
   */
  addCommand(code, name, lengths, actions = {}) {
    this.commands.set(code, { name, lengths, most: Math.max(...lengths), ...actions });
  }

  /** A command whose data are the values of a register, handed to `apply` when they are complete. */
  addRegister(code, name, lengths, apply = () => {}) {
    let values;
    this.addCommand(code, name, lengths, {
      begin: () => { values = []; },
      take: (byte) => { values.push(byte); },
      end: () => apply(values),
    });
  }

  fail(what) {
    throw new FirmwareError(`panel (${this.name}): ${what}`);
  }

  /** The level at the BUSY pin. */
  get busyPin() {
    return this.isBusy ? this.busyLevel : !this.busyLevel;
  }

  writeReset(high) {
    if (!high) {
      this.isResetting = true;
      this.resetAt = this.now();
      this.transfer = null;
      return;
    }
    if (!this.isResetting) {
      return;
    }
    this.isResetting = false;
    if (this.now() - this.resetAt < RESET_PULSE) {
      this.fail(`a reset pulse of ${((this.now() - this.resetAt) / 1000).toFixed(1)} us is too short; ` +
        `it takes ${RESET_PULSE / 1000}`);
    }
    this.refreshedAt = undefined;
    this.isRefreshing = false;
    this.wasReset = true;
    this.isAwake = true;
    this.reset();
    this.work(RESET_RECOVERY);
  }

  /** BUSY for so long; then `then`. What was going on before does not come to an end. */
  work(nanos, then = () => {}) {
    const appointment = ++this.appointments;
    this.setBusy(true);
    if (this.isStuck) {
      return;
    }
    this.after(nanos, () => {
      if (appointment === this.appointments) {
        this.setBusy(false);
        then();
      }
    });
  }

  setBusy(isBusy) {
    this.isBusy = isBusy;
    this.onBusyChange();
  }

  /** A byte with DC low. */
  writeCommand(byte) {
    this.checkWrite(`the command ${hex(byte)}`);
    this.finish();
    const command = this.commands.get(byte);
    if (command === undefined) {
      this.fail(`the command ${hex(byte)} is unknown to it; is the firmware set to another controller?`);
    }
    if (this.isBusy && !command.runsWhileBusy) {
      this.fail(`the command ${command.name} while it was busy`);
    }
    this.transfer = command;
    this.data = 0;
    command.begin?.();
    if (command.most === 0) {
      this.finish();
    }
  }

  /** A byte with DC high. */
  writeData(byte) {
    this.checkWrite(`the data byte ${hex(byte)}`);
    if (this.isBusy) {
      this.fail(`the data byte ${hex(byte)} while it was busy`);
    }
    if (this.transfer === null) {
      this.fail(`the data byte ${hex(byte)} after no command that takes data`);
    }
    if (this.data === this.transfer.most) {
      this.fail(`${this.transfer.name} takes ${this.transfer.lengths.join(" or ")} bytes of data, not more`);
    }
    this.transfer.take?.(byte, this.data);
    this.data++;
  }

  checkWrite(what) {
    if (this.isResetting) {
      this.fail(`${what} while its reset line was low`);
    }
    if (!this.wasReset) {
      this.fail(`${what} before a reset: the state of a panel after power-up is unknown`);
    }
    if (!this.isAwake) {
      this.fail(`${what} in deep sleep, which only a reset ends`);
    }
  }

  /** The command is complete: the next one begins, or the panel is deselected for good. */
  finish() {
    const command = this.transfer;
    this.transfer = null;
    if (command === null) {
      return;
    }
    if (!command.takesLess && !command.lengths.includes(this.data)) {
      this.fail(`${command.name} takes ${command.lengths.join(" or ")} bytes of data, not ${this.data}`);
    }
    command.end?.(this.data);
  }

  /** The select line went high. A command that has all its data is complete. */
  deselect() {
    if (this.transfer !== null && this.data === this.transfer.most) {
      this.finish();
    }
  }

  refresh(frame) {
    if (this.pictures >= this.stuckAfter) {
      this.isStuck = true;
    }
    this.isRefreshing = true;
    this.onRefresh(frame, this.refreshNanos);
    this.work(this.refreshNanos, () => {
      this.isRefreshing = false;
      this.pictures++;
      this.refreshedAt = this.lastNanos = this.now();
      this.onPicture(frame);
      const picture = this.pictures;
      this.after(REFRESHED_AND_AWAKE, () => {
        if (this.pictures === picture && this.isAwake && this.refreshedAt !== undefined) {
          this.fail(`no deep sleep within ${REFRESHED_AND_AWAKE / 1e9} s after a refresh, which wears the panel out`);
        }
      });
    });
  }

  sleep() {
    this.isAwake = false;
    this.refreshedAt = undefined;
  }

  /** The firmware is done with a page: nothing may be left half done. */
  checkRest() {
    if (this.refreshedAt !== undefined && this.isAwake) {
      this.fail("no deep sleep after the last refresh");
    }
    if (this.transfer !== null) {
      this.fail(`the run ended in the middle of ${this.transfer.name}, after ${this.data} bytes`);
    }
  }
}
