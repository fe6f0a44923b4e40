#!/usr/bin/env python3
# Models by hand, in the shapes that exporters of today give them: PyTorch's of 2.9 and 2.10 (weights in a file beside, gates
# put in order in the graph, local functions, versions 18 to 25), tf2onnx's loops for Keras's LSTM and GRU, a keyword spotter,
# a quantized LSTM, a transformer's block. ONNX Runtime and the C that is generated agree within 1e-5.
# Uses: onnx, numpy, cc, Node with onnxruntime-node; exits with 77 where they are not installed.
# Arguments: the tool, the source tree, a folder to work in.
import ctypes
import json
import os
import shutil
import subprocess
import sys

try:
    import numpy as np
    import onnx
    from onnx import TensorProto as T, helper as h, numpy_helper as nh
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

TOOL, ROOT, FOLDER = (os.path.abspath(argument) for argument in sys.argv[1:4])
NODE = shutil.which("node") or shutil.which("nodejs")
if NODE is None or not os.path.exists(f"{ROOT}/web/node_modules/onnxruntime-node"):
    print("skipped: onnxruntime-node is not installed: tools/bootstrap web")
    sys.exit(77)

TOLERANCE = 1e-5
rng = np.random.default_rng(20)
H, I, STEPS, V = 5, 4, 6, 7


def weights(*shape):
    return (rng.standard_normal(shape) * 0.5).astype("f")


def info(name, kind, shape):
    return h.make_tensor_value_info(name, kind, shape)


class Builder:
    """A graph that grows: an operator is a method, its result a name."""

    def __init__(self, opset, prefix="val"):
        self.prefix = prefix
        self.opset, self.nodes, self.constants, self.functions, self.count = opset, [], {}, [], 0

    def name(self):
        self.count += 1
        return f"{self.prefix}_{self.count}"

    def constant(self, array):
        name = self.name()
        self.constants[name] = np.asarray(array)
        return name

    def __getattr__(self, operator):
        def add(*inputs, outputs=1, domain="", **attributes):
            inputs = [value if isinstance(value, str) else self.constant(value) for value in inputs]
            names = [self.name() for _ in range(outputs)]
            self.nodes.append(h.make_node(operator, inputs, names, domain=domain, name=f"node_{operator}_{self.count}",
                                          **attributes))
            return names[0] if outputs == 1 else names
        return add

    def model(self, inputs, outputs, ir=10, domains=()):
        graph = h.make_graph(self.nodes, "main_graph", [info(*i) for i in inputs], [info(*o) for o in outputs],
                             [nh.from_array(array, name) for name, array in self.constants.items()])
        opsets = [h.make_opsetid("", self.opset)] + [h.make_opsetid(domain, 1) for domain in domains]
        model = h.make_model(graph, opset_imports=opsets, functions=self.functions)
        model.ir_version = ir
        return model

    def named(self, value, name):
        self.nodes.append(h.make_node("Identity", [value], [name]))


def in_order(b, array, order):
    """Gates in ONNX's order, cut and joined in the graph: PyTorch's weights stay as they are."""
    parts = []
    for gate in order:
        parts.append(b.Slice(array, np.array([gate * H]), np.array([(gate + 1) * H]), np.array([0]), np.array([1])))
    return b.Unsqueeze(b.Concat(*parts, axis=0), np.array([0]))


def torch_recurrent(cell, opset):
    b = Builder(opset)
    gates, order = (4, (0, 3, 1, 2)) if cell == "LSTM" else (3, (1, 0, 2))
    y = b.Gather(weights(V, I), "tokens")
    y = b.Transpose(y, perm=[1, 0, 2])
    states = []
    for layer in range(2):
        w, r = (in_order(b, b.constant(weights(gates * H, I if layer == 0 and k == 0 else H)), order) for k in range(2))
        bias = b.Unsqueeze(b.Concat(*(b.Squeeze(in_order(b, b.constant(weights(gates * H)), order), np.array([0]))
                                      for _ in range(2)), axis=0), np.array([0]))
        first = b.Slice("h0", np.array([layer]), np.array([layer + 1]), np.array([0]), np.array([1]))
        inputs = [y, w, r, bias, "", first]
        if cell == "LSTM":
            inputs.append(b.Slice("c0", np.array([layer]), np.array([layer + 1]), np.array([0]), np.array([1])))
        results = getattr(b, cell)(*inputs, outputs=3 if cell == "LSTM" else 2, hidden_size=H, direction="forward",
                                   **({} if cell == "LSTM" else {"linear_before_reset": 1}))
        y = b.Squeeze(results[0], np.array([1]))
        states.append(results[1:])
    for k, name in enumerate(("hn", "cn")[: len(states[0])]):
        b.named(b.Concat(states[0][k], states[1][k], axis=0), name)
    y = b.Transpose(y, perm=[1, 0, 2])
    b.named(b.Add(b.MatMul(y, b.Transpose(weights(V, H), perm=[1, 0])), weights(V)), "linear")
    state = [2, 1, H]
    names = ["h", "c"][: len(states[0])]
    return b.model([("tokens", T.INT64, [1, STEPS])] + [(f"{n}0", T.FLOAT, state) for n in names],
                   [("linear", T.FLOAT, [1, STEPS, V])] + [(f"{n}n", T.FLOAT, state) for n in names], ir=10)


