// Reads an image for the board: the blocks of a UF2 file, or an ELF file and its symbols.
// Uses: errors.js. UF2: the published specification of the format; ELF: the System V ABI, 32 bits, little-endian.

import { InputError } from "./errors.js";

export const FLASH_START = 0x10000000;
export const FLASH_BYTES = 2 * 1024 * 1024; // of a Pico
const RP2040_FAMILY = 0xe48bff56;
const BLOCK_BYTES = 512;
const PAGE_BYTES = 256; // the bytes that the boot ROM takes from a block
const PROGRAM_HEADER_BYTES = 32, SECTION_HEADER_BYTES = 40, SYMBOL_BYTES = 16; // of an ELF file
const NAME_BYTES = 4096; // that a symbol may have; the compiler's are shorter
const NOT_FOR_FLASH = 0x00000001;
const HAS_FAMILY = 0x00002000;

/**
 * Checks a UF2 file block by block, as the boot ROM would and more strictly.
 * Returns the flash of the board, FLASH_BYTES long and 0xff where nothing was written.
 * @throws {InputError} with the number of the block, from 0.
 */
export function readUf2(bytes, name) {
  const flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  const written = new Set();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / BLOCK_BYTES;

  if (bytes.length === 0 || !Number.isInteger(count)) {
    throw new InputError(`${name}: ${bytes.length} bytes are not whole UF2 blocks of ${BLOCK_BYTES}`);
  }
  for (let block = 0; block < count; block++) {
    const word = (place) => view.getUint32(block * BLOCK_BYTES + place, true);
    const expect = (holds, what) => {
      if (!holds) {
        throw new InputError(`${name}: block ${block} ${what}`);
      }
    };
    const address = word(12);
    expect(word(0) === 0x0a324655 && word(4) === 0x9e5d5157, "does not begin as a UF2 block does");
    expect(word(508) === 0x0ab16f30, "does not end as a UF2 block does");
    expect((word(8) & NOT_FOR_FLASH) === 0, "is not for flash");
    expect((word(8) & HAS_FAMILY) !== 0 && word(28) === RP2040_FAMILY, "is not for an RP2040");
    expect(word(16) === PAGE_BYTES, `has ${word(16)} bytes of content instead of ${PAGE_BYTES}`);
    expect(word(20) === block, `says that it is block ${word(20)}`);
    expect(word(24) === count, `says that there are ${word(24)} blocks; the file has ${count}`);
    expect(address % PAGE_BYTES === 0 && address >= FLASH_START && address < FLASH_START + FLASH_BYTES,
      `is for address 0x${address.toString(16)}, which is not a page of the flash`);
    expect(!written.has(address), `writes address 0x${address.toString(16)} for the second time`);
    written.add(address);
    flash.set(bytes.subarray(block * BLOCK_BYTES + 32, block * BLOCK_BYTES + 32 + PAGE_BYTES), address - FLASH_START);
  }
  checkSecondStage(flash, name);
  return flash;
}

/**
 * Takes the image from an ELF file: what it loads, at the addresses where it is stored.
 * @throws {InputError}
 */
export function readElfImage(bytes, name) {
  const view = openElf(bytes, name);
  const flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  const headers = view.getUint32(28, true), headerBytes = view.getUint16(42, true), count = view.getUint16(44, true);
  let loaded = 0;

  if (count > 0 && headerBytes < PROGRAM_HEADER_BYTES) {
    throw new InputError(`${name}: program headers of ${headerBytes} bytes, less than ${PROGRAM_HEADER_BYTES}`);
  }
  for (let header = headers; header < headers + count * headerBytes; header += headerBytes) {
    if (header + PROGRAM_HEADER_BYTES > bytes.length) {
      throw new InputError(`${name}: the ELF file is cut short`);
    }
    const [type, offset, , address, size] = [0, 4, 8, 12, 16].map((place) => view.getUint32(header + place, true));
    if (type !== 1 || size === 0) { // PT_LOAD
      continue;
    }
    if (address < FLASH_START || address + size > FLASH_START + FLASH_BYTES || offset + size > bytes.length) {
      throw new InputError(`${name}: ${size} bytes for address 0x${address.toString(16)}, which are not in the flash`);
    }
    loaded += size;
    if (loaded > FLASH_BYTES) {
      throw new InputError(`${name}: loads more bytes than the flash has: parts of it overlap`);
    }
    flash.set(bytes.subarray(offset, offset + size), address - FLASH_START);
  }
  checkSecondStage(flash, name);
  return flash;
}

