#!/usr/bin/env python3
"""What a training divided among ranks takes on a network: a simulation of the exchange of gradients, message by message.

Reads the JSON lines of bench/ranks_speed, as bench/ranks keeps them, each with a "link" that it was measured on, and
writes tables in Markdown. usage: bench/network_model.py MEASUREMENTS

A rank computes its shards, then the gradient goes from rank 0 to the last one and back, in pieces. Measured are the time
of a shard, the time of a step that no rank saves, the time of a message of 64 bytes, and the processor's time for a piece
that is received, added and sent on. Assumed are the bits a second of a rank's network card, in each direction, and the
time that wires and switches take.
"""

import heapq
import json
import sys

SHARD_SEQUENCES = 16
PIECE_BYTES = 16384
BATCH = 1024
RANKS = (2, 4, 8, 16, 32, 64)
HEADERS = 1538 / 1448  # bytes on the wire for a byte that is carried: Ethernet, IP and TCP
# Bits a second and seconds on the wire. The second of each is what switches of these kinds are sold with.
NETWORKS = {'1 Gbit/s': (1e9, 30e-6), '25 Gbit/s': (25e9, 5e-6)}


class Machine:
    """A rank's processor and network card: each does one thing at a time, in the order in which they come."""

    def __init__(self):
        self.processor = self.outward = self.inward = 0.0


