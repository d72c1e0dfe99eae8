"""A lineage for drawing: from what a gateway answers, or made in the same form from the rows of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

from ketenboek_client import Gateway, Key

from api.drawn import DrawnFlow, DrawnLineage, DrawnUnit, FlowKind, UnitKind
from api.tree_text import tree
from ledger import instant
from ledger.lineage import FIRST_MAX, Direction, Lineage, Sight, lineage
from ledger.query import END, among
from ledger.rows import Act, Flow, Hold, Participant, Unit, Variety, Version
from ledger.state import ENTITY
from ledger.store import Store
from schema.access import IN_SHIPMENT, seen_versions, sees_covering
from schema.entry import Entry
from schema.unit import Unit as Answered
from schema.view import View

Members = dict[str, Any]
"""Members of a GraphQL type, as `ketenboek_client.lineage` asks for them."""


class Seen(NamedTuple):
    """What a reader sees of some units, by id: their newest version, the entry from which on they are seen.

    `reads`: whether an entry may be read. `covering`: whether holds on their lot and shipment are seen.
    """

    versions: Mapping[int, Version]
    made: Mapping[int, int]
    reads: Callable[[int], bool] = lambda _: True
    covering: bool = True


@dataclass(frozen=True, slots=True)
class Traced:
    """A lineage as it is drawn, and as the members of the GraphQL type `Lineage`."""

    drawn: DrawnLineage
    answer: Members
    forward: bool

    def tree(self) -> list[str]:
        """The lines of the text tree."""
        return tree(self.drawn, direction="TO_SALE" if self.forward else "TO_SEED")


def from_gateway(gateway: Gateway, code: str, direction: str, depth: int | None, key: Key | None) -> Traced | None:
    """A unit's lineage as a gateway answers it; None for what does not exist or may not be seen."""
    answer = gateway.lineage(code, direction, depth, key)
    return None if answer is None else Traced(drawn(code, answer), answer, direction == "TO_SALE")


def from_database(url: str, code: str, forward: bool, depth: int | None) -> Traced | None:
    """A unit's lineage from the tables; None when there is no such unit."""
    store = Store.open(url)
    try:
        with store.snapshot():
            units = store.load(Unit, "code", (code,))
            if not units:
                return None
            direction = Direction.TO_SALE if forward else Direction.TO_SEED
            found = _whole(store, units[0].id, direction, depth=depth)
            open_now = among(store, Version, ("unit",), [(unit.id,) for unit in found.units], '"until" IS NULL')
            answer = _answer(store, found, _everything(found.units, {row.unit: row for row in open_now}))
            return Traced(drawn(code, answer), answer, forward)
    finally:
        store.close()


def from_view(view: View, found: Lineage, focus: str, direction: Direction) -> DrawnLineage:
    """What is drawn of a lineage for a reader: the same as a query answers them."""
    seen = seen_of(view, found.units)
    view.soon(flow.entry for flow in found.flows)
    if direction is Direction.TO_SALE:
        # What became of it after it was handed over is not told, not even whether anything did.
        ended = {unit for unit, version in seen.versions.items() if version.until is not None}
        frontier = [row.code for row in found.units if row.id in ended or row.code in found.frontier]
        found = replace(found, complete=found.complete and not ended, frontier=frontier)
    return drawn(focus, _answer(view.store, found, seen))


def seen_of(view: View, units: Sequence[Unit]) -> Seen:
    """Units as the caller may see them now, or as they were when they were handed over."""
    if view.sight.everything:
        return _everything(units, view.versions(list(units), END))
    seen = seen_versions(view.store, view.sight, units)
    return Seen(
        versions={unit: versions[-1] for unit, versions in seen.items()},
        # The first entry of `View.story`: no hold is seen before the unit is.
        made={unit: versions[0].since for unit, versions in seen.items()},
        reads=lambda index: Entry.seen(view, index) is not None,
        covering=sees_covering(view.sight),
    )


def near(store: Store, unit: int, direction: Direction, sight: Sight | None, most: int = FIRST_MAX) -> Lineage:
    """A lineage of at most `most` units: of one that is longer the part next to the unit."""
    if direction is Direction.TO_SALE:  # the unit comes before all that was made of it
        return lineage(store, unit, direction, first=most, sight=sight)
    found = _whole(store, unit, direction, sight=sight)
    if len(found.units) <= most:
        return found
    units = found.units[-most:]
    kept = {None, *(row.id for row in units)}
    edge = {flow.target for flow in found.flows if flow.source not in kept}
    return replace(
        found,
        units=units,
        flows=[flow for flow in found.flows if {flow.source, flow.target} <= kept],
        complete=False,
        frontier=[row.code for row in units if row.id in edge or row.code in found.frontier],
    )


def drawn(focus: str, answer: Members) -> DrawnLineage:
    """What is drawn of an answer: who and when on every unit, quantities on every flow, open holds."""
    return DrawnLineage(
        focus,
        tuple(_drawn_unit(unit) for unit in answer["units"]),
        tuple(_drawn_flow(flow) for flow in answer["flows"]),
        answer["complete"],
        tuple(answer["frontier"]),
    )


