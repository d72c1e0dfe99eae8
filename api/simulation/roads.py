"""What all roads into a ledger have in common: they record rounds until the plan, or the ledger, is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from api.simulation.chain import Chain
from api.simulation.plan import Round

Progress = Callable[[int, str], None]
"""Takes how far it is, in thousandths, and the same for people."""


class Road(Protocol):
    """A way by which acts become entries."""

    @property
    def size(self) -> int:
        """Entries of the ledger, with those that are still on their way."""

    def record(self, batches: Round) -> None:
        """Record a round; no batch in it waits for another."""

    def finish(self) -> None:
        """Bring what is on its way to its end."""


def simulate(chain: Chain, road: Road, progress: Progress) -> int:
    """Let a chain live through its days; stops early once the ledger has the entries that the plan asks for.

    The number of entries then.
    """
    plan = chain.plan
    wanted = plan.entries
    for batches in chain.rounds():
        if wanted is not None:
            batches = _first(batches, wanted - road.size)  # noqa: PLW2901
        road.record(batches)
        if wanted is not None and road.size >= wanted:
            break
        progress(min(999, road.size * 1_000 // plan.expected), f"{chain.journal.today}  {road.size:,} entries")
    road.finish()
    progress(1_000, f"{chain.journal.today}  {road.size:,} entries")
    return road.size


def _first(batches: Round, count: int) -> Round:
    """The first batches, as many as hold so many acts."""
    kept: Round = []
    for batch in batches:
        if count <= 0:
            break
        kept.append(batch)
        count -= len(batch.acts)
    return kept
