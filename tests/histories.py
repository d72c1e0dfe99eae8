"""Random histories: a ledger that has something of everything, and goes on by choices that Hypothesis makes.

`tests/acts.py` says which acts there can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ledger import instant
from ledger.anchor import Anchor
from ledger.editions import EDITIONS
from ledger.errors import Refused
from ledger.group import Group, Published, Rows
from ledger.keys import SigningKey
from ledger.query import tuples
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree
from tests.ledgers import ORIGIN, RESULT, Maker, register
from tests.signer import MINUTES_15, Signer

GROWERS = ("grower-1", "grower-2")
SHOPS = ("shop-1", "shop-2")
ODDS = 12
"""One choice in so many is odd."""
T = TypeVar("T")
Act = tuple[str, str, dict[str, Any]]
"""Who does it, the action, its data."""

_UNITS = """
SELECT unit.code, version.status, version.holder, version.mass, version.lost, unit.sender, unit.addressee
FROM unit JOIN version ON version.unit = unit.id AND version.until IS NULL
WHERE unit.letter = ? ORDER BY unit.code
"""
_INSIDE = """
SELECT unit.code FROM version JOIN unit ON unit.id = version.unit
WHERE version.until IS NULL AND version.shipment = (SELECT id FROM unit WHERE code = ?)
AND version.status <> 'STOCK' ORDER BY unit.code
"""
_HELD = """
SELECT unit.code, hold.authority FROM hold JOIN unit ON unit.id = hold.unit WHERE hold.until IS NULL
ORDER BY unit.code, hold.authority
"""


class Thing(NamedTuple):
    """A unit as it is now; mass and what is lost in it in milligrams."""

    code: str
    status: str
    holder: str | None
    mass: int
    lost: int
    sender: str | None
    addressee: str | None


class Choice:
    """Choices made by a stream of numbers; when it ends, always the first."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = iter(numbers)

    def below(self, count: int) -> int:
        """A number from 0 on."""
        return next(self._numbers, 0) % count

    def of(self, things: Sequence[T]) -> T:
        """One of these."""
        return things[self.below(len(things))]

    def some(self, things: Sequence[T], most: int = 3) -> list[T]:
        """A few in their order, at least one where there is one."""
        count = 1 + self.below(min(most, len(things))) if things else 0
        start = self.below(len(things) - count + 1) if things else 0
        return list(things[start : start + count])

    def odd(self) -> bool:
        """Whether to do something implausible."""
        return self.below(ODDS) == ODDS - 1

    def part(self, mass: int) -> int:
        """A part of a mass, seldom more than it."""
        return max(1, mass + 1 if self.odd() else mass * (1 + self.below(4)) // 4)


@dataclass(frozen=True)
class Start:
    """A ledger to begin with, as a file, and all that is needed to go on."""

    path: Path
    anchor: Anchor
    head: Published
    key: SigningKey
    signers: dict[str, tuple[SigningKey, int]]
    now: int


def begin(path: Path) -> Start:
    """Make it in a migrated SQLite file: for each grower plants, lots and packages in every state."""
    maker = Maker(f"sqlite:///{path}", 1, 50, EDITIONS)
    register(maker)
    for grower, shop in zip(GROWERS, SHOPS, strict=True):
        _stock(maker, grower, shop)
    made = maker.close()
    assert made.head is not None
    signers = {name: (signer.key, signer.sequence) for name, signer in maker.signers.items()}
    return Start(path, made.anchor, made.head, maker.checkpoint_key, signers, maker.now)


def _stock(maker: Maker, grower: str, shop: str) -> None:
    plants, lots, packages, samples = (maker.codes(letter, 12) for letter in "PBEM")
    grown = {"variety": "haze", "site": "hall-1", "height": 12, "mass": 9_000, "position": "A/1"}
    maker.do(grower, "intakePlants", plants=plants, **grown)
    for plant, lot in zip(plants[6:10], lots, strict=False):
        maker.do(grower, "harvestPlants", plants=[plant], lot=lot, mass=60_000, position="B/1")
    for lot in lots[1:4]:
        maker.do(grower, "dryLot", lot=lot, mass=20_000, moisture=110_000_000, position="B/2")
    for lot, three in zip(lots[2:4], (samples[:3], samples[3:6]), strict=True):
        taken = {"lot": lot, "samples": three, "mass": 300, "position": "B/2", "laboratory": "laboratory-1"}
        maker.do(grower, "takeSamples", **taken)
    maker.do("laboratory-1", "recordResult", sample=samples[3], **RESULT)
    maker.do(grower, "packLot", lot=lots[3], packages=packages, mass=1_000, position="C/1")
    shipments = [maker.codes("S", 1)[0] for _ in range(3)]
    for shipment, inside in zip(shipments, (packages[2:4], packages[4:7], packages[7:]), strict=True):
        maker.do(grower, "readyShipment", shipment=shipment, to=shop, packages=inside, position="D/1")
    for shipment in shipments[1:]:
        maker.do(grower, "departShipment", shipment=shipment, carrier="carrier-1")
    received = [{"package": package, "verdict": {"accepted": True}} for package in packages[7:]]
    maker.do(shop, "receiveShipment", shipment=shipments[2], packages=received)


class History:
    """A ledger that goes on from a start, group after group, each in a transaction."""

    def __init__(self, start: Start, path: Path) -> None:
        path.write_bytes(start.path.read_bytes())
        self.url = f"sqlite:///{path}"
        self.store = Store.open(self.url)
        self.head = start.head
        self.now = start.now
        self._key = start.key
        self._signers = {name: Signer(ORIGIN, key, number) for name, (key, number) in start.signers.items()}
        self._rows = Rows()
        self._tree = Tree(self.store.tile, start.head.size)
        self._codes = 0

    def fresh(self, letter: str, count: int = 1) -> list[str]:
        """New codes in order."""
        self._codes += count
        return [f"{letter}{number:020}0" for number in range(self._codes - count, self._codes)]

    def units(self, letter: str, *states: str) -> list[Thing]:
        """The units of a kind, in some states if any are named."""
        things = [Thing(*row) for row in tuples(self.store, _UNITS, (letter,))]
        return [thing for thing in things if not states or thing.status in states]

    def held(self) -> list[tuple[str, str]]:
        """The units on hold, each with an authority that holds it."""
        return [(code, authority) for code, authority in tuples(self.store, _HELD)]

    def inside(self, shipment: str) -> list[str]:
        """The packages that are in a shipment or have been left over from it."""
        return [code for (code,) in tuples(self.store, _INSIDE, (shipment,))]

    def group(self, acts: Sequence[Act], choice: Choice) -> list[tuple[str, Submission]]:
        """Record acts in one group, each a submission of its own; those that were accepted, with the action's name.

        What is refused must leave nothing in the group.
        """
        with self.store.transaction():
            self._rows.begin(self.store)
            group = Group(self.store, self._rows, self._tree, self.head, EDITIONS)
            accepted = []
            for who, action, data in acts:
                self.now += instant.MINUTE
                submission = self._submission(who, action, data, choice)
                before = _contents(group)
                try:
                    group.add(submission, self.now)
                except Refused:
                    self._signers[who].sequence = submission.first
                    assert _contents(group) == before, f"a refused {action} left something"
                else:
                    accepted.append((action, submission))
            if accepted:
                self.head = group.write(ORIGIN, self._key)
                self.store.put_checkpoint(self.head.size, self.head.note)
        if accepted:
            self._rows.committed(group.state)
        return accepted

    def _submission(self, who: str, action: str, data: dict[str, Any], choice: Choice) -> Submission:
        at = self.now - instant.HOUR if choice.odd() else self.now
        return self._signers[who].submission(self.head, at, (action, data), until=self.now + MINUTES_15)


def _contents(group: Group) -> tuple[Any, ...]:
    state = group.state
    return group.size, dict(state.now), dict(state.born), dict(state.closed), dict(state.cells)