def torch_functions():
    """The exporter of 2.5 to 2.8 leaves operators of PyTorch as functions, which call each other."""
    b, domain = Builder(18), "pkg.onnxscript.torch_lib"
    opsets = [h.make_opsetid("", 18), h.make_opsetid(domain, 1)]
    shared = h.make_node("aten_t", ["weight"], ["turned"], domain=domain)
    b.functions = [
        h.make_function(domain, "aten_t", ["x"], ["y"], [h.make_node("Transpose", ["x"], ["y"], perm=[1, 0])], opsets),
        h.make_function(domain, "aten_linear", ["x", "weight", "bias"], ["y"],
                        [shared, h.make_node("MatMul", ["x", "turned"], ["m"]),
                         h.make_node("Add", ["m", "bias"], ["y"])], opsets),
        h.make_function(domain, "aten_gelu", ["x"], ["y"],
                        [h.make_node("Constant", [], ["root"], value_float=0.70710678),
                         h.make_node("Mul", ["x", "root"], ["s"]), h.make_node("Erf", ["s"], ["e"]),
                         h.make_node("Constant", [], ["one"], value_float=1.0), h.make_node("Add", ["e", "one"], ["t"]),
                         h.make_node("Constant", [], ["half"], value_float=0.5), h.make_node("Mul", ["half", "t"], ["g"]),
                         h.make_node("Mul", ["x", "g"], ["y"])], opsets),
    ]
    y = b.aten_linear("x", weights(H, I), weights(H), domain=domain)
    y = b.LayerNormalization(b.aten_gelu(y, domain=domain), weights(H), weights(H), axis=-1)
    b.named(b.aten_linear(y, weights(V, H), weights(V), domain=domain), "y")
    return b.model([("x", T.FLOAT, [3, I])], [("y", T.FLOAT, [3, V])], ir=8, domains=[domain])


def keras_loop(cell):
    """A while loop of Keras: a counter, its bound, a list of rows, and a condition that both sides of the loop compute."""
    b = Builder(15)
    gates = 4 if cell == "LSTM" else 3
    b.constants.update(kernel=weights(I, gates * H), recurrent=weights(H, gates * H), bias=weights(gates * H),
                       zero=np.array(0), one=np.array(1), bound=np.array(STEPS), ones=np.ones(1, "f"))
    time = b.Transpose("x", perm=[1, 0, 2])
    body = Builder(15, "while")
    body.nodes.append(h.make_node("Add", ["time", "one"], ["next"]))
    x = body.Gather(time, "time", axis=0)
    sums = body.Add(body.MatMul(x, "kernel"), "bias")
    if cell == "LSTM":
        parts = body.Split(body.Add(sums, body.MatMul("state_h", "recurrent")), outputs=4, axis=1)
        i, f, o = (body.Sigmoid(parts[k]) for k in (0, 1, 3))
        body.named(body.Add(body.Mul(f, "state_c"), body.Mul(i, body.Tanh(parts[2]))), "next_c")
        body.named(body.Mul(o, body.Tanh("next_c")), "next_h")
    else:
        inner = body.Split(body.MatMul("state_h", "recurrent"), outputs=3, axis=1)
        outer = body.Split(sums, outputs=3, axis=1)
        z, r = (body.Sigmoid(body.Add(outer[k], inner[k])) for k in (0, 1))
        candidate = body.Tanh(body.Add(outer[2], body.Mul(r, inner[2])))
        body.named(body.Add(body.Mul(z, "state_h"), body.Mul(body.Sub("ones", z), candidate)), "next_h")
    body.named("next_h", "row")
    body.nodes.append(h.make_node("Less", ["next", "bound"], ["early"]))
    body.nodes.append(h.make_node("Less", ["iteration", "bound"], ["within"]))
    body.nodes.append(h.make_node("And", ["early", "within"], ["go_on"]))
    carried = ["time"] + [f"state_{n}" for n in ("h", "c")[: 2 if cell == "LSTM" else 1]]
    graph = h.make_graph(
        body.nodes, "while_body",
        [info("iteration", T.INT64, []), info("go", T.BOOL, []), info("time", T.INT64, [])] +
        [info(name, T.FLOAT, None) for name in carried[1:]],
        [info("go_on", T.BOOL, []), info("next", T.INT64, [])] +
        [info(name.replace("state", "next"), T.FLOAT, None) for name in carried[1:]] + [info("row", T.FLOAT, None)],
        [nh.from_array(array, name) for name, array in body.constants.items()])
    rows = b.Shape(time)
    go = b.Less("zero", b.Gather(rows, np.array(0)))
    state = b.Expand(np.zeros((1, 1), "f"), np.array([2, H]))
    results = b.Loop(np.array(np.iinfo(np.int64).max), go, "zero", *[state] * (len(carried) - 1),
                     outputs=len(carried) + 1, body=graph)
    b.named(b.Transpose(results[-1], perm=[1, 0, 2]), "all")
    b.named(b.MatMul(results[1], weights(H, V)), "y")
    return b.model([("x", T.FLOAT, [2, STEPS, I])], [("y", T.FLOAT, [2, V]), ("all", T.FLOAT, [2, STEPS, H])], ir=8)


