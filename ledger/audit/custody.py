"""Depth 3: every rule, replayed. Each submission goes through the same `accept()` that recorded it.

Signatures are not verified again: depth 2 does that. What refuses is a broken rule. What then follows only
from its missing effects (the same units, the same names) is not called broken again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger import canonical, instant
from ledger.accept import FIRST, EditionUnknown, Head, Linked, Replayed, accept
from ledger.audit.chain import Chain
from ledger.audit.faults import Faults
from ledger.audit.registry import Registry
from ledger.audit.roots import Roots
from ledger.audit.scratch import Scratch
from ledger.audit.source import Rows, Source
from ledger.audit.submissions import Broken, Part, Run, runs
from ledger.editions import Edition
from ledger.errors import Malformed, Problem, Refused
from ledger.fields import CODE, matching
from ledger.rows import Cursor, Key, Ledger
from ledger.state import State
from ledger.statement import Submission

DEPTH = "custody"
ENTRIES = 512
ROWS = 10_000
"""Entries that are replayed, and rows that are made, in memory before they are written."""
TAINTED_MAX = 100_000
"""Names and codes that are remembered as touched by what was refused."""
OF_SIGNATURES = {
    "KEY_UNKNOWN": "KEY_UNKNOWN",
    "KEY_REVOKED": "KEY_REVOKED",
    "SIGNATURE_INVALID": "SIGNATURE_INVALID",
    "SEQUENCE_USED": "SEQUENCE_REPEATED",
    "SEQUENCE_GAP": "SEQUENCE_GAP",
    "SEEN_CONTRADICTED": "SEEN_CONTRADICTED",
    "EXPIRED": "EXPIRED",
    "UNTIL_TOO_FAR": "EXPIRED",
    "WRONG_LEDGER": "ORIGIN_OTHER",
}
"""Refusals that depth 2 has a name for."""

_is_code = matching(CODE)


@dataclass(slots=True)
class Replay:
    """How far the state could be followed; all numbers are entry indexes."""

    checked: int = 0
    sound: int | None = None
    """From this entry on the state is not known; None: to the end it is."""
    whole: bool = True
    """Whether every entry was read."""
    editions: set[int] = field(default_factory=set)


class Lost(Exception):
    """So much follows from what was refused that nothing can be told from here on."""


class Custody:
    """A replay into a scratch database."""

    def __init__(
        self,
        source: Source,
        chain: Chain,
        registry: Registry,
        scratch: Scratch,
        editions: Mapping[int, Edition],
        faults: Faults,
    ) -> None:
        self.replay = Replay()
        self._source = source
        self._chain = chain
        self._registry = registry
        self._roots = Roots(chain.leaves, source)
        self._scratch = scratch
        self._editions = editions
        self._faults = faults
        self._tainted: set[str] = set()
        self._state = scratch.state()
        self._recorded = 0
        self._index = 0

    def run(self, progress: Callable[[int], None]) -> Replay:
        """Replay everything; `progress` is told the entries done."""
        assert self._registry.origin is not None
        written = 0
        try:
            for run in self._readable():
                self._submission(run)
                self._index += len(run)
                self.replay.checked = self._index
                if self._index - written >= ENTRIES or len(self._state.born) >= ROWS:
                    self._write()
                    written = self._index
                    progress(self._index)
        except EditionUnknown as unknown:
            message = f"Edition {unknown} is in force from here on, which this software lacks."
            row = self._chain.leaves.row_of(self._index)
            self._faults.add("EDITION_UNKNOWN", row, DEPTH, message, found=str(unknown))
            self._lose(self._index, whole=False)
        except Lost:
            self._faults.undecided.add(DEPTH)
            self._lose(self._index, whole=False)
        self._write()
        return self.replay

    def _write(self) -> None:
        self._scratch.write(self._state)
        self._state = self._scratch.state()

    def _readable(self) -> Iterator[Run]:
        """The submissions, up to the first entry that is missing or cannot be read."""
        missing = self._chain.missing
        for run in runs(Rows(self._source), frozenset(self._chain.inserted)):
            broken = isinstance(run, Broken)
            here = [] if isinstance(run, Broken) else run[: None if missing is None else max(0, missing - self._index)]
            if here:
                yield here
            if isinstance(run, Broken) and not self._faults.doubts(run.row):
                self._faults.add("ENTRY_BYTES", run.row, DEPTH, f"The bytes are not those of an entry: {run.message}.")
            if broken or len(here) < len(run):
                self._lose(self._index, whole=False)
                self._faults.undecided.add(DEPTH)
                return

    def _lose(self, index: int, *, whole: bool) -> None:
        replay = self.replay
        replay.sound = index if replay.sound is None else min(index, replay.sound)
        replay.whole = replay.whole and whole

    def _submission(self, run: Run) -> None:
        first = run[0]
        submission = self._rebuilt(run)
        time = self._time(first.recorded)
        head = FIRST
        if self._index:
            previous = canonical.unb64(first.data[first.data.index(b'"previous":"') + 12 :][:44].decode(), 32)
            root_at = self._root_at(submission)
            head = Head(self._index, previous, self._recorded, root_at, self._bytes_of)
        state = State(self._state.load)
        try:
            linked = accept(submission, head, state, time, self._editions)
        except Refused as refused:
            self._refused(run, refused.problems[0])
        except Replayed as replayed:
            self._refused(run, Problem("SEQUENCE_USED", ("0", "sequence"), entry=replayed.first))
        else:
            self._state.merge(state)
            self._compare(run, linked)
        self._recorded = self._time(run[-1].recorded)
        self._edition()
        for part, entry in zip(run, range(self._index, self._index + len(run)), strict=True):
            for value in part.value["data"].values():
                if isinstance(value, dict) and set(value) == {"sealed"}:
                    self._seal(value["sealed"], entry)

    def _time(self, recorded: str) -> int:
        return max(self._recorded, instant.millis(recorded))

    def _rebuilt(self, run: Run) -> Submission:
        """The submission as it arrived, taken to be signed."""
        first = run[0]
        envelope = first.envelope
        key = self._registry.keys.get(first.key)
        return Submission(
            self._registry.origin or "",
            first.key,
            envelope.first,
            tuple([part.statement for part in run]),
            envelope.seen_size,
            envelope.seen_root,
            envelope.until,
            envelope.signature,
            verified=None if key is None else key.public,
        )

    def _root_at(self, submission: Submission) -> Callable[[int], bytes]:
        # Where entries are missing their tree is not known: then nothing contradicts what was seen.
        return lambda size: self._roots.at(size) or submission.seen_root

    def _bytes_of(self, index: int) -> bytes:
        row = self._chain.leaves.row_of(index)
        [(_, data, _)] = self._source.window(row, row + 1)
        return data  # type: ignore[no-any-return]

    def _edition(self) -> None:
        ledger = self._state.get(Ledger, self._registry.origin)
        if ledger is not None:
            self.replay.editions.add(ledger.edition)

    def _seal(self, sealed: Any, entry: int) -> None:
        try:
            self._scratch.seal(canonical.unb64(sealed, 32), entry)
        except (Malformed, TypeError):
            return  # no form of a sealed value: refused as that

    def _compare(self, run: Run, linked: list[Linked]) -> None:
        """What `accept` makes of the statements is what is stored; number and link are depth 1's."""
        if any(self._faults.doubts(row) for row in range(run[0].row, run[-1].row + 2)):
            return
        for part, entry in zip(run, linked, strict=True):
            if part.data == entry.data or _behind_link(part.data) == _behind_link(entry.data):
                continue
            if part.recorded.encode() in _behind_link(entry.data)[:40]:
                code, message = "SIGNATURE_INVALID", "The path is not that of the statement."
            else:
                code, message = "CHAIN_TIME", "It was not recorded at the time that follows from the ledger's rules."
            self._faults.add(code, part.row, DEPTH, message, found=part.recorded)

    def _refused(self, run: Run, problem: Problem) -> None:
        """A rule is broken; or this follows from one that was broken before."""
        place = int(problem.path[0]) if problem.path and problem.path[0].isdigit() else 0
        part = run[min(place, len(run) - 1)]
        names = {name for other in run for name in _names(other)}
        follows = not names.isdisjoint(self._tainted)
        code = OF_SIGNATURES.get(problem.code, "RULE_BROKEN")
        if code != "RULE_BROKEN":
            follows = follows or any(self._faults.doubts(other.row) for other in run)
        if not follows:
            path = ".".join(problem.path)
            message = f"{problem.code} at {path}." if path else f"{problem.code}."
            rule = problem.code if code == "RULE_BROKEN" else None
            self._faults.add(code, part.row, DEPTH, message, rule=rule, unit=problem.unit, expected=problem.expected)
        self._lose(self._index, whole=True)
        self._tainted |= names
        if len(self._tainted) > TAINTED_MAX:
            raise Lost
        self._count(run)

    def _count(self, run: Run) -> None:
        """The numbers of a refused submission are used all the same: what its key signed next is judged."""
        keys = self._state.find(Key, "id", run[0].key)
        if keys:
            cursor = self._state.get(Cursor, keys[0].number) or Cursor(keys[0].number, 1, 0)
            last, seen = run[-1].sequence + 1, run[0].envelope.seen_size
            self._state.add(cursor.but(next=max(cursor.next, last), seen=max(cursor.seen, seen)))


def _behind_link(data: bytes) -> bytes:
    return data[data.index(b',"recorded":"') :]


def _names(part: Part) -> Iterator[str]:
    """What a statement touches: the codes in its data; of the registry all names."""
    registry = not any(_is_code(text) for text in _texts(part.value["data"]))
    for text in _texts(part.value["data"]):
        if registry or _is_code(text):
            yield text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
