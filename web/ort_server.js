// ONNX Runtime as a server on a pipe: a request per line of standard input, an answer per line of standard output.
// Uses: onnxruntime-node, language_model.js. `quillet verify` and the conformance tests start it.
//
// Requests and answers are JSON objects. Floats are sent as the hexadecimal digits of their bytes, low byte first, so
// that no bit is lost. A request that fails is answered with {"error": message}, and the server continues.
//
//   {"open": FILE} or {"open_bytes": HEX}     {"runtime": VERSION, "inputs": [{name, type, shape}], "outputs": [...]}
//       opens a model; with "optimize": false each node runs as it is in the file
//   {"run": {NAME: {type, shape, data}}}      {"outputs": {NAME: {type, shape, data}}}
//       runs the open model; "outputs": [NAME...] selects outputs; the default is all
//   {"model": FILE}                           {"runtime": VERSION}
//       opens a language model by its descriptor
//   {"read": [TOKEN...]}                      {"logits": HEX}
//       the logits after each of the tokens, from zero state
//   {"write": {temperature, top_p, top_k, seed, length}}    {"tokens": [TOKEN...]}
//       what the language model writes

import { createInterface } from "node:readline";

import * as runtime from "onnxruntime-node";

import { InputError } from "./descriptor.js";
import { LanguageModel, sessionOptions } from "./language_model.js";
import { readModelFile } from "./model_file.js";
import { makeSampler } from "./sampler.js";

const arrayTypes = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array,
  int64: BigInt64Array, int32: Int32Array, int16: Int16Array, int8: Int8Array,
  uint64: BigUint64Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array, bool: Uint8Array,
};

let session;
let languageModel;

function toHex(array) {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("hex");
}

function toTensor({ type, shape, data }) {
  const bytes = Uint8Array.from(Buffer.from(data, "hex")); // a separate buffer, which is aligned for any type
  return new runtime.Tensor(type, new arrayTypes[type](bytes.buffer), shape);
}

function fromTensor({ type, dims, data }) {
  return { type, shape: dims, data: type === "string" ? null : toHex(data) };
}

async function open(model, optimize) {
  session = await runtime.InferenceSession.create(model, {
    ...sessionOptions,
    logSeverityLevel: 3,
    graphOptimizationLevel: optimize === false ? "disabled" : "all",
  });
  return { runtime: runtime.env.versions.node, inputs: session.inputMetadata, outputs: session.outputMetadata };
}

async function run(inputs, wanted) {
  if (session === undefined) {
    throw new InputError("no model is open");
  }
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensor(tensor)]));
  const results = await (wanted === undefined ? session.run(feeds) : session.run(feeds, wanted));
  return { outputs: Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromTensor(tensor)])) };
}

async function openLanguageModel(file) {
  const { descriptor, model } = await readModelFile(file, file);
  languageModel = await LanguageModel.load(runtime, model, descriptor);
  return { runtime: runtime.env.versions.node };
}

async function read(tokens) {
  languageModel.reset();
  let logits = "";
  for (const token of tokens) {
    logits += toHex(await languageModel.step(token));
  }
  return { logits };
}

async function write({ temperature, top_p, top_k, seed, length }) {
  const sampler = makeSampler({ temperature, topP: top_p, topK: top_k, seed });
  const source = languageModel.write(sampler);
  const tokens = [];
  while (tokens.length < length) {
    tokens.push((await source.next()).value);
  }
  return { tokens };
}

function answer(request) {
  if (request.open !== undefined) {
    return open(request.open, request.optimize);
  } else if (request.open_bytes !== undefined) {
    return open(Uint8Array.from(Buffer.from(request.open_bytes, "hex")), request.optimize);
  } else if (request.run !== undefined) {
    return run(request.run, request.outputs);
  } else if (request.model !== undefined) {
    return openLanguageModel(request.model);
  } else if ((request.read ?? request.write) === undefined) {
    throw new InputError("the server does not know this request");
  } else if (languageModel === undefined) {
    throw new InputError("no language model is open");
  }
  return request.read !== undefined ? read(request.read) : write(request.write);
}

process.stdout.on("error", () => process.exit(0)); // nobody is listening any more

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
