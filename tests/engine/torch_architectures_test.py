#!/usr/bin/env python3
# One step of language models that this tool does not train, written from their papers' formulas and exported by PyTorch: the
# tool writes with them, and verify finds the same in ONNX Runtime and in the C that is generated.
# Uses: torch, cc, Node with onnxruntime-node; exits with 77 where they are not installed.
# Arguments: the tool, the source tree, a folder to work in.
import json
import os
import shutil
import subprocess
import sys
import warnings

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

TOOL, ROOT, FOLDER = (os.path.abspath(argument) for argument in sys.argv[1:4])
if not (shutil.which("node") or shutil.which("nodejs")) or not os.path.exists(f"{ROOT}/web/node_modules/onnxruntime-node"):
    print("skipped: onnxruntime-node is not installed: tools/bootstrap web")
    sys.exit(77)

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.manual_seed(5)
SYMBOLS, E, HEADS, CONTEXT = "\nabcdefghijklm", 16, 2, 8
V = len(SYMBOLS)


def linears(count, inputs, outputs):
    return nn.ModuleList(nn.Linear(inputs, outputs, bias=False) for _ in range(count))


class RWKV(nn.Module):
    """RWKV-4 (Peng et al., 2023): a weighted mean of values whose exponents are kept below their greatest."""

    states = [(1, E)] * 5

    def __init__(self):
        super().__init__()
        self.embedding, self.output = nn.Embedding(V, E), nn.Linear(E, V)
        self.norms = nn.ModuleList(nn.LayerNorm(E) for _ in range(3))
        self.time, self.up, self.down = linears(5, E, E), nn.Linear(E, 4 * E, bias=False), nn.Linear(4 * E, E, bias=False)
        self.mix = nn.Parameter(torch.rand(5, E))
        self.decay, self.bonus = nn.Parameter(-torch.rand(E)), nn.Parameter(torch.randn(E))

    def forward(self, token, before, channel_before, top, bottom, greatest):
        x = self.embedding(token)[:, 0]
        n = self.norms[0](x)
        key, value, gate = [self.time[i](n * self.mix[i] + before * (1 - self.mix[i])) for i in range(3)]
        limit = torch.maximum(greatest, self.bonus + key)
        old, new = torch.exp(greatest - limit), torch.exp(self.bonus + key - limit)
        mean = (old * top + new * value) / (old * bottom + new)
        later = torch.maximum(greatest + self.decay, key)
        old, new = torch.exp(greatest + self.decay - later), torch.exp(key - later)
        x = x + self.time[3](torch.sigmoid(gate) * mean)
        m = self.norms[1](x)
        inner = torch.square(torch.relu(self.up(m * self.mix[3] + channel_before * (1 - self.mix[3]))))
        x = x + torch.sigmoid(self.time[4](m * self.mix[4] + channel_before * (1 - self.mix[4]))) * self.down(inner)
        return (self.output(self.norms[2](x)).unsqueeze(1), n, m, old * top + new * value, old * bottom + new, later)


class Mamba(nn.Module):
    """A selective state space (Gu and Dao, 2023): a convolution over the last inputs, and a state with learned steps."""

    inner, size, rank, width = 24, 4, 2, 4
    states = [(1, inner, width), (1, inner, size)]

    def __init__(self):
        super().__init__()
        self.embedding, self.output = nn.Embedding(V, E), nn.Linear(E, V)
        self.gain, self.taps = nn.Parameter(torch.ones(E)), nn.Parameter(torch.randn(self.inner, self.width) * 0.3)
        self.enter, self.leave = nn.Linear(E, 2 * self.inner, bias=False), nn.Linear(self.inner, E, bias=False)
        self.select, self.step = nn.Linear(self.inner, self.rank + 2 * self.size), nn.Linear(self.rank, self.inner)
        self.rate, self.skip = nn.Parameter(torch.rand(self.inner, self.size)), nn.Parameter(torch.ones(self.inner))

    def forward(self, token, recent, state):
        x = self.embedding(token)[:, 0]
        n = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.gain
        y, gate = self.enter(n).chunk(2, -1)
        recent = torch.cat([recent[:, :, 1:], y.unsqueeze(-1)], -1)
        y = F.silu((recent * self.taps).sum(-1))
        step, b, c = self.select(y).split([self.rank, self.size, self.size], -1)
        step = F.softplus(self.step(step))
        state = state * torch.exp(torch.einsum("bd,dn->bdn", step, -torch.exp(self.rate)))
        state = state + torch.einsum("bd,bn,bd->bdn", step, b, y)
        y = torch.einsum("bdn,bn->bd", state, c) + self.skip * y
        return self.output(x + self.leave(y * F.silu(gate))).unsqueeze(1), recent, state


class MinGRU(nn.Module):
    """The least GRU (Feng et al., 2024), whose gate does not see the state."""

    states = [(1, E)]

    def __init__(self):
        super().__init__()
        self.embedding, self.gate, self.new, self.output = nn.Embedding(V, E), nn.Linear(E, E), nn.Linear(E, E), nn.Linear(E, V)

    def forward(self, token, state):
        x = self.embedding(token)[:, 0]
        gate, new = torch.sigmoid(self.gate(x)), self.new(x)
        state = (1 - gate) * state + gate * torch.where(new >= 0, new + 0.5, torch.sigmoid(new))
        return self.output(state).unsqueeze(1), state


