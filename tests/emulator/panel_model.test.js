// The models of the panel's controllers: what they accept, what they show, and what they refuse.
// Uses: node's own test runner, emulator/panel/. node --test tests/emulator/panel_model.test.js

import assert from "node:assert/strict";
import test from "node:test";

import { FirmwareError } from "../../emulator/errors.js";
import { FRAME_BYTES, ROW_BYTES } from "../../emulator/panel/controller.js";
import { Ssd1683 } from "../../emulator/panel/ssd1683.js";
import { Uc8176 } from "../../emulator/panel/uc8176.js";

// A controller on a test bench: the test controls the time.
class Bench {
  constructor(controller) {
    this.controller = controller;
    this.nanos = 0;
    this.appointments = [];
    this.pictures = [];
    controller.now = () => this.nanos;
    controller.after = (nanos, callback) => this.appointments.push({ nanos: this.nanos + nanos, callback });
    controller.onPicture = (frame) => this.pictures.push(frame);
  }

  wait(milliseconds) {
    const end = this.nanos + milliseconds * 1e6;
    for (;;) {
      this.appointments.sort((a, b) => a.nanos - b.nanos);
      if (this.appointments.length === 0 || this.appointments[0].nanos > end) {
        break;
      }
      const { nanos, callback } = this.appointments.shift();
      this.nanos = nanos;
      callback();
    }
    this.nanos = end;
  }

  untilIdle() {
    while (this.controller.isBusy) {
      this.wait(1);
    }
  }

  reset() {
    this.controller.writeReset(true);
    this.controller.writeReset(false);
    this.wait(10);
    this.controller.writeReset(true);
    this.wait(10);
  }

  send(command, ...data) {
    this.controller.writeCommand(command);
    for (const byte of data) {
      this.controller.writeData(byte);
    }
    this.controller.deselect();
  }
}

const frame = Uint8Array.from({ length: FRAME_BYTES }, (_, place) => (place * 37 + (place >> 8)) & 255);

// The steps from reset to deep sleep, each with a name, so that a test can leave one out or replace it.
const steps = {
  uc8176: {
    reset: (b) => b.reset(),
    booster: (b) => b.send(0x06, 0x17, 0x17, 0x17),
    powerOn: (b) => { b.send(0x04); b.untilIdle(); },
    setting: (b) => b.send(0x00, 0x1f),
    resolution: (b) => b.send(0x61, 0x01, 0x90, 0x01, 0x2c),
    data: (b) => b.send(0x13, ...frame),
    refresh: (b) => { b.send(0x12); b.untilIdle(); },
    powerOff: (b) => { b.send(0x02); b.untilIdle(); },
    sleep: (b) => b.send(0x07, 0xa5),
  },
  ssd1683: {
    reset: (b) => b.reset(),
    softReset: (b) => { b.send(0x12); b.untilIdle(); },
    rows: (b) => b.send(0x01, 0x2b, 0x01, 0x00),
    use: (b) => b.send(0x21, 0x40, 0x00),
    border: (b) => b.send(0x3c, 0x05),
    sensor: (b) => b.send(0x18, 0x80),
    entry: (b) => b.send(0x11, 0x03),
    windowX: (b) => b.send(0x44, 0x00, 0x31),
    windowY: (b) => b.send(0x45, 0x00, 0x00, 0x2b, 0x01),
    counterX: (b) => b.send(0x4e, 0x00),
    counterY: (b) => b.send(0x4f, 0x00, 0x00),
    data: (b) => b.send(0x24, ...frame),
    control: (b) => b.send(0x22, 0xf7),
    refresh: (b) => { b.send(0x20); b.untilIdle(); },
    sleep: (b) => b.send(0x10, 0x01),
  },
};

const models = { uc8176: () => new Uc8176(), ssd1683: () => new Ssd1683() };

// Runs the steps of a controller with changes: undefined leaves a step out.
function run(kind, changes = {}) {
  const bench = new Bench(models[kind]());
  for (const [name, step] of Object.entries({ ...steps[kind], ...changes })) {
    step?.(bench);
  }
  bench.controller.checkRest();
  return bench;
}

function refuses(kind, changes, pattern) {
  assert.throws(() => run(kind, changes), (error) => {
    assert.ok(error instanceof FirmwareError, error.stack);
    assert.match(error.message, pattern);
    return true;
  });
}

