"""Depth 2: every submission is signed by a key that counted when it was recorded, once, in its key's order.

Of a submission the first thing that is wrong is named, in the order of the ledger format (§12): the bytes,
contiguous with their paths, the key, the signature, the sequence, what the signer saw, the time.
"""

from __future__ import annotations

from array import array
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ledger import instant, keys, merkle
from ledger.accept import DAYS_7
from ledger.audit.faults import Faults
from ledger.audit.registry import DEPTH, KnownKey, Registry
from ledger.audit.roots import Roots
from ledger.audit.source import Rows, Source, Unreadable
from ledger.audit.submissions import Broken, Part, Run, part_of, runs
from ledger.canonical import b64
from ledger.errors import BadSignature, Fault, Malformed
from ledger.submission import signed_text

FAULTS_MAX = 1_000
"""Faults that one range of rows hands on; more are only counted."""
AFTER_SEQUENCE = ("SEEN_CONTRADICTED", "EXPIRED")
"""What is asked only after the sequence: its numbers are used."""
CANDIDATES_MAX = 8
"""Headers and roots that are tried where the entries of a submission differ."""


@dataclass(slots=True)
class Range:
    """What was found in some rows: faults, and every submission in order, for the sequences.

    A submission is five numbers: its row, its key, its first sequence number, how many, the size it saw;
    the number is negative where the submission is at fault already.
    """

    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    order: array[int] = field(default_factory=lambda: array("q"))
    checked: int = 0


class Verifier:
    """Verifies submissions one by one."""

    def __init__(self, registry: Registry, roots: Roots) -> None:
        assert registry.origin is not None
        self._origin = registry.origin
        self._registry = registry
        self._numbers = {key: number for number, key in enumerate(registry.keys)}
        self._roots = roots

    def range(self, source: Source, first: int, end: int) -> Range:
        """The submissions that begin in the rows `first` <= row < `end`."""
        found = Range()
        rows = Rows(source, first)
        _pass_begun(source, rows, first)
        for run in _until(runs(rows), end):
            if isinstance(run, Broken):
                found.checked += 1
                faults = [Fault("ENTRY_BYTES", run.row, DEPTH, f"The bytes are not those of an entry: {run.message}.")]
            else:
                found.checked += len(run)
                faults = self.faults(run)
                start, number = run[0], self._numbers.get(run[0].key, -1)
                seen = start.envelope.seen_size
                signed = all(fault.code in AFTER_SEQUENCE for fault in faults)
                found.order.extend((start.row, number, start.sequence if signed else -start.sequence, len(run), seen))
            room = FAULTS_MAX - len(found.faults)
            found.faults += faults[:room]
            found.more += len(faults[room:])
        return found

    def faults(self, run: Run) -> list[Fault]:
        """The first thing that is wrong with a submission; more where several entries are."""
        first = run[0]
        for part in run:
            if part.value["ledger"] != self._origin:
                message = "The statement was made for another ledger."
                return [_fault("ORIGIN_OTHER", part, message, self._origin, part.value["ledger"])]
        torn = _torn(run)
        root = None if torn else _root(run)
        key = self._registry.keys.get(first.key)
        wrong = [torn] if torn else []
        problem = self._key(run, key)
        if problem is not None:
            return [*wrong, problem]
        assert key is not None
        if root is not None:
            try:
                keys.verify(key.public, self._text(first, root), first.envelope.signature)
            except BadSignature:
                text = self._text(first, root).decode()
                return [_fault("SIGNATURE_INVALID", first, "The signature does not hold.", text)]
        else:
            wrong += self._each(run, key)
        if wrong:
            return wrong
        return self._seen(first) or self._times(run)

    def _text(self, part: Part, root: bytes) -> bytes:
        envelope = part.envelope
        return signed_text(
            self._origin,
            part.key,
            envelope.first,
            envelope.count,
            root,
            envelope.seen_size,
            envelope.seen_root,
            envelope.until,
        )

    def _key(self, run: Run, key: KnownKey | None) -> Fault | None:
        first = run[0]
        if key is None:
            return _fault("KEY_UNKNOWN", first, "The key is registered nowhere on this ledger.", found=first.key)
        if key.registered >= first.row and first.row != 0:
            return _fault("KEY_NOT_YET", first, f"The key is registered only by entry {key.registered}.")
        if key.revoked is not None and key.revoked < run[-1].row:
            part = next(part for part in run if part.row > key.revoked)
            return _fault("KEY_REVOKED", part, f"The key was revoked by entry {key.revoked}.")
        if key.not_after is not None:
            for part in run:
                if instant.millis(part.recorded) > key.not_after:
                    lapsed = instant.text(key.not_after)
                    return _fault("KEY_REVOKED", part, "The key had lapsed.", lapsed, part.recorded)
        return None

    def _each(self, run: Run, key: KnownKey) -> Iterator[Fault]:
        """The entries that do not prove themselves, where not all of a submission agree."""
        verdicts: dict[tuple[bytes, bytes, bytes], bool] = {}
        for part in run:
            try:
                leaf = merkle.leaf_hash(part.statement)
                place = part.sequence - part.envelope.first
                root = merkle.root_from_path(place, part.envelope.count, leaf, part.siblings)
            except Malformed as error:
                yield _fault("SIGNATURE_INVALID", part, f"The path is not that of the statement: {error}.")
                continue
            mark = (part.header, part.tail, root)
            if mark not in verdicts:
                # A true root is shared by all the entries that are not at fault.
                verdicts[mark] = len(verdicts) < CANDIDATES_MAX and self._holds(part, root, key)
            if not verdicts[mark]:
                message = "The signature does not hold over the root to which the path leads."
                yield _fault("SIGNATURE_INVALID", part, message)

    def _holds(self, part: Part, root: bytes, key: KnownKey) -> bool:
        try:
            keys.verify(key.public, self._text(part, root), part.envelope.signature)
        except BadSignature:
            return False
        return True

    def _times(self, run: Run) -> list[Fault]:
        """`recorded` <= `until` <= `recorded` + 7 days (ledger format §5)."""
        until = run[0].envelope.until
        latest = instant.millis(until)
        for part in run:
            recorded = instant.millis(part.recorded)
            if not recorded <= latest <= recorded + DAYS_7:
                message = "It was recorded outside the time for which it was signed."
                return [_fault("EXPIRED", part, message, until, part.recorded)]
        return []

    def _seen(self, first: Part) -> list[Fault]:
        size, root = first.envelope.seen_size, first.envelope.seen_root
        if size > first.number or (size == 0 and first.number > 0):
            message = "What the signer saw is not a size that this ledger had."
            return [_fault("SEEN_CONTRADICTED", first, message, f"at most {first.number}", str(size))]
        expected = self._roots.at(size)
        if expected is not None and expected != root:
            message = f"The signer saw another ledger: of size {size} it had another root."
            return [_fault("SEEN_CONTRADICTED", first, message, b64(expected), b64(root))]
        return []


