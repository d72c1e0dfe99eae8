"""The one thing that a verifier must be given: origin and hash of entry 0 (format section 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .canonical import b64, unb64
from .errors import Malformed, Unreadable

ORIGIN_MAX = 255
ORIGIN = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Two ledgers under one name have two anchors."""

    origin: str
    hash: bytes

    def __post_init__(self) -> None:
        if not ORIGIN.fullmatch(self.origin) or len(self.origin) > ORIGIN_MAX:
            raise Malformed("origin")

    def __str__(self) -> str:
        return f"{self.origin} {b64(self.hash)}"

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """The anchor of one line without its newline."""
        origin, _, encoded = text.partition(" ")
        return cls(origin, unb64(encoded, 32))

    @classmethod
    def load(cls, path: str | Path) -> Anchor:
        """The anchor in a file of one line, with its final newline."""
        try:
            return cls.parse(Path(path).read_text("ascii").removesuffix("\n"))
        except (OSError, UnicodeDecodeError, Malformed) as error:
            raise Unreadable(f"anchor {path}: {error}") from None
