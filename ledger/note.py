"""Signed notes (C2SP signed-note): a text, an empty line, and signature lines of whoever vouches for it.

    <text, each line with its newline>

    — <key name> <base64 of key id (4 bytes) and signature>

A verifier key (vkey) is `<name>+<key id in hex>+<base64 of type and public key>`. Two types are known here:
Ed25519 over the text, and the Ed25519 cosignature of a witness (C2SP tlog-cosignature), which puts a time
before it. Lines of unknown keys are ignored and kept; a line of a known key that fails condemns the note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from ledger import keys
from ledger.canonical import b64, unb64
from ledger.errors import BadSignature, Malformed
from ledger.keys import PUBLIC_BYTES, SigningKey

ED25519 = 0x01
COSIGNATURE = 0x04
NOTE_BYTES_MAX = 1_000_000
LINES_MAX = 100
"""Signature lines at most; C2SP asks for 16, Go's implementation takes as many as this."""

_KEY_NAME = re.compile("[!-*,-~]{1,255}")
"""Of the keys that we know: printable ASCII without space and plus."""
_DASH = "\N{EM DASH} "
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: whose (`name`), for what (`type`), and 32 bytes of Ed25519 public key."""

    name: str
    type: int
    public: bytes

    @property
    def id(self) -> str:
        """The key id, 8 hex digits."""
        return key_id(self.name, self.type, self.public).hex()

    def encode(self) -> str:
        """The vkey as a text."""
        return f"{self.name}+{self.id}+{b64(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, text: str, type: int = ED25519, *, fit: bool = True) -> Self:  # noqa: A002 (the specification's word)
        """The vkey of this type in a text.

        Raises Malformed for another type, for any but its one spelling, for unfit keys (format §3 rule 1)
        unless the caller asks for that.
        """
        name, _, rest = text.partition("+")
        data = unb64(rest.partition("+")[2], 1 + PUBLIC_BYTES)
        vkey = cls(name, data[0], data[1:])
        if _KEY_NAME.fullmatch(name) is None or vkey.type != type:
            raise Malformed("not a vkey of the type that is asked for")
        if vkey.encode() != text:
            raise Malformed("the key id does not belong to the key")
        if fit and (reason := keys.unfit(vkey.public)):
            raise Malformed(reason)
        return vkey

    def verify(self, text: str, signature: bytes) -> None:
        """Raises BadSignature unless this key signed the text, in the manner of its type."""
        message = text.encode()
        if self.type == COSIGNATURE:
            time, signature = int.from_bytes(signature[:8]), signature[8:]
            if time >> 63:
                raise BadSignature("a time beyond 2**63 - 1")
            message = b"cosignature/v1\ntime %d\n" % time + message
        keys.verify(self.public, message, signature)


def key_id(name: str, type: int, public: bytes) -> bytes:  # noqa: A002 (likewise)
    """The first four bytes of SHA-256(name, newline, type, key): a hint which key it is, not a proof."""
    return sha256(name.encode() + b"\n" + bytes([type]) + public).digest()[:4]


def vkey(name: str, public: bytes) -> str:
    """The text that names an Ed25519 key as the verifier of notes."""
    return Vkey(name, ED25519, public).encode()


def sign(text: str, name: str, key: SigningKey) -> str:
    """The signature line, with its newline, to be put after the text and an empty line."""
    _check_characters(text)
    assert text.endswith("\n")
    return f"{_DASH}{name} {b64(key_id(name, ED25519, key.public) + key.sign(text.encode()))}\n"


def open(note: str, known: Sequence[Vkey]) -> tuple[str, tuple[str, ...]]:  # noqa: A001 (likewise)
    """The text of a note, and the names of the known keys that signed it, at least one.

    Raises Malformed, and BadSignature when a known key's line fails or no known key signed.
    """
    if len(note) > NOTE_BYTES_MAX:
        raise Malformed("a note of more than 1,000,000 characters")
    _check_characters(note)
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or lines.pop() or not 1 <= len(lines) <= LINES_MAX:
        raise Malformed("not a text, an empty line and signature lines")
    text += "\n"
    by_name = {(vkey.name, vkey.id): vkey for vkey in known}
    verified: dict[str, None] = {}
    for line in lines:
        name, signature = _signature(line)
        vkey = by_name.get((name, signature[:4].hex()))
        if vkey is not None:
            vkey.verify(text, signature[4:])
            verified[name] = None
    if not verified:
        raise BadSignature("no known key signed the note")
    return text, tuple(verified)


def _signature(line: str) -> tuple[str, bytes]:
    name, _, base64 = line.removeprefix(_DASH).partition(" ")
    signature = unb64(base64)
    if not line.startswith(_DASH) or name.split() != [name] or "+" in name or len(signature) < 5:
        raise Malformed("not a signature line")
    return name, signature


def _check_characters(note: str) -> None:
    try:
        note.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a lone surrogate") from error
    if _CONTROLS.search(note):
        raise Malformed("a control character other than the newline")
