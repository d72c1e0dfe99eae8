"""Checkpoints (C2SP tlog-checkpoint): the gateway's signed commitment to the first entries.

    ketenboek.example/nl
    6
    QpC4H0+OIOsx+nPQZxzhMhIypSXgQ37DQIXmdiDaMOY=

    — ketenboek.example/nl WWzVL1Keaxu/…

Exactly three lines of body; extension lines are refused, because witnesses do not vouch for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger import note
from ledger.anchor import check_origin
from ledger.canonical import INTEGER_MAX, b64, unb64
from ledger.errors import Malformed
from ledger.keys import SigningKey
from ledger.note import Vkey

_SIZE = re.compile("[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the first `size` entries, at least one, has this root, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint in exactly three lines. Raises Malformed."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or _SIZE.fullmatch(lines[1]) is None or int(lines[1]) > INTEGER_MAX:
            raise Malformed("not the three lines of a checkpoint")
        return cls(check_origin(lines[0]), int(lines[1]), unb64(lines[2], 32))


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a note under one Ed25519 signature whose key name is the origin."""
    assert checkpoint.size > 0
    text = checkpoint.text()
    return f"{text}\n{note.sign(text, checkpoint.origin, key)}"


def open(signed: str, vkey: Vkey) -> Checkpoint:  # noqa: A001 (as note.open)
    """The checkpoint in a note that the key signed.

    Raises Malformed, BadSignature too, also when the key is another origin's: one key may serve two ledgers.
    """
    text, _ = note.open(signed, [vkey])
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin != vkey.name:
        raise Malformed("a checkpoint of another origin than the key's")
    return checkpoint
