"""Inclusion proofs as texts (C2SP tlog-proof): the index, the hashes, and the checkpoint that they lead to.

    c2sp.org/tlog-proof@v1
    index 4
    jH8swGw4H7bqfXFttnOICEYH5eqyXQAU0KPyTBtpxX0=
    f5dTDQqOi9D/dqvMHDRF0ZwHAqIJIMxWFFb7YXu6c+U=

    <the checkpoint as it was signed>

The optional `extra` line is refused: nothing vouches for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.canonical import INTEGER_MAX, b64, unb64
from ledger.errors import Malformed
from ledger.merkle import PATH_MAX

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile("index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That an entry is number `index` of the tree of `checkpoint`, a signed note.

    Reading it proves nothing: open the note, then `merkle.check_inclusion`.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        """The proof as a text."""
        hashes = "".join([f"{b64(sibling)}\n" for sibling in self.path])
        return f"{_HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """The proof in a text; its checkpoint is taken as it stands. Raises Malformed."""
        head, gap, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n", 2 + PATH_MAX)
        index = _INDEX.fullmatch(lines[0]) if lines else None
        if header != _HEADER or index is None or int(index[1]) > INTEGER_MAX or not gap:
            raise Malformed("not a proof")
        if len(lines) > 1 + PATH_MAX:
            raise Malformed("more hashes than a tree is high")
        return cls(int(index[1]), tuple([unb64(line, 32) for line in lines[1:]]), checkpoint)
