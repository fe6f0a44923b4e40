"""Recomputes training windows with PyTorch in double precision and compares every result and gradient.

    torch_oracle.py [--tolerance 1e-10] [--producer PROGRAM] [CASE.safetensors ...]

A case is a file as case_file.h describes it, in single or double precision. PROGRAM, when given, is called with an
empty folder and writes cases there. Exit: 0 all agree, 1 some differ, 2 wrong use, 77 (skipped) without PyTorch.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
except ImportError:
    print("skipped: python3-torch is not installed", file=sys.stderr)
    sys.exit(77)

import safetensors_file

LAYER_TYPES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}

# A tensor whose largest value is smaller than this is compared as if that value were this large: it is zero but for
# rounding, as the gradients of a model with a vocabulary of one symbol are.
SMALLEST_SCALE = 1e-6


class CharRnn(torch.nn.Module):
    """The model whose state dict gives the parameters their names."""

    def __init__(self, cell, V, E, H, L):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.rnn = LAYER_TYPES[cell](E, H, num_layers=L)
        self.output = torch.nn.Linear(H, V)

    def forward(self, tokens, state, dropout_mask, output_mask=None):
        x = self.embedding(tokens)
        if dropout_mask is None:
            x, state = self.rnn(x, state)
        else:
            x, state = self.run_layers_apart(x, state, dropout_mask)
        return self.output(x if output_mask is None else x * output_mask), state

    def run_layers_apart(self, x, state, dropout_mask):
        """One layer at a time, because nn.LSTM and its kin draw their own masks."""
        is_lstm = isinstance(state, tuple)
        last_states = []
        for l in range(self.rnn.num_layers):
            layer = type(self.rnn)(x.shape[2], self.rnn.hidden_size)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                setattr(layer, f"{name}_l0", getattr(self.rnn, f"{name}_l{l}"))
            layer_state = tuple(part[l : l + 1] for part in state) if is_lstm else state[l : l + 1]
            x, last_state = layer(x, layer_state)
            last_states.append(last_state)
            if l + 1 < self.rnn.num_layers:
                x = x * dropout_mask[l]
        if is_lstm:
            return x, tuple(torch.cat(parts) for parts in zip(*last_states))
        return x, torch.cat(last_states)


def recompute(case, cell):
    """Returns what the case should hold: results and gradients by the names of case_file.h."""
    parameters = {
        name.removeprefix("parameter."): value.double() for name, value in case.items() if name.startswith("parameter.")
    }
    V, E = parameters["embedding.weight"].shape
    H = parameters["rnn.weight_hh_l0"].shape[1]
    L = sum(name.startswith("rnn.weight_hh_l") for name in parameters)
    model = CharRnn(cell, V, E, H, L).double()
    model.load_state_dict(parameters)

    tokens = case["window.tokens"].long()
    T, B = tokens.shape
    weight = case.get("window.weight", torch.ones(T, B)).double()
    targets = torch.where(weight > 0, case["window.targets"].long(), torch.zeros((), dtype=torch.long))
    dropout_mask = case["window.dropout_mask"].double() if "window.dropout_mask" in case else None
    output_mask = case["window.output_mask"].double() if "window.output_mask" in case else None
    smoothing = case["window.label_smoothing"].item() if "window.label_smoothing" in case else 0.0
    h0 = case.get("window.h0", torch.zeros(L, B, H)).double().requires_grad_()
    c0 = case.get("window.c0", torch.zeros(L, B, H)).double().requires_grad_()

    logits, state = model(tokens, (h0, c0) if cell == "lstm" else h0, dropout_mask, output_mask)
    entropy = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing
    )
    loss = (weight.flatten() * entropy).sum() / weight.sum()
    loss.backward()

    hn, cn = state if cell == "lstm" else (state, None)
    expected = {"result.loss": loss, "result.logits": logits, "result.hn": hn}
    expected |= {f"gradient.{name}": value.grad for name, value in model.named_parameters()}
    if cell == "lstm":
        expected["result.cn"] = cn
    optional = {"gradient.h0": h0.grad, "gradient.c0": c0.grad}
    expected |= {name: value for name, value in optional.items() if name in case}
    return {name: value.detach() for name, value in expected.items()}


def check_names(case, expected):
    names = ("tokens", "targets", "weight", "dropout_mask", "output_mask", "label_smoothing", "h0", "c0")
    inputs = {f"window.{name}" for name in names}
    missing = expected.keys() - case.keys()
    unknown = {name for name in case.keys() - expected.keys() - inputs if not name.startswith("parameter.")}
    if missing or unknown:
        raise ValueError(f"missing tensors: {sorted(missing)}, unknown tensors: {sorted(unknown)}")


def relative_error(actual, expected):
    """The largest difference, relative to the largest value of the tensor."""
    if actual.shape != expected.shape:
        raise ValueError(f"shape {list(actual.shape)} instead of {list(expected.shape)}")
    scale = max(expected.abs().max().item(), SMALLEST_SCALE)
    difference = (actual.double() - expected).abs()
    return difference.max().item() / scale if difference.isfinite().all() else float("inf")


def check_case(path, tolerance):
    """Returns the largest relative error. Raises ValueError where something differs by more than the tolerance."""
    case, metadata = safetensors_file.load(path)
    cell = metadata.get("cell")
    if cell not in LAYER_TYPES:
        raise ValueError(f"the metadata must give the cell, one of {', '.join(LAYER_TYPES)}; it gives {cell}")
    expected = recompute(case, cell)
    check_names(case, expected)
    errors = {name: relative_error(case[name], value) for name, value in expected.items()}
    too_large = [f"{name} ({error:.2g})" for name, error in errors.items() if not error <= tolerance]
    if too_large:
        raise ValueError(f"relative error above {tolerance:g}: " + ", ".join(too_large))
    return max(errors.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tolerance", type=float, default=1e-10, help="largest relative error (default 1e-10)")
    parser.add_argument("--producer", metavar="PROGRAM", help="writes cases into the folder that it is called with")
    parser.add_argument("cases", nargs="*", metavar="CASE", type=pathlib.Path)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        cases = list(arguments.cases)
        if arguments.producer:
            subprocess.run([arguments.producer, folder], check=True)
            cases += sorted(pathlib.Path(folder).glob("*.safetensors"))
        if not cases:
            parser.error("no case to check: name files, or a --producer that writes some")

        largest_error = 0.0
        failures = 0
        for path in cases:
            try:
                largest_error = max(largest_error, check_case(path, arguments.tolerance))
            except (ValueError, KeyError, RuntimeError, OSError) as problem:
                print(f"{path.name}: {type(problem).__name__}: {problem}", file=sys.stderr)
                failures += 1
    print(f"{len(cases)} cases, {failures} failed, largest relative error of the others {largest_error:.2g}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
