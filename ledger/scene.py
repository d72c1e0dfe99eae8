"""One statement being judged: what it may look up, and the refusals collected on the way.

All rules of a statement are asked before anything is applied, and the first refusal by the order of
precedence counts; so what cannot be looked up is None and its later rules are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.errors import PRECEDENCE, Problem
from ledger.rows import (
    Hold,
    Key,
    Ledger,
    Parameter,
    Participant,
    Phase,
    Site,
    Unit,
    Variety,
    Version,
    numbered,
)
from ledger.state import State

MINUTES_5 = 300_000
HOUR = 3_600_000
DIGITS = frozenset("0123456789")


@dataclass(slots=True)
class Scene:
    """`at` and `recorded` in milliseconds; `index` is the entry that the statement would become."""

    state: State
    index: int
    at: int
    recorded: int
    signer: Participant
    key: Key
    ledger: Ledger
    custody: bool
    members: tuple[str, ...]
    """The fields of the action, in order."""
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    flows: int = 0

    def refuse(
        self,
        code: str,
        *path: str | int,
        unit: str | None = None,
        entry: int | None = None,
        expected: str | None = None,
    ) -> None:
        """Note a reason to refuse; `path` continues below `data`."""
        steps = tuple(str(step) for step in path)
        self.problems.append(Problem(code, steps, unit, entry, expected))

    def first(self) -> Problem | None:
        """The reason that goes first: by precedence, then by the order of fields and positions.

        A member that only some signers must give is judged directly after NOT_ALLOWED.
        """
        return min(self.problems, key=self._order, default=None) if self.problems else None

    def _order(self, problem: Problem) -> tuple[tuple[int, int], int, list[int]]:
        rank = (problem.rank, 0) if problem.code != "FIELD_MISSING" else (PRECEDENCE["NOT_ALLOWED"], 1)
        field, *below = problem.path or ("",)
        place = self.members.index(field) if field in self.members else -1
        return rank, place, [int(step) for step in below if step[:1] in DIGITS]

    def unit(self, code: str) -> Unit | None:
        """The unit that carries a code."""
        rows = self.state.find(Unit, "code", code)
        return rows[0] if rows else None

    def unit_by_id(self, number: int) -> Unit:
        """A unit that another row names."""
        unit = self.state.get(Unit, number)
        assert unit is not None
        return unit

    def version(self, unit: int) -> Version:
        """What is true of a unit now."""
        version = self.state.get(Version, unit)
        assert version is not None
        return version

    def number(self, code: str) -> int:
        """The id of a unit that this statement brings into being."""
        return numbered(self.index, self.places.setdefault(code, len(self.places)))

    def participant(self, name: str, *kinds: str) -> Participant | None:
        """A registered participant, of one of some kinds if any are named."""
        found = self.state.get(Participant, name)
        return found if found is not None and (not kinds or found.kind in kinds) else None

    def named(self, path: str, name: str, *kinds: str) -> Participant | None:
        """The same; NAME_UNKNOWN when there is none."""
        found = self.participant(name, *kinds)
        if found is None:
            self.refuse("NAME_UNKNOWN", path)
        return found

    def site(self, path: str, participant: str, site: str, *place: int) -> Site | None:
        """A participant's site; NAME_UNKNOWN when there is none."""
        found = self.state.get(Site, participant, site)
        if found is None:
            self.refuse("NAME_UNKNOWN", path, *place)
        return found

    def variety(self, path: str, variety: str) -> Variety | None:
        """A variety of the signer; NAME_UNKNOWN when there is none."""
        found = self.state.get(Variety, self.signer.participant, variety)
        if found is None:
            self.refuse("NAME_UNKNOWN", path)
        return found

    def parameter(self, name: str) -> int | None:
        """The value in force at `at`: the latest `from` not after it, of equal ones the later entry."""
        records = [r for r in self.state.find(Parameter, "name", name) if r.begins <= self.at]
        return max(records, key=lambda r: (r.begins, r.entry)).value if records else None

    def limit(self, name: str, amount: int, *path: str | int, scale: int = 1) -> None:
        """LIMIT_EXCEEDED where an amount is above a parameter; `scale` turns its unit into the amount's."""
        value = self.parameter(name)
        if value is not None and amount > value * scale:
            self.refuse("LIMIT_EXCEEDED", *path, expected=f"{name} {value}")

    def open_to_trade(self, municipality: str | None, product: str | None) -> bool:
        """Whether the phase at `at` lets shops take over and sell (`actions-1.md` §4; B 36-42, W 6)."""
        records = [r for r in self.state.find(Phase, "place", municipality, product) if r.begins <= self.at]
        if not records:
            return False
        phase = max(records, key=lambda r: (r.begins, r.entry)).phase
        return phase not in ("PREPARATION", "STOPPED")

    def held(self, unit: Unit, version: Version) -> Hold | None:
        """The first open hold that covers a unit and is not later than `at`.

        A lot's hold covers the samples and packages made of it, a shipment's the packages in it
        (`actions-1.md` §2, rule 5).
        """
        covering = [unit.id]
        if unit.source is not None:
            covering.append(unit.source)
        if version.shipment is not None and version.status in ("READY", "UNDERWAY", "REFUSED", "MISSING"):
            covering.append(version.shipment)
        holds = [h for u in covering for h in self.state.find(Hold, "unit", u) if h.at <= self.at]
        return min(holds, key=lambda hold: hold.since, default=None)

    def own_hold(self, unit: int) -> Hold | None:
        """The open hold of the signer on a unit."""
        return self.state.get(Hold, unit, self.signer.participant)

    def lot_of(self, unit: Unit) -> Version | None:
        """What is true of the lot that a sample or package was made of."""
        return None if unit.source is None else self.version(unit.source)

    def mark(self, version: Version) -> int:
        """The time of the newest custody act after this statement."""
        return self.at if self.custody else version.at
