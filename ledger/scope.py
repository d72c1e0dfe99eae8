"""What the verification of a unit looks at: the unit, what it came from, and what the tables say of them.

Of an ancestor only what happened up to its last flow towards the unit counts: a lot's later packages are
no part of the story of an earlier one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ledger.lineage import Direction, reach
from ledger.query import END, among
from ledger.rows import Flow, Hold, Life, Row, Unit, Version
from ledger.state import State
from ledger.store import Store

OF_ROWS: dict[type[Row], str] = {Flow: "MASS", Hold: "HOLDS", Unit: "ORIGIN", Version: "CUSTODY"}
OF_COLUMNS = {
    "mass": "MASS",
    "lost": "MASS",
    "result": "RESULTS",
    "exceeded": "RESULTS",
    "thc": "RESULTS",
    "cbd": "RESULTS",
    "departed": "TRANSPORT",
}
"""The check to which a stored row belongs, and some columns of versions that have another one."""

Mark = tuple[type[Row], tuple[Any, ...], int]
"""What names a stored row, as in `State.born`: its class, its entity, its `since` (0 of a record)."""


class Scope:
    """A unit and its ancestors by id, and the stored rows of them that count."""

    def __init__(self, store: Store, unit: int) -> None:
        """Raises LookupError for no such unit."""
        members = [(number,) for number in reach(store, unit, Direction.TO_SEED)]
        self.units = {row.id: row for row in among(store, Unit, ("id",), members)}
        if unit not in self.units:
            raise LookupError(unit)
        outward = among(store, Flow, ("source",), members)
        inward = among(store, Flow, ("target",), members)
        self._last = {unit: END}
        for flow in outward:
            if flow.source is not None and flow.source != unit and flow.target in self.units:
                self._last[flow.source] = max(flow.entry, self._last.get(flow.source, 0))
        self._written: dict[int, dict[Mark, Row]] = defaultdict(dict)
        self._ended: dict[int, set[Mark]] = defaultdict(set)
        for made in self.units.values():
            self._written[made.made][_mark(made)] = made
        for flow in (*inward, *outward):
            if self._concerns(flow, flow.entry):
                self._written[flow.entry][_mark(flow)] = flow
        self._take(among(store, Version, ("unit",), members))
        self._take(among(store, Hold, ("unit",), members))
        self.entries = sorted(self._written.keys() | self._ended.keys())
        """All that touched them, in order."""

    def _take(self, versions: Iterable[Version] | Iterable[Hold]) -> None:
        for version in versions:
            if self._counts(version.unit, version.since):
                self._written[version.since][_mark(version)] = version
            if version.until is not None and self._counts(version.unit, version.until):
                self._ended[version.until].add(_mark(version))

    def roots(self) -> list[tuple[int, str]]:
        """Units that came from no other unit: the entry that made each, and its code."""
        flows = [row for rows in self._written.values() for row in rows.values() if isinstance(row, Flow)]
        grown = {flow.target for flow in flows if flow.source is not None}
        return [(row.made, row.code) for row in self.units.values() if row.id not in grown and row.letter != "S"]

    def uneven(self) -> Iterator[tuple[int, str, int]]:
        """Units in which flows and contents differ: the last entry that counts, the code, milligrams."""
        flowed = dict.fromkeys(self.units, 0)
        newest: dict[int, Version] = {}
        for index in self.entries:
            for row in self._written[index].values():
                if isinstance(row, Version):
                    newest[row.unit] = row
                elif isinstance(row, Flow):
                    for end, sign in ((row.target, 1), (row.source, -1)):
                        if end in flowed:
                            flowed[end] += sign * (row.mass or 0)
        for number, version in newest.items():
            difference = flowed[number] - version.mass - version.lost
            if difference:
                yield version.since, self.units[number].code, difference

    def differences(self, store: Store, index: int, state: State) -> Iterator[tuple[str, str]]:
        """Where what an entry does to these units, as `state` has it, is not what is stored: check and detail."""
        made = {mark: row for mark, row in state.born.items() if self._concerns(row, index)}
        stored = dict(self._written[index])
        # A package's way is also that of the shipment it is in.
        versions = [row for row in made.values() if isinstance(row, Version)]
        shipments = {row.shipment for row in versions if row.shipment is not None}
        for row in among(store, Version, ("unit", "since"), [(number, index) for number in sorted(shipments)]):
            mark = _mark(row)
            if mark in state.born:
                stored[mark], made[mark] = row, state.born[mark]
        for mark in [*made, *(mark for mark in stored if mark not in made)]:
            table = mark[0]
            if mark not in made or mark not in stored:
                what = "is stored that it does not do" if mark in stored else "that it does is not stored"
                yield OF_ROWS[table], f"{self._named(mark)} {what}"
                continue
            for column in table.columns:
                if column != "until" and getattr(made[mark], column) != getattr(stored[mark], column):
                    check = OF_COLUMNS.get(column, "CUSTODY") if table is Version else OF_ROWS[table]
                    yield check, f"{self._named(mark)} is stored with another {column}"
        ends = {mark for mark in state.closed if mark[0] in (Version, Hold) and self._counts(mark[1][0], index)}
        for mark in sorted(ends ^ self._ended[index], key=str):
            yield OF_ROWS[mark[0]], f"{self._named(mark)} is stored with another end"

    def _named(self, mark: Mark) -> str:
        table, entity, _ = mark
        if table is Flow:
            return f"flow {entity[1]}"
        unit = self.units.get(entity[0])
        return f"the {table.table} of {unit.code if unit else 'its shipment'}"

    def _concerns(self, row: Row, index: int) -> bool:
        if isinstance(row, Flow):
            return self._counts(row.source, index) or self._counts(row.target, index)
        if isinstance(row, Version | Hold):
            return self._counts(row.unit, index)
        return isinstance(row, Unit) and row.id in self.units

    def _counts(self, unit: int | None, index: int) -> bool:
        """Whether what an entry does to a unit is part of the story."""
        return unit is not None and index <= self._last.get(unit, -1)


def _mark(row: Row) -> Mark:
    since: int = row.since if row.life is Life.VERSION else 0  # type: ignore[attr-defined]
    return type(row), row.pick(row.entity), since
