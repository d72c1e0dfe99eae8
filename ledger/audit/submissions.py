"""Entries read back into the submissions that they came in: the unit of signatures and of rules.

All entries of a submission share everything behind the statement but their paths, so only the first one is
matched as a whole; the others are compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ledger import instant
from ledger.audit.links import start_of
from ledger.audit.source import Rows
from ledger.canonical import Json
from ledger.entry import Entry, Envelope, decode_statement
from ledger.errors import Malformed

_AFTER_PATH = b'],"seen":{"root":"'
_STATEMENT = b'","statement":'


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of a submission, from row `row`; `path` as it is spelled."""

    row: int
    data: bytes
    index: int
    recorded: str
    statement: bytes
    value: dict[str, Any]
    """What the statement says."""
    envelope: Envelope
    path: bytes

    @property
    def key(self) -> str:
        """Id of the signing key."""
        return self.value["key"]  # type: ignore[no-any-return]

    @property
    def sequence(self) -> int:
        """The statement's number."""
        return self.value["sequence"]  # type: ignore[no-any-return]

    @property
    def siblings(self) -> tuple[bytes, ...]:
        """The hashes of the path."""
        return Entry.frame(self.data).path

    def continues(self, other: Part) -> bool:
        """Whether it can only stand behind the other one, in the same submission."""
        mine, its = self.envelope, other.envelope
        same = mine is its or (mine.first == its.first and mine.count == its.count)
        return same and self.key == other.key and other.sequence + 1 == self.sequence < mine.first + mine.count


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that holds no entry."""

    row: int
    message: str


Run = list[Part]
"""What stands together of one submission, in order; whole or torn."""


def part_of(row: int, data: Any, before: Part | None = None) -> Part:
    """The entry in a row. Raises Malformed unless its bytes are the canonical ones of an entry.

    `before` is the entry before it, to which it is compared first: most have the same submission.
    """
    if not isinstance(data, bytes):
        raise Malformed("not bytes")
    if before is not None and before.envelope.count > 1 and (part := _alike(row, data, before)) is not None:
        return part
    entry = Entry.frame(data)
    head, _, rest = data.rpartition(_AFTER_PATH)
    path = head[head.rindex(b',"path":[') + 9 :]
    assert rest
    value = _statement(decode_statement(entry.statement))
    return Part(row, data, entry.index, entry.recorded, entry.statement, value, entry.envelope, path)


def _alike(row: int, data: bytes, before: Part) -> Part | None:
    """An entry with the same envelope as the one before; None if it is not just that."""
    cut = len(before.path)
    end = before.data.rindex(_AFTER_PATH)
    tail = before.data[end:]
    middle = before.data[before.data.rindex(b',"submission":', 0, end - cut) : end - cut]
    start = start_of(data)
    if start is None or not data.endswith(tail) or data[start.end + 24 : start.end + 38] != _STATEMENT:
        return None
    behind = data.rfind(middle, start.end, len(data) - len(tail))
    if behind < 0:
        return None
    recorded = start.recorded.decode()
    if recorded != before.recorded:
        instant.millis(recorded)
    statement = data[start.end + 38 : behind]
    value = _statement(decode_statement(statement))
    path = data[behind + len(middle) : -len(tail)]
    return Part(row, data, start.number, recorded, statement, value, before.envelope, path)


def _statement(value: Json) -> dict[str, Any]:
    """A statement with what tells whose it is. Raises Malformed."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        raise Malformed("not a statement")
    key, sequence = value.get("key"), value.get("sequence")
    if not isinstance(key, str) or type(sequence) is not int or not isinstance(value.get("ledger"), str):
        raise Malformed("the statement lacks ledger, key or sequence")
    return value


def runs(rows: Rows, skipped: frozenset[int] = frozenset()) -> Iterator[Run | Broken]:
    """The submissions in some rows, in order; rows that are `skipped` are taken for absent."""
    run: Run = []
    while (row := rows.peek()) is not None:
        rows.skip(1)
        if row[0] in skipped:
            continue
        try:
            part = part_of(row[0], row[1], run[-1] if run else None)
        except Malformed as error:
            if run:
                yield run
            run = []
            yield Broken(row[0], str(error))
            continue
        if run and not part.continues(run[-1]):
            yield run
            run = []
        run.append(part)
        if part.sequence == part.envelope.first + part.envelope.count - 1:
            yield run
            run = []
    if run:
        yield run
