"""The training of `quillet train` in PyTorch: same batches in kind, same optimizer, schedule and number of epochs.

usage: torch_train.py --input FILE --validation FILE [options as in quillet train]
Prints a line per epoch on stderr and the best validation loss as JSON. Run by bench/quality.
"""

import argparse
import json
import math
import pathlib
import random
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests" / "oracle"))
import safetensors_file  # noqa: E402


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--sequences", default="stream", choices=["stream", "items"])
    parser.add_argument("--embedding_size", type=int, default=84)
    parser.add_argument("--rnn_size", type=int, default=128)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seq_length", type=int, default=64)
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--weight_decay", type=float, default=0.01)
    parser.add_argument("--max_epochs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save_initial", help="write the untrained parameters to this file, and stop")
    parser.add_argument("--initial", help="start from the parameters in this file")
    return parser.parse_args()


def stream_windows(tokens, batch_size, length):
    """The text in strips side by side: (inputs, targets, weights, reset) for each window."""
    strip = (len(tokens) - 1) // batch_size
    inputs = tokens[: strip * batch_size].view(batch_size, strip).t()
    targets = tokens[1 : strip * batch_size + 1].view(batch_size, strip).t()
    for start in range(0, strip, length):
        yield inputs[start : start + length], targets[start : start + length], None, start == 0


def item_windows(lines, newline, batch_size, length, shuffle):
    """Lines of like length together, each from a zero state, padded."""
    lines = list(lines)
    block = len(lines)
    if shuffle:
        random.shuffle(lines)
        block = 64 * batch_size
    for start in range(0, len(lines), block):
        lines[start : start + block] = sorted(lines[start : start + block], key=len)
    groups = [lines[i : i + batch_size] for i in range(0, len(lines), batch_size)]
    if shuffle:
        random.shuffle(groups)
    for group in groups:
        longest = max(map(len, group))
        inputs = torch.full((longest, len(group)), newline)
        targets = torch.full((longest, len(group)), newline)
        weights = torch.zeros(longest, len(group))
        for b, line in enumerate(group):
            targets[: len(line), b] = torch.tensor(line)
            inputs[1 : len(line), b] = torch.tensor(line[:-1])
            weights[: len(line), b] = 1.0
        for start in range(0, longest, length):
            part = slice(start, start + length)
            yield inputs[part], targets[part], weights[part], start == 0


class Model(torch.nn.Module):
    def __init__(self, vocabulary, arguments):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, arguments.embedding_size)
        self.rnn = torch.nn.LSTM(
            arguments.embedding_size, arguments.rnn_size, arguments.num_layers, dropout=arguments.dropout
        )
        self.output = torch.nn.Linear(arguments.rnn_size, vocabulary)
        for parameter in self.output.parameters():
            torch.nn.init.uniform_(parameter, -(arguments.rnn_size**-0.5), arguments.rnn_size**-0.5)

    def forward(self, tokens, state):
        y, state = self.rnn(self.embedding(tokens), state)
        return self.output(y), state


def main():
    arguments = options()
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    texts = [open(path, encoding="utf-8").read() for path in (arguments.input, arguments.validation)]
    vocabulary = {symbol: token for token, symbol in enumerate(sorted(set("".join(texts))))}
    tokens = [torch.tensor([vocabulary[symbol] for symbol in text]) for text in texts]
    newline = vocabulary["\n"]
    lines = [[[vocabulary[c] for c in line + "\n"] for line in text.split("\n") if line] for text in texts]

    def windows(part, shuffle):
        if arguments.sequences == "items":
            return item_windows(lines[part], newline, arguments.batch_size, arguments.seq_length, shuffle)
        return stream_windows(tokens[part], arguments.batch_size, arguments.seq_length)

    model = Model(len(vocabulary), arguments)
    if arguments.save_initial:
        safetensors_file.save(arguments.save_initial, model.state_dict())
        return
    if arguments.initial:
        model.load_state_dict(safetensors_file.load(arguments.initial)[0])
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=arguments.learning_rate, weight_decay=arguments.weight_decay
    )
    total = sum(len(line) for line in lines[0]) if arguments.sequences == "items" else len(tokens[0]) - 1
    best = math.inf
    began = time.perf_counter()

    def run(part, epoch):
        training = epoch is not None
        model.train(training)
        state, loss_sum, count = None, 0.0, 0.0
        for inputs, targets, weights, reset in windows(part, training):
            symbols = targets.numel() if weights is None else float(weights.sum())
            with torch.set_grad_enabled(training):
                logits, state = model(inputs, None if reset else state)
                losses = torch.nn.functional.cross_entropy(
                    logits.reshape(-1, len(vocabulary)), targets.reshape(-1), reduction="none"
                )
                loss = losses.sum() if weights is None else (losses * weights.reshape(-1)).sum()
            count += symbols
            loss_sum += float(loss)
            state = tuple(s.detach() for s in state)
            if training:
                progress = (epoch + min(count / total, 1.0)) / arguments.max_epochs
                optimizer.param_groups[0]["lr"] = arguments.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
                optimizer.zero_grad(set_to_none=True)
                (loss / symbols).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
        return loss_sum / count

    for epoch in range(arguments.max_epochs):
        train = run(0, epoch)
        validation = run(1, None)
        best = min(best, validation)
        seconds = time.perf_counter() - began
        print(f"epoch {epoch + 1}/{arguments.max_epochs} train {train:.4f} val {validation:.4f} {seconds:.0f} s",
              file=sys.stderr, flush=True)
    print(json.dumps({
        "val_loss": best,
        "val_bits_per_char": best / math.log(2.0),
        "seconds": time.perf_counter() - began,
        "parameters": sum(p.numel() for p in model.parameters()),
    }))


main()