def scan_cell():
    b = Builder(18)
    b.constants.update(w=weights(I, H), r=weights(H, H))
    body = h.make_graph([h.make_node("MatMul", ["part", "w"], ["a"]), h.make_node("MatMul", ["s", "r"], ["c"]),
                         h.make_node("Add", ["a", "c"], ["t"]), h.make_node("Tanh", ["t"], ["sn"]),
                         h.make_node("Identity", ["sn"], ["row"])], "cell",
                        [info("s", T.FLOAT, [2, H]), info("part", T.FLOAT, [2, I])],
                        [info("sn", T.FLOAT, [2, H]), info("row", T.FLOAT, [2, H])])
    for direction in (0, 1):
        last, rows = b.Scan(np.zeros((2, H), "f"), "x", outputs=2, body=body, num_scan_inputs=1, scan_input_axes=[1],
                            scan_input_directions=[direction], scan_output_axes=[1], scan_output_directions=[direction])
        b.named(b.Add(b.Unsqueeze(last, np.array([1])), rows), f"y{direction}")
    return b.model([("x", T.FLOAT, [2, STEPS, I])], [(f"y{k}", T.FLOAT, [2, STEPS, H]) for k in (0, 1)], ir=8)


def keyword_spotter():
    b, channels = Builder(22), 6
    y = b.Conv("audio", weights(channels, I, 3), weights(channels), kernel_shape=[3], strides=[2], pads=[1, 1])
    y = b.BatchNormalization(y, weights(channels), weights(channels), weights(channels), np.abs(weights(channels)) + 0.5)
    y = b.Transpose(b.Relu(y), perm=[2, 0, 1])
    rows, last = b.GRU(y, weights(2, 3 * H, channels), weights(2, 3 * H, H), weights(2, 6 * H), outputs=2, hidden_size=H,
                       direction="bidirectional", linear_before_reset=1)
    del rows
    y = b.Reshape(b.Transpose(last, perm=[1, 0, 2]), np.array([1, -1]))
    b.named(b.Softmax(b.Gemm(y, weights(V, 2 * H), weights(V), transB=1), axis=-1), "words")
    return b.model([("audio", T.FLOAT, [1, I, 16])], [("words", T.FLOAT, [1, V])])


def quantized_lstm():
    b = Builder(21)

    def stored(array, axis):
        scale = (np.abs(array).max(axis=tuple(k for k in range(array.ndim) if k != axis)) / 127).astype("f")
        shape = [-1 if k == axis else 1 for k in range(array.ndim)]
        numbers = np.round(array / scale.reshape(shape)).astype("int8")
        return b.DequantizeLinear(numbers, scale, np.zeros(len(scale), "int8"), axis=axis)

    def through(value):
        number = b.QuantizeLinear(value, np.array(1 / 64, "f"), np.array(128, "uint8"))
        return b.DequantizeLinear(number, np.array(1 / 64, "f"), np.array(128, "uint8"))

    rows, last, cell = b.LSTM(through("x"), stored(weights(1, 4 * H, I), 1), stored(weights(1, 4 * H, H), 1),
                              weights(1, 8 * H), outputs=3, hidden_size=H)
    del last, cell
    y = through(b.Squeeze(rows, np.array([1])))
    b.named(b.Add(b.MatMul(y, b.Transpose(stored(weights(V, H), 0), perm=[1, 0])), weights(V)), "y")
    return b.model([("x", T.FLOAT, [STEPS, 1, I])], [("y", T.FLOAT, [STEPS, 1, V])])


