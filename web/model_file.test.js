// Tests that a descriptor is accepted only with its own model.
// Uses: node's own test runner: node --test web/model_file.test.js

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";

import { InputError } from "./descriptor.js";
import { readModelFile } from "./model_file.js";

async function withModel(fields, work) {
  const folder = await mkdtemp(path.join(tmpdir(), "quillet-model-"));
  try {
    await writeFile(path.join(folder, "a.onnx"), "model");
    await writeFile(path.join(folder, "a.json"), JSON.stringify({ filename: "a.onnx", vocabulary: "ab", ...fields }));
    await work(path.join(folder, "a.json"), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const right = createHash("sha256").update("model").digest("hex");

function refuses(file, pattern) {
  return assert.rejects(readModelFile(file, "a.json"), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, pattern);
    return true;
  });
}

test("a model is taken with its hash in either case, and without one", async () => {
  for (const fields of [{}, { sha256: right }, { sha256: right.toUpperCase() }]) {
    await withModel(fields, async (file, folder) => {
      assert.equal((await readModelFile(file, "a.json")).model, path.join(folder, "a.onnx"));
    });
  }
});

test("another model than the descriptor's is refused", async () => {
  await withModel({ sha256: right.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) },
    (file) => refuses(file, /not the model of this descriptor/));
  await withModel({ sha256: "abc" }, (file) => refuses(file, /"sha256" must be/));
  await withModel({ sha256: 1 }, (file) => refuses(file, /"sha256" must be/));
});

test("what is not a file is not a model", async () => {
  await withModel({ filename: "/dev/zero" }, (file) => refuses(file, /is not a file/));
  await withModel({ filename: "." }, (file) => refuses(file, /is not a file/));
});
