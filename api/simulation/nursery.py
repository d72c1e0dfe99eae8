"""Cultivation: starting material, mother plants, cuttings, growth, harvest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.simulation.journal import Journal
from api.simulation.plan import LEAD_DAYS, Data
from api.simulation.registration import VARIETIES, slug
from api.simulation.roster import Grower, limits
from api.simulation.waste import WasteRoom

DAY = 2
"""Half days in a day."""

ROOTING, GROWING, FLOWERING = 14, 14, 56
"""Days from a cutting to its place, there to flowering, and to the harvest."""
TO_HARVEST = ROOTING + FLOWERING
TO_PACK = 19
"""Days from the harvest until all is dry, tested and ready to be packed."""
FIRST_INTAKE = 3
"""Day of the first intake, after all registrations."""

PLANTS_LEAST, PLANTS_MOST = 90, 160
"""Plants that are harvested together."""
CUTTINGS = 10
"""That a mother gives at once, about; then it grows again for a week."""
GROWN = 4
"""Varieties that a grower really grows, of those it registered."""


@dataclass(slots=True)
class Crop:
    """Plants of one variety that grow together, and later their lot; masses in milligrams."""

    variety: str
    plants: list[str]
    exceeds: bool
    """Its laboratory result will be above a limit."""
    lot: str = ""
    mass: int = 0
    samples: list[str] | None = None
    held: bool = False


class Nursery:
    """The plants of one grower; `harvested` takes each lot over."""

    def __init__(
        self, journal: Journal, grower: Grower, number: int, waste: WasteRoom, harvested: Callable[[Crop], None]
    ) -> None:
        self._journal = journal
        self._chance = journal.chance
        self._grower = grower
        self._number = number
        self._waste = waste
        self._harvested = harvested
        self._mothers: dict[str, list[str]] = {}
        self._turn: dict[str, int] = {}

    def schedule(self, lots: int) -> None:
        """Plan the intake and so many lots over the days of trade, and those that will be growing afterwards."""
        days = self._journal.plan.days
        weekly = lots * 7 // days + 1
        varieties = [slug(VARIETIES[(self._number + n) % len(VARIETIES)]) for n in range(GROWN)]
        mothers = (PLANTS_MOST // CUTTINGS + 1) * (weekly // GROWN + 1)
        mothers = min(mothers, limits()["INTAKE_PLANTS_MAX"] * 9 // 10 // GROWN)
        for place, variety in enumerate(varieties):
            slot = DAY * (FIRST_INTAKE + 2 * place)
            self._journal.later(slot, self._intake, variety, mothers)
        number = 0
        # Two lots at once, for a choice; then one whenever one is needed.
        while (needed := max(0, number - 1) * days // lots) <= days + 14:
            exceeds = number == 1 if self._number == 0 else (number + 7 * self._number) % 23 == 22
            crop = Crop(varieties[number % GROWN], [], exceeds)
            cut = LEAD_DAYS - 1 - TO_PACK - TO_HARVEST + needed
            self._journal.later(DAY * cut, self._cut, crop)
            number += 1

    def _intake(self, variety: str, count: int) -> None:
        """Starting material from outside, once; a few plants do not survive it."""
        chance, journal = self._chance, self._journal
        plants = chance.codes("P", count + count // 20)
        position = f"M1.{variety[:3].upper()}"
        data: Data = {
            "plants": list(plants),
            "variety": variety,
            "site": self._grower.site,
            "height": chance.between(20, 35),
            "mass": chance.between(30_000, 60_000),
            "position": position,
        }
        journal.write(self._grower.key, journal.moment(chance.between(420, 480)), "intakePlants", data)
        for _ in range(count // 20):
            self._lose(chance.take(plants), journal.moment(chance.between(600, 660)), "QUALITY")
        self._mothers[variety] = sorted(plants)

    def _cut(self, crop: Crop) -> None:
        """Cuttings for one lot, from as many mothers as it takes."""
        chance, journal = self._chance, self._journal
        wanted = chance.between(PLANTS_LEAST, PLANTS_MOST)
        mothers = self._mothers[crop.variety]
        minute = chance.between(420, 500)
        while len(crop.plants) < wanted:
            turn = self._turn[crop.variety] = self._turn.get(crop.variety, -1) + 1
            plants = chance.codes("P", min(wanted - len(crop.plants), chance.about(CUTTINGS, 30)))
            data: Data = {
                "mother": mothers[turn % len(mothers)],
                "plants": plants,
                "height": chance.between(6, 10),
                "mass": chance.between(1_500, 3_000),
                "position": f"R{1 + turn % 3}.T{1 + minute % 12}",
            }
            journal.write(self._grower.key, journal.moment(minute), "takeCuttings", data)
            crop.plants += plants
            minute += chance.between(2, 6)
        journal.later(DAY * ROOTING, self._move, crop, "V", 25, 60_000)
        journal.later(DAY * (ROOTING + GROWING), self._move, crop, "F", 60, 250_000)
        for _ in range(chance.between(0, 3)):
            journal.later(DAY * chance.between(ROOTING + 1, TO_HARVEST - 1), self._die, crop)
        journal.later(DAY * TO_HARVEST, self._harvest, crop)

    def _move(self, crop: Crop, room: str, height: int, mass: int) -> None:
        """To the next room, table by table."""
        chance, journal = self._chance, self._journal
        crop.plants.sort()
        half = (len(crop.plants) + 1) // 2
        for table, start in enumerate((0, half)):
            data: Data = {
                "plants": crop.plants[start : start + half],
                "height": chance.about(height, 10),
                "mass": chance.about(mass, 10),
                "position": f"{room}{1 + self._number}.T{1 + chance.below(20)}",
            }
            journal.write(self._grower.key, journal.moment(510 + 20 * table), "movePlants", data)

    def _die(self, crop: Crop) -> None:
        at = self._journal.moment(self._chance.between(660, 700))
        self._lose(self._chance.take(crop.plants), at, "DEAD")

    def _lose(self, plant: str, at: int, reason: str) -> None:
        """A plant is lost, and weighed as it is."""
        mass = self._chance.between(20_000, 90_000)
        data: Data = {"units": [plant], "reason": reason, "mass": mass, "height": self._chance.between(15, 60)}
        self._journal.write(self._grower.key, at, "recordLoss", data)
        self._waste.add(plant, mass)

    def _harvest(self, crop: Crop) -> None:
        """Cut all of it and weigh it wet."""
        chance, journal = self._chance, self._journal
        crop.lot = chance.code("B")
        crop.mass = sum(chance.between(45_000, 75_000) for _ in crop.plants)
        data: Data = {
            "plants": sorted(crop.plants),
            "lot": crop.lot,
            "mass": crop.mass,
            "position": f"D{1 + self._number}",
        }
        journal.write(self._grower.key, journal.moment(chance.between(420, 600)), "harvestPlants", data)
        self._harvested(crop)
