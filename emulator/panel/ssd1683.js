// The controller SSD1683: the later versions of the 4.2 inch panel.
// Uses: controller.js. From its public data sheet: the table of commands, the address counters, the update sequence.
//
// What the model insists on, in this order:
//   reset, BUSY; software reset, BUSY; driver output control for 300 rows; data entry mode, window and address counters;
//   a whole frame in the black and white memory (and in the red one, unless it is bypassed); display update control 2 for
//   a full update; master activation, BUSY; deep sleep.
// BUSY is high while the controller works.

import { Controller, FRAME_BYTES, HEIGHT, ROW_BYTES } from "./controller.js";

const SOFT_RESET_MS = 5, POWER_MS = 60, REFRESH_MS = 3000;

// Display update control 2: the steps of master activation.
const CLOCK_ON = 0x80, ANALOG_ON = 0x40, LOAD_WAVEFORM = 0x10, PARTIAL_MODE = 0x08, DISPLAY = 0x04, ANALOG_OFF = 0x02;

const RED = "red", BLACK = "black and white";

export class Ssd1683 extends Controller {
  constructor() {
    super("SSD1683", { busyLevel: true, maxFrequency: 20e6, refreshMs: REFRESH_MS });
    this.memories = { [BLACK]: new Uint8Array(FRAME_BYTES), [RED]: new Uint8Array(FRAME_BYTES) };
    this.addRegister(0x01, "driver output control", [3], (values) => this.setRows(values));
    this.addRegister(0x03, "gate voltage", [1]);
    this.addRegister(0x04, "source voltage", [3]);
    this.addRegister(0x0c, "booster soft start", [4]);
    this.addCommand(0x10, "deep sleep", [1], { take: (byte) => this.deepSleep(byte) });
    this.addRegister(0x11, "data entry mode", [1], ([mode]) => { this.entry = mode & 7; });
    this.addCommand(0x12, "software reset", [0], { end: () => this.softReset() });
    this.addRegister(0x18, "temperature sensor", [1], ([which]) => {
      this.hasTemperature = which === 0x80 || which === 0x48; // internal or external
    });
    this.addRegister(0x1a, "temperature", [2]);
    this.addCommand(0x20, "master activation", [0], { end: () => this.activate() });
    this.addRegister(0x21, "display update control 1", [2], ([use]) => { this.use = use; });
    this.addRegister(0x22, "display update control 2", [1], ([steps]) => { this.steps = steps; });
    this.addMemory(0x24, BLACK);
    this.addMemory(0x26, RED);
    this.addRegister(0x2c, "VCOM", [1]);
    this.addRegister(0x3c, "border waveform", [1]);
    this.addRegister(0x3f, "end option", [1]);
    this.addRegister(0x44, "window, x", [2], ([start, end]) => { this.xStart = start & 63; this.xEnd = end & 63; });
    this.addRegister(0x45, "window, y", [4], ([a, b, c, d]) => {
      this.yStart = a + 256 * (b & 1);
      this.yEnd = c + 256 * (d & 1);
    });
    this.addRegister(0x4e, "x counter", [1], ([x]) => { this.x = x & 63; });
    this.addRegister(0x4f, "y counter", [2], ([a, b]) => { this.y = a + 256 * (b & 1); });
    this.addCommand(0x7f, "no operation", [0], { runsWhileBusy: true });
    this.reset();
  }

  addMemory(code, kind) {
    // Any number of bytes may be written, in any number of commands; a refresh checks whether the frame is complete.
    this.addCommand(code, `write of the ${kind} memory`, [FRAME_BYTES], {
      takesLess: true,
      begin: () => this.checkAddress(),
      take: (byte) => this.store(kind, byte),
    });
  }

  reset() {
    this.wasSoftReset = false;
    this.isPowered = false;
    this.setDefaults();
  }

  setDefaults() {
    this.rows = undefined;
    this.entry = undefined;
    this.xStart = this.xEnd = this.yStart = this.yEnd = this.x = this.y = undefined;
    this.use = 0;
    this.steps = undefined;
    this.hasTemperature = false;
    this.written = { [BLACK]: new Set(), [RED]: new Set() };
  }

  softReset() {
    this.wasSoftReset = true;
    this.setDefaults();
    this.work(SOFT_RESET_MS * 1e6);
  }

