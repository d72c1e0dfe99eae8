"""The golden ledger of a released edition: entries that replay for ever, and submissions that are refused for ever.

A rule that became stricter stops the replay; one that became laxer replays perfectly and is caught only by what was
refused. `python -m tests.ledgers` makes it (`tests.ledgers.making`). In the folder of the edition:

    entries.xz       the exact bytes of the entries, one a line
    expected.json    origin, size, root, anchor and the audit's digest of the state
    refusals.json    for each code a submission, the size and the gateway's time at which it was sent, code and path
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger import canonical, instant
from ledger.accept import FIRST, Head, Linked, accept
from ledger.audit.projections import digest
from ledger.audit.scratch import Scratch
from ledger.editions import EDITIONS, Edition
from ledger.entry import Entry, recorded_of
from ledger.errors import Problem, Refused
from ledger.state import State
from ledger.statement import Submission
from ledger.tree import Tree

FOLDER = Path(__file__).parent / "e1"
ADOPTED: dict[int, Edition] = {1: EDITIONS[1], 2: Edition(2, EDITIONS[1].actions)}
"""Edition 1, and one like it that the ledger adopts near its end."""


@dataclass(frozen=True)
class Sent:
    """A submission as it reached the gateway when the ledger had `size` entries; all in the form of the bytes."""

    code: str
    path: list[str]
    size: int
    time: str
    key: str
    first: int
    statements: list[str]
    seen_size: int
    seen_root: str
    until: str
    signature: str

    @property
    def moment(self) -> int:
        """When it was sent, milliseconds."""
        return instant.millis(self.time)

    def submission(self, origin: str) -> Submission:
        """The same, to be judged."""
        raws = tuple(text.encode() for text in self.statements)
        root, signature = canonical.unb64(self.seen_root, 32), canonical.unb64(self.signature, 64)
        return Submission(origin, self.key, self.first, raws, self.seen_size, root, self.until, signature)


@dataclass(frozen=True)
class Golden:
    """What the folder holds."""

    origin: str
    size: int
    root: str
    anchor: str
    state: str
    entries: Sequence[bytes]
    refusals: Sequence[Sent]

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Golden:
        """The committed one."""
        entries = lzma.decompress((folder / "entries.xz").read_bytes()).split(b"\n")[:-1]
        refusals = [Sent(**one) for one in json.loads((folder / "refusals.json").read_text(encoding="utf-8"))]
        return cls(entries=entries, refusals=refusals, **_json(folder / "expected.json"))

    def write(self, folder: Path = FOLDER) -> None:
        """Write the files; the compressed one only for other entries, since not every xz makes the same bytes."""
        folder.mkdir(exist_ok=True)
        members = {name: getattr(self, name) for name in ("origin", "size", "root", "anchor", "state")}
        (folder / "expected.json").write_text(json.dumps(members, indent=1) + "\n", encoding="utf-8", newline="\n")
        refusals = json.dumps([asdict(one) for one in self.refusals], indent=1) + "\n"
        (folder / "refusals.json").write_text(refusals, encoding="utf-8", newline="\n")
        lines = b"".join(entry + b"\n" for entry in self.entries)
        path = folder / "entries.xz"
        if not path.exists() or lzma.decompress(path.read_bytes()) != lines:
            path.write_bytes(lzma.compress(lines, preset=9 | lzma.PRESET_EXTREME))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def submissions(origin: str, entries: Iterable[bytes]) -> Iterator[tuple[Submission, int]]:
    """The submissions that became these entries, each with the time at which it was recorded, milliseconds."""
    raws: list[bytes] = []
    for data in entries:
        entry = Entry.decode(data)
        raws.append(entry.statement)
        sent = entry.envelope
        if len(raws) == sent.count:
            key = json.loads(entry.statement)["key"]
            seen = (sent.seen_size, sent.seen_root)
            yield (
                Submission(origin, key, sent.first, tuple(raws), *seen, sent.until, sent.signature),
                recorded_of(data),
            )
            raws = []
    assert not raws


class Replay:
    """A ledger that exists only as its entries and the state that `accept` made of them."""

    def __init__(self) -> None:
        self.state = State(lambda *_: ())
        self.entries: list[Linked] = []
        self._tree = Tree(self._tile)

    def add(self, submission: Submission, time: int) -> list[Linked]:
        """Append what a submission becomes. Raises what `accept` raises."""
        entries, state = self._accept(submission, time)
        self.state.merge(state)
        for entry in entries:
            self.entries.append(entry)
            self._tree.append(entry.hash)
        return entries

    def problem(self, submission: Submission, time: int) -> Problem | None:
        """The first reason to refuse a submission here; None if it would be accepted."""
        try:
            self._accept(submission, time)
        except Refused as refused:
            return refused.problems[0]
        return None

    def _accept(self, submission: Submission, time: int) -> tuple[list[Linked], State]:
        head = FIRST
        if self.entries:
            last = self.entries[-1]
            head = Head(len(self.entries), last.hash, last.recorded, self._tree.root, lambda n: self.entries[n].data)
        state = State(self.state.load)
        return accept(submission, head, state, time, ADOPTED), state

    def _tile(self, level: int, number: int, width: int) -> list[bytes]:
        """What left the tree's cache."""
        assert level == 0
        return [entry.hash for entry in self.entries[256 * number : 256 * number + width]]

    @property
    def root(self) -> str:
        """The root over all entries."""
        return canonical.b64(self._tree.root())

    def digest(self) -> str:
        """The audit's digest of the state."""
        with Scratch.open() as scratch:
            scratch.write(self.state)
            return digest(scratch)


def replayed(golden: Golden, size: int) -> str:
    """Root and digest of the entries up to the submission that reaches `size`: two words."""
    replay = Replay()
    for submission, time in submissions(golden.origin, golden.entries):
        if len(replay.entries) >= size:
            break
        replay.add(submission, time)
    return f"{replay.root} {replay.digest()}"