def transformer_block():
    b, heads, size, past = Builder(23), 2, 4, 3
    width = heads * size
    x = b.LayerNormalization("x", weights(width), weights(width), axis=-1)
    angles = np.arange(STEPS + past).reshape(-1, 1) / 10 ** np.arange(size // 2)
    parts = [b.MatMul(x, weights(width, width)) for _ in range(3)]
    for k in (0, 1):
        parts[k] = b.RotaryEmbedding(parts[k], np.cos(angles).astype("f"), np.sin(angles).astype("f"),
                                     np.arange(past, past + STEPS).reshape(1, -1), num_heads=heads)
    y, keys, values = b.Attention(*parts, "", "keys", "values", outputs=3, q_num_heads=heads, kv_num_heads=heads,
                                  is_causal=1)
    y = b.Add("x", b.MatMul(y, weights(width, width)))
    best, places = b.TopK(y, np.array([3]), outputs=2, axis=-1)
    for value, name in ((y, "y"), (keys, "new_keys"), (values, "new_values"), (best, "best"), (places, "places")):
        b.named(value, name)
    cache = [1, heads, past, size]
    return b.model([("x", T.FLOAT, [1, STEPS, width]), ("keys", T.FLOAT, cache), ("values", T.FLOAT, cache)],
                   [("y", T.FLOAT, [1, STEPS, width]), ("new_keys", T.FLOAT, [1, heads, past + STEPS, size]),
                    ("new_values", T.FLOAT, [1, heads, past + STEPS, size]), ("best", T.FLOAT, [1, STEPS, 3]),
                    ("places", T.INT64, [1, STEPS, 3])], ir=11)


def tensors_of(values):
    return {v.name: ([d.dim_value for d in v.type.tensor_type.shape.dim],
                     np.int64 if v.type.tensor_type.elem_type == T.INT64 else np.float32) for v in values}


def write(name, model):
    """Saves the model, its large weights beside it, and its C."""
    onnx.save_model(model, f"{name}.onnx", save_as_external_data=True, location=f"{name}.onnx.data", size_threshold=128)
    subprocess.run([TOOL, "compile", f"{name}.onnx", "--no-sampler", "--name", name, "--output", f"{name}.c"], check=True)


def ask(server, request):
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline())
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer


def compare(server, library, name, model):
    given, wanted = tensors_of(model.graph.input), tensors_of(model.graph.output)
    inputs = {n: (rng.integers(0, V, shape) if kind is np.int64 else weights(*shape)).astype(kind)
              for n, (shape, kind) in given.items()}
    outputs = {n: np.zeros(shape, kind) for n, (shape, kind) in wanted.items()}
    pointer = [a.ctypes.data_as(ctypes.c_void_p) for a in [*inputs.values(), *outputs.values()]]
    getattr(library, f"{name}_run")(*pointer)
    ask(server, {"open": os.path.abspath(f"{name}.onnx")})
    kinds = {np.dtype("float32"): "float32", np.dtype("int64"): "int64"}
    answer = ask(server, {"run": {n: {"type": kinds[a.dtype], "shape": a.shape, "data": a.tobytes().hex()}
                                  for n, a in inputs.items()}})
    worst = 0.0
    for n, ours in outputs.items():
        theirs = np.frombuffer(bytes.fromhex(answer["outputs"][n]["data"]), ours.dtype).reshape(ours.shape)
        if not np.isfinite(ours).all() or np.ptp(ours) == 0:
            return f"{n} is not finite, or all one number"
        worst = max(worst, float(np.abs(ours - theirs).max()))
    print(f"{name}: {worst:.2g}")
    return "" if worst < TOLERANCE else f"differs by {worst}"


def main():
    os.makedirs(FOLDER, exist_ok=True)
    os.chdir(FOLDER)
    models = {"functions": torch_functions(), "loop_lstm": keras_loop("LSTM"), "loop_gru": keras_loop("GRU"),
              "scan": scan_cell(), "spotter": keyword_spotter(), "quantized": quantized_lstm(),
              "block": transformer_block()}
    for opset in (18, 20, 25):
        models[f"lstm{opset}"] = torch_recurrent("LSTM", opset)
        models[f"gru{opset}"] = torch_recurrent("GRU", opset)
    for name, model in models.items():
        write(name, model)
    subprocess.run(["cc", "-O1", "-ffp-contract=off", "-fPIC", "-shared", "-o", "models.so",
                    *(f"{name}.c" for name in models)], check=True)
    library = ctypes.CDLL(os.path.abspath("models.so"))
    # The version after the last that this ONNX Runtime runs is the same C.
    write("lstm27", torch_recurrent("LSTM", 27))
    failed = 0
    with subprocess.Popen([NODE, f"{ROOT}/web/ort_server.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        for name, model in models.items():
            reason = compare(server, library, name, model)
            failed += reason != ""
            if reason:
                print(f"{name}: {reason}")
        server.stdin.close()
    return 1 if failed else 0


sys.exit(main())
