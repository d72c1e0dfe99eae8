"""A lineage for drawing, from rows of the database or from a gateway's answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ketenboek_client import Gateway, Key

from api.drawn import DrawnFlow, DrawnLineage, DrawnUnit, FlowKind, UnitKind
from api.tree_text import tree
from ledger import codes, instant
from ledger.lineage import Direction, Lineage, Sight, lineage
from ledger.query import among
from ledger.rows import Act, Flow, Hold, Participant, Unit, Variety, Version
from ledger.state import ENTITY
from ledger.store import Store


@dataclass(frozen=True, slots=True)
class Traced:
    """A lineage as it is drawn, and as the members of the GraphQL type `Lineage`."""

    drawn: DrawnLineage
    answer: dict[str, Any]
    forward: bool

    def tree(self) -> list[str]:
        """The lines of the text tree."""
        return tree(self.drawn, direction="TO_SALE" if self.forward else "TO_SEED")


def from_database(url: str, code: str, forward: bool, depth: int | None) -> Traced | None:
    """A unit's lineage from the tables; None when there is no such unit."""
    store = Store.open(url)
    try:
        with store.snapshot():
            units = store.load(Unit, "code", (code,))
            if not units:
                return None
            direction = Direction.TO_SALE if forward else Direction.TO_SEED
            found = whole(store, units[0].id, direction, depth)
            drawn = from_rows(store, found, code)
            return Traced(drawn, _answer(drawn, found.total), forward)
    finally:
        store.close()


def whole(
    store: Store, unit: int, direction: Direction, depth: int | None = None, sight: Sight | None = None
) -> Lineage:
    """All pages of a lineage as one."""
    pages = [lineage(store, unit, direction, depth=depth, sight=sight)]
    while pages[-1].next is not None:
        pages.append(lineage(store, unit, direction, depth=depth, sight=sight, after=pages[-1].next))
    return Lineage(
        units=[row for page in pages for row in page.units],
        flows=[row for page in pages for row in page.flows],
        total=pages[0].total,
        complete=pages[-1].complete,
        frontier=pages[-1].frontier,
        next=None,
    )


def from_rows(store: Store, found: Lineage, focus: str, seen: Mapping[int, Version] | None = None) -> DrawnLineage:
    """What is drawn of a lineage: who and when on every unit, quantities on every flow, open holds.

    `seen`: units as the reader may see them; of one that was handed over no later hold is drawn.
    """
    numbers = [(unit.id,) for unit in found.units]
    versions = dict(seen or {})
    if seen is None:
        versions = {row.unit: row for row in among(store, Version, ("unit",), numbers, '"until" IS NULL')}
    holds: dict[int, list[Hold]] = {}
    for hold in among(store, Hold, ("unit",), numbers, '"until" IS NULL'):
        if versions[hold.unit].until is None:
            holds.setdefault(hold.unit, []).append(hold)
    entries = {unit.made for unit in found.units} | {flow.entry for flow in found.flows}
    acts = {row.entry: row for row in among(store, Act, ("entry",), [(entry,) for entry in sorted(entries)])}
    names = _names(store, acts.values(), versions.values(), holds)
    varieties = {(unit.grower, unit.variety) for unit in found.units if unit.variety is not None}
    shown: dict[tuple[str | None, str], str] = {
        key: row.name
        for key in sorted(varieties, key=str)
        for row in store.load(Variety, ENTITY, key)
    }  # fmt: skip
    ends = {unit.id: unit.code for unit in found.units}
    units = []
    for unit in found.units:
        version, made = versions[unit.id], acts[unit.made]
        units.append(
            DrawnUnit(
                code=unit.code,
                kind=cast(UnitKind, codes.KINDS[unit.letter]),
                status=version.status,
                variety=shown.get((unit.grower, unit.variety or "")),
                holder=None if version.holder is None else names[version.holder],
                mass=version.mass or None,
                pieces=1 if version.status == "GROWING" else None,
                made_by=names[made.participant],
                made_at=instant.text(made.at),
                made_entry=unit.made,
                holds=tuple((names[hold.authority], hold.since) for hold in holds.get(unit.id, [])),
            )
        )
    flows = tuple(_flow(flow, ends, acts, names) for flow in found.flows)
    return DrawnLineage(focus, tuple(units), flows, found.complete, tuple(found.frontier))


def _flow(flow: Flow, ends: dict[int, str], acts: dict[int, Act], names: dict[str, str]) -> DrawnFlow:
    act = acts[flow.entry]
    return DrawnFlow(
        source=None if flow.source is None else ends[flow.source],
        target=None if flow.target is None else ends[flow.target],
        mass=flow.mass,
        pieces=flow.pieces,
        kind=cast(FlowKind, flow.kind),
        entry=flow.entry,
        at=instant.text(act.at),
        who=names[act.participant],
    )


def _names(
    store: Store, acts: Iterable[Act], versions: Iterable[Version], holds: dict[int, list[Hold]]
) -> dict[str, str]:
    """The trade names of everybody who occurs."""
    ids = {act.participant for act in acts} | {row.holder for row in versions if row.holder is not None}
    ids |= {hold.authority for rows in holds.values() for hold in rows}
    rows = among(store, Participant, ("participant",), [(name,) for name in sorted(ids)], '"until" IS NULL')
    return {row.participant: row.name for row in rows}


def from_gateway(gateway: Gateway, code: str, direction: str, depth: int | None, key: Key | None) -> Traced | None:
    """A unit's lineage as a gateway answers it; None for what does not exist or may not be seen."""
    answer = gateway.lineage(code, direction, depth, key)
    if answer is None:
        return None
    units = tuple(
        DrawnUnit(
            code=unit["code"],
            kind=unit["kind"],
            status=unit["status"],
            variety=unit["variety"],
            holder=unit["holder"] and unit["holder"]["participant"],
            mass=unit["mass"],
            pieces=unit["pieces"],
            made_by=unit["made"]["action"],
            made_at=unit["made"]["at"],
            made_entry=unit["made"]["index"],
        )
        for unit in answer["units"]
    )
    flows = tuple(
        DrawnFlow(
            source=flow["from"],
            target=flow["to"],
            mass=flow["mass"],
            pieces=flow["pieces"],
            kind=flow["kind"],
            entry=flow["entry"]["index"],
            at=flow["entry"]["at"],
        )
        for flow in answer["flows"]
    )
    drawn = DrawnLineage(code, units, flows, answer["complete"], tuple(answer["frontier"]))
    return Traced(drawn, answer, direction == "TO_SALE")


def _answer(drawn: DrawnLineage, total: int) -> dict[str, Any]:
    """The same members as a gateway's answer."""
    units = [
        {
            "code": unit.code,
            "kind": unit.kind,
            "status": unit.status,
            "mass": unit.mass,
            "pieces": unit.pieces,
            "variety": unit.variety,
            "holder": unit.holder,
            "made": {"index": unit.made_entry, "at": unit.made_at},
        }
        for unit in drawn.units
    ]
    flows = [
        {
            "from": flow.source,
            "to": flow.target,
            "mass": flow.mass,
            "pieces": flow.pieces,
            "kind": flow.kind,
            "entry": {"index": flow.entry, "at": flow.at},
        }
        for flow in drawn.flows
    ]
    return {
        "units": units,
        "flows": flows,
        "totalUnits": total,
        "complete": drawn.complete,
        "frontier": list(drawn.frontier),
    }
