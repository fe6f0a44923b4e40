"""The module of docs/transformer.md against the trainer: losses and the gradients of all tensors, in double precision,
and against a checkpoint of `quillet train`.

    decoder_torch_test.py DECODER_DUMP QUILLET

Exits 77 (skipped) without PyTorch.
"""

import math
import pathlib
import re
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import torch_oracle  # noqa: E402, first of all, because it decides about skipping

import safetensors_file  # noqa: E402
import torch  # noqa: E402

TOLERANCE = 1e-4  # the project's bound for gradients
LOSS_TOLERANCE = 1e-6
MODULE, EXAMPLE = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "transformer.md").read_text(), re.DOTALL)


def make_names():
    names = {}
    exec(MODULE, names)
    return names


class File:
    """What the example needs of the package safetensors, of which Debian has none."""

    def __init__(self, path, _):
        self.tensors, self.metadata_values = safetensors_file.load(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def keys(self):
        return self.tensors.keys()

    def get_tensor(self, name):
        return self.tensors[name]

    def metadata(self):
        return self.metadata_values


class DecoderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check_case(self, path):
        case, _ = safetensors_file.load(path)
        parameters = {n.removeprefix("parameter."): v.double() for n, v in case.items() if n.startswith("parameter.")}
        V, E = parameters["embedding.weight"].shape
        L = sum(name.endswith("feed_norm.weight") for name in parameters)
        heads, kv_heads = case["model.heads"].tolist()
        model = make_names()["Transformer"](V, E, L, heads, kv_heads, len(parameters["layers.0.feed.gate.weight"]))
        model.double().load_state_dict(parameters)

        tokens, targets = case["window.tokens"].long().t(), case["window.targets"].long().t()
        weight = case["window.weight"].double().t()
        T, B = case["window.tokens"].shape
        masks = iter(case["window.dropout_mask"].double() if "window.dropout_mask" in case else [])
        dropped = "window.dropout_mask" in case
        if "window.output_mask" in case:
            output_mask = case["window.output_mask"].double().view(T, B, E).transpose(0, 1)
            model.norm.register_forward_hook(lambda module, arguments, normed: normed * output_mask)
        logits = model(tokens, lambda x: x * next(masks).view(T, B, E).transpose(0, 1) if dropped else x)
        entropy = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1),
            targets.flatten(),
            reduction="none",
            label_smoothing=case["window.label_smoothing"].item() if "window.label_smoothing" in case else 0.0,
        )
        loss = (weight.flatten() * entropy).sum() / weight.sum()
        loss.backward()
        self.assertAlmostEqual(loss.item(), case["result.loss"].item(), delta=LOSS_TOLERANCE * max(1, loss.item()))
        for name, value in model.named_parameters():
            error = torch_oracle.relative_error(case[f"gradient.{name}"], value.grad)
            self.assertLess(error, TOLERANCE, name)

    def test_losses_and_gradients_of_the_trainer_agree(self):
        subprocess.run([DUMP, self.folder], check=True)
        paths = sorted(self.folder.glob("*.safetensors"))
        self.assertGreater(len(paths), 30)
        for path in paths:
            with self.subTest(path.name):
                self.check_case(path)

    def test_example_of_the_documentation_loads_a_checkpoint_and_has_its_loss(self):
        text = "".join(f"line {k * k} of some text, {'abcdefgh'[k % 8]}\n" for k in range(400))
        (self.folder / "text").write_text(text)
        command = [QUILLET, "train", "--input", "text", "--model", "transformer", "--embedding_size", "24"]
        command += ["--num_heads", "4", "--num_kv_heads", "2", "--feed_size", "36", "--context_length", "40"]
        command += ["--max_epochs", "2", "--run_name", "run", "--quiet", "--generate", "0", "--validation", "text"]
        subprocess.run([*command, "--batch_size", "1"], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        path = self.folder / "checkpoints" / "run" / "checkpoint.2.safetensors"
        module = types.ModuleType("safetensors")
        module.safe_open = lambda _, framework: File(path, framework)
        sys.modules["safetensors"] = module
        names = make_names()
        exec(EXAMPLE, names)

        vocabulary = safetensors_file.load(path)[1]["vocabulary"]
        tokens = torch.tensor([vocabulary.index(symbol) for symbol in text])
        loss = 0.0
        count, start = len(tokens) - 1, 0
        with torch.no_grad():
            while start < count:  # the windows of the batcher: what is left at the end is halved
                left = count - start
                T = left if left <= 40 else (left + 1) // 2 if left < 80 else 40
                logits = names["model"](tokens[None, start : start + T])[0]
                targets = tokens[start + 1 : start + T + 1]
                loss += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
                start += T
        log = (self.folder / "checkpoints" / "run" / "training.log.csv").read_text().splitlines()
        row = dict(zip(log[0].split(","), log[-1].split(",")))
        self.assertTrue(math.isclose(loss / count, float(row["val_loss"]), rel_tol=1e-5))


if __name__ == "__main__":
    QUILLET = sys.argv.pop(2)
    DUMP = sys.argv.pop(1)
    unittest.main()
