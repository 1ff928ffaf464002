"""Seal or open stdin to stdout with Cobblestone-256 of PyPI's `cryptography`.

    cobblestone.py seal|open KEY CONTEXT        (both in hexadecimal)
"""

import sys

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

_, task, key, context = sys.argv
kind = {"seal": Cobblestone256Encryptor, "open": Cobblestone256Decryptor}[task]
machine = kind(bytes.fromhex(key), bytes.fromhex(context))
try:
    # In pieces that end nowhere near a chunk's end.
    out = [machine.update(piece) for piece in iter(lambda: sys.stdin.buffer.read(10_007), b"")]
    sys.stdout.buffer.write(b"".join(out) + machine.finalize())
except InvalidTag:
    sys.exit("refused")
