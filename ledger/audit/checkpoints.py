"""Depth 1, against what was signed: the head, the checkpoints that the ledger kept, those that others kept.

A checkpoint of which the root is another than that of the entries says only that something is at fault up to
its size, and not which entry: that is the first one that another depth finds there, or else the first one
that no agreeing checkpoint covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ledger import checkpoint
from ledger.audit.chain import DEPTH, Chain
from ledger.audit.faults import Faults
from ledger.audit.pairing import paired
from ledger.audit.roots import Roots
from ledger.audit.source import CHUNK, Source, Unreadable
from ledger.canonical import b64
from ledger.checkpoint import Checkpoint
from ledger.errors import Malformed
from ledger.note import Vkey

HEAD = "head"
KEPT = "checkpoint"
"""Sources of checkpoints inside the database: the tables."""

Wrong = tuple[str, str, str | None, str | None]
"""Code, message, expected, found."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One checkpoint of the report; `size` None where it could not be read."""

    size: int | None
    source: str
    verdict: str


@dataclass(slots=True)
class Kept:
    """What some rows of the table `checkpoint` come to; of very many faults the first."""

    agreed: int = 0
    """The largest size whose root is that of the entries."""
    newest: int | None = None
    wrong: list[tuple[int, Wrong]] = field(default_factory=list)


def judge(signed: Any, vkey: Vkey, roots: Roots, size: int) -> tuple[Checkpoint | None, Wrong | None]:
    """A signed note against a ledger of this size: what it says, and what is wrong with it or with the ledger."""
    text = signed if isinstance(signed, str) else ""
    try:
        said = checkpoint.open(text, vkey)
    except Malformed as error:
        first = text.partition("\n")[0]
        if first != vkey.name and _is_checkpoint(text):
            return None, ("ORIGIN_OTHER", "The checkpoint is one of another ledger.", vkey.name, first)
        return None, ("CHECKPOINT_SIGNATURE", f"The ledger's key did not sign this checkpoint: {error}.", None, None)
    if said.size > size:
        message = f"A checkpoint was signed for {said.size} entries; {size} are stored."
        return said, ("TAIL_MISSING", message, str(said.size), str(size))
    root = roots.at(said.size)
    if root is not None and root != said.root:
        message = f"The signed root of the first {said.size} entries is not theirs."
        return said, ("CHECKPOINT_SPLIT", message, b64(said.root), b64(root))
    return said, None


def _is_checkpoint(text: str) -> bool:
    try:
        Checkpoint.parse(text.rpartition("\n\n")[0] + "\n")
    except Malformed:
        return False
    return True


def kept(source: Source, vkey: Vkey, roots: Roots, size: int, above: int, upto: int) -> Kept:
    """The rows of the table `checkpoint` with `above` < size <= `upto`. Raises Unreadable."""
    found = Kept()
    text = 'SELECT "size", "note" FROM "checkpoint" WHERE "size" > ? AND "size" <= ? ORDER BY "size" LIMIT ?'
    while rows := source.all(text, (above, upto, CHUNK)):
        for at, signed in rows:
            said, wrong = judge(signed, vkey, roots, size)
            if said is not None and said.size != at:
                wrong = ("CHECKPOINT_SIGNATURE", f"It is the checkpoint of size {said.size}.", str(at), str(said.size))
            if wrong is None:
                found.agreed = at
            elif len(found.wrong) < CHUNK:
                found.wrong.append((at, wrong))
        above = found.newest = rows[-1][0]
    return found


