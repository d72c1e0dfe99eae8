"""A lineage for drawing: from what a gateway answers, or made in the same form from the rows of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ketenboek_client import Gateway, Key

from api.drawn import DrawnFlow, DrawnLineage, DrawnUnit, FlowKind, UnitKind
from api.tree_text import tree
from ledger import instant
from ledger.lineage import Direction, Lineage, lineage
from ledger.query import among
from ledger.rows import Act, Flow, Hold, Participant, Unit, Variety, Version
from ledger.state import ENTITY
from ledger.store import Store
from schema.access import IN_SHIPMENT
from schema.unit import Unit as Answered

Members = dict[str, Any]
"""Members of a GraphQL type, as `ketenboek_client.lineage` asks for them."""


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
            answer = _answer(store, _whole(store, units[0].id, direction, depth))
            return Traced(drawn(code, answer), answer, forward)
    finally:
        store.close()


def from_rows(store: Store, found: Lineage, focus: str, seen: Mapping[int, Version]) -> DrawnLineage:
    """What is drawn of a lineage for a reader who sees the units in these versions."""
    return drawn(focus, _answer(store, found, seen))


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


def _whole(store: Store, unit: int, direction: Direction, depth: int | None) -> Lineage:
    """All pages of a lineage as one."""
    pages = [lineage(store, unit, direction, depth=depth)]
    while pages[-1].next is not None:
        pages.append(lineage(store, unit, direction, depth=depth, after=pages[-1].next))
    return Lineage(
        units=[row for page in pages for row in page.units],
        flows=[row for page in pages for row in page.flows],
        total=pages[0].total,
        complete=pages[-1].complete,
        frontier=pages[-1].frontier,
        next=None,
    )


def _answer(store: Store, found: Lineage, seen: Mapping[int, Version] | None = None) -> Members:
    """The members that a gateway would answer to who may see everything, or the units in the versions `seen`."""
    numbers = [(unit.id,) for unit in found.units]
    open_now = among(store, Version, ("unit",), numbers, '"until" IS NULL') if seen is None else ()
    versions = {row.unit: row for row in open_now} if seen is None else seen
    holds = _holds(store, found.units, versions, covering=seen is None)
    entries = {unit.made for unit in found.units} | {flow.entry for flow in found.flows}
    entries |= {entry for covering in holds.values() for entry in covering}
    acts = {row.entry: row for row in among(store, Act, ("entry",), [(entry,) for entry in sorted(entries)])}
    names = _names(store, acts.values(), versions.values())
    varieties = {(unit.grower, unit.variety) for unit in found.units if unit.variety is not None}
    shown = {key: row.name for key in sorted(varieties, key=str) for row in store.load(Variety, ENTITY, key)}

    def act(index: int) -> Members:
        by = acts[index].participant
        told = {"index": index, "at": instant.text(acts[index].at), "action": acts[index].action}
        return {**told, "participant": {"participant": by, "name": names[by]}}

    def unit(row: Unit) -> Members:
        version, answered = versions[row.id], Answered.of(row, versions[row.id], row.made)
        by = version.holder
        return {
            "code": row.code,
            "kind": answered.kind,
            "status": answered.status,
            "mass": answered.mass,
            "pieces": answered.pieces,
            "variety": shown.get((row.grower, row.variety or "")),
            "holder": None if by is None else {"participant": by, "name": names[by]},
            "made": act(row.made),
            "holds": [act(entry) for entry in holds[row.id]],
        }

    ends = {row.id: row.code for row in found.units}
    return {
        "units": [unit(row) for row in found.units],
        "flows": [_flow(flow, ends, act(flow.entry)) for flow in found.flows],
        "totalUnits": found.total,
        "complete": found.complete,
        "frontier": list(found.frontier),
    }


def _flow(flow: Flow, ends: dict[int, str], entry: Members) -> Members:
    return {
        "from": None if flow.source is None else ends[flow.source],
        "to": None if flow.target is None else ends[flow.target],
        "mass": flow.mass,
        "pieces": flow.pieces,
        "kind": flow.kind,
        "entry": entry,
    }


def _holds(store: Store, units: list[Unit], versions: Mapping[int, Version], *, covering: bool) -> dict[int, list[int]]:
    """The entries of the open holds on each unit; with `covering` on its lot and the shipment it is in, too.

    Of what was handed over no hold is seen afterwards.
    """
    held: dict[int, set[int]] = {}
    for unit in units:
        version = versions[unit.id]
        shipment = version.shipment if version.status in IN_SHIPMENT else None
        others = {one for one in (unit.source, shipment) if one is not None and covering}
        held[unit.id] = {unit.id, *others} if version.until is None else set()
    every = sorted({(one,) for several in held.values() for one in several})
    found = among(store, Hold, ("unit",), every, '"until" IS NULL')
    return {unit: sorted({hold.since for hold in found if hold.unit in several}) for unit, several in held.items()}


def _names(store: Store, acts: Iterable[Act], versions: Iterable[Version]) -> dict[str, str]:
    """The trade names of everybody who occurs."""
    ids = {act.participant for act in acts} | {row.holder for row in versions if row.holder is not None}
    rows = among(store, Participant, ("participant",), [(name,) for name in sorted(ids)], '"until" IS NULL')
    return {row.participant: row.name for row in rows}
