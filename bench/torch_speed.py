"""Speed of the same training step in PyTorch, as one JSON line. usage: torch_speed.py THREADS. Run by bench/speed."""

import json
import sys
import time

import torch

V, E, H, L, B, T, STEPS = 65, 84, 128, 2, 64, 64, 8


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        self.rnn = torch.nn.LSTM(E, H, L, dropout=0.2)
        self.output = torch.nn.Linear(H, V)

    def forward(self, tokens, state):
        y, state = self.rnn(self.embedding(tokens), state)
        return self.output(y), state


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    inputs = torch.randint(0, V, (T, B))
    targets = torch.randint(0, V, (T, B))
    state = (torch.zeros(L, B, H), torch.zeros(L, B, H))
    for step in range(-2, STEPS):
        if step == 0:
            start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        logits, state = model(inputs, state)
        loss = torch.nn.functional.cross_entropy(logits.view(-1, V), targets.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        state = tuple(part.detach() for part in state)
    elapsed = time.perf_counter() - start
    print(json.dumps({"threads": threads, "chars_per_second": round(STEPS * B * T / elapsed), "torch": torch.__version__}))


main()