for (const kind of Object.keys(models)) {
  test(`${kind} shows the frame that it was sent`, () => {
    const bench = run(kind);
    assert.equal(bench.pictures.length, 1);
    assert.deepEqual(bench.pictures[0], frame);
    assert.equal(bench.controller.isAwake, false);
  });

  test(`${kind} without a reset takes nothing`, () => {
    refuses(kind, { reset: undefined }, /before a reset/);
  });

  test(`${kind} reset for too short a time is refused`, () => {
    refuses(kind, {
      reset: (b) => { b.controller.writeReset(false); b.wait(0.001); b.controller.writeReset(true); },
    }, /reset pulse of 1\.0 us is too short/);
  });

  test(`${kind} refreshed without data is refused`, () => {
    refuses(kind, { data: undefined }, /without the data of a frame|after 0 of the 15000 bytes/);
  });

  test(`${kind} refreshed with half the data is refused`, () => {
    const code = kind === "uc8176" ? 0x13 : 0x24;
    refuses(kind, { data: (b) => b.send(code, ...frame.subarray(0, 7000)) }, /not 7000|after 7000 of the 15000 bytes/);
  });

  test(`${kind} with more data than a frame is refused`, () => {
    const code = kind === "uc8176" ? 0x13 : 0x24;
    refuses(kind, { data: (b) => { b.send(code, ...frame); b.controller.writeData(1); } }, /not more|takes data/);
  });

  test(`${kind} written to while it refreshes is refused`, () => {
    const [refresh, next] = kind === "uc8176" ? [0x12, 0x02] : [0x20, 0x10];
    refuses(kind, { refresh: (b) => { b.send(refresh); b.send(next); } }, /while it was busy/);
  });

  test(`${kind} sent data in place of a command is refused`, () => {
    refuses(kind, { data: (b) => b.controller.writeData(0) }, /after no command that takes data/);
  });

  test(`${kind} sent a register that is too short is refused`, () => {
    const change = kind === "uc8176"
      ? { resolution: (b) => b.send(0x61, 0x01, 0x90) }
      : { windowY: (b) => b.send(0x45, 0x00, 0x00, 0x2b) };
    refuses(kind, change, /takes 4 bytes of data, not [23]/);
  });

  test(`${kind} sent a command of the other controller is refused`, () => {
    refuses(kind, { data: (b) => b.send(kind === "uc8176" ? 0x44 : 0x13) }, /unknown to it/);
  });

  test(`${kind} left awake after a refresh is refused`, () => {
    refuses(kind, { sleep: undefined }, /no deep sleep after the last refresh/);
    refuses(kind, { sleep: (b) => b.wait(6000) }, /no deep sleep within 5 s/);
  });

  test(`${kind} woken otherwise than by a reset is refused`, () => {
    refuses(kind, { after: (b) => b.send(0x00, 0x1f) }, /in deep sleep/);
  });

  test(`${kind} that is stuck stays busy, also after a reset`, () => {
    const bench = new Bench(models[kind]());
    bench.controller.stuckAfter = 0;
    for (const [name, step] of Object.entries(steps[kind])) {
      if (name === "refresh") {
        break;
      }
      step(bench);
    }
    bench.send(kind === "uc8176" ? 0x12 : 0x20);
    bench.wait(60000);
    assert.equal(bench.controller.isBusy, true);
    bench.reset();
    bench.wait(60000);
    assert.equal(bench.controller.busyPin, kind === "ssd1683");
    assert.equal(bench.pictures.length, 0);
  });

  test(`${kind} reset in the middle of a refresh shows nothing, and works again`, () => {
    const bench = new Bench(models[kind]());
    for (const [name, step] of Object.entries(steps[kind])) {
      if (name === "refresh") {
        bench.send(kind === "uc8176" ? 0x12 : 0x20);
        bench.wait(100);
        break;
      }
      step(bench);
    }
    for (const step of Object.values(steps[kind])) {
      step(bench);
    }
    bench.controller.checkRest();
    assert.equal(bench.pictures.length, 1);
  });
}

