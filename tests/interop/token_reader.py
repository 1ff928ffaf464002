"""A second reader of tokens, written from docs/token-format.md alone; checks test-vectors/token.

    token_reader.py --vectors FOLDER
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV


class Refused(Exception):
    """A token is refused, for this reason."""


def pae(*parts):
    parts = [part.encode() for part in parts]
    return struct.pack("<Q", len(parts)) + b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def mac(key, data, digest="sha256"):
    return hmac.new(key, data, digest).digest()


def hkdf(key, info):
    return mac(mac(bytes(32), key), info + b"\1")


def mark(key):
    return mac(key, b"bulla/v1 key id\1", "sha512")[:4]


def cbor(data):
    """One value of the kinds that the vectors have, and what is after it."""
    if not data:
        raise Refused("unfit")
    kind, count, rest = data[0] >> 5, data[0] & 31, data[1:]
    if 24 <= count <= 27:
        size = 1 << (count - 24)
        count, rest = int.from_bytes(rest[:size], "big"), rest[size:]
    elif count > 27:
        raise Refused("unfit")
    if kind == 0:
        return count, rest
    if kind == 3:
        if len(rest) < count:
            raise Refused("unfit")
        return rest[:count].decode(), rest[count:]
    if kind in (4, 5):
        values = []
        for _ in range(count * (kind - 3)):
            value, rest = cbor(rest)
            values.append(value)
        return (values if kind == 4 else dict(zip(values[::2], values[1::2]))), rest
    raise Refused("unfit")


def login(data):
    claims, rest = cbor(data)
    if rest or not isinstance(claims, dict):
        raise Refused("unfit")
    if type(claims.get("user")) is not int or type(claims.get("name")) is not str:
        raise Refused("unfit")
    return {"user": claims["user"], "name": claims["name"]}


def read(text, given):
    if len(given["name"]) + len(text.encode()) > 4096:
        raise Refused("oversize")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII) or len(text) % 4 == 1:
        raise Refused("malformed")
    token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(token).decode().rstrip("=") != text:
        raise Refused("malformed")
    sealed = given["form"] == "1"
    if len(token) < 92 or token[:2] != bytes([1, sealed]):
        raise Refused("malformed")
    frame, tag = token[:-32], token[-32:]
    keys = {mark(key): (key, state, since) for state, since, key in given["keys"]}
    if token[2:6] not in keys:
        raise Refused("unknown_key")
    key, state, since = keys[token[2:6]]
    context = [given["name"], given["purpose"], given["audience"], given["tenant"]]
    sign = "bulla/token/v1/sign-sealed" if sealed else "bulla/token/v1/sign"
    if not hmac.compare_digest(mac(hkdf(key, pae(sign, *context)), frame), tag):
        raise Refused("forged")
    issued, authenticated, idle_until, until, generation, length = struct.unpack(">QQQQIH", frame[22:60])
    payload = frame[60:]
    if length != len(payload) or max(issued, authenticated, idle_until, until) >= 1 << 63:
        raise Refused("malformed")
    now, idle, lifetime = (int(given[name]) for name in ("now", "idle", "lifetime"))
    if issued > now + 30 or authenticated > issued:
        raise Refused("not_yet")
    spread = int(given["ring"].split()[1])
    if state == "retired" and issued > since + spread + 30:
        raise Refused("late_key")
    until = min(until, authenticated + lifetime)
    idle_until = min(idle_until, issued + idle, until)
    if now >= until:
        raise Refused("expired")
    if now >= idle_until:
        raise Refused("idle")
    if sealed:
        try:
            cipher = AESGCMSIV(hkdf(key, pae("bulla/token/v1/seal", *context)))
            payload = cipher.decrypt(payload[:12], payload[12:], frame[:60])
        except (InvalidTag, ValueError):
            raise Refused("unfit") from None
    says = {"issued": issued, "authenticated": authenticated, "idle until": idle_until, "until": until}
    return {**says, "generation": generation, "claims": login(payload)}


def check(path):
    head, text = path.read_text().split("\n\n", 1)
    lines = [line.split(": ", 1) for line in head.splitlines()]
    given = dict(lines)
    keys = [value.split() for name, value in lines if name == "key"]
    given["keys"] = [(state, int(since), bytes.fromhex(key)) for state, since, key in keys]
    try:
        found = read(text, given)
    except Refused as reason:
        return str(reason) == given["expect"]
    return given["expect"] == "success" and all(json.loads(given[name]) == value for name, value in found.items())


def main():
    paths = sorted(pathlib.Path(sys.argv[2]).glob("*.vec"))
    failed = [path.name for path in paths if not check(path)]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{len(paths) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