function openElf(bytes, name) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 52 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 1 || bytes[5] !== 1) {
    throw new InputError(`${name}: is not a 32-bit, little-endian ELF file`);
  }
  return view;
}

// CRC-32 as the boot ROM computes it: polynomial 0x04c11db7, not reflected, without a final inversion.
function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
    }
  }
  return sum >>> 0;
}

// The boot ROM runs the first page of the flash only if its checksum is right (RP2040 datasheet 2.8.1.3.1).
function checkSecondStage(flash, name) {
  const sum = new DataView(flash.buffer).getUint32(252, true);
  if (crc(flash.subarray(0, 252)) !== sum) {
    throw new InputError(`${name}: the second stage of the boot loader, in the first page, has a wrong checksum`);
  }
}

/** The functions and objects of an image, by name and by address. */
export class Symbols {
  /** @param list of {name, address, bytes, isFunction}. */
  constructor(list = []) {
    this.byName = new Map(list.map((symbol) => [symbol.name, symbol]));
    this.functions = list.filter((symbol) => symbol.isFunction).sort((a, b) => a.address - b.address);
  }

  /** The function that holds `address`, or undefined. */
  functionAt(address) {
    let low = 0, high = this.functions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.functions[middle].address <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const found = this.functions[low - 1];
    return found !== undefined && address < found.address + Math.max(found.bytes, 2) ? found : undefined;
  }

  /** For messages: "0x10001234 (main+0x12)". */
  place(address) {
    const found = this.functionAt(address);
    const number = `0x${(address >>> 0).toString(16).padStart(8, "0")}`;
    return found === undefined ? number : `${number} (${found.name}+0x${(address - found.address).toString(16)})`;
  }
}

/** Reads the symbol table of an ELF file. @throws {InputError} */
export function readSymbols(bytes, name) {
  const view = openElf(bytes, name);
  const text = (start) => {
    const end = bytes.subarray(start, start + NAME_BYTES).indexOf(0);
    if (end < 0) {
      throw new InputError(`${name}: the name of a symbol has no end within ${NAME_BYTES} bytes`);
    }
    return new TextDecoder().decode(bytes.subarray(start, start + end));
  };
  const list = [];

  try {
    const sections = view.getUint32(32, true), sectionBytes = view.getUint16(46, true), count = view.getUint16(48, true);
    const field = (section, place) => view.getUint32(sections + section * sectionBytes + place, true);
    if (count > 0 && sectionBytes < SECTION_HEADER_BYTES) {
      throw new InputError(`${name}: section headers of ${sectionBytes} bytes, less than ${SECTION_HEADER_BYTES}`);
    }
    let table = 0; // the file has one table of symbols at most
    while (table < count && field(table, 4) !== 2) { // SHT_SYMTAB
      table++;
    }
    if (table === count) {
      return new Symbols();
    }
    const start = field(table, 16), size = field(table, 20), names = field(field(table, 24), 16);
    if (start + size > bytes.length) {
      throw new InputError(`${name}: ${size} bytes of symbols at ${start} are not in the file: it is damaged or cut short`);
    }
    for (let entry = start; entry + SYMBOL_BYTES <= start + size; entry += SYMBOL_BYTES) {
      const kind = bytes[entry + 12] & 15; // 1: object, 2: function
      if (kind === 1 || kind === 2) {
        const isFunction = kind === 2;
        const address = view.getUint32(entry + 4, true);
        list.push({
          name: text(names + view.getUint32(entry, true)),
          address: isFunction ? address & ~1 : address, // bit 0 of a function's address means Thumb
          bytes: view.getUint32(entry + 8, true),
          isFunction,
        });
      }
    }
  } catch (error) {
    if (error instanceof RangeError) {
      throw new InputError(`${name}: the ELF file is cut short`);
    }
    throw error;
  }
  return new Symbols(list);
}
