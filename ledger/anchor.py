"""The anchor: origin and hash of entry 0, the one thing that a verifier must be given.

ketenboek.example/nl y2QzSDp4tTQWIkuFWrYaYfWXcF/+xpTrYrVUMH6fBE0=
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.canonical import b64, unb64
from ledger.errors import Malformed

ORIGIN = r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*"
"""Of a ledger's origin, a schema-less URL."""
ORIGIN_BYTES_MAX = 255

_ORIGIN = re.compile(ORIGIN)


def check_origin(origin: str) -> str:
    """The origin as it is. Raises Malformed unless it is one."""
    if len(origin) > ORIGIN_BYTES_MAX or _ORIGIN.fullmatch(origin) is None:
        raise Malformed("not an origin")
    return origin


@dataclass(frozen=True, slots=True)
class Anchor:
    """`hash` is the entry hash of entry 0, 32 bytes."""

    origin: str
    hash: bytes

    def text(self) -> str:
        """One line without its end; a file adds a newline."""
        return f"{self.origin} {b64(self.hash)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The anchor in a line or a file, with or without its final newline. Raises Malformed."""
        origin, _, hash64 = text.removesuffix("\n").partition(" ")
        return cls(check_origin(origin), unb64(hash64, 32))
