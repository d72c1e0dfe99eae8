"""Lineage as it is answered: units once over all pages, quantities on the flows between them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from ledger import rows
from schema.entry import Entry
from schema.inputs import words
from schema.page import PageInfo
from schema.scalars import Code, Index, Milligrams, Pieces
from schema.view import Info

if TYPE_CHECKING:
    from schema.unit import Unit

FLOW_KIND = words("FlowKind", ("INTO", "LOSS", "WASTE", "SOLD", "DESTROYED"))


@strawberry.enum
class Direction(Enum):
    """Which way flows are followed."""

    TO_SEED = "TO_SEED"
    TO_SALE = "TO_SALE"


@strawberry.type(description="`entry` is null in a preview only.")
class Flow:
    """A quantity that went from one unit into another, into the books or out of them."""

    from_: Code | None = strawberry.field(name="from")
    to: Code | None
    mass: Milligrams | None
    pieces: Pieces | None
    kind: str = strawberry.field(graphql_type=FLOW_KIND)
    index: strawberry.Private[int | None]

    @classmethod
    def of(cls, flow: rows.Flow, codes: dict[int, str], *, recorded: bool = True) -> Self:
        """From its row, with the codes of units by id."""
        return cls(
            from_=None if flow.source is None else Code(codes[flow.source]),
            to=None if flow.target is None else Code(codes[flow.target]),
            mass=None if flow.mass is None else Milligrams(flow.mass),
            pieces=None if flow.pieces is None else Pieces(flow.pieces),
            kind=flow.kind,
            index=flow.entry if recorded else None,
        )

    @strawberry.field
    def entry(self, info: Info) -> Entry | None:
        """The entry that made it."""
        return None if self.index is None else Entry.seen(info.context, self.index)


@strawberry.type(
    description="A directed acyclic graph: each unit once over all pages, quantities on the flows between them."
)
class Lineage:
    """A page of a lineage."""

    units: list[Annotated[Unit, strawberry.lazy("schema.unit")]]
    flows: list[Flow]
    total_units: Index = strawberry.field(graphql_type=int)
    complete: bool = strawberry.field(
        description="False when depth, page or the caller's rights cut it; then `frontier` says where."
    )
    frontier: list[Code]
    page_info: PageInfo