def _drawn_unit(unit: Members) -> DrawnUnit:
    return DrawnUnit(
        code=unit["code"],
        kind=cast(UnitKind, unit["kind"]),
        status=unit["status"],
        variety=unit["variety"],
        holder=unit["holder"] and unit["holder"]["name"],
        mass=unit["mass"] or None,
        pieces=unit["pieces"] or None,
        made_by=unit["made"]["participant"]["name"],
        made_at=unit["made"]["at"],
        made_entry=unit["made"]["index"],
        holds=tuple((hold["participant"]["name"], hold["index"]) for hold in unit["holds"]),
    )


def _drawn_flow(flow: Members) -> DrawnFlow:
    entry = flow["entry"] or {"index": None, "at": None, "participant": {"name": None}}
    return DrawnFlow(
        source=flow["from"],
        target=flow["to"],
        mass=flow["mass"],
        pieces=flow["pieces"],
        kind=cast(FlowKind, flow["kind"]),
        entry=entry["index"],
        at=entry["at"],
        who=entry["participant"]["name"],
    )


def _whole(
    store: Store, unit: int, direction: Direction, *, depth: int | None = None, sight: Sight | None = None
) -> Lineage:
    """All pages of a lineage as one."""
    pages = [lineage(store, unit, direction, depth=depth, sight=sight, first=FIRST_MAX)]
    while (after := pages[-1].next) is not None:
        pages.append(lineage(store, unit, direction, depth=depth, sight=sight, first=FIRST_MAX, after=after))
    turned = {page.next for page in pages}  # the last unit of a page is in its frontier because of the page
    cut = {code for page in pages for code in page.frontier}
    units = [row for page in pages for row in page.units]
    return Lineage(
        units=units,
        flows=[row for page in pages for row in page.flows],
        total=pages[0].total,
        complete=pages[-1].complete,
        frontier=[row.code for row in units if row.code in cut and row.id not in turned],
        next=None,
    )


def _everything(units: Iterable[Unit], versions: Mapping[int, Version]) -> Seen:
    return Seen(versions, {unit.id: unit.made for unit in units})


def _answer(store: Store, found: Lineage, seen: Seen) -> Members:
    """The members that a gateway would answer to who sees this of the units."""
    holds = _holds(store, found.units, seen)
    flows = {entry for entry in {flow.entry for flow in found.flows} if seen.reads(entry)}
    entries = flows | {seen.made[unit.id] for unit in found.units}
    entries |= {entry for covering in holds.values() for entry in covering}
    acts = {row.entry: row for row in among(store, Act, ("entry",), [(entry,) for entry in sorted(entries)])}
    names = _names(store, acts.values(), seen.versions.values())
    varieties = {(unit.grower, unit.variety) for unit in found.units if unit.variety is not None}
    shown = {key: row.name for key in sorted(varieties, key=str) for row in store.load(Variety, ENTITY, key)}

    def act(index: int) -> Members:
        by = acts[index].participant
        told = {"index": index, "at": instant.text(acts[index].at), "action": acts[index].action}
        return {**told, "participant": {"participant": by, "name": names[by]}}

    def unit(row: Unit) -> Members:
        version = seen.versions[row.id]
        answered, by = Answered.of(row, version, version.since), version.holder
        return {
            "code": row.code,
            "kind": answered.kind,
            "status": answered.status,
            "mass": answered.mass,
            "pieces": answered.pieces,
            "variety": shown.get((row.grower, row.variety or "")),
            "holder": None if by is None else {"participant": by, "name": names[by]},
            "made": act(seen.made[row.id]),
            "holds": [act(entry) for entry in holds[row.id]],
        }

    ends = {row.id: row.code for row in found.units}
    return {
        "units": [unit(row) for row in found.units],
        "flows": [_flow(flow, ends, act(flow.entry) if flow.entry in flows else None) for flow in found.flows],
        "totalUnits": found.total,
        "complete": found.complete,
        "frontier": list(found.frontier),
    }


def _flow(flow: Flow, ends: dict[int, str], entry: Members | None) -> Members:
    return {
        "from": None if flow.source is None else ends[flow.source],
        "to": None if flow.target is None else ends[flow.target],
        "mass": flow.mass,
        "pieces": flow.pieces,
        "kind": flow.kind,
        "entry": entry,
    }


def _holds(store: Store, units: list[Unit], seen: Seen) -> dict[int, list[int]]:
    """The entries of the open holds on each unit; with `covering` on its lot and the shipment it is in, too.

    Of what was handed over no hold is seen afterwards.
    """
    held: dict[int, set[int]] = {}
    for unit in units:
        version = seen.versions[unit.id]
        shipment = version.shipment if version.status in IN_SHIPMENT else None
        others = {one for one in (unit.source, shipment) if one is not None and seen.covering}
        held[unit.id] = {unit.id, *others} if version.until is None else set()
    every = sorted({(one,) for several in held.values() for one in several})
    found = among(store, Hold, ("unit",), every, '"until" IS NULL')
    return {unit: sorted({hold.since for hold in found if hold.unit in several}) for unit, several in held.items()}


def _names(store: Store, acts: Iterable[Act], versions: Iterable[Version]) -> dict[str, str]:
    """The trade names of everybody who occurs."""
    ids = {act.participant for act in acts} | {row.holder for row in versions if row.holder is not None}
    rows = among(store, Participant, ("participant",), [(name,) for name in sorted(ids)], '"until" IS NULL')
    return {row.participant: row.name for row in rows}
