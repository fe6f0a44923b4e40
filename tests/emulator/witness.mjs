// Has the published rp2040js boot a firmware image, and prints the console's lines for a page of a seed. From emulator/
// it uses only the loader: chip, clock, USB, and USB host are the package's own. The image begins with its second
// stage; in place of the boot ROM there is a table whose look-up finds a routine that returns, which is enough for the
// flash's number.
// Uses: node, rp2040js, emulator/image.js. usage: node witness.mjs IMAGE.uf2 SEED
import { readFileSync } from "node:fs";

import { readUf2 } from "../../emulator/image.js";
import { Simulator, USBCDC } from "../../emulator/node_modules/rp2040js/dist/esm/index.js";

const [image, seed] = process.argv.slice(2);
const FLASH_START = 0x10000000;
const CYCLE_NANOS = 8;
const LIMIT_NANOS = 60e9;

const simulator = new Simulator();
const { clock, rp2040 } = simulator;
const say = () => {};
rp2040.logger = { debug: say, info: say, warn: say, error: say };
const cdc = new USBCDC(rp2040.usbCtrl);
let text = "", line = "", lines = null, isOver = false;

const halfwords = new Uint16Array(20);
halfwords.set([0x2000, 0x2004], 0); // the stack begins at 0x20042000
halfwords.set([0x10, 0x10, 0x23], 0x14 / 2); // two tables, and the look-up
halfwords.set([0x4770, 0x2021, 0x4770], 0x20 / 2); // bx lr; movs r0, #0x21; bx lr
rp2040.loadBootrom(new Uint32Array(halfwords.buffer));
rp2040.flash.set(readUf2(readFileSync(image), image));
rp2040.core.PC = FLASH_START;
rp2040.core.LR = 0; // the second stage continues with the image
rp2040.gpio[24].setInputValue(true); // USB supplies power
cdc.onSerialData = (bytes) => {
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
    line = byte === 10 ? take(line.replace(/\r$/, "")) : line + String.fromCharCode(byte);
  }
};
rp2040.onBreak = (number) => {
  throw new Error(`the firmware stops at break ${number}; it has said\n${text}`);
};

function take(whole) {
  if (whole.startsWith("= start ")) {
    for (const character of `seed ${seed}\n`) {
      cdc.sendSerialByte(character.charCodeAt(0));
    }
  } else if (whole === `= seed ${seed}`) {
    lines = [];
  }
  lines?.push(whole);
  isOver = lines?.filter((each) => each.startsWith("= mark end")).length === 2;
  return "";
}

while (!isOver) {
  if (rp2040.core.waiting) {
    clock.tick(clock.nanosToNextAlarm);
  } else {
    clock.tick(rp2040.core.executeInstruction() * CYCLE_NANOS);
  }
  if (clock.nanos > LIMIT_NANOS) {
    throw new Error(`no page within ${LIMIT_NANOS / 1e9} s; the firmware has said\n${text}`);
  }
}
console.log(lines.join("\n"));