class Checkpoints:
    """All of them; `splits` are settled at the end, when all entries at fault are known."""

    def __init__(self, source: Source, chain: Chain, vkey: Vkey | None, faults: Faults) -> None:
        self.judged: list[Judged] = []
        self._source = source
        self._chain = chain
        self._size = chain.leaves.size
        self._vkey = vkey
        self._roots = Roots(chain.leaves, source)
        self._faults = faults
        self._agreed = {0}
        self._splits: list[tuple[int, Wrong]] = []
        self._tail: tuple[int, Wrong] | None = None

    def head(self, rows: list[tuple[Any, Any, Any]]) -> None:
        """The one row of the table `head`: size, hash, note."""
        if len(rows) != 1:
            if self._size or rows:
                message = "The head is missing." if not rows else "There is more than one head."
                self._faults.add("CHECKPOINT_ROLLBACK", None, DEPTH, message)
            return
        [(size, last, signed)] = rows
        said = None
        if self._vkey is not None:
            said, wrong = judge(signed, self._vkey, self._roots, self._size)
            self._note(HEAD, said, wrong)
        covered = size if said is None else said.size
        if covered != size:
            message = f"The head's note is of size {covered}."
            self._faults.add("CHECKPOINT_ROLLBACK", None, DEPTH, message, expected=str(size), found=str(covered))
        if isinstance(covered, int) and covered < self._size:
            message = f"The head covers {covered} entries; {self._size} are stored."
            self._faults.add("CHECKPOINT_ROLLBACK", covered, DEPTH, message)
        elif said is None and isinstance(size, int) and size > self._size:
            self._missing((size, ("TAIL_MISSING", f"The head says {size} entries.", str(size), str(self._size))))
        if size == self._size and self._chain.last is not None and last != self._chain.last:
            message = "The head's hash is not that of the last entry."
            self._faults.add("TREE_ROOT", None, DEPTH, message, expected=b64(self._chain.last))

    def table(self, each: Callable[[int, int], Iterator[Kept]]) -> None:
        """The checkpoints that the ledger kept; `each` reads the table, in parts, up to a size and above it."""
        if self._vkey is None:
            return
        newest: int | None = None
        bad = False
        for part in each(self._size, 2**63 - 1):
            self._agreed.add(part.agreed)
            newest = newest if part.newest is None else part.newest
            bad = bad or bool(part.wrong)
            for size, wrong in part.wrong:
                self._wrong(size, wrong, f"Row {size} of the table checkpoint: ")
        if newest is not None:
            self.judged.append(Judged(newest, KEPT, "faulty" if bad else self._verdict(newest)))

    def given(self, source: str, signed: str) -> None:
        """One that was kept elsewhere."""
        if self._vkey is None:
            self.judged.append(Judged(None, source, "undecided"))
        else:
            said, wrong = judge(signed, self._vkey, self._roots, self._size)
            self._note(source, said, wrong)

    def _note(self, source: str, said: Checkpoint | None, wrong: Wrong | None) -> None:
        if wrong is not None:
            self._wrong(0 if said is None else said.size, wrong, f"{source}: ")
        elif said is not None:
            self._agreed.add(said.size)
        size = None if said is None else said.size
        self.judged.append(Judged(size, source, "faulty" if wrong else self._verdict(size or 0)))

    def _verdict(self, size: int) -> str:
        """Of a checkpoint that agrees with what the entries link to: if all of them are there as they were."""
        leaves = self._chain.leaves
        if size > leaves.known:
            return "undecided"
        return "faulty" if self._faults.within(0, size) is not None else "intact"

    def _wrong(self, size: int, wrong: Wrong, where: str) -> None:
        code, message, expected, found = wrong
        if code == "CHECKPOINT_SPLIT":
            self._splits.append((size, wrong))
        elif code == "TAIL_MISSING":
            self._missing((size, wrong))
        else:
            self._faults.add(code, None, DEPTH, where + message, expected=expected, found=found)

    def _missing(self, tail: tuple[int, Wrong]) -> None:
        if self._tail is None or tail[0] > self._tail[0]:
            self._tail = tail

    @property
    def cut(self) -> int | None:
        """Where the entries end, if more were signed."""
        return None if self._tail is None else self._size

    def settle_tail(self) -> None:
        """TAIL_MISSING once, for the largest size that was signed."""
        if self._tail is not None:
            code, message, expected, found = self._tail[1]
            self._faults.add(code, self._size, DEPTH, message, expected=expected, found=found)

    def settle_splits(self) -> None:
        """CHECKPOINT_SPLIT once, for the smallest size; the others follow from it."""
        if not self._splits:
            return
        size, (code, message, expected, found) = min(self._splits)
        agreed = max(known for known in self._agreed if known < size)
        index = self._faults.within(agreed, size)
        if index is None:
            index = agreed
            message += f" No checkpoint covers entry {agreed} and those after it."
        more = len(self._splits) - 1
        message += f" So it is with {more} more." if more else ""
        self._faults.add(code, index, DEPTH, message, expected=expected, found=found)


def subtrees(source: Source, chain: Chain, faults: Faults) -> None:
    """TREE_ROOT where the stored roots of full tiles are not those of the entries."""
    known = chain.leaves.known == chain.leaves.size
    try:
        for due, stored in paired(_completed(chain), _stored(source), 2):
            if due == stored or (due is None and not known):
                continue
            tile = due or stored
            assert tile is not None
            what = "is missing" if stored is None else "stands for no entries" if due is None else "is another"
            message = f"The root of a full tile {what}: level {tile[0]}, number {tile[1]}."
            faults.add("TREE_ROOT", None, DEPTH, message, expected=None if due is None else b64(due[2]))
    except Unreadable as error:
        faults.add("TREE_ROOT", None, DEPTH, "The table subtree cannot be read.", found=str(error))


def _stored(source: Source) -> Iterator[tuple[Any, ...]]:
    text = (
        'SELECT "level", "number", "hash" FROM "subtree" WHERE ("level", "number") > (?, ?) '
        'ORDER BY "level", "number" LIMIT ?'
    )
    after = (-(2**63), 0)
    while rows := source.all(text, (*after, CHUNK)):
        yield from rows
        after = rows[-1][:2]


def _completed(chain: Chain) -> Iterator[tuple[int, int, bytes]]:
    """(level, number, hash) over all full tiles whose entries are known."""
    for level, hashes in Roots.full_tiles(chain.leaves):
        for number, node in enumerate(hashes):
            yield level, number, node