class ScalarLSTM(nn.Module):
    """The sLSTM of xLSTM (Beck et al., 2024): exponential gates, a normalizer, and a norm of each head."""

    states = [(1, E)] * 4

    def __init__(self):
        super().__init__()
        self.embedding, self.output, self.norm = nn.Embedding(V, E), nn.Linear(E, V), nn.GroupNorm(HEADS, E)
        self.enter, self.recur = nn.Linear(E, 4 * E), nn.Linear(E, 4 * E, bias=False)

    def forward(self, token, cell, count, hidden, limit):
        gates = self.enter(self.embedding(token)[:, 0]) + self.recur(hidden)
        i, f, z, o = gates.chunk(4, -1)
        later = torch.maximum(F.logsigmoid(f) + limit, i)
        i, f = torch.exp(i - later), torch.exp(F.logsigmoid(f) + limit - later)
        cell, count = f * cell + i * torch.tanh(z), f * count + i
        hidden = torch.sigmoid(o) * cell / count
        normed = self.norm(hidden.unsqueeze(-1)).squeeze(-1)
        return self.output(normed).unsqueeze(1), cell, count, hidden, later


class LinearAttention(nn.Module):
    """Attention without a softmax (Katharopoulos et al., 2020), with the decay of retention."""

    states = [(1, HEADS, E // HEADS, E // HEADS)]

    def __init__(self):
        super().__init__()
        self.embedding, self.output, self.parts = nn.Embedding(V, E), nn.Linear(E, V), linears(5, E, E)
        self.register_buffer("decay", torch.tensor([0.9, 0.97]).view(1, HEADS, 1, 1))

    def forward(self, token, state):
        x = self.embedding(token)[:, 0]
        query, key, value = [part(x).view(-1, HEADS, E // HEADS) for part in self.parts[:3]]
        state = state * self.decay + torch.einsum("bhi,bhj->bhij", F.elu(key) + 1, value)
        y = torch.einsum("bhi,bhij->bhj", F.elu(query) + 1, state)
        y = (y - y.mean(-1, keepdim=True)) / torch.sqrt(y.var(-1, unbiased=False, keepdim=True) + 1e-5)
        return self.output(x + self.parts[4](F.silu(self.parts[3](x)) * y.reshape(-1, E))).unsqueeze(1), state


class NormalizedDecoder(nn.Module):
    """A decoder with normalized queries and keys, its products as einsum, its softmax by the logarithm of a sum."""

    states = [(1, CONTEXT, HEADS, E // HEADS)] * 2 + [(1,)]

    def __init__(self):
        super().__init__()
        self.embedding, self.output, self.parts = nn.Embedding(V, E), nn.Linear(E, V), linears(4, E, E)
        self.norm, self.scale = nn.LayerNorm(E), nn.Parameter(torch.full((1, HEADS, 1, 1), 8.0))

    def forward(self, token, keys, values, position):
        x = self.embedding(token)
        query, key, value = [part(self.norm(x)).view(1, 1, HEADS, E // HEADS) for part in self.parts[:3]]
        keys = torch.cat([keys, F.normalize(key, dim=-1)], 1)[:, -CONTEXT:]
        values = torch.cat([values, value], 1)[:, -CONTEXT:]
        hidden = torch.arange(CONTEXT) < CONTEXT - 1 - position
        mask = torch.where(hidden, torch.tensor(-1e9), torch.tensor(0.0)).view(1, 1, 1, -1)
        scores = torch.einsum("bthd,bshd->bhts", F.normalize(query, dim=-1), keys) * self.scale + mask
        weights = torch.exp(scores - torch.logsumexp(scores, -1, keepdim=True))
        x = x + self.parts[3](torch.einsum("bhts,bshd->bthd", weights, values).reshape(1, 1, E))
        return self.output(x), keys, values, position + 1


def check(kind):
    name = kind.__name__
    model = kind().eval()
    count = len(kind.states)
    states = [torch.zeros(shape, dtype=torch.long if shape == (1,) else torch.float) for shape in kind.states]
    torch.onnx.export(model, (torch.zeros(1, 1, dtype=torch.long), *states), f"{FOLDER}/{name}.onnx", opset_version=17,
                      input_names=["tokens"] + [f"state_{k}" for k in range(count)],
                      output_names=["logits"] + [f"next_{k}" for k in range(count)])
    descriptor = {"filename": f"{name}.onnx", "vocabulary": SYMBOLS, "tokens": "tokens", "logits": "logits",
                  "states": [[f"state_{k}", f"next_{k}"] for k in range(count)]}
    with open(f"{FOLDER}/{name}.json", "w", encoding="utf-8") as file:
        json.dump(descriptor, file)
    result = subprocess.run([TOOL, "verify", "--model", f"{FOLDER}/{name}.json", "--stages", "ONNX,-O2", "--characters", "300",
                             "--seeds", "2", "--length", "60", "--quiet", "--json"], capture_output=True, text=True, check=False)
    verdicts = [stage["verdict"] for stage in json.loads(result.stdout)["stages"]] if result.stdout else []
    good = result.returncode == 0 and len(verdicts) >= 2 and all(verdict.startswith("same") for verdict in verdicts)
    print(f"{name}: {', '.join(verdicts)}" if good else f"{name}: {result.stdout}{result.stderr}")
    return good


def main():
    os.makedirs(FOLDER, exist_ok=True)
    kinds = (RWKV, Mamba, MinGRU, ScalarLSTM, LinearAttention, NormalizedDecoder)
    return 0 if all([check(kind) for kind in kinds]) else 1


sys.exit(main())
