"""Mass balances to the milligram (`actions-1.md` §2, rule 9): of a participant over a period, of the whole ledger.

    opening + harvested + weighed + taken over = handed over + sold + loss + destroyed + closing

Stocks and hand-overs are read from the versions of units, the rest from the flows: two records of the
same acts, so that the difference is a check and not zero by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger.history import index_at
from ledger.query import tuples
from ledger.store import Store

Line = dict[str, int]
"""Milligrams by the kind letter of the units."""

IN = ("opening", "harvested", "weighed", "taken_over")
OUT = ("handed_over", "sold", "loss", "destroyed", "closing")

_STOCK = """
SELECT unit.letter, CAST(SUM(version.mass + version.lost) AS BIGINT)
FROM version JOIN unit ON unit.id = version.unit
WHERE version.holder = ? AND version.since <= ? AND (version.until IS NULL OR version.until > ?)
GROUP BY unit.letter
"""

_HAND_OVERS = """
SELECT unit.letter, CAST(SUM(after.mass + after.lost) AS BIGINT)
FROM version AS before
JOIN version AS after ON after.unit = before.unit AND after.since = before.until
JOIN unit ON unit.id = after.unit
WHERE [one].holder = ? AND [other].holder <> ? AND after.since >= ? AND after.since <= ?
GROUP BY unit.letter
"""

_FLOWS = """
SELECT flow.kind, source.letter, target.letter, CAST(SUM(flow.mass) AS BIGINT)
FROM act JOIN flow ON flow.entry = act.entry
LEFT JOIN unit AS source ON source.id = flow.source
LEFT JOIN unit AS target ON target.id = flow.target
WHERE act.participant = ? AND act.entry >= ? AND act.entry <= ? AND flow.mass IS NOT NULL
GROUP BY flow.kind, source.letter, target.letter
"""

_ENTERED = "SELECT CAST(COALESCE(SUM(mass), 0) AS BIGINT) FROM flow WHERE source IS NULL"
_LEFT = """
SELECT kind, CAST(SUM(mass) AS BIGINT) FROM flow WHERE target IS NULL AND mass IS NOT NULL GROUP BY kind ORDER BY kind
"""
_HELD = "SELECT CAST(COALESCE(SUM(mass + lost), 0) AS BIGINT) FROM version WHERE until IS NULL"
_UNEVEN = """
SELECT unit FROM (
  SELECT target AS unit, mass FROM flow WHERE target IS NOT NULL
  UNION ALL SELECT source, -mass FROM flow WHERE source IS NOT NULL
  UNION ALL SELECT unit, -mass - lost FROM version WHERE until IS NULL
) AS moved GROUP BY unit HAVING SUM(mass) <> 0 ORDER BY unit LIMIT ?
"""


@dataclass(slots=True)
class Balance:
    """The balance of a participant over the entries `first` to `last`, both included.

    `made` and `used` are what went from unit to unit in its hands: as much in one kind of units as out of
    another, so they matter to the balance of a kind alone.
    """

    participant: str
    first: int
    last: int
    opening: Line
    taken_over: Line
    handed_over: Line
    closing: Line
    harvested: Line = field(default_factory=dict)
    weighed: Line = field(default_factory=dict)
    sold: Line = field(default_factory=dict)
    loss: Line = field(default_factory=dict)
    destroyed: Line = field(default_factory=dict)
    made: Line = field(default_factory=dict)
    used: Line = field(default_factory=dict)

    def total(self, line: str) -> int:
        """A line over all kinds of units, milligrams."""
        of: Line = getattr(self, line)
        return sum(of.values())

    @property
    def difference(self) -> int:
        """What came in less what went out or is there, milligrams; 0 unless the tables were changed."""
        return sum(map(self.total, IN)) - sum(map(self.total, OUT))

    def difference_of(self, letter: str) -> int:
        """The same of the units of one kind."""

        def of(lines: Iterable[str]) -> int:
            return sum(getattr(self, line).get(letter, 0) for line in lines)

        return of((*IN, "made")) - of((*OUT, "used"))


@dataclass(frozen=True, slots=True)
class Conservation:
    """The whole ledger, milligrams: what entered the books, what left them by kind of flow, what is in units.

    `units`: those, at most so many as were asked for, in which the flows and what is there differ.
    """

    entered: int
    left: dict[str, int]
    held: int
    units: list[int]

    @property
    def difference(self) -> int:
        """0 unless the tables were changed."""
        return self.entered - sum(self.left.values()) - self.held


def balance(store: Store, participant: str, first: int, last: int) -> Balance:
    """The balance of a participant over the entries `first` to `last`, both included."""
    made = Balance(
        participant,
        first,
        last,
        opening=_line(store, _STOCK, participant, first - 1, first - 1),
        taken_over=_hand_overs(store, "after", "before", participant, first, last),
        handed_over=_hand_overs(store, "before", "after", participant, first, last),
        closing=_line(store, _STOCK, participant, last, last),
    )
    for kind, source, target, mass in tuples(store, _FLOWS, (participant, first, last)):
        if source is None:
            # Only a harvest and a plant weighed as it is lost bring mass into the books.
            _add(made.harvested if target == "B" else made.weighed, target, mass)
        elif target is None:
            _add({"SOLD": made.sold, "LOSS": made.loss, "DESTROYED": made.destroyed}[kind], source, mass)
        else:
            _add(made.used, source, mass)
            _add(made.made, target, mass)
    return made


def balance_between(store: Store, participant: str, begin: int, end: int) -> Balance:
    """The balance over what was recorded from `begin` on and before `end`, milliseconds since 1970."""
    before, last = index_at(store, begin - 1), index_at(store, end - 1)
    return balance(store, participant, 0 if before is None else before + 1, -1 if last is None else last)


def conservation(store: Store, units_max: int = 100) -> Conservation:
    """Whether mass is conserved in the whole ledger, unit by unit. Reads all flows and all open versions."""
    [(entered,)] = tuples(store, _ENTERED)
    [(held,)] = tuples(store, _HELD)
    uneven = [unit for (unit,) in tuples(store, _UNEVEN, (units_max,))]
    return Conservation(entered, dict(tuples(store, _LEFT)), held, uneven)


def _hand_overs(store: Store, one: str, other: str, participant: str, first: int, last: int) -> Line:
    text = _HAND_OVERS.replace("[one]", one).replace("[other]", other)
    return _line(store, text, participant, participant, first, last)


def _line(store: Store, text: str, *values: str | int) -> Line:
    return {letter: mass for letter, mass in tuples(store, text, values) if mass}


def _add(line: Line, letter: str, mass: int) -> None:
    line[letter] = line.get(letter, 0) + mass
