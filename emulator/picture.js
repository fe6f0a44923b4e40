// A frame of the panel as a PNG file, and back.
// Uses: pngjs, panel/controller.js.

import { PNG } from "pngjs";

import { InputError } from "./errors.js";
import { FRAME_BYTES, HEIGHT, ROW_BYTES, WIDTH } from "./panel/controller.js";

/** frame: FRAME_BYTES, from the top left, 1 is white. */
export function encodePng(frame) {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  for (let place = 0; place < WIDTH * HEIGHT; place++) {
    const isWhite = frame[place >> 3] & (0x80 >> (place & 7));
    png.data.fill(isWhite ? 255 : 0, 4 * place, 4 * place + 3);
    png.data[4 * place + 3] = 255;
  }
  return PNG.sync.write(png, { colorType: 0, inputColorType: 6 });
}

/** @throws {InputError} for a picture of another size or with other colors than black and white. */
export function decodePng(bytes) {
  const png = PNG.sync.read(bytes);
  const frame = new Uint8Array(FRAME_BYTES);
  if (png.width !== WIDTH || png.height !== HEIGHT) {
    throw new InputError(`a picture of ${png.width} x ${png.height}; the panel has ${WIDTH} x ${HEIGHT}`);
  }
  for (let place = 0; place < WIDTH * HEIGHT; place++) {
    const [red, green, blue] = png.data.subarray(4 * place, 4 * place + 3);
    if (red !== green || green !== blue || (red !== 0 && red !== 255)) {
      throw new InputError(`a pixel that is neither black nor white, at ${place % WIDTH}, ${Math.floor(place / WIDTH)}`);
    }
    frame[(place / WIDTH | 0) * ROW_BYTES + ((place % WIDTH) >> 3)] |= red === 255 ? 0x80 >> (place & 7) : 0;
  }
  return frame;
}
