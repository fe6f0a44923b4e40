"""A decoder as PyTorch exports it with a cache of fixed length as inputs and outputs, on the road of `quillet verify`.

Its shape is that of llama2.c's stories260K, with random weights: 64 wide, 5 layers, 8 heads with 4 of keys, 512 tokens,
a gated feed-forward half of 172. Four ways of writing a token's keys and values to the cache are tried: by an index, by
scattering, by a choice between old and new, and by moving all of it. Each must write what PyTorch writes by itself, and
C that was damaged must be found, with the node that differs.

Uses: torch (Debian's python3-torch), a C compiler; without torch the test is skipped. Argument: the tool.
"""

import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import torch
    from torch.nn import functional as F
except ImportError:
    sys.exit(77)

E, L, HEADS, KV_HEADS, FEED, V, C = 64, 5, 8, 4, 172, 512, 24
D = E // HEADS
VOCABULARY = "\n" + "".join(chr(0x4E00 + i) for i in range(V - 1))
LENGTH = 40  # tokens: more than the cache holds
NARROW = 1e-4  # a choice between two tokens that rounding may turn


class Norm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(1 + 0.2 * torch.randn(E))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


def linear(inputs, outputs):
    return torch.nn.Linear(inputs, outputs, bias=False)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.feed_norm = Norm(), Norm()
        self.query, self.key, self.value = linear(E, E), linear(E, KV_HEADS * D), linear(E, KV_HEADS * D)
        self.output = linear(E, E)
        self.gate, self.up, self.down = linear(E, FEED), linear(E, FEED), linear(FEED, E)


def turn(x, cosine, sine):
    """Pairs of neighbors, as llama2.c has them."""
    a, b = x.reshape(1, 1, -1, D // 2, 2).unbind(-1)
    return torch.stack((a * cosine - b * sine, a * sine + b * cosine), -1).flatten(-2)


def repeat(x):
    x = x[:, :, :, None, :].expand(1, C, KV_HEADS, HEADS // KV_HEADS, D)
    return x.reshape(1, C, HEADS, D).transpose(1, 2)


class Decoder(torch.nn.Module):
    """One token: tokens (1, 1), keys and values (L, 1, C, KV_HEADS, D), the number of tokens before (1)."""

    def __init__(self, write):
        super().__init__()
        self.write = write
        self.embedding = torch.nn.Embedding(V, E)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(L))
        self.norm = Norm()
        self.register_buffer("frequency", 10000 ** (-torch.arange(0, D, 2) / D))
        self.register_buffer("slots", torch.arange(C))

    def put(self, cache, new, slot):
        if self.write == "index":
            cache = cache.clone()
            cache[:, slot] = new
            return cache
        if self.write == "scatter":
            return cache.scatter(1, slot.view(1, 1, 1, 1).expand_as(new), new)
        if self.write == "where":
            return torch.where((self.slots == slot).view(1, C, 1, 1), new, cache)
        return torch.cat((cache[:, 1:], new), 1)

    def forward(self, tokens, keys, values, position):
        x = self.embedding(tokens)
        angle = position.float() * self.frequency
        cosine, sine = angle.cos(), angle.sin()
        slot = position % C
        seen = self.slots >= C - 1 - position if self.write == "cat" else self.slots <= position
        mask = torch.zeros(C).masked_fill(~seen, float("-inf"))
        new_keys, new_values = [], []
        for l, layer in enumerate(self.layers):
            n = layer.attention_norm(x)
            q = turn(layer.query(n), cosine, sine).transpose(1, 2)
            k = self.put(keys[l], turn(layer.key(n), cosine, sine), slot)
            v = self.put(values[l], layer.value(n).view(1, 1, KV_HEADS, D), slot)
            new_keys.append(k)
            new_values.append(v)
            weights = F.softmax(torch.matmul(q, repeat(k).transpose(2, 3)) / D**0.5 + mask, -1)
            x = x + layer.output(torch.matmul(weights, repeat(v)).transpose(1, 2).reshape(1, 1, E))
            n = layer.feed_norm(x)
            x = x + layer.down(F.silu(layer.gate(n)) * layer.up(n))
        logits = F.linear(self.norm(x), self.embedding.weight)
        return logits, torch.stack(new_keys), torch.stack(new_values), position + 1


def first_state():
    cache = torch.zeros(L, 1, C, KV_HEADS, D)
    return cache, cache, torch.zeros(1, dtype=torch.long)


def export(folder, write):
    torch.manual_seed(1)
    model = Decoder(write).eval()
    states = ["keys", "values", "position"]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5 if parameter.dim() > 1 else 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.zeros(1, 1, dtype=torch.long), *first_state()), str(folder / "model.onnx"),
                          opset_version=14, input_names=["tokens", *states],
                          output_names=["logits", *("new_" + name for name in states)])
    descriptor = {"filename": "./model.onnx", "vocabulary": VOCABULARY, "temperature": 0.95, "top_p": 0.8,
                  "top_k": 24, "tokens": "tokens", "logits": "logits",
                  "states": [[name, "new_" + name] for name in states]}
    (folder / "model.json").write_text(json.dumps(descriptor))
    return model


