"""The state as it was before an entry, out of the tables: what a rule finds there when it is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ledger.drivers import Values
from ledger.entry import Entry, decode_statement
from ledger.history import at
from ledger.query import among
from ledger.rows import Life, Parameter, Phase, Row, Unit, Variety, Version
from ledger.state import ENTITY
from ledger.store import Store

R = TypeVar("R", bound=Row)

BEGUN: dict[type[Row], str] = {Parameter: "entry", Phase: "entry", Unit: "made", Variety: "since"}
"""The column of a record that holds the entry which wrote it."""


class Torn(Exception):
    """The tables do not say what was true of something that must have been there; `row` is its class."""

    def __init__(self, row: type[Row], key: Values) -> None:
        super().__init__(f"the tables hold no single {row.table} {key[0]} at that time")
        self.row = row


class Past(Store):
    """A store over the connection of another one whose rows are those before entry `index`.

    Raises Torn where the tables cannot have come from the entries.
    """

    def __init__(self, store: Store, index: int) -> None:
        vars(self).update(vars(store))
        self._last = index - 1

    def load(self, row: type[R], way: str, key: Values) -> list[R]:
        """The rows under a key that were true then."""
        return self.load_many(row, way, [key])[key]

    def load_many(self, row: type[R], way: str, keys: Sequence[Values]) -> dict[Values, list[R]]:
        """The same for many keys at once; every key is in the answer."""
        if row is Version and way == "shipment":
            return {key: self._inside(row, key) for key in keys}
        if row.life is Life.VERSION:
            return self._versions(row, way, keys)
        begun = BEGUN[row]
        stored = super().load_many(row, way, keys)
        found = {key: [one for one in rows if getattr(one, begun) <= self._last] for key, rows in stored.items()}
        if row is Unit and way == ENTITY:  # named by another row, never by a statement
            self._check_single(row, found)
        return found

    def _versions(self, row: type[R], way: str, keys: Sequence[Values]) -> dict[Values, list[R]]:
        names = row.entity if way == ENTITY else row.indexes[way]
        if names and names == row.entity[: len(names)]:
            rows = among(self, row, names, keys, at(self._last))
        else:
            # What keys and the ledger are found by never changes, and they never end: an open version names each.
            still = [one for key in keys for one in Store.load(self, row, way, key)]
            rows = among(self, row, row.entity, [one.pick(row.entity) for one in still], at(self._last))
        found: dict[Values, list[R]] = {key: [] for key in keys}
        for one in rows:
            found[one.pick(names)].append(one)
        if row is Version:
            self._check_single(row, found)
        return found

    def _inside(self, row: type[R], shipment: Values) -> list[R]:
        """What was in a shipment: packages that the statement which made it put there."""
        [[unit]] = self.load_many(Unit, ENTITY, [shipment]).values()
        data = self.entry_bytes(unit.made)
        made = {} if data is None else decode_statement(Entry.frame(data).statement)
        if not (isinstance(made, dict) and isinstance(made.get("data"), dict) and "packages" in made["data"]):
            raise Torn(Unit, shipment)
        packages = self.load_many(Unit, "code", [(code,) for code in made["data"]["packages"]])
        versions = self.load_many(row, ENTITY, [(unit.id,) for units in packages.values() for unit in units])
        return [one for ones in versions.values() for one in ones if one.pick(("shipment",)) == shipment]

    @staticmethod
    def _check_single(row: type[Row], found: dict[Values, list[R]]) -> None:
        for key, rows in found.items():
            if len(rows) != 1:
                raise Torn(row, key)
