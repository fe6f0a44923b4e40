// Injects faults that happen to a real board, on demand.
// Uses: errors.js, image.js.

import { InputError } from "./errors.js";
import { FLASH_START } from "./image.js";

const FLOOD_BYTES = 20000;

const kinds = {
  // The panel stays busy from the refresh after AFTER pictures on, even after a reset.
  busy: (board, after) => { board.controller.stuckAfter = after; },
  // After AFTER sleeps and one more, the PLL of the system does not lock until the chip is reset.
  lock: (board, after) => { board.unlockedSleep = after; },
  // A reset by the RUN pin, or by the watchdog, after AFTER bytes on the console.
  reset: (board, after) => whenSaid(board, after, () => board.requestReset({ byRunPin: true })),
  watchdog: (board, after) => whenSaid(board, after, () => board.requestReset({ reason: 1 })),
  // Somebody leans on the keyboard, after AFTER bytes on the console.
  flood: (board, after) => whenSaid(board, after, () => {
    board.send(Uint8Array.from({ length: FLOOD_BYTES }, () => Math.floor(board.random() * 256)));
  }),
};

function whenSaid(board, count, act) {
  const { onConsole } = board;
  let left = count;
  board.onConsole = (bytes) => {
    onConsole(bytes);
    const wasLeft = left;
    left -= bytes.length;
    if (wasLeft >= 0 && left < 0) {
      act();
    }
  };
}

/** "busy", "reset:40": a kind, and after how many bytes of console (or pictures, or sleeps) it happens; 0 if not given. */
export function addFault(board, text) {
  const [kind, after = "0"] = text.split(":");
  if (!Object.hasOwn(kinds, kind) || !/^\d{1,9}$/.test(after)) {
    throw new InputError(`there is no fault '${text}'; there are ${Object.keys(kinds).join(", ")}, each with :AFTER`);
  }
  kinds[kind](board, Number(after));
}

/** Flips the lowest bit of a byte of the flash. place: "0x10012345", "symbol" or "symbol+12". */
export function flipBit(flash, symbols, place) {
  const [, name, offset = "0"] = /^([^+]+)(?:\+(\d+|0x[0-9a-fA-F]+))?$/.exec(place) ?? [];
  const base = /^0x[0-9a-fA-F]+$/.test(name ?? "") ? Number(name) : symbols.byName.get(name)?.address;
  if (base === undefined) {
    throw new InputError(`there is no symbol '${name ?? place}' in the image; give an address, or one from the ELF file`);
  }
  const index = base + Number(offset) - FLASH_START;
  if (!(index >= 0 && index < flash.length)) {
    throw new InputError(`'${place}' is not in the flash`);
  }
  flash[index] ^= 1;
}
