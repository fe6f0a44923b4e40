// The controller UC8176, also sold as IL0398: the first versions of the 4.2 inch panel.
// Uses: controller.js. From its public data sheet: the table of commands, the reset values, the power-up sequence.
//
// What the model insists on, in this order:
//   reset; booster soft start, panel setting, and power on, then BUSY; the data of a frame by data transmission 2 (and 1
//   for the old frame, if the setting requires both); display refresh, then BUSY; power off, then BUSY; deep sleep.
// BUSY is low while the controller works.

import { Controller, FRAME_BYTES, HEIGHT, ROW_BYTES, WIDTH } from "./controller.js";

const POWER_ON_MS = 80, POWER_OFF_MS = 40, REFRESH_MS = 4000;
const DEEP_SLEEP_CODE = 0xa5;

// Panel setting, first byte.
const RESOLUTION = 0xc0, LUT_FROM_REGISTER = 0x20, BLACK_AND_WHITE = 0x10, SCAN_UP = 0x08, SHIFT_RIGHT = 0x04,
  BOOSTER_ON = 0x02, NO_SOFT_RESET = 0x01;

// The registers of waveforms, which are needed only with LUT_FROM_REGISTER, and their lengths.
const waveforms = new Map([[0x20, 44], [0x21, 42], [0x22, 42], [0x23, 42], [0x24, 42]]);

export class Uc8176 extends Controller {
  constructor() {
    super("UC8176", { busyLevel: false, maxFrequency: 10e6, refreshMs: REFRESH_MS });
    this.newFrame = new Uint8Array(FRAME_BYTES);
    this.oldFrame = new Uint8Array(FRAME_BYTES);
    const register = (code, name, lengths) => this.addRegister(code, name, lengths, (values) => this.set(code, values));

    register(0x00, "panel setting", [1, 2]);
    register(0x01, "power setting", [4, 5]);
    this.addCommand(0x02, "power off", [0], { end: () => this.powerOff() });
    register(0x03, "power off sequence", [1]);
    this.addCommand(0x04, "power on", [0], { end: () => this.powerOn() });
    register(0x06, "booster soft start", [3]);
    this.addCommand(0x07, "deep sleep", [1], { take: (byte) => this.deepSleep(byte) });
    this.addFrame(0x10, "data transmission 1", this.oldFrame);
    this.addFrame(0x13, "data transmission 2", this.newFrame);
    this.addCommand(0x12, "display refresh", [0], { end: () => this.startRefresh() });
    for (const [code, length] of waveforms) {
      register(code, `waveform ${code.toString(16)}`, [length]);
    }
    register(0x30, "PLL control", [1]);
    register(0x41, "temperature sensor", [1]);
    register(0x50, "VCOM and data interval", [1]);
    register(0x60, "TCON setting", [1]);
    register(0x61, "resolution", [4]);
    register(0x65, "gate and source start", [4]);
    register(0x82, "VCOM voltage", [1]);
    register(0xe3, "power saving", [1]);
    this.addCommand(0x92, "partial out", [0]);
    this.reset();
  }

  addFrame(code, name, frame) {
    this.addCommand(code, name, [FRAME_BYTES], {
      take: (byte, place) => { frame[place] = byte; },
      end: () => { this.frames.add(code); },
    });
  }

  reset() {
    this.registers = new Map([[0x00, [0x0f]], [0x50, [0xd7]]]);
    this.isSet = new Set();
    this.frames = new Set();
    this.isPowered = false;
  }

  set(code, values) {
    this.registers.set(code, values);
    this.isSet.add(code);
    if (code === 0x00 && (values[0] & NO_SOFT_RESET) === 0) {
      this.reset();
    }
    if (code === 0x61 && (values[0] * 256 + values[1] !== WIDTH || values[2] * 256 + values[3] !== HEIGHT)) {
      this.fail(`a resolution of ${values[0] * 256 + values[1]} x ${values[2] * 256 + values[3]}; the glass has ` +
        `${WIDTH} x ${HEIGHT}`);
    }
  }

  powerOn() {
    if (this.isPowered) {
      this.fail("power on, though it was on");
    }
    if (!this.isSet.has(0x06)) {
      this.fail("power on without a booster soft start");
    }
    this.work(POWER_ON_MS * 1e6, () => { this.isPowered = true; });
  }

  powerOff() {
    if (!this.isPowered) {
      this.fail("power off, though it was off");
    }
    this.isPowered = false;
    this.work(POWER_OFF_MS * 1e6);
  }

  deepSleep(code) {
    if (code !== DEEP_SLEEP_CODE) {
      this.fail(`deep sleep with the code 0x${code.toString(16)} instead of 0xa5 does nothing`);
    }
    if (this.isPowered) {
      this.fail("deep sleep before power off");
    }
    this.transfer = null;
    this.sleep();
  }

  startRefresh() {
    const [setting] = this.registers.get(0x00);
    if (!this.isPowered) {
      this.fail("display refresh without power on");
    }
    if (!this.isSet.has(0x00)) {
      this.fail("display refresh without a panel setting");
    }
    if ((setting & RESOLUTION) !== 0 && !this.isSet.has(0x61)) {
      this.fail("display refresh at a resolution that is not the glass's");
    }
    if ((setting & BOOSTER_ON) === 0) {
      this.fail("display refresh with the booster switched off");
    }
    if ((setting & BLACK_AND_WHITE) === 0) {
      this.fail("display refresh in the mode for black, white and red, which this glass does not have");
    }
    if ((setting & LUT_FROM_REGISTER) !== 0 && [...waveforms.keys()].some((code) => !this.isSet.has(code))) {
      this.fail("display refresh with waveforms from registers that were not all written");
    }
    if (!this.frames.has(0x13)) {
      this.fail("display refresh without the data of a frame");
    }
    this.frames.clear();
    this.refresh(this.picture(setting));
  }

  // DDX, in the data interval register, says which bit is white; the panel setting says from which corner the picture
  // is drawn.
  picture(setting) {
    const polarity = (this.registers.get(0x50)[0] >> 4) & 3;
    if (polarity > 1) {
      this.fail("display refresh with a reserved polarity of data (DDX)");
    }
    const frame = this.newFrame.map((byte) => (polarity === 1 ? byte : byte ^ 0xff));
    const isMirrored = (setting & SHIFT_RIGHT) === 0, isUpsideDown = (setting & SCAN_UP) === 0;
    return orient(frame, isMirrored, isUpsideDown);
  }
}

function orient(frame, isMirrored, isUpsideDown) {
  const result = new Uint8Array(FRAME_BYTES);
  for (let y = 0; y < HEIGHT; y++) {
    const from = (isUpsideDown ? HEIGHT - 1 - y : y) * ROW_BYTES;
    for (let x = 0; x < ROW_BYTES; x++) {
      result[y * ROW_BYTES + x] = isMirrored ? reverse(frame[from + ROW_BYTES - 1 - x]) : frame[from + x];
    }
  }
  return result;
}

function reverse(byte) {
  let result = 0;
  for (let bit = 0; bit < 8; bit++) {
    result |= ((byte >> bit) & 1) << (7 - bit);
  }
  return result;
}