def _fault(code: str, part: Part, message: str, expected: str | None = None, found: str | None = None) -> Fault:
    return Fault(code, part.row, DEPTH, message, expected=expected, found=found)


def _torn(run: Run) -> Fault | None:
    """SEQUENCE_GAP where statements of the submission are not here."""
    first, count = run[0], run[0].envelope.count
    if first.sequence != first.envelope.first:
        message = "The submission is torn: its first statements are not before this one."
        return _fault("SEQUENCE_GAP", first, message, str(first.envelope.first), str(first.sequence))
    if len(run) < count:
        last = run[-1]
        message = f"The submission is torn: it goes on with sequence number {last.sequence + 1}, which is not here."
        return Fault("SEQUENCE_GAP", last.row + 1, DEPTH, message, expected=str(last.sequence + 1))
    return None


def _root(run: Run) -> bytes | None:
    """The root of a whole submission if all its entries have the same envelope and their right paths."""
    if len(run) == 1:
        return merkle.leaf_hash(run[0].statement) if not run[0].path else None
    if not all(part.alike(run[0]) for part in run):
        return None
    tree = merkle.levels([merkle.leaf_hash(part.statement) for part in run])
    if [part.path for part in run] != _paths(tree):
        return None
    return tree[-1][0]


def _paths(tree: list[Sequence[bytes]]) -> list[bytes]:
    """The inclusion path of each leaf as an entry spells it; all below a node share what is above it."""
    paths = [b""]
    for level in reversed(tree[:-1]):
        spelled = [b'"%b"' % b2a_base64(node, newline=False) for node in level]
        last = len(level) - 1
        joined = [b"," + path if path else b"" for path in paths]
        paths = [paths[at >> 1] if at ^ 1 > last else spelled[at ^ 1] + joined[at >> 1] for at in range(len(level))]
    return paths


def _pass_begun(source: Source, rows: Rows, first: int) -> None:
    """Leave out the rest of a submission that began before row `first`: who checks those rows has it."""
    row = rows.peek()
    if first == 0 or row is None:
        return
    try:
        [(_, data, _)] = source.window(first - 1, first)
        before = part_of(first - 1, data)
        while row is not None and (part := part_of(row[0], row[1], before)).continues(before):
            rows.skip(1)
            before, row = part, rows.peek()
    except (Malformed, ValueError, Unreadable):
        return


def _until(found: Iterator[Run | Broken], end: int) -> Iterator[Run | Broken]:
    for run in found:
        if (run.row if isinstance(run, Broken) else run[0].row) >= end:
            return
        yield run


class Sequences:
    """The numbers of each key, and the sizes that it saw, over the whole ledger in order."""

    def __init__(self, registry: Registry, faults: Faults) -> None:
        self._ids = list(registry.keys)
        self._faults = faults
        self._next = [1] * len(self._ids)
        self._seen = [0] * len(self._ids)
        self._doubtful: dict[int, int] = {}

    def follow(self, found: Range) -> None:
        """Go on with the submissions of the next rows."""
        order = found.order
        for at in range(0, len(order), 5):
            row, key, first, count, seen = order[at : at + 5]
            if key < 0:
                continue
            expected = self._next[key]
            if first == expected and seen >= self._seen[key]:
                self._next[key] = first + count
                self._seen[key] = seen
            else:
                self._off(row, key, first, count, seen)

    def _off(self, row: int, key: int, first: int, count: int, seen: int) -> None:
        expected = self._next[key]
        if first < 0:  # at fault already: whether it took its number is seen from what comes next
            first = -first
            if first == expected:
                self._doubtful[key] = expected
            self._next[key] = max(expected, first + count)
            return
        if first == self._doubtful.pop(key, None):
            self._next[key] = max(first + count, expected)
        elif first != expected:
            code = "SEQUENCE_GAP" if first > expected else "SEQUENCE_REPEATED"
            which = "is left out" if first > expected else "stands twice"
            message = f"A sequence number of key {self._ids[key]} {which}."
            self._faults.add(code, row, DEPTH, message, expected=str(expected), found=str(first))
            self._next[key] = max(expected, first + count)
        if seen < self._seen[key]:
            message = f"Key {self._ids[key]} had seen more before."
            self._faults.add("SEEN_CONTRADICTED", row, DEPTH, message, expected=str(self._seen[key]), found=str(seen))
        self._seen[key] = max(seen, self._seen[key])
