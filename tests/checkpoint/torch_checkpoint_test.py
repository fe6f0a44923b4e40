"""Checkpoints between Quillet and PyTorch, both ways, and the example of docs/checkpoint.md.

    torch_checkpoint_test.py CHECKPOINT_EXCHANGE

The program is checkpoint_exchange.c. Exits 77 (skipped) without PyTorch.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import torch_oracle  # noqa: E402, first of the two, because it decides about skipping

import safetensors_file  # noqa: E402
import torch  # noqa: E402

TOKENS = [0, 3, 1, 6, 2, 5, 4, 0, 0, 3]
TOLERANCE = 1e-5  # the project's bound for logits between engines
V, E, H, L = 7, 3, 5, 2  # as in checkpoint_exchange.c


def exchange(*arguments):
    """Runs the C side and returns the numbers that it prints, a list for each line."""
    command = [EXCHANGE, *(str(argument) for argument in arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [[float(number) for number in line.split()] for line in output.splitlines()]


def logits_of(model):
    with torch.no_grad():
        state = torch.zeros(L, 1, H)
        is_lstm = isinstance(model.rnn, torch.nn.LSTM)
        logits, _ = model(torch.tensor(TOKENS).view(-1, 1), (state, state) if is_lstm else state, None)
    return logits.squeeze(1)


class ExchangeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "checkpoint.12.safetensors"
        self.other_path = pathlib.Path(folder.name) / "other.safetensors"
        torch.manual_seed(1)

    def assert_same_logits(self, path, expected):
        difference = (torch.tensor(exchange("step", path, *TOKENS)) - expected).abs().max().item()
        self.assertLess(difference, TOLERANCE)

    def load_into_pytorch(self, path, cell):
        tensors, metadata = safetensors_file.load(path)
        model = torch_oracle.CharRnn(cell, V, E, H, L)
        model.load_state_dict(tensors, strict=True)
        return model, metadata

    def test_our_checkpoint_gives_the_same_logits_in_pytorch(self):
        for cell in torch_oracle.LAYER_TYPES:
            with self.subTest(cell):
                exchange("save", self.path, cell)
                model, metadata = self.load_into_pytorch(self.path, cell)
                self.assertEqual(metadata["model"], cell)
                self.assertEqual(metadata["vocabulary"], "\n abcde")
                self.assert_same_logits(self.path, logits_of(model))

    def test_checkpoint_of_pytorch_gives_the_same_logits_and_trains_on(self):
        for cell in torch_oracle.LAYER_TYPES:
            with self.subTest(cell):
                model = torch_oracle.CharRnn(cell, V, E, H, L)
                safetensors_file.save(self.path, model.state_dict())
                self.assert_same_logits(self.path, logits_of(model))

                ((before, after),) = exchange("train", self.path, self.other_path)
                self.assertLess(after, before / 2)
                trained, _ = self.load_into_pytorch(self.other_path, cell)
                self.assert_same_logits(self.other_path, logits_of(trained))

    def test_example_of_the_documentation_gives_the_same_logits(self):
        text = (ROOT / "docs" / "checkpoint.md").read_text()
        (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        module = types.ModuleType("safetensors.torch")  # Debian has no package of it
        module.load_file = lambda path: safetensors_file.load(self.path.with_name(path))[0]
        sys.modules |= {"safetensors": types.ModuleType("safetensors"), "safetensors.torch": module}
        exchange("save", self.path, "lstm")
        names = {"tokens": torch.tensor(TOKENS).view(-1, 1)}
        exec(example, names)
        self.assert_same_logits(self.path, names["logits"].detach().squeeze(1))


if __name__ == "__main__":
    EXCHANGE = sys.argv.pop(1)
    unittest.main()
