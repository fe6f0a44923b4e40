"""Models of PyTorch down the road of `quillet verify`: exported by torch.onnx, then every stage that the machine has.

Uses: torch (Debian's python3-torch); without it the test is skipped. Argument: the tool.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import torch
except ImportError:
    sys.exit(77)

VOCABULARY = "\n abcdefghij"
LAYER = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "tanh": torch.nn.RNN, "relu": torch.nn.RNN}


class Model(torch.nn.Module):
    """Embedding, recurrent layers, output; the state goes in and comes out."""

    def __init__(self, cell, layers, batch_first, bidirectional):
        super().__init__()
        options = {"nonlinearity": cell} if cell in ("tanh", "relu") else {}
        self.embedding = torch.nn.Embedding(len(VOCABULARY), 7)
        self.rnn = LAYER[cell](7, 9, layers, batch_first=batch_first, bidirectional=bidirectional, **options)
        self.output = torch.nn.Linear(9 * (2 if bidirectional else 1), len(VOCABULARY))

    def forward(self, tokens, *state):
        y, state = self.rnn(self.embedding(tokens), state if len(state) == 2 else state[0])
        return (self.output(y), *state) if isinstance(state, tuple) else (self.output(y), state)


def export(folder, number, cell, layers, batch_first, bidirectional, opset):
    torch.manual_seed(number)
    model = Model(cell, layers, batch_first, bidirectional).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)  # so that gates saturate and logits spread
    states = 2 if cell == "lstm" else 1
    zero = torch.zeros(layers * (2 if bidirectional else 1), 1, 9)
    tokens = torch.zeros((1, 3) if batch_first else (3, 1), dtype=torch.long)
    names = ["h", "c"][:states]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (tokens, *[zero] * states), str(folder / "model.onnx"), opset_version=opset,
            input_names=["tokens", *(name + "0" for name in names)],
            output_names=["logits", *(name + "n" for name in names)],
            dynamic_axes={"tokens": {1 if batch_first else 0: "sequence"},
                          "logits": {1 if batch_first else 0: "sequence"}})
    descriptor = {"filename": "./model.onnx", "type": "lstm" if cell == "lstm" else "rnn", "sequenceLength": 64,
                  "temperature": 0.95, "top_p": 0.8, "top_k": 24, "hiddenSize": 9, "hiddenLayers": layers,
                  "vocabulary": VOCABULARY}
    if number % 2 == 0:
        descriptor["reset"] = "\n"
    (folder / "model.json").write_text(json.dumps(descriptor))
    return model, states


def check_against_torch(tool, folder, model, states, batch_first):
    """The likeliest text, which PyTorch writes by itself, is the text at temperature 0."""
    text = subprocess.run([tool, "evaluate", "--model", folder / "model.json", "--temperature", "0", "--length", "40",
                           "--json"], check=True, capture_output=True, text=True).stdout
    text = json.loads(text)["text"]
    rnn = model.rnn
    zero = torch.zeros(rnn.num_layers * (2 if rnn.bidirectional else 1), 1, 9)
    resets = "reset" in json.loads((folder / "model.json").read_text())
    state, token = [zero] * states, 0
    for place, symbol in enumerate(text):
        if resets and token == 0:
            state = [zero] * states
        with torch.no_grad():
            logits, *state = model(torch.tensor([[token]]), *state)
        best, second = logits.flatten().topk(2).values.tolist()
        token = int(logits.flatten().argmax())
        if best - second > 1e-4 and VOCABULARY[token] != symbol:
            return f"PyTorch writes {VOCABULARY[token]!r} at {place}, not {symbol!r}"
        token = VOCABULARY.index(symbol)
    return None


def main():
    tool = Path(sys.argv[1]).resolve()
    # Half of all combinations, and in them all pairs: of any two properties, every two values meet.
    cases = [(cell, layers, batch_first, bidirectional)
             for cell, layers, batch_first, bidirectional in itertools.product(LAYER, (1, 2, 3), (False, True), (False, True))
             if (layers + batch_first + bidirectional) % 2 == (cell in ("gru", "relu"))]
    failures = 0
    for number, (cell, layers, batch_first, bidirectional) in enumerate(cases):
        opset = (9, 11, 13, 14, 16, 17)[(number + number // 6) % 6]
        name = f"{cell}, {layers} layers, batch {'first' if batch_first else 'second'}, " \
               f"{'bidirectional' if bidirectional else 'forward'}, opset {opset}"
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            model, states = export(folder, number, cell, layers, batch_first, bidirectional, opset)
            # Every stage for some, and one of each kind for all. Read in one call, a bidirectional model sees what comes.
            stages = [] if layers == 2 and not bidirectional else ["--stages", "ONNX,gcc -O3 -march=native"]
            run = subprocess.run([tool, "verify", "--model", folder / "model.json", "--seeds", "3", "--length", "60",
                                  "--characters", "200", *stages], capture_output=True, text=True)
            problem = None if run.returncode == 0 else run.stdout + run.stderr
            problem = problem or check_against_torch(tool, folder, model, states, batch_first)
        print(f"{'ok    ' if problem is None else 'FAILED'} {name}", flush=True)
        if problem is not None:
            print(problem)
            failures += 1
    print(f"{len(cases) - failures} of {len(cases)} models of PyTorch {torch.__version__} hold")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
