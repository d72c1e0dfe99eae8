"""Where a unit came from and what became of it: the flows between units, walked to the seed or to the sale.

Flows are pairs of integers with an index on each end, so a walk costs what it finds, however long the
ledger is. A unit is made after what is in it: ids rise along every flow, so there are no circles, and
ledger order is an order of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ledger.query import END, among, tuples
from ledger.rows import Flow, Unit
from ledger.store import Store

FIRST = 1_000
FIRST_MAX = 10_000

Sight = Callable[[Sequence[Unit]], Mapping[int, int | None]]
"""Of some units those that the caller may see, by id, each with the last entry that may be seen of it
(None: all of them)."""


class Direction(Enum):
    """Which way flows are walked."""

    TO_SEED = "TO_SEED"
    TO_SALE = "TO_SALE"


_ENDS = {Direction.TO_SEED: ("target", "source"), Direction.TO_SALE: ("source", "target")}
"""The end of a flow at which a walk arrives, and the end to which it goes on."""

_REACH = """
WITH RECURSIVE reach(unit) AS (
  SELECT CAST(? AS BIGINT)
  UNION
  SELECT flow.[there] FROM reach JOIN flow ON flow.[here] = reach.unit
  WHERE flow.[there] IS NOT NULL AND flow.entry <= ?
)
SELECT unit FROM reach
"""


@dataclass(frozen=True, slots=True)
class Lineage:
    """One page of a lineage: a directed acyclic graph of which every page shows other units.

    `flows`: those into the units of this page, from units of this or an earlier page or from outside the
    books, and those out of the books; together the pages show each flow once. `frontier`: codes of units
    of this page beyond which something is not shown, because of depth or rights, and the last unit of a
    page that another follows. `complete`: nothing of the whole was cut, and this is the last page.
    `next`: what to give as `after` for the next page, None on the last.
    """

    units: list[Unit]
    flows: list[Flow]
    total: int
    complete: bool
    frontier: list[str]
    next: int | None


@dataclass(slots=True)
class _Reach:
    """Units found, by id with the last entry that counts of each; those beyond which more was cut."""

    units: dict[int, int]
    cut: set[int]


def lineage(
    store: Store,
    unit: int,
    direction: Direction,
    *,
    depth: int | None = None,
    first: int = FIRST,
    after: int | None = None,
    as_of: int | None = None,
    sight: Sight | None = None,
) -> Lineage:
    """The ancestors or descendants of a unit with the unit itself, in ledger order, and their flows.

    `depth` counts flows from the unit; `first` is at most 10,000; `as_of` is the last entry that counts.
    `total` is exact: all units of the lineage that `depth` and `sight` leave. The unit itself must be in
    sight. Raises ValueError for a page that is too large.
    """
    if not 0 < first <= FIRST_MAX or (depth is not None and depth < 0):
        raise ValueError(f"a page of 1 to {FIRST_MAX} units, no negative depth")
    last = END if as_of is None else as_of
    if depth is None and sight is None:
        found = _Reach(dict.fromkeys(reach(store, unit, direction, last), last), set())
    else:
        found = _walk(store, unit, direction, depth, last, sight)
    after = -1 if after is None else after
    ahead = sorted(number for number in found.units if number > after)
    shown, more = ahead[:first], len(ahead) > first
    units = sorted(among(store, Unit, ("id",), [(number,) for number in shown]), key=lambda row: row.id)
    edge = found.cut | ({shown[-1]} if more else set())
    return Lineage(
        units=units,
        flows=_flows(store, shown, found.units, last),
        total=len(found.units),
        complete=not found.cut and not more,
        frontier=[row.code for row in units if row.id in edge],
        next=shown[-1] if more else None,
    )


def reach(store: Store, unit: int, direction: Direction, last: int = END) -> list[int]:
    """The ids of a whole lineage, with the unit's own, by one query; `last` is the last entry that counts."""
    here, there = _ENDS[direction]
    text = _REACH.replace("[here]", here).replace("[there]", there)
    return [found for (found,) in tuples(store, text, (unit, last))]


def _walk(store: Store, unit: int, direction: Direction, depth: int | None, last: int, sight: Sight | None) -> _Reach:
    """The same as `reach`, step by step: nothing behind a unit out of sight is looked at."""
    here, there = _ENDS[direction]
    found: dict[int, int] = {}
    edges: list[tuple[int, int]] = []
    level = _seen(store, {unit}, last, sight)
    steps = 0
    while level:
        found |= level
        flows = among(store, Flow, (here,), [(number,) for number in level], f"{there} IS NOT NULL")
        ahead = [(getattr(f, here), getattr(f, there), f.entry) for f in flows if _counts(f, found)]
        edges += [(near, far) for near, far, _ in ahead]
        beyond = {far for _, far, _ in ahead if far not in found}
        limits = {} if steps == depth else _seen(store, beyond, last, sight)
        level = {far: limits[far] for _, far, entry in ahead if entry <= limits.get(far, -1)}
        steps += 1
    return _Reach(found, {near for near, far in edges if far not in found})


def _seen(store: Store, units: set[int], last: int, sight: Sight | None) -> dict[int, int]:
    """Those of some units that are in sight, with the last entry that counts of each."""
    if sight is None or not units:
        return dict.fromkeys(units, last)
    limits = sight(among(store, Unit, ("id",), [(number,) for number in sorted(units)]))
    return {number: last if limit is None else min(last, limit) for number, limit in limits.items()}


def _counts(flow: Flow, units: Mapping[int, int]) -> bool:
    """Whether a flow is not later than what may be seen of its ends, as far as they are known."""
    return all(flow.entry <= units[end] for end in (flow.source, flow.target) if end is not None and end in units)


def _flows(store: Store, shown: Sequence[int], units: Mapping[int, int], last: int) -> list[Flow]:
    """The flows that a page shows, in ledger order."""
    keys = [(number,) for number in shown]
    inward = among(store, Flow, ("target",), keys, f"entry <= {last}")
    # The plus keeps the index on targets out of it: SQLite takes "no target" for as rare as any one target.
    outward = among(store, Flow, ("source",), keys, f"+target IS NULL AND entry <= {last}")
    flows = [flow for flow in inward if flow.source is None or flow.source in units] + outward
    return sorted((flow for flow in flows if _counts(flow, units)), key=lambda flow: (flow.entry, flow.place))
