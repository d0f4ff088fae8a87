#!/usr/bin/env python3
"""Computes vectors/bloom.json from the formulas, with big integers: another implementation than ../src.

python3 vectors/bloom.py          writes the file
python3 vectors/bloom.py --check  compares it, status 1 when it differs
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

FILE = pathlib.Path(__file__).with_name("bloom.json")


def sha(text):
    return hashlib.sha256(text.encode()).digest()[:16]


def element_of(key, realm, name):
    message = realm.encode() + b"\0" + name.encode()
    return hmac.new(key, message, hashlib.sha256).digest()[:16]


def positions(element, bits, hashes):
    """x, x + y, x + 2y + z + 1, …: enhanced triple hashing in closed form."""
    number = int.from_bytes(element, "big")
    x, y, z = (number >> shift & (1 << 42) - 1 for shift in (86, 44, 2))
    return [(x + i * y + i * (i - 1) // 2 * z + (i**3 - i) // 6) % bits for i in range(hashes)]


def bitmap(elements, bits, hashes):
    number = 0
    for element in elements:
        for position in positions(element, bits, hashes):
            number |= 1 << (-(-bits // 8) * 8 - 1 - position)
    return number.to_bytes(-(-bits // 8), "big")


def set_bits(bytes_):
    return {i for i in range(len(bytes_) * 8) if bytes_[i >> 3] & (0x80 >> (i & 7))}


def head(kind, bits, hashes, epoch):
    return struct.pack(">BBIQ", kind, hashes, bits, epoch)


def filter_bytes(elements, bits, hashes, epoch, version):
    return head(1, bits, hashes, epoch) + struct.pack(">Q", version) + bitmap(elements, bits, hashes)


def delta_bytes(before, after, bits, hashes, epoch, version):
    old, new = (set_bits(bitmap(elements, bits, hashes)) for elements in (before, after))
    became, cleared = sorted(new - old), sorted(old - new)
    numbers = struct.pack(">QQII", version - 1, version, len(became), len(cleared))
    return head(2, bits, hashes, epoch) + numbers + struct.pack(f">{len(became) + len(cleared)}I", *became, *cleared)


def vectors():
    elements = [bytes(16), b"\xff" * 16, bytes.fromhex("d2f8ebd1c2c324c0e891b550ad53efa3")]
    sizes = [(8, 1), (61, 3), (9592, 7), (22520, 16), (2**26, 32), (2**26 - 3, 5)]
    a, b, c, d = (sha(text) for text in "abcd")
    bits, hashes, epoch = 200, 4, 9
    key = bytes(range(32))
    names = [("io.macula", "app@10.0.0.5"), ("io.macula", "é@host"), ("", "a"), ("io.maculaapp", "@10.0.0.5")]
    return {
        "source": "computed by bloom.py with big integers from the formulas in parameters.ts; "
        "elements are the first 16 bytes of SHA-256",
        "names": [
            {"key": key.hex(), "realm": realm, "name": name, "element": element_of(key, realm, name).hex()}
            for realm, name in names
        ],
        "positions": [
            {"bits": m, "hashes": k, "element": element.hex(), "positions": positions(element, m, k)}
            for m, k in sizes
            for element in elements
        ],
        "filter": {
            "parameters": {"bits": bits, "hashes": hashes},
            "epoch": epoch,
            "elements": [element.hex() for element in (a, b, c)],
            "removed": b.hex(),
            "added": d.hex(),
            "filter": filter_bytes([a, b, c], bits, hashes, epoch, 1).hex(),
            "delta": delta_bytes([a, b, c], [a, c, d], bits, hashes, epoch, 2).hex(),
            "after": filter_bytes([a, c, d], bits, hashes, epoch, 2).hex(),
        },
    }


def main():
    text = json.dumps(vectors(), indent=1, ensure_ascii=False)
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text(encoding="utf-8") != text:
            sys.exit(f"{FILE} differs from what bloom.py computes")
    else:
        FILE.write_text(text, encoding="utf-8")


main()
