"""A second reader of bulla files, written from docs/file-format.md alone, to check that page and the first reader.

It reads L1 and L2, armored or not, and refuses L3 (age). Numbers in comments and errors are the page's sentences.
It holds the whole file in memory, takes no figures but those of 2.6 and 2.7, and needs PyPI's `cryptography` 50.

    bulla_reader.py [--passphrase TEXT | --key HEX64 | --identity FILE]... [--context TEXT] [--meta] FILE
    bulla_reader.py --vectors DIR
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import unicodedata
from contextlib import suppress
from hmac import compare_digest, digest as hmac_digest
from pathlib import Path

from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf import argon2, hkdf, pbkdf2

FORMS = {  # type: its arguments (so many bytes in base64, a decimal, or a scope), and the lengths its body may have
    b"argon2id": ((16, int, int, int, str), [80]),  # 2.1, 2.4
    b"pbkdf2-sha512": ((16, int, str), [80]),  # 2.1, 2.4
    b"key": ((8, 16, str), [80]),  # 2.1, 2.4, 2.9
    b"x25519": ((32,), [48]),  # 2.10, 2.11
    b"mlkem768x25519": ((1120,), [48]),  # 2.10, 2.11
    b"meta": ((), range(64 + 16, 4096 + 16 + 1, 64)),  # 2.14, 2.15 and a tag
}
FIELDS = {  # tag: the name of the field of meta, and its value
    1: ("padded", rb""),
    2: ("name", rb"(?s:.{1,1024})"),
    3: ("modified", rb"(?s:.{12})"),
    4: ("media type", rb"[ -~]{1,255}"),
    5: ("directory", rb""),
}
ARMOR = re.compile(
    rb"[ \t\r\n]{0,1024}-----BEGIN (BULLA|AGE) ENCRYPTED FILE-----\r?\n"  # 5.2, 5.3, 5.4
    rb"((?:[A-Za-z0-9+/=]{64}\r?\n)*[A-Za-z0-9+/=]{1,64}\r?\n)"  # 5.1
    rb"-----END \1 ENCRYPTED FILE-----(?:\r?\n)?[ \t\r\n]{0,1024}"
)


class Refused(Exception):
    """The file is refused, and nothing of it is released."""


def need(condition, why: str) -> None:
    if not condition:
        raise Refused(why)


def attempt(why: str, function, *args):
    """What the function returns; if it finds its input bad, the file is refused."""
    try:
        return function(*args)
    except (InvalidTag, ValueError):
        raise Refused(why) from None


def expand(key: bytes, info: bytes, size: int) -> bytes:
    return hkdf.HKDFExpand(SHA512(), size, info).derive(key)


def unbase64(text: bytes, padded: bool = False) -> bytes:
    whole = text if padded else text + b"=" * (-len(text) % 4)
    raw = attempt("not base64", base64.b64decode, whole)
    need(base64.b64encode(raw) == whole and (padded or b"=" not in text), "base64 that is not canonical")
    return raw


def parse_header(data: bytes) -> tuple[list, bytes, bytes, bytes]:
    """The stanzas, what the MAC covers, the MAC, and the payload."""
    # In a header only the MAC line begins so: argument lines begin with "-> ", and bodies are base64.
    cut = data.find(b"\n--- ")
    end = cut + len("\n--- ") + 43 + 1
    need(cut >= 0 and end <= 1 << 20 and data[end - 1 : end] == b"\n", "no whole MAC line in 1 MiB (1.1, 1.5, 1.6)")
    version, *lines = data[:cut].split(b"\n")
    need(version == b"bulla/v1", "the version line is not bulla/v1 (1.1, 1.11)")
    stanzas, rest = [], iter(lines)
    for line in rest:
        need(re.fullmatch(rb"->( [!-~]+)+", line), "a bad argument line (1.1, 1.3)")
        body = []
        while not body or len(body[-1]) == 64:
            body.append(next(rest, b"~"))  # "~" is not base64: a body must end with a short line
        need(len(body[-1]) < 64, "a body line of more than 64 characters (1.4)")
        stanzas.append(parse_stanza(line, b"".join(body)))
    types = [type for _, type, _, _ in stanzas]
    need(len(types) <= 1024, "more than 1024 stanzas (1.7)")
    need(any(type != b"meta" for type in types), "no stanza that wraps the file key (1.2, 1.10)")
    need(b"meta" not in types[1:], "a meta that is not the first stanza (2.14)")
    need(types.count(b"argon2id") + types.count(b"pbkdf2-sha512") <= 4, "more than 4 passphrase stanzas (2.8)")
    alone = any(type in FORMS and args[-1:] == [b"alone"] for _, type, args, _ in stanzas)
    need(not alone or len(types) - types.count(b"meta") == 1, "an alone stanza beside another (2.19)")
    return stanzas, data[: cut + 4], unbase64(data[end - 44 : end - 1]), data[end:]


def parse_stanza(line: bytes, text: bytes) -> tuple[bytes, bytes, list, bytes]:
    """The argument line, the type, the other arguments (decoded, if the type is known), and the body."""
    type, *args = line[3:].split(b" ")
    body = unbase64(text)  # 1.4
    if type in FORMS:  # 1.8, 1.9
        forms, lengths = FORMS[type]
        need(len(args) == len(forms), "a stanza with a wrong number of arguments (2.4, 2.10, 2.14)")
        need(len(body) in lengths, "a stanza with a body of wrong length (2.1, 2.11, 2.15)")
        # A figure of more than ten digits is out of all bounds.
        good = all(form is not int or re.fullmatch(rb"0|[1-9][0-9]{0,9}", arg) for form, arg in zip(forms, args))
        need(good, "a figure that is not a decimal, or out of bounds (2.4, 2.6, 2.7)")
        need(str not in forms or args[-1] in (b"alone", b"joint"), "a stanza with a bad scope (2.4)")
        args = [{int: int, str: bytes}.get(form, unbase64)(arg) for form, arg in zip(forms, args)]
        good = all(form in (int, str) or len(arg) == form for form, arg in zip(forms, args))
        need(good, "a stanza with an argument of wrong length (2.4, 2.9, 2.10)")
    return line, type, args, body


def unwrap(stanza, passphrases: list[bytes], keys: list[bytes], identities: list) -> bytes | None:
    """The file key, or None if the stanza is for somebody else."""
    line, type, args, body = stanza
    keks = []
    if type == b"argon2id" and passphrases:
        _, memory, passes, lanes, _ = args
        good = 8192 <= memory <= 1 << 20 and 1 <= passes <= 16 and 1 <= lanes <= 16
        need(good and memory * passes <= 1 << 22, "argon2id figures out of bounds (2.6)")
        settings = dict(zip(("salt", "memory_cost", "iterations", "lanes"), args))
        keks = (argon2.Argon2id(length=32, **settings).derive(text) for text in passphrases)
    elif type == b"pbkdf2-sha512" and passphrases:
        need(100_000 <= args[1] <= 10_000_000, "pbkdf2-sha512 iterations out of bounds (2.7)")
        keks = (pbkdf2.PBKDF2HMAC(SHA512(), 32, *args[:2]).derive(text) for text in passphrases)
    elif type == b"key":  # 2.9
        tag_of = lambda key: expand(expand(key, b"bulla/v1 key id", 16), b"bulla/v1 key tag" + args[1], 8)
        keks = (key for key in keys if compare_digest(tag_of(key), args[0]))
    for kek in keks:
        okm = expand(kek, b"bulla/v1 wrap" + line, 76)  # 2.5
        if compare_digest(okm[44:], body[:32]):  # 2.2
            return attempt("a wrap with a wrong tag (2.3)", AESGCM(okm[:32]).decrypt, okm[32:44], body[32:], None)
    for kem, private, x25519_part in (identity for kind, *identity in identities if kind == type):
        share = x25519.X25519PublicKey.from_public_bytes(args[0][-32:])
        attempt("a share of low order (2.13)", x25519_part.exchange, share)
        with suppress(InvalidTag):  # 2.12
            return Suite(kem, KDF.HKDF_SHA256, AEAD.AES_256_GCM).decrypt(args[0] + body, private, b"bulla/v1/" + type)
    return None


def parse_identity(text: str) -> tuple:
    """The type of stanza it opens, and for HPKE the KEM, the private key and the X25519 part of that."""
    prefix, secret = unbech32(text)
    need(prefix in ("age-secret-key-", "age-secret-key-pq-") and len(secret) == 32, "not an identity")
    if prefix == "age-secret-key-":
        private = x25519.X25519PrivateKey.from_private_bytes(secret)
        return b"x25519", KEM.X25519, private, private
    seeds = hashlib.shake_256(secret).digest(96)  # X-Wing: 64 bytes for ML-KEM, then 32 for X25519
    parts = mlkem.MLKEM768PrivateKey.from_seed_bytes(seeds[:64]), x25519.X25519PrivateKey.from_private_bytes(seeds[64:])
    return b"mlkem768x25519", KEM.MLKEM768_X25519, MLKEM768X25519PrivateKey(*parts), parts[1]


def unbech32(text: str) -> tuple[str, bytes]:
    """Bech32 (BIP 173) in capitals, of any length: the prefix in small letters, and the data."""
    prefix, _, rest = text.lower().rpartition("1")
    values = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".find(letter) for letter in rest]
    need(text.isascii() and text == text.upper() and len(values) >= 6 and -1 not in values, "an identity not in Bech32")
    check = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator * (top >> bit & 1)
    need(check == 1, "an identity with a wrong checksum")
    bits = "".join(f"{value:05b}" for value in values[:-6])
    size, spare = divmod(len(bits), 8)
    need(spare < 5 and "1" not in bits[8 * size :], "an identity that is not canonical")
    return prefix, int("0" + bits[: 8 * size], 2).to_bytes(size, "big")


def parse_meta(plain: bytes) -> dict:
    meta, last, at = {}, 0, 0
    while at < len(plain) and plain[at] != 0:  # 2.17
        tag, size = plain[at], int.from_bytes(plain[at + 1 : at + 3], "big")
        value = plain[at + 3 : at + 3 + size]
        at += 3 + size
        need(at <= len(plain) and tag > last and tag in FIELDS, "meta with a bad tag or length (2.16)")
        name, form = FIELDS[tag]
        need(re.fullmatch(form, value), f"meta with a bad value: {name} (2.16)")
        meta[name], last = True, tag
        if name == "modified":
            meta[name] = struct.unpack(">qI", value)
            need(meta[name][1] < 10**9, "meta with too many nanoseconds (2.16)")
        elif value:
            meta[name] = attempt("meta with a name that is not UTF-8 (2.16)", value.decode)
    need(meta, "meta without a field (2.16)")
    need(len(plain) - at < 64 and not any(plain[at:]), "meta with a bad filling (2.17)")
    return meta


def open_payload(key: bytes, context: bytes, data: bytes) -> bytes:
    reader = Cobblestone256Decryptor(key, context)
    return attempt("the payload does not open (3.1 to 3.6)", lambda: reader.update(data) + reader.finalize())


def open_file(data: bytes, passphrases=(), keys=(), identities=(), context: bytes = b"") -> tuple[bytes, dict]:
    """The content and the metadata; or Refused. Passphrases and identities are text, a key is 32 bytes."""
    passphrases = [unicodedata.normalize("NFC", text).encode() for text in passphrases]
    identities = [parse_identity(text) for text in identities]
    need(all(len(key) == 32 for key in keys), "a key that is not 32 bytes")
    label = None
    if data.lstrip(b" \t\r\n").startswith(b"-----BEGIN "):
        armor = ARMOR.fullmatch(data)
        need(armor, "bad armor (5.1 to 5.4)")
        label, data = armor[1], unbase64(re.sub(rb"[\r\n]", b"", armor[2]), padded=True)
    age = data.startswith(b"age-encryption.org/")
    need(label is None or age == (label == b"AGE"), "an armor with the other's label (5.5)")
    need(not age, "age file: use an age tool")
    if not data.startswith(b"bulla/v"):  # 6.1; another version is refused below (1.11)
        for key in keys:
            with suppress(Refused):
                return open_payload(key, context, data), {}
        raise Refused("a raw file that no key given opens (3.1 to 3.6, 6.1)")
    stanzas, covered, mac, payload = parse_header(data)
    unwrapped = (unwrap(stanza, passphrases, keys, identities) for stanza in stanzas)
    file_key = next((key for key in unwrapped if key is not None), None)
    need(file_key is not None, "no stanza is for a passphrase, key or identity given")
    header_key = expand(file_key, b"bulla/v1 header", 64)
    need(compare_digest(mac, hmac_digest(header_key, covered, "sha512")[:32]), "a wrong header MAC (1.12, 1.13)")
    meta = {}
    if stanzas[0][1] == b"meta":
        okm = expand(file_key, b"bulla/v1 meta", 44)
        meta = parse_meta(attempt("meta does not open (2.18)", AESGCM(okm[:32]).decrypt, okm[32:], stanzas[0][3], None))
    content = open_payload(expand(file_key, b"bulla/v1 payload", 32), context, payload)
    if "padded" in meta:
        need(len(content) >= 8, "a padded plaintext of less than 8 bytes (4.1)")
        content, size = content[:-8], int.from_bytes(content[-8:], "big")
        need(size <= len(content), "padding with a wrong length (4.2)")
        need(content.count(0, size) == len(content) - size, "padding that is not zero (4.3)")
        content = content[:size]
    return content, meta


def run_vector(path: Path) -> tuple[str, str]:
    head, _, data = path.read_bytes().partition(b"\n\n")
    fields = [line.partition(":")[::2] for line in head.decode().split("\n")]
    every = lambda name: [value.removeprefix(" ") for key, value in fields if key == name]
    if "".join(every("peer")).startswith("skip"):
        return "skipped", every("peer")[0].removeprefix("skip ")
    keys, context = [bytes.fromhex(key) for key in every("key")], bytes.fromhex("".join(every("context")))
    (expect,) = every("expect")
    try:
        content, meta = open_file(data, every("passphrase"), keys, every("identity"), context)
    except Refused as error:
        return "failed" if expect == "success" else "passed", f"refused: {error}"
    digest = hashlib.sha256(content).hexdigest()
    good = expect == "success" and every("payload") == [digest]
    good = good and every("metadata") in ([], [json.dumps(meta)])
    return "passed" if good else "failed", f"expected {expect}, but opened {len(content)} bytes, SHA-256 {digest}"


def run_vectors(folder: Path) -> int:
    verdicts = []
    for path in sorted(folder.glob("*.vec")):
        try:
            verdict, why = run_vector(path)
        except Exception as error:  # an error that is no refusal, or a vector that cannot be read
            verdict, why = "failed", repr(error)
        verdicts.append(verdict)
        if verdict != "passed":
            print(f"{path.name}: {verdict}: {why}")
    print(f"{verdicts.count('passed')} passed, {verdicts.count('failed')} failed")
    return 0 if "passed" in verdicts and "failed" not in verdicts else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Read a bulla file and write its content to stdout.")
    for option, type in {"--passphrase": str, "--key": bytes.fromhex, "--identity": Path}.items():
        parser.add_argument(option, action="append", default=[], type=type)
    parser.add_argument("--context", default="", metavar="TEXT")
    parser.add_argument("--meta", action="store_true", help="write the metadata as JSON, not the content")
    parser.add_argument("--vectors", action="store_true", help="run all test vectors of the folder FILE")
    parser.add_argument("file", metavar="FILE", type=Path)
    args = parser.parse_args()
    if args.vectors:
        return run_vectors(args.file)
    lines = [line.strip() for path in args.identity for line in path.read_text().split("\n")]
    identities = [line for line in lines if line and line[0] != "#"]
    try:
        content, meta = open_file(args.file.read_bytes(), args.passphrase, args.key, identities, args.context.encode())
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(json.dumps(meta).encode() + b"\n" if args.meta else content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
