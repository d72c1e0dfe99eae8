"""Signed notes and checkpoints: C2SP `signed-note` and `tlog-checkpoint`, format section 10."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from .canonical import INTEGER_MAX, b64, unb64
from .ed25519 import unfit, verify
from .errors import BadSignature, Malformed

ED25519 = 1
NOTE_MAX = 100_000
LINES_MAX = 100

_SIZE = re.compile(r"[1-9][0-9]{0,15}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key of signed-note, type Ed25519: `name+id+base64(type, key)`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell lines of one name apart."""
        return sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(bytes([ED25519]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Vkey:
        """The key of its text, accepted only if it prints the same again and rule 1 finds it fit."""
        name, plus, rest = text.partition("+")
        key = unb64(rest.partition("+")[2], 33)
        vkey = cls(name, key[1:])
        if not name or not plus or re.search(r"\s", name) or str(vkey) != text or unfit(vkey.public):
            raise Malformed("verifier key")
        return vkey


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The gateway's commitment to the first `size` entries of the ledger `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint of exactly three lines, parsed by printing it again."""
        lines = text.split("\n")
        if len(lines) != 4 or not _SIZE.fullmatch(lines[1]) or int(lines[1]) > INTEGER_MAX:
            raise Malformed("checkpoint")
        checkpoint = cls(lines[0], int(lines[1]), unb64(lines[2], 32))
        if not checkpoint.origin or checkpoint.text() != text:
            raise Malformed("checkpoint")
        return checkpoint


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note and its signature lines as (name, id and signature), none of them checked yet."""
    text, gap, lines = note.rpartition("\n\n")
    if len(note) > NOTE_MAX or not gap or not lines.endswith("\n") or _CONTROL.search(note):
        raise Malformed("note")
    signatures = []
    for line in lines[:-1].split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            raise Malformed("signature line")
        payload = unb64(found[2])
        if len(payload) < 5:
            raise Malformed("signature line")
        signatures.append((found[1], payload))
    if len(signatures) > LINES_MAX:
        raise Malformed("too many signature lines")
    return text + "\n", signatures


def open_checkpoint(note: str, vkey: Vkey) -> Checkpoint:
    """The checkpoint of a note that `vkey` signed and whose origin is the name of that key.

    Raises Malformed or BadSignature.
    """
    checkpoint = open_signed(note, vkey)
    if checkpoint.origin != vkey.name:
        raise BadSignature("the checkpoint is of another ledger than its key")
    return checkpoint


def open_signed(note: str, vkey: Vkey) -> Checkpoint:
    """The checkpoint of a note that `vkey` signed, of whatever origin.

    Lines of other keys are ignored. A line of this key that fails refuses the whole note.
    """
    text, lines = split_note(note)
    own = [payload[4:] for name, payload in lines if (name, payload[:4]) == (vkey.name, vkey.id)]
    if not own:
        raise BadSignature("the checkpoint is not signed by the ledger's checkpoint key")
    for signature in own:
        verify(vkey.public, text.encode(), signature)
    return Checkpoint.parse(text)
