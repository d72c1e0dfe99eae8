"""C2SP `tlog-proof`: one leaf's inclusion path together with the checkpoint that it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .canonical import INTEGER_MAX, b64, unb64
from .errors import Malformed
from .merkle import PATH_MAX

HEADER = "c2sp.org/tlog-proof@v1"

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Proof:
    """`path` leads from leaf `index` to the root in the signed note `checkpoint`, kept as it came."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        """The text of the proof, without an `extra` line."""
        return "\n".join((HEADER, f"index {self.index}", *map(b64, self.path), "", self.checkpoint))

    @classmethod
    def decode(cls, text: str) -> Proof:
        """The proof of its text. An `extra` line is refused: nothing may rest on it."""
        head, gap, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not gap or lines[0] != HEADER or len(lines) < 2 or len(lines) > 2 + PATH_MAX:
            raise Malformed("proof")
        found = _INDEX.fullmatch(lines[1])
        if found is None or int(found[1]) > INTEGER_MAX:
            raise Malformed("proof")
        return cls(int(found[1]), tuple(map(_hash, lines[2:])), checkpoint)


@lru_cache(16_384)
def _hash(line: str) -> bytes:
    """Neighbouring proofs share most of their lines."""
    return unb64(line, 32)