test("uc8176 refreshed without power is refused", () => {
  refuses("uc8176", { powerOn: undefined }, /without power on/);
  refuses("uc8176", { booster: undefined }, /without a booster soft start/);
  refuses("uc8176", { setting: undefined }, /without a panel setting/);
});

test("uc8176 sent to sleep under power, or with a wrong code, is refused", () => {
  refuses("uc8176", { powerOff: undefined }, /before power off/);
  refuses("uc8176", { sleep: (b) => b.send(0x07, 0x5a) }, /instead of 0xa5/);
});

test("uc8176 in the mode for three colors is refused", () => {
  refuses("uc8176", { setting: (b) => b.send(0x00, 0x0f) }, /red/);
});

test("uc8176 told another resolution is refused", () => {
  refuses("uc8176", { resolution: (b) => b.send(0x61, 0x01, 0x90, 0x00, 0xf0) }, /400 x 240/);
});

test("uc8176 with inverted polarity shows the inverse", () => {
  const bench = run("uc8176", { resolution: (b) => b.send(0x50, 0xc7) });
  assert.deepEqual(bench.pictures[0], frame.map((byte) => byte ^ 0xff));
});

test("uc8176 scanned from the bottom shows the frame upside down", () => {
  const [picture] = run("uc8176", { setting: (b) => b.send(0x00, 0x17) }).pictures;
  assert.deepEqual(picture.subarray(0, ROW_BYTES), frame.subarray(FRAME_BYTES - ROW_BYTES));
  const [mirrored] = run("uc8176", { setting: (b) => b.send(0x00, 0x1b) }).pictures;
  assert.equal(mirrored[0] >> 7, frame[ROW_BYTES - 1] & 1);
});

test("ssd1683 used before its software reset is refused", () => {
  refuses("ssd1683", { softReset: undefined }, /before the software reset/);
});

test("ssd1683 written to without a window or a counter is refused", () => {
  for (const [step, name] of [["rows", /driver output/], ["entry", /data entry mode/], ["windowX", /window in x/],
    ["windowY", /window in y/], ["counterX", /x counter/], ["counterY", /y counter/]]) {
    refuses("ssd1683", { [step]: undefined }, name);
  }
});

test("ssd1683 refreshed with a red memory that nobody wrote is refused", () => {
  refuses("ssd1683", { use: undefined }, /0 of the 15000 bytes of the red memory/);
  const both = run("ssd1683", {
    use: undefined,
    border: (b) => { steps.ssd1683.entry(b); steps.ssd1683.windowX(b); steps.ssd1683.windowY(b); },
    counterY: (b) => {
      steps.ssd1683.counterY(b);
      b.send(0x26, ...frame.map((byte) => byte ^ 0xff));
    },
  });
  assert.deepEqual(both.pictures[0], frame);
});

test("ssd1683 asked for a partial update, or for one without power or waveform, is refused", () => {
  refuses("ssd1683", { control: (b) => b.send(0x22, 0xff) }, /not a full update/);
  refuses("ssd1683", { control: (b) => b.send(0x22, 0x14) }, /without clock and analog power/);
  refuses("ssd1683", { control: (b) => b.send(0x22, 0xc7) }, /not a full update/);
  refuses("ssd1683", { control: undefined }, /without display update control 2/);
  refuses("ssd1683", { sensor: undefined }, /without a temperature sensor/);
});

test("ssd1683 fills its memory in the direction of the data entry mode", () => {
  const bench = run("ssd1683", {
    entry: (b) => b.send(0x11, 0x01), // x forward, y backward
    windowY: (b) => b.send(0x45, 0x2b, 0x01, 0x00, 0x00),
    counterY: (b) => b.send(0x4f, 0x2b, 0x01),
  });
  assert.deepEqual(bench.pictures[0].subarray(0, ROW_BYTES), frame.subarray(FRAME_BYTES - ROW_BYTES));
  assert.deepEqual(bench.pictures[0].subarray(FRAME_BYTES - ROW_BYTES), frame.subarray(0, ROW_BYTES));
});

test("ssd1683 with a window beyond the glass is refused", () => {
  refuses("ssd1683", { windowX: (b) => b.send(0x44, 0x00, 0x32) }, /window beyond the glass/);
  refuses("ssd1683", { rows: (b) => b.send(0x01, 0x2c, 0x01, 0x00) }, /301 rows/);
});
