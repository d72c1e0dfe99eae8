"""What a lineage is to those who draw it: plain values, no rows, no access rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UnitKind = Literal["PLANT", "LOT", "SAMPLE", "PACKAGE", "CASE", "WASTE", "SHIPMENT", "SEEDLINGS"]
FlowKind = Literal["INTO", "LOSS", "WASTE", "SOLD", "DESTROYED"]

KINDS: tuple[UnitKind, ...] = (
    "SEEDLINGS", "PLANT", "LOT", "SAMPLE", "PACKAGE", "CASE", "SHIPMENT", "WASTE",
)  # fmt: skip
"""In the order of the chain, from seed to sale."""


@dataclass(frozen=True)
class DrawnUnit:
    """A unit as the reader may see it. `mass` is milligrams, `made_at` the `at` of the act that made it."""

    code: str
    kind: UnitKind
    status: str
    variety: str | None
    holder: str | None
    """Trade name."""
    mass: int | None
    pieces: int | None
    made_by: str
    made_at: str
    made_entry: int
    holds: tuple[tuple[str, int], ...] = ()
    """Open holds: name of the authority, entry of the hold."""


@dataclass(frozen=True)
class DrawnFlow:
    """An edge with its quantity, milligrams or pieces. `source` None enters the books, `target` None leaves them.

    `entry`, `at` and `who` are those of the act; a preview has none of them.
    """

    source: str | None
    target: str | None
    mass: int | None
    pieces: int | None
    kind: FlowKind
    entry: int | None = None
    at: str | None = None
    who: str | None = None


@dataclass(frozen=True)
class DrawnLineage:
    """The units around `focus` and the flows between them; `frontier` names units at which it was cut."""

    focus: str
    units: tuple[DrawnUnit, ...]
    flows: tuple[DrawnFlow, ...]
    complete: bool = True
    frontier: tuple[str, ...] = ()
