// An exported model on disk: a descriptor and the ONNX file that it names, which belong together.
// Uses: node, descriptor.js.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";

import { InputError, readDescriptor } from "./descriptor.js";

async function read(file, name) {
  const descriptor = readDescriptor(await readFile(file, "utf8"), name);
  const model = path.resolve(path.dirname(file), descriptor.filename);
  if (!(await stat(model)).isFile()) {
    throw new InputError(`${name}: the model ${JSON.stringify(descriptor.filename)} is not a file`);
  }
  const sha256 = descriptor.sha256 === "" ? "" : createHash("sha256").update(await readFile(model)).digest("hex");
  return { descriptor, model, sha256 };
}

/**
 * Reads a descriptor, and checks that the model is a file and the one that the descriptor was written for, where that
 * says so. Returns the descriptor and the model's path. `name` is the descriptor's in messages.
 */
export async function readModelFile(file, name) {
  let pair = await read(file, name);
  if (pair.sha256 !== pair.descriptor.sha256.toLowerCase()) {
    pair = await read(file, name); // an export may have replaced both after the first was read; then they match now
  }
  const { descriptor, model, sha256 } = pair;
  if (sha256 !== descriptor.sha256.toLowerCase()) {
    throw new InputError(`${name}: ${JSON.stringify(descriptor.filename)} is not the model of this descriptor: its ` +
      `SHA-256 is ${sha256.slice(0, 12)}..., but the field "sha256" says ${descriptor.sha256.slice(0, 12)}...; export ` +
      "the model again, or remove the field if the model was changed on purpose");
  }
  return { descriptor, model };
}