def exchange_seconds(ranks, size, network, message, piece, tree=False):
    """The seconds until all ranks have the sum of `size` bytes, if all begin together.

    `message` is the latency of a message's software; `piece` the processor's time to receive, add and send one piece.
    With `tree`, sums go back along a binary tree, not along the chain."""
    bits, wire = network
    machines = [Machine() for _ in range(ranks)]
    pieces = max(1, -(-size // PIECE_BYTES))
    last = ranks - 1
    events = []  # (seconds, number, rank, piece, forth)
    end = 0.0

    def send(start, rank, to, number, forth):
        seconds = min(size, PIECE_BYTES) * 8 * HEADERS / bits
        begun = max(start, machines[rank].outward)
        machines[rank].outward = begun + seconds
        arrived = max(begun + wire, machines[to].inward) + seconds
        machines[to].inward = arrived
        heapq.heappush(events, (arrived + message, number, to, number, forth))

    def children(rank):
        if not tree:
            return [rank - 1] if rank > 0 else []
        place = last - rank  # the last rank is the root
        return [last - child for child in (2 * place + 1, 2 * place + 2) if child <= last]

    for number in range(pieces):  # rank 0 adds nothing and receives nothing
        heapq.heappush(events, (0.0, number, 0, number, True))
    while events:
        now, _, rank, number, forth = heapq.heappop(events)
        below = [rank + 1] if forth and rank < last else children(rank)
        halves = (0 if forth and rank == 0 else 1) + (1 if below else 0)
        machine = machines[rank]
        done = max(now, machine.processor) + piece * halves / 2 * min(size, PIECE_BYTES) / PIECE_BYTES
        machine.processor = done
        forth = forth and rank < last
        for to in below:
            send(done, rank, to, number, forth)
        if not forth:
            end = max(end, done)
    return end


def find(lines, key, **wanted):
    return [line[key] for line in lines
            if key in line and all(line.get(name) == value for name, value in wanted.items())]


def least(lines, key, **wanted):
    """What it takes when no other program is in the way."""
    return min(find(lines, key, **wanted))


def fastest(lines, **wanted):
    """The line with the fastest step."""
    found = [line for line in lines if 'step_ms' in line and all(line[name] == wanted[name] for name in wanted)]
    return min(found, key=lambda line: line['step_ms'], default=None)


def costs(lines, link):
    """The latency of a message, and the processor's time for a piece, from rounds of two ranks."""
    small = least(lines, 'best_us', link=link, bytes=64, piece_bytes=PIECE_BYTES)
    large = least(lines, 'best_us', link=link, bytes=1 << 20, piece_bytes=PIECE_BYTES)
    pieces = (1 << 20) // PIECE_BYTES
    return small / 2e6, (large - small) / (pieces - 1) / 1e6


def trainings(lines):
    """What was measured of one process with one thread: parameters, bytes, seconds of a shard, of a step's rest."""
    found = []
    for parameters in sorted({line['parameters'] for line in lines if 'parameters' in line}):
        alone = {'parameters': parameters, 'ranks': 1, 'threads': 1}
        one = least(lines, 'processor_ms', batch=SHARD_SEQUENCES, **alone)
        four = least(lines, 'processor_ms', batch=4 * SHARD_SEQUENCES, **alone)
        shard = (four - one) / 3e3
        found.append((parameters, least(lines, 'bytes', **alone), shard, max(0.0, one / 1e3 - shard)))
    return found


def print_measured(lines):
    print('| what | parameters | characters/s | ms a step | of them in the exchange |')
    print('| --- | --- | --- | --- | --- |')
    for parameters in sorted({line['parameters'] for line in lines if 'parameters' in line}):
        for ranks, threads, link in ((1, 1, 'alone'), (1, 2, 'alone'), (2, 1, 'shared memory'), (2, 1, 'TCP')):
            wanted = {'parameters': parameters, 'ranks': ranks, 'threads': threads, 'link': link, 'batch': 64}
            line = fastest(lines, **wanted)
            if line is not None:
                speed, step, waited = line['chars_per_second'], line['step_ms'], line['exchange_ms']
                print(f'| {ranks} rank{"s" * (ranks > 1)} x {threads} thread{"s" * (threads > 1)}'
                      f'{", " + link if ranks > 1 else ""} | {parameters:,} | {speed:,.0f} | {step:.1f} |'
                      f' {f"{waited:.2f}" if ranks > 1 else ""} |')


def print_messages(lines):
    links = [link for link in ('shared memory', 'TCP', '1 Gbit/s') if find(lines, 'best_us', link=link)]
    print('| bytes | ' + ' | '.join(links) + (' | 1 Gbit/s, simulated |' if '1 Gbit/s' in links else ' |'))
    print('| --- |' + ' --- |' * (len(links) + ('1 Gbit/s' in links)))
    message, piece = costs(lines, 'TCP')
    for size in sorted({line['bytes'] for line in lines if 'best_us' in line}):
        texts = [f'{least(lines, "best_us", link=link, bytes=size):,.0f}' for link in links]
        if '1 Gbit/s' in links:  # a link of one machine: what stands for the wire takes no time
            texts.append(f'{1e6 * exchange_seconds(2, size, (1e9, 0.0), message, piece):,.0f}')
        print(f'| {size:,} | ' + ' | '.join(texts) + ' |')


def print_networks(lines):
    message, piece = costs(lines, 'TCP')
    print('| parameters | network | ' + ' | '.join(f'{ranks} ranks' for ranks in RANKS) + ' | 64, back by a tree |')
    print('| --- | --- |' + ' --- |' * (len(RANKS) + 1))
    for parameters, size, shard, rest in trainings(lines):
        shards = BATCH // SHARD_SEQUENCES
        alone = shards * shard + rest
        for name, network in NETWORKS.items():
            texts = []
            for ranks, tree in [(ranks, False) for ranks in RANKS] + [(RANKS[-1], True)]:
                waited = exchange_seconds(ranks, size, network, message, piece, tree)
                step = -(-shards // ranks) * shard + rest + waited
                texts.append(f'{alone / step:.1f} ({1e3 * waited:.1f} ms)')
            print(f'| {parameters:,} | {name} | ' + ' | '.join(texts) + ' |')


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        lines = [json.loads(line) for line in file]
    print('Batches of 64 sequences of 64 symbols, the fastest step of all rounds:\n')
    print_measured(lines)
    print('\nA round of the exchange between two ranks, the fastest, in microseconds:\n')
    print_messages(lines)
    message, piece = costs(lines, 'TCP')
    print(f'\nSimulated from a message of {1e6 * message:.0f} us and a piece of {PIECE_BYTES:,} bytes that takes the '
          f'processor {1e6 * piece:.0f} us, each rank with one thread on a machine of its own, batches of {BATCH} '
          'sequences. How many times as fast as one rank, and the time in the exchange of a step:\n')
    print_networks(lines)
    for parameters, size, shard, rest in trainings(lines):
        print(f'\n{parameters:,} parameters: {size:,} bytes of gradient, {1e3 * shard:.1f} ms a shard of '
              f'{SHARD_SEQUENCES} sequences, {1e3 * rest:.1f} ms a step for what every rank does.')


if __name__ == '__main__':
    main()
