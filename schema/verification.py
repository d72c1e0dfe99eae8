"""The gateway's own word on a unit, as it is answered."""

from __future__ import annotations

from typing import Self

import strawberry

from ledger import verification
from schema.entry import Entry
from schema.inputs import words
from schema.scalars import Index
from schema.view import View

CHECK_OUTCOME = words("CheckOutcome", (verification.HOLDS, verification.BROKEN, verification.UNDECIDED))


@strawberry.type
class Check:
    """One check, with the first entry that breaks it."""

    code: str
    title: str
    outcome: str = strawberry.field(graphql_type=CHECK_OUTCOME)
    entry: Index | None
    detail: str | None


@strawberry.type
class Verification:
    """All checks of a unit, from its seed to its last act."""

    intact: bool
    size: Index
    checks: list[Check]

    @classmethod
    def of(cls, view: View, unit: int) -> Self:
        """Made now; an entry that the caller may not see is not named, nor is what is wrong with it."""
        found = verification.verify(view.store, unit)
        return cls(intact=found.intact, size=Index(found.size), checks=[_check(view, check) for check in found.checks])


def _check(view: View, found: verification.Check) -> Check:
    entry = found.entry
    shown = view.sight.everything or (entry is not None and Entry.seen(view, entry) is not None)
    return Check(
        code=found.code,
        title=found.title,
        outcome=found.outcome,
        entry=Index(entry) if shown and entry is not None else None,
        detail=found.detail if shown else None,
    )
