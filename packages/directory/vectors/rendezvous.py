#!/usr/bin/env python3
"""Computes vectors/rendezvous.json from the formulas: another implementation than ../src.

python3 vectors/rendezvous.py          writes the file
python3 vectors/rendezvous.py --check  compares it, status 1 when it differs
"""

import hashlib
import json
import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("rendezvous.json")
WORD = 2**32 - 1


def rotated(word, by):
    return (word << by | word >> (32 - by)) & WORD


def murmur3(message, seed):
    """MurmurHash3_x86_32 of whole words."""
    state = seed
    for at in range(0, len(message), 4):
        word = int.from_bytes(message[at : at + 4], "little")
        state ^= rotated(word * 0xCC9E2D51 & WORD, 15) * 0x1B873593 & WORD
        state = (rotated(state, 13) * 5 + 0xE6546B64) & WORD
    state ^= len(message)
    state = (state ^ state >> 16) * 0x85EBCA6B & WORD
    state = (state ^ state >> 13) * 0xC2B2AE35 & WORD
    return state ^ state >> 16


def weight(relay, element, seed):
    name = relay.encode("ascii")
    message = name + bytes(-len(name) % 4) + element
    return murmur3(message, seed) << 32 | murmur3(message, (seed + 1) & WORD)


def owners(relays, element, seed):
    return sorted(relays, key=lambda relay: (-weight(relay, element, seed), relay))[:3]


def sha(text):
    return hashlib.sha256(text.encode()).digest()[:16]


def vectors():
    # Published ones of the hash itself (whole words): https://en.wikipedia.org/wiki/MurmurHash
    assert murmur3(b"test", 0) == 0xBA6BD213 and murmur3(b"test", 0x9747B28C) == 0x704B81DC
    elements = [bytes(16), b"\xff" * 16, sha("a"), sha("b")]
    names = ["r", "relay-1", "relay-22", "f" * 64, "~" * 128]
    seeds = [0, 1, 2**32 - 1]
    relays = [f"relay-{number}" for number in range(20)]
    return {
        "source": "computed by rendezvous.py; elements are the first 16 bytes of SHA-256",
        "weights": [
            {"relay": relay, "element": element.hex(), "seed": seed, "weight": f"{weight(relay, element, seed):016x}"}
            for seed in seeds
            for relay in names
            for element in elements
        ],
        "owners": [
            {"relays": 20, "element": sha(f"name {number}").hex(), "seed": seed, "owners": owners(relays, sha(f"name {number}"), seed)}
            for seed in seeds
            for number in range(10)
        ],
    }


def main():
    text = json.dumps(vectors(), indent=1)
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text(encoding="utf-8") != text:
            sys.exit(f"{FILE} differs from what rendezvous.py computes")
    else:
        FILE.write_text(text, encoding="utf-8")


main()
