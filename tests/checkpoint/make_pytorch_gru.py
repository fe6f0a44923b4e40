"""Writes pytorch_gru.safetensors, a tiny model from PyTorch that a test reads where PyTorch is not installed.

    /usr/bin/python3 tests/checkpoint/make_pytorch_gru.py

The metadata has tokens, and the logits after each of them. PyTorch need not give the same bytes in another version.
"""

import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "oracle"))
import safetensors_file  # noqa: E402
import torch_oracle  # noqa: E402

VOCABULARY = "\n \"ab\u00e9"

torch.manual_seed(1)
model = torch_oracle.CharRnn("gru", V=len(VOCABULARY), E=3, H=5, L=2)
tokens = torch.randint(len(VOCABULARY), (8, 1))
logits, _ = model(tokens, torch.zeros(2, 1, 5), None)
metadata = {
    "format": "pt",
    "vocabulary": VOCABULARY,
    "dropout": "0.25",
    "tokens": " ".join(str(token) for token in tokens.flatten().tolist()),
    "logits": " ".join(f"{value:.9g}" for value in logits.flatten().tolist()),
}
safetensors_file.save(HERE / "pytorch_gru.safetensors", model.state_dict(), metadata)
