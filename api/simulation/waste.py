"""What a grower lost but still has: bundled into waste, and destroyed some days later."""

from __future__ import annotations

from api.simulation.journal import Journal
from api.simulation.plan import Data

WEEK = 14
"""Half days between two collections."""
WAIT = 6
"""Half days from collection to destruction, as supervisors wish it (`domain.md`: 72 hours)."""
UNITS_MAX = 1_000
"""Codes that fit into a statement."""


class WasteRoom:
    """The lost units of one grower, with what they weigh, milligrams, and the lot they are of."""

    def __init__(self, journal: Journal, key: str) -> None:
        self.frozen: set[str] = set()
        """Lots on hold: nothing of them is taken away."""
        self._journal = journal
        self._key = key
        self._lost: dict[str, tuple[int, str]] = {}

    def add(self, code: str, mass: int, lot: str = "") -> None:
        """A unit was lost, or something of a lot."""
        before, _ = self._lost.get(code, (0, lot))
        self._lost[code] = (before + mass, lot)

    def lose_part(self, lot: str, mass: int, reason: str, at: int) -> None:
        """Part of a lot is lost, and waits here."""
        self._journal.write(self._key, at, "recordLoss", {"units": [lot], "reason": reason, "mass": mass})
        self.add(lot, mass, lot)

    def collect(self) -> None:
        """Once a week: all of it becomes one waste, a little lighter by now."""
        free = sorted(code for code, (_, lot) in self._lost.items() if lot not in self.frozen)[:UNITS_MAX]
        self._journal.later(WEEK, self.collect)
        if free:
            waste = self.bundle(free, self._journal.moment(self._journal.chance.between(300, 420)))
            self._journal.later(WAIT, self._destroy_in_time, waste)

    def bundle(self, codes: list[str], at: int) -> str:
        """Take units that were lost into one waste."""
        chance = self._journal.chance
        total = sum(self._lost.pop(code)[0] for code in codes)
        waste = chance.code("W")
        mass = max(1, total - chance.below(total // 100 + 1))
        data: Data = {"waste": waste, "units": list(codes), "mass": mass, "position": "WASTE"}
        self._journal.write(self._key, at, "collectWaste", data)
        return waste

    def _destroy_in_time(self, waste: str) -> None:
        self.destroy(waste, self._journal.moment(400))

    def destroy(self, waste: str, at: int) -> None:
        """The end of a waste."""
        method = self._journal.chance.pick(("BURNED", "COMPOSTED"))
        self._journal.write(self._key, at, "destroyWaste", {"units": [waste], "method": method})
