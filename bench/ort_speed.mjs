// Microseconds per token of an exported LSTM in ONNX Runtime, one thread: prints the time, and "-" for the draw.
// usage: node ort_speed.mjs MODEL.onnx. Run by bench/inference. Uses: onnxruntime-node, as web/ has it installed.
import { createRequire } from "node:module";

const runtime = createRequire(new URL("../web/package.json", import.meta.url))("onnxruntime-node");
const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" };
const session = await runtime.InferenceSession.create(process.argv[2], options);
const [L, H, TOKENS] = [2, 128, 3000];
const zeros = () => new runtime.Tensor("float32", new Float32Array(L * H), [L, 1, H]);
let state = { h0: zeros(), c0: zeros() };
let start;

for (let i = -300; i < TOKENS; i++) {
  if (i === 0) {
    start = process.hrtime.bigint();
  }
  const tokens = new runtime.Tensor("int64", BigInt64Array.of(BigInt((i + 300) % 65)), [1, 1]);
  const { hn, cn } = await session.run({ tokens, ...state });
  state = { h0: hn, c0: cn };
}
const elapsed = Number(process.hrtime.bigint() - start);
console.log((elapsed / TOKENS / 1000).toFixed(1), "-");
