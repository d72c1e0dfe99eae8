"""Units: what carries a code, as the caller may see it as of an entry, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import Self

import strawberry

from ledger import codes, history, lineage, rows
from ledger.query import among
from ledger.state import ENTITY
from schema import access
from schema.entry import Entry, EntryConnection
from schema.inputs import words
from schema.limits import RequestError, given, page_size
from schema.lineage import Direction, Flow, Lineage
from schema.node import Node
from schema.page import page_info, place
from schema.parties import Participant
from schema.scalars import Code, Index, Milligrams, Name, Pieces, Position
from schema.verification import Verification
from schema.view import Info, View

UNIT_KIND = words("UnitKind", codes.KINDS.values())
UNIT_STATUS = words(
    "UnitStatus",
    (
        "GROWING", "HARVESTED", "WET", "DRY", "SAMPLED", "EMPTY", "TAKEN", "TESTED", "STOCK", "READY", "UNDERWAY",
        "REFUSED", "MISSING", "SOLD", "GONE", "LOST", "WASTED", "DESTROYED", "COLLECTED", "RECEIVED",
    ),
)  # fmt: skip
"""The states of `actions-1.md` §3, in the order of the chain."""
COUNTED = ("GROWING", "LOST")
"""States in which a plant is one piece."""


@strawberry.type
class Unit(Node):
    """What carries a code."""

    id: strawberry.ID
    code: Code
    kind: str = strawberry.field(graphql_type=UNIT_KIND)
    mass: Milligrams | None
    pieces: Pieces | None
    status: str = strawberry.field(graphql_type=UNIT_STATUS)
    position: Position | None
    row: strawberry.Private[rows.Unit]
    version: strawberry.Private[rows.Version]
    index: strawberry.Private[int]

    @classmethod
    def of(cls, row: rows.Unit, version: rows.Version, index: int) -> Self:
        """From its rows, as of an entry."""
        plant = row.letter == "P"
        weighed = row.letter != "S" and not (plant and version.mass == 0)
        return cls(
            id=strawberry.ID(f"Unit:{row.code}"),
            code=Code(row.code),
            kind=codes.KINDS[row.letter],
            mass=Milligrams(version.mass) if weighed else None,
            pieces=Pieces(int(version.status in COUNTED)) if plant else None,
            status=version.status,
            position=None if version.position is None else Position(version.position),
            row=row,
            version=version,
            index=index,
        )

    @classmethod
    def named(cls, view: View, code: str, index: int) -> Self | None:
        """By its code, as of an entry; None for what does not exist, or not yet, or not for the caller."""
        found = view.store.load(rows.Unit, "code", (code,))
        version = view.versions(found, index).get(found[0].id) if found else None
        return None if version is None else cls.of(found[0], version, index)

    @strawberry.field
    def variety(self, info: Info) -> Name | None:
        """The name of its variety, as its grower registered it."""
        found = info.context.store.load(rows.Variety, ENTITY, (self.row.grower, self.row.variety))
        return Name(found[0].name) if found else None

    @strawberry.field
    def holder(self, info: Info) -> Participant | None:
        """Who answers for it."""
        holder = self.version.holder
        return None if holder is None else Participant.named(info.context, holder)

    @strawberry.field
    def made(self, info: Info) -> Entry:
        """The entry that brought it into being; for who may see it from later on only, the first of these."""
        view = info.context
        return Entry.at_index(view, self.row.made if view.sight.everything else view.story(self.row, self.index)[0])

    @strawberry.field
    def holds(self, info: Info) -> list[Entry]:
        """The open holds that cover it: on itself, on the lot that it was made of, on the shipment it is in."""
        view, version = info.context, self.version
        covering = [self.row.id]
        if access.sees_covering(view.sight):
            covering += [] if self.row.source is None else [self.row.source]
            covering += [version.shipment] if version.shipment and version.status in access.IN_SHIPMENT else []
        # Of what was handed over nothing is seen afterwards.
        last = self.index if version.until is None else min(self.index, version.until - 1)
        entries = {hold.since for hold in history.holds_at(view.store, covering, last)}
        return [Entry.at_index(view, index) for index in sorted(entries)]

    @strawberry.field
    def history(
        self, info: Info, first: int | None = strawberry.UNSET, after: str | None = strawberry.UNSET
    ) -> EntryConnection:
        """The entries that made, changed, held or released it, oldest first."""
        view, size, start = info.context, page_size(first), place(after)
        if not view.sight.everything:
            return EntryConnection.cut(view, view.story(self.row, self.index), size, start)
        page = history.history(view.store, self.row.id, first=size, after=start, as_of=self.index)
        return EntryConnection.of(view, page.indexes, page.total, more=page.next is not None)

    @strawberry.field
    def lineage(
        self,
        info: Info,
        direction: Direction,
        depth: int | None = strawberry.UNSET,
        first: int | None = strawberry.UNSET,
        after: str | None = strawberry.UNSET,
    ) -> Lineage:
        """Where it came from or what became of it."""
        return lineage_of(info.context, self, direction, given(depth), first, after)

    @strawberry.field
    def verify(self, info: Info) -> Verification:
        """The gateway's own word, check by check, from seed to sale. For proof without trust take the passport."""
        return Verification.of(info.context, self.row.id)


def lineage_of(
    view: View, unit: Unit, direction: Direction, depth: int | None, first: int | None, after: str | None
) -> Lineage:
    """A page of the lineage of a unit as far as the caller may see it."""
    handed_over: set[int] = set()

    def sight(units: Several[rows.Unit]) -> dict[int, int | None]:
        limits = access.last_seen(access.seen_versions(view.store, view.sight, units))
        handed_over.update(number for number, last in limits.items() if last is not None)
        return limits

    if depth is not None and depth < 0:
        raise RequestError("BAD_REQUEST", "`depth` is not negative.")
    found = lineage.lineage(
        view.store,
        unit.row.id,
        lineage.Direction(direction.value),
        depth=depth,
        first=page_size(first, lineage.FIRST, lineage.FIRST_MAX),
        after=place(after),
        as_of=unit.index,
        sight=None if view.sight.everything else sight,
    )
    if direction is Direction.TO_SEED:
        handed_over.clear()
    # What became of it afterwards is not told, not even whether anything did.
    frontier = {*found.frontier, *(row.code for row in found.units if row.id in handed_over)}
    versions = view.versions(found.units, unit.index)
    known = _codes(view, found)
    view.soon([row.made for row in found.units] + [flow.entry for flow in found.flows])
    return Lineage(
        units=[Unit.of(row, versions[row.id], unit.index) for row in found.units],
        flows=[Flow.of(flow, known) for flow in found.flows],
        total_units=Index(found.total),
        complete=found.complete and not handed_over,
        frontier=[Code(row.code) for row in found.units if row.code in frontier],
        page_info=page_info([row.id for row in found.units], found.next is not None),
    )


def _codes(view: View, found: lineage.Lineage) -> dict[int, str]:
    """The codes of the ends of a page's flows; some of them are units of earlier pages."""
    known = {row.id: row.code for row in found.units}
    ends = {end for flow in found.flows for end in (flow.source, flow.target) if end is not None}
    missing = sorted(ends - known.keys())
    known.update({row.id: row.code for row in among(view.store, rows.Unit, ("id",), [(end,) for end in missing])})
    return known
