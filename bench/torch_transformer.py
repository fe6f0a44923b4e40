"""The training step of decoder_speed.c in PyTorch, with the module of docs/transformer.md, as one JSON line.

usage: torch_transformer.py THREADS
"""

import json
import pathlib
import re
import sys
import time

import torch

V, E, L, HEADS, FEED, B, T, STEPS = 512, 128, 5, 4, 336, 32, 128, 4


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    text = (pathlib.Path(__file__).parent.parent / "docs" / "transformer.md").read_text()
    names = {}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], names)
    model = names["Transformer"](V, E, L, HEADS, HEADS, FEED)
    drop = torch.nn.Dropout(0.05)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    inputs, targets = torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T))
    for step in range(-1, STEPS):
        if step == 0:
            start, processor = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(inputs, drop).view(-1, V), targets.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    tokens = STEPS * B * T
    result = {
        "threads": threads,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "tokens_per_second": round(tokens / (time.perf_counter() - start)),
        "tokens_per_processor_second": round(tokens / (time.process_time() - processor)),
        "torch": torch.__version__,
    }
    print(json.dumps(result))


main()
