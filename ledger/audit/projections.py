"""Depth 4: the tables that answer queries hold what follows from the entries, row by row, and nothing else.

Both sides are read in the order of the primary key, which is the same on both engines, a chunk at a time.
Where entries are at fault, what was true before the first of them is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from ledger import canonical
from ledger.audit.faults import Faults
from ledger.audit.pairing import paired
from ledger.audit.scratch import Scratch
from ledger.audit.source import CHUNK, Source, Unreadable
from ledger.audit.submissions import spelled
from ledger.drivers import Values, quoted
from ledger.rows import STATE, Cursor, Row
from ledger.sealed import SALT_BYTES, commitment
from ledger.tables import primary_key, table

DEPTH = "projections"

All: TypeAlias = Callable[[str, Values], list[Any]]
Chunks: TypeAlias = Iterator[list[Values]]


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a table are read and named; the columns of the key come first."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    row: type[Row] | None = None

    def chunks(self, every: All) -> Chunks:
        """All rows in the order of the primary key. Raises Unreadable."""
        select = f"SELECT {quoted(self.columns)} FROM {quoted([self.name])}"  # noqa: S608 - our own names
        order = f"ORDER BY {quoted(self.key)} LIMIT {CHUNK}"
        after = f"WHERE ({quoted(self.key)}) > ({', '.join('?' * len(self.key))})"
        chunk = every(f"{select} {order}", ())
        while chunk:
            yield chunk
            chunk = every(f"{select} {after} {order}", chunk[-1][: len(self.key)]) if len(chunk) == CHUNK else []


def _table(row: type[Row]) -> Table:
    key = primary_key(row)
    return Table(row.table, (*key, *[name for name in row.columns if name not in key]), key, row)


TABLES = tuple(_table(row) for row in STATE)
"""The tables of the state in the order of their names."""


def digest(scratch: Scratch) -> str:
    """The one line that two auditors compare (interface §5)."""
    state = sha256()
    for of in TABLES:
        assert of.row is not None
        kinds = {column.name: column.type.python_type for column in table(of.row).columns}
        flags = [name for name, kind in kinds.items() if kind is bool]
        raw = [name for name, kind in kinds.items() if kind is bytes]
        for chunk in of.chunks(scratch.all):
            lines = []
            for values in chunk:
                row = {name: value for name, value in zip(of.columns, values, strict=True) if value is not None}
                for name in flags:
                    row[name] = bool(row[name])
                for name in raw:
                    row[name] = canonical.b64(row[name])
                lines.append(spelled(row) + "\n")
            state.update("".join(lines).encode())
    return canonical.b64(state.digest())


class Projections:
    """A replayed state against the stored one; `sound`: the first entry that is in doubt."""

    def __init__(self, source: Source, scratch: Scratch, faults: Faults, sound: int | None) -> None:
        self._source = source
        self._scratch = scratch
        self._faults = faults
        self._sound = sound

    def run(self, progress: Callable[[int], None]) -> None:
        """Compare all tables; `progress` is told the tables done."""
        for number, of in enumerate(TABLES, start=1):
            self._compare(of)
            progress(number)
        if self._sound is not None:
            self._faults.undecided.add(DEPTH)

    def _compare(self, of: Table) -> None:
        if self._sound is not None and of.row is Cursor:
            return  # overwritten, so nothing is known of how it stood
        try:
            for expected, found in differences(of, self._scratch.all, self._source.all, self._as_of(of)):
                self._differs(of, expected, found)
        except Unreadable as error:
            message = f"The table {of.name} cannot be read."
            self._faults.add("PROJECTION_DIFFERS", None, DEPTH, message, found=str(error))

    def _as_of(self, of: Table) -> Callable[[Values], Values | None] | None:
        """A row as it stood when entry `sound` was next, None for what came later."""
        sound = self._sound
        if sound is None:
            return None
        born = _born_at(of)
        until = of.columns.index("until") if "until" in of.columns else None

        def as_of(values: Values) -> Values | None:
            at = values[born]
            if isinstance(at, int) and at >= sound:
                return None
            if until is not None and isinstance(values[until], int) and values[until] >= sound:
                return (*values[:until], None, *values[until + 1 :])
            return values

        return as_of

    def _differs(self, of: Table, expected: Values | None, found: Values | None) -> None:
        values = expected or found
        assert values is not None
        index = self._newest_of(values[0]) if of.row is Cursor else self._cause(of, values, expected, found)
        key = ", ".join(f"{name} {value}" for name, value in zip(of.key, values, strict=False))
        what = "is missing" if found is None else "follows from no entry" if expected is None else "is another"
        unit = self._code_of(values[of.columns.index("unit")]) if "unit" in of.columns else None
        self._faults.add(
            "PROJECTION_DIFFERS",
            index,
            DEPTH,
            f"A row of {of.name} {what}: {key}.",
            unit=unit,
            expected=None if expected is None else _shown(of, expected, found),
            found=None if found is None else _shown(of, found, expected),
        )

    def _cause(self, of: Table, values: Values, expected: Values | None, found: Values | None) -> int | None:
        """The entry from which a row follows; where entries are at fault, the one that ended it or did not."""
        at = values[_born_at(of)]
        if self._sound is not None and expected and found and "until" in of.columns:
            until = of.columns.index("until")
            ends = {values[until] for values in (expected, found)}
            if len(ends) == 2:
                at = min(end for end in ends if end is not None)
        return at if type(at) is int and at >= 0 else None

    def _newest_of(self, key: Any) -> int | None:
        """The entry that a key signed last, by the replay."""
        text = 'SELECT "entry" FROM "act" WHERE "key" = ? ORDER BY "sequence" DESC LIMIT 1'
        rows = self._scratch.all(text, (key,)) if type(key) is int else []
        return rows[0][0] if rows else None

    def _code_of(self, unit: Any) -> str | None:
        rows = self._scratch.all('SELECT "code" FROM "unit" WHERE "id" = ?', (unit,)) if type(unit) is int else []
        return rows[0][0] if rows else None


def _born_at(of: Table) -> int:
    """The place of the column that names the entry from which a row follows."""
    return next(of.columns.index(name) for name in ("since", "entry", "made", "key") if name in of.columns)


def _shown(of: Table, values: Values, other: Values | None) -> str:
    """A row for people; of two that differ only where they do."""
    pairs = zip(of.columns, values, other or [object()] * len(values), strict=True)
    return ", ".join(f"{name} {value}" for name, value, its in pairs if value != its)


def differences(
    of: Table, expected: All, found: All, as_of: Callable[[Values], Values | None] | None = None
) -> Iterator[tuple[Values | None, Values | None]]:
    """(expected, found) of the rows that are not the same; None where one side lacks the row."""
    left, right = of.chunks(expected), of.chunks(found)
    mine, its = next(left, []), next(right, [])
    while as_of is None and mine and mine == its:
        mine, its = next(left, []), next(right, [])
    now = as_of or (lambda values: values)
    for one, other in paired(_rows(mine, left), _rows(its, right), len(of.key)):
        before = None if one is None else now(one), None if other is None else now(other)
        if before[0] != before[1]:
            yield before


def _rows(first: list[Values], rest: Chunks) -> Iterator[Values]:
    yield from first
    for chunk in rest:
        yield from chunk


OPENING = Table("opening", ("hash", "salt", "value"), ("hash",))
SEALED = Table("sealed", ("hash", "entry"), ("hash",))


def openings(source: Source, scratch: Scratch, faults: Faults, *, whole: bool) -> None:
    """OPENING_DIFFERS: missing, another, or, if every entry was read, asked for by none (ledger format §7)."""
    try:
        asked, given = _rows([], SEALED.chunks(scratch.all)), _rows([], OPENING.chunks(source.all))
        for sealed, opening in paired(asked, given, 1):
            if opening is None:
                assert sealed is not None
                message = "A sealed value has no opening."
                faults.add("OPENING_DIFFERS", sealed[1], DEPTH, message, expected=canonical.b64(sealed[0]))
            elif sealed is None:
                if whole:
                    message = "An opening belongs to no sealed value."
                    faults.add("OPENING_DIFFERS", None, DEPTH, message, found=_spelled(opening[0]))
            elif not _opens(*opening):
                message = "An opening is not what was sealed."
                faults.add("OPENING_DIFFERS", sealed[1], DEPTH, message, expected=canonical.b64(sealed[0]))
    except Unreadable as error:
        faults.add("OPENING_DIFFERS", None, DEPTH, "The table opening cannot be read.", found=str(error))


def _opens(sealed: Any, salt: Any, value: Any) -> bool:
    if not isinstance(salt, bytes) or len(salt) != SALT_BYTES or not isinstance(value, str):
        return False
    try:
        return bool(commitment(salt, value) == sealed)
    except UnicodeEncodeError:
        return False


def _spelled(value: Any) -> str:
    return canonical.b64(value) if isinstance(value, bytes) else repr(value)
