// The e-paper panel on a canvas: the picture, and the flicker with which such a panel goes from one to the next.
// Uses: the canvas, requestAnimationFrame. A frame is 15000 bytes, from the top left, 1 is white, as the emulator has it.

export const WIDTH = 400, HEIGHT = 300;
const PIXELS = WIDTH * HEIGHT;
const SCALE = 3; // canvas pixels for a pixel of the panel, so that it stays sharp at any size

// The values that a pixel is driven to in turn, depending on its old and new value (1 is white), and the share of the
// time for each. The panel is driven through both ends, so that the last picture leaves no ghost. In any second there
// are fewer than three flashes, which is what WCAG 2.3.1 allows.
const slowPhases = [
  { share: 0.14, target: (from) => 1 - from },
  { share: 0.13, target: () => 0 },
  { share: 0.16, target: () => 1 },
  { share: 0.17, target: (from, to) => 1 - to },
  { share: 0.4, target: (from, to) => to },
];
const quickPhases = [
  { share: 0.25, target: (from) => 1 - from },
  { share: 0.25, target: () => 1 },
  { share: 0.5, target: (from, to) => to },
];
const QUICK_MS = 2000;
const TRANSITION = 0.55; // of a phase; afterward the pixels rest
const LAGS = 64; // the capsules of ink do not all move at the same time

export class PanelView {
  /** colors: {paper, ink}, each [red, green, blue]. */
  constructor(canvas, colors) {
    canvas.width = WIDTH * SCALE;
    canvas.height = HEIGHT * SCALE;
    this.context = canvas.getContext("2d", { alpha: false });
    this.context.imageSmoothingEnabled = false;
    this.colors = colors;
    this.small = document.createElement("canvas");
    this.small.width = WIDTH;
    this.small.height = HEIGHT;
    this.smallContext = this.small.getContext("2d", { alpha: false });
    this.image = this.smallContext.createImageData(WIDTH, HEIGHT);
    this.image.data.fill(255);
    this.values = new Float32Array(PIXELS).fill(1);
    this.lags = Uint8Array.from({ length: PIXELS }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) % LAGS);
    this.run = 0; // counts refreshes; an older one ends when a newer one begins
    this.paint();
  }

  paint() {
    const { data } = this.image;
    const { paper, ink } = this.colors;
    for (let i = 0; i < PIXELS; i++) {
      const white = this.values[i];
      for (let channel = 0; channel < 3; channel++) {
        data[4 * i + channel] = ink[channel] + (paper[channel] - ink[channel]) * white;
      }
    }
    this.smallContext.putImageData(this.image, 0, 0);
    this.context.drawImage(this.small, 0, 0, WIDTH * SCALE, HEIGHT * SCALE);
  }

  /** Shows a frame at once. */
  show(frame) {
    this.run++;
    for (let i = 0; i < PIXELS; i++) {
      this.values[i] = frame[i >> 3] & (0x80 >> (i & 7)) ? 1 : 0;
    }
    this.paint();
  }

  /** Stops a refresh where it is, as a panel that loses its driver does. */
  abandon() {
    this.run++;
  }

  /** Goes to a frame in so many milliseconds. Resolves to false where something else came first. */
  async refresh(frame, ms) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.show(frame);
      return true;
    }
    const run = ++this.run;
    const first = Float32Array.from(this.values, (value) => Math.round(value));
    const last = Float32Array.from({ length: PIXELS }, (_, i) => (frame[i >> 3] & (0x80 >> (i & 7)) ? 1 : 0));
    let begin = performance.now();
    for (const { share, target } of ms > QUICK_MS ? slowPhases : quickPhases) {
      const from = Float32Array.from(this.values);
      const length = share * ms;
      for (;;) {
        const now = await new Promise((done) => requestAnimationFrame(done));
        if (run !== this.run) {
          return false;
        }
        const passed = Math.max(0, now - begin) / length;
        for (let i = 0; i < PIXELS; i++) {
          const lag = this.lags[i] / LAGS * 0.35;
          const step = Math.min(1, Math.max(0, (passed / TRANSITION - lag) / (1 - 0.35)));
          this.values[i] = from[i] + (target(first[i], last[i]) - from[i]) * step * (2 - step);
        }
        this.paint();
        if (passed >= 1) {
          break;
        }
      }
      begin += length;
    }
    this.show(frame);
    return true;
  }
}
