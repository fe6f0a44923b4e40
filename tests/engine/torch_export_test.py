#!/usr/bin/env python3
# Exports recurrent models from PyTorch as ONNX and lets the engine compute what PyTorch computes.
# Uses: torch, onnx; exits with 77 where they are not installed. Arguments: the program onnx_case, a folder to work in.
import os
import subprocess
import sys
import warnings

try:
    import onnx
    import torch
    from onnx import numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.manual_seed(1)


class Model(torch.nn.Module):
    """Embedding, recurrent layers, linear output; the state goes in and comes out, or is zero inside."""

    def __init__(self, cell, layers, batch_first, bidirectional, bias, state, sizes):
        super().__init__()
        vocabulary, embedding, hidden = sizes
        make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN, "rnn_relu": torch.nn.RNN}[cell]
        options = {"nonlinearity": "relu"} if cell == "rnn_relu" else {}
        self.embedding = torch.nn.Embedding(vocabulary, embedding)
        self.rnn = make(embedding, hidden, layers, batch_first=batch_first, bidirectional=bidirectional, bias=bias,
                        dropout=0.2 if layers > 1 else 0.0, **options)
        self.output = torch.nn.Linear(hidden * (2 if bidirectional else 1), vocabulary)
        self.state = state

    def forward(self, tokens, *state):
        given = state if len(state) == 2 else state[0] if state else None
        y, after = self.rnn(self.embedding(tokens), given) if self.state else self.rnn(self.embedding(tokens))
        logits = self.output(y)
        if not self.state:
            return logits
        return (logits,) + (after if isinstance(after, tuple) else (after,))


def save_tensor(path, array):
    with open(path, "wb") as file:
        file.write(numpy_helper.from_array(array).SerializeToString())


def save_case(folder, model, inputs, dynamic, opset):
    os.makedirs(folder, exist_ok=True)
    model.eval()
    with torch.no_grad():
        outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    names = ["tokens", "h0", "c0"][: len(inputs)]
    axes = {"tokens": {0: "first", 1: "second"}} if dynamic else None
    torch.onnx.export(model, inputs, f"{folder}/model.onnx", opset_version=opset, input_names=names, dynamic_axes=axes)
    for k, value in enumerate(inputs):
        save_tensor(f"{folder}/input_{k}.pb", value.numpy())
    for k, value in enumerate(outputs):
        save_tensor(f"{folder}/output_{k}.pb", value.numpy())


def main():
    program, root = sys.argv[1:3]
    folders = []
    choices = [(layers, first, two, bias, state) for layers in (1, 2, 3) for first in (False, True)
               for two in (False, True) for bias in (True, False) for state in (False, True)]
    for cell in ("lstm", "gru", "rnn", "rnn_relu"):
        for number, (layers, first, two, bias, state) in enumerate(choices):
            # Every fourth choice has all sizes equal, where a wrong axis would go unseen by shape alone.
            length, batch = ((5, 1), (1, 1), (4, 3), (6, 6))[number % 4]
            sizes = (6, 6, 6) if number % 4 == 3 else (11, 7, 9)
            opset = (9, 11, 13, 16)[number // 4 % 4]
            model = Model(cell, layers, first, two, bias, state, sizes)
            tokens = torch.randint(0, sizes[0], (batch, length) if first else (length, batch))
            rows = layers * (2 if two else 1)
            states = tuple(torch.randn(rows, batch, sizes[2]) for _ in range(2 if cell == "lstm" else 1))
            folder = f"{root}/{cell}_{number}"
            try:
                save_case(folder, model, (tokens,) + (states if state else ()), number % 2 == 0, opset)
            except Exception as refusal:  # the exporter's own limits, such as old operator sets
                print(f"{folder}: PyTorch does not export it: {str(refusal).splitlines()[0]}")
                continue
            folders.append(folder)
    print(f"{len(folders)} models")
    result = subprocess.run([program] + folders, check=False)
    return 1 if result.returncode != 0 or len(folders) < 100 else 0


sys.exit(main())