def run(tool, folder, *arguments):
    return subprocess.run([tool, *arguments], cwd=folder, capture_output=True, text=True)


def check_against_torch(tool, folder, model):
    """The likeliest text, which PyTorch writes by itself, is the text at temperature 0."""
    result = run(tool, folder, "evaluate", "--model", "model.json", "--temperature", "0", "--length", str(LENGTH),
                 "--json")
    assert result.returncode == 0, result.stderr
    text = json.loads(result.stdout)["text"]
    assert len(text) == LENGTH, text
    state, token = first_state(), 0
    for place, symbol in enumerate(text):
        with torch.no_grad():
            logits, *state = model(torch.tensor([[token]]), *state)
        best, second = logits.flatten().topk(2).values.tolist()
        token = int(logits.flatten().argmax())
        if VOCABULARY[token] != symbol:
            assert best - second < NARROW, f"{model.write}: symbol {place} is not PyTorch's"
            return


def verify(tool, folder, *arguments):
    return run(tool, folder, "verify", "--model", "model.json", "--characters", "40", "--seeds", "1", "--length", "40",
               "--temperature", "0.9", *arguments)


def check_damaged_c(tool, folder):
    """C whose third layer has another gate is found, and the node is named: the last one that the call stands for."""
    assert run(tool, folder, "verify", "--model", "model.json", "--expose", "exposed.onnx").returncode == 0
    for name in ("model", "exposed"):
        result = run(tool, folder, "compile", name + ".onnx", "--no-sampler", "--name", "model", "--output",
                     name + ".c")
        assert result.returncode == 0, result.stderr
        source = (folder / (name + ".c")).read_text()
        calls = list(re.finditer(r"ql_swiglu_f32\((\w+), (\w+), (\w+), size\);", source))
        assert len(calls) == L, len(calls)
        y, gate, up = calls[2].groups()
        (folder / (name + ".c")).write_text(source[:calls[2].start()] + f"ql_swiglu_f32({y}, {up}, {gate}, size);" +
                                            source[calls[2].end():])
    result = verify(tool, folder, "--stages=--c", "--entry", "model_run", "--c", "model.c", "--exposed-c", "exposed.c")
    assert result.returncode == 1 and re.search(r"The first node that differs.*, Mul /Mul_.*input +/up_2/MatMul",
                                                result.stdout, re.DOTALL), result.stdout + result.stderr


def main(tool):
    for write in ("index", "scatter", "where", "cat"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            check_against_torch(tool, folder, export(folder, write))
            if write == "index":
                result = verify(tool, folder, "--stages", "engine,ONNX,gcc -O0")
                assert result.returncode == 0, result.stdout + result.stderr
                check_damaged_c(tool, folder)
    print("4 decoders of PyTorch agree, and a fault is found")


main(str(Path(sys.argv[1]).resolve()))