  writeCommand(byte) {
    const mayCome = byte === 0x12 || byte === 0x7f || byte === 0x10;
    if (!this.wasSoftReset && this.isAwake && !mayCome && this.commands.has(byte)) {
      this.fail(`${this.commands.get(byte).name} before the software reset`);
    }
    super.writeCommand(byte);
  }

  setRows([low, high, scan]) {
    this.rows = low + 256 * (high & 1) + 1;
    if (this.rows !== HEIGHT || scan !== 0) {
      this.fail(`driver output control for ${this.rows} rows and scan ${scan}; the glass has ${HEIGHT} rows, ` +
        "scanned from the top (0)");
    }
  }

  checkAddress() {
    const names = { entry: "data entry mode", xStart: "a window in x", yStart: "a window in y", x: "the x counter",
      y: "the y counter", rows: "driver output control" };
    for (const [field, name] of Object.entries(names)) {
      if (this[field] === undefined) {
        this.fail(`a write to its memory before ${name} was set`);
      }
    }
    if (Math.max(this.xStart, this.xEnd) >= ROW_BYTES || Math.max(this.yStart, this.yEnd) >= HEIGHT) {
      this.fail("a write to its memory with a window beyond the glass");
    }
  }

  // The counters move through the window, from its start to its end, in the direction of the data entry mode.
  store(kind, byte) {
    const place = this.y * ROW_BYTES + this.x;
    if (this.x >= ROW_BYTES || this.y >= HEIGHT) {
      this.fail(`a write to its memory at column ${8 * this.x}, row ${this.y}, beyond the glass`);
    }
    this.memories[kind][place] = byte;
    this.written[kind].add(place);
    const stepX = this.entry & 1 ? 1 : -1, stepY = this.entry & 2 ? 1 : -1;
    const moveX = () => {
      const wraps = this.x === this.xEnd;
      this.x = wraps ? this.xStart : this.x + stepX;
      return wraps;
    };
    const moveY = () => {
      const wraps = this.y === this.yEnd;
      this.y = wraps ? this.yStart : this.y + stepY;
      return wraps;
    };
    if (this.entry & 4) {
      if (moveY()) {
        moveX();
      }
    } else if (moveX()) {
      moveY();
    }
  }

  activate() {
    const { steps } = this;
    if (steps === undefined) {
      this.fail("master activation without display update control 2");
    }
    if ((steps & DISPLAY) === 0) {
      this.isPowered = (steps & ANALOG_ON) !== 0 || (this.isPowered && (steps & ANALOG_OFF) === 0);
      this.work(POWER_MS * 1e6);
      return;
    }
    const hasPower = this.isPowered || ((steps & CLOCK_ON) !== 0 && (steps & ANALOG_ON) !== 0);
    if (!hasPower) {
      this.fail("master activation of a display without clock and analog power");
    }
    if ((steps & LOAD_WAVEFORM) === 0 || (steps & PARTIAL_MODE) !== 0) {
      this.fail(`display update control 2 is 0x${steps.toString(16)}, which is not a full update with a loaded waveform`);
    }
    if (this.rows === undefined) {
      this.fail("master activation without driver output control");
    }
    if (!this.hasTemperature) {
      this.fail("master activation without a temperature sensor: the waveform depends on it");
    }
    this.checkFrame(BLACK, this.use & 15);
    this.checkFrame(RED, this.use >> 4);
    this.isPowered = (steps & ANALOG_OFF) === 0;
    const inverts = (this.use & 15) === 8;
    this.refresh(this.memories[BLACK].map((byte) => (inverts ? byte ^ 0xff : byte)));
    this.written = { [BLACK]: new Set(), [RED]: new Set() };
  }

  // `use` of a memory: 0 unchanged, 4 as if it were all 0, 8 inverted.
  checkFrame(kind, use) {
    const written = this.written[kind].size;
    if (use === 4) {
      if (kind === BLACK) {
        this.fail("display update control 1 bypasses the black and white memory");
      }
    } else if (use !== 0 && use !== 8) {
      this.fail(`display update control 1 has a reserved use, ${use}, of the ${kind} memory`);
    } else if (written < FRAME_BYTES) {
      this.fail(`master activation after ${written} of the ${FRAME_BYTES} bytes of the ${kind} memory were written`);
    }
  }

  deepSleep(mode) {
    if (mode !== 1 && mode !== 3) {
      this.fail(`deep sleep with the mode ${mode} does not sleep`);
    }
    this.transfer = null;
    this.sleep();
  }
}
