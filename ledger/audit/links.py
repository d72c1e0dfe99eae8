"""Depth 1, the fast way: rows that are as they should be, found so without parsing any of them.

JCS sorts `index < previous < recorded < statement`, so number and link stand in a prefix that follows
from the entry before: one comparison, and one hash, the leaf, for each entry.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from ledger.audit.roots import Level, pairs
from ledger.audit.source import CHUNK, Source, StoredEntry
from ledger.entry import FIRST_PREVIOUS
from ledger.tiles import WIDTH

STATEMENT_AT = len('2026-01-01T00:00:00.000Z","statement":{"action":"')
"""From the time of an entry to the name of its action, which JCS puts first."""
REGISTRY = (b'foundLedger"', b'registerKey"', b'revokeKey"')
"""Actions that say which keys count."""

HASH = rb"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
"""32 bytes as base64, in their one spelling."""

_HEAD = re.compile(rb'\{"index":(0|[1-9][0-9]{0,15}),"previous":"(%b)","recorded":"([0-9T:.Z-]{24})"' % HASH)


class Start(NamedTuple):
    """What an entry begins with: its number, its link, its time as text; `end` is where the time begins."""

    number: int
    previous: bytes
    recorded: bytes
    end: int


def start_of(data: object) -> Start | None:
    """The beginning of an entry's bytes, None where they are none."""
    match = _HEAD.match(data) if isinstance(data, bytes) else None
    if match is None:
        return None
    number, previous, recorded = match.groups()
    return Start(int(number), a2b_base64(previous), recorded, match.start(3))


@dataclass(slots=True)
class Stretch:
    """A part of the chain without fault: what those that come after it need."""

    tops: bytes = b""
    tail: Level = field(default_factory=list)
    """Leaves after the last full tile."""
    last: bytes = FIRST_PREVIOUS
    first_recorded: bytes = b""
    recorded: bytes = b""
    registry: list[tuple[int, bytes]] = field(default_factory=list)
    """Row and bytes of the entries that say which keys count."""


def linked(rows: list[StoredEntry], index: int, previous: bytes) -> Level | None:
    """The leaves of rows that are entry `index` and those after it; None if anything in them is off.

    What is off is found by `ledger.audit.chain`, which looks at one row after the other.
    """
    try:
        leaves = [sha256(b"\x00" + data).digest() for _, data, _ in rows]
    except TypeError:
        return None
    if leaves != [stored for _, _, stored in rows]:
        return None
    encoded = [b2a_base64(link, newline=False) for link in (previous, *leaves[:-1])]
    numbers = range(index, index + len(rows))
    for (_, data, _), number, link in zip(rows, numbers, encoded, strict=True):
        if not data.startswith(b'{"index":%d,"previous":"%b","recorded":"' % (number, link)):
            return None
    return leaves


def times(rows: list[StoredEntry], index: int) -> list[bytes]:
    """The times of rows that are linked, as texts."""
    first, last = time_at(index), time_at(index + len(rows) - 1)
    if first == last:
        return [data[first : first + 24] for _, data, _ in rows]
    return [data[(at := time_at(number)) : at + 24] for number, (_, data, _) in enumerate(rows, index)]


def time_at(index: int) -> int:
    """Where the time stands in the bytes of entry `index`."""
    return len(str(index)) + 80


def registry(rows: list[StoredEntry], index: int) -> list[tuple[int, bytes]]:
    """Row and bytes of the linked entries that say which keys count."""
    starts = range(time_at(index) + STATEMENT_AT, time_at(index + len(rows) - 1) + STATEMENT_AT + 1)
    return [(row, data) for start in starts for row, data, _ in rows if data.startswith(REGISTRY, start)]


def tile_roots(leaves: Level) -> Level:
    """The hash over each 256 leaves; there are so many, or a multiple."""
    level = leaves
    for _ in range(8):
        level = pairs(level)
    return level


def stretch(source: Source, _: None, first: int, end: int) -> Stretch | None:
    """The entries from `first`, a multiple of 1,024, up to `end`; None if anything in them is off.

    Starts from the stored hash of the entry before; who puts stretches together checks that joint.
    """
    found = Stretch()
    tops: list[bytes] = []
    if first:
        found.last = source.hashes(first - 1, first).get(first - 1, b"")
    for at in range(first, end, CHUNK):
        rows = source.window(at, min(at + CHUNK, end))
        if [row[0] for row in rows] != list(range(at, min(at + CHUNK, end))):
            return None
        leaves = linked(rows, at, found.last)
        if leaves is None:
            return None
        recorded = times(rows, at)
        if recorded != sorted(recorded) or recorded[0] < found.recorded:
            return None
        full = len(leaves) // WIDTH * WIDTH
        tops += tile_roots(leaves[:full])
        found.tail = leaves[full:]
        found.last, found.recorded = leaves[-1], recorded[-1]
        found.first_recorded = found.first_recorded or recorded[0]
        found.registry += registry(rows, at)
    found.tops = b"".join(tops)
    return found
