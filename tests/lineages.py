"""Lineages to draw: the plain chain, a recall, a chain with a hold, losses and waste.

`python -m tests.lineages` writes the golden picture of the plain chain, which a test draws again and compares;
the README shows the way of its sold package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from api.drawing import drawing
from api.drawn import DrawnFlow, DrawnLineage, DrawnUnit, UnitKind
from ledger import codes

GOLDEN = Path(__file__).parent / "vectors" / "lineage.svg"
OF_README = Path(__file__).parents[1] / "docs" / "lineage.svg"
GROWER, SHOP = "Fyta Company B.V.", "Coffeeshop Maastricht 1"
SHOPS = (SHOP, "Coffeeshop Breda 3", "Coffeeshop Almere 2", "Coffeeshop Tilburg 7")
VARIETY = "Amnesia Haze"
KIND: dict[str, UnitKind] = {"P": "PLANT", "B": "LOT", "M": "SAMPLE", "E": "PACKAGE", "W": "WASTE"}


def code(letter: str, number: int) -> str:
    """The same code for the same number, always."""
    return codes.mint(letter, lambda length: sha256(f"{letter}{number}".encode()).digest()[:length])


def moment(day: int, hour: int = 9, minute: int = 0) -> str:
    return f"{date(2025, 3, 1) + timedelta(days=day)}T{hour:02}:{minute:02}:00.000Z"


MOTHER, LOT, WASTE = code("P", 0), code("B", 0), code("W", 0)


def unit(letter: str, number: int, status: str, entry: int, at: str, mass: int = 0) -> DrawnUnit:
    pieces = 1 if letter == "P" else None
    made = (code(letter, number), KIND[letter], status, VARIETY, GROWER, mass, pieces, GROWER, at, entry)
    return DrawnUnit(*made)


def into(source: str | None, target: str, entry: int, at: str, mass: int | None = None) -> DrawnFlow:
    return DrawnFlow(source, target, mass, 1 if mass is None else None, "INTO", entry, at, GROWER)


def cultivated(plants: int) -> tuple[list[DrawnUnit], list[DrawnFlow]]:
    """A mother, its cuttings, and the lot they were harvested into."""
    units = [unit("P", 0, "GROWING", 100, moment(0))]
    flows = [into(None, MOTHER, 100, moment(0))]
    for number in range(1, plants + 1):
        entry = 120 + number // 20
        at = moment(10, 10, entry - 115)
        units.append(unit("P", number, "HARVESTED", entry, at))
        flows.append(into(MOTHER, code("P", number), entry, at))
        flows.append(into(code("P", number), LOT, 300, moment(80, 8, 30)))
    units.append(unit("B", 0, "SAMPLED", 300, moment(80, 8, 30), 1_912_345))
    flows.append(into(None, LOT, 300, moment(80, 8, 30), 12_400_000))
    flows.append(DrawnFlow(LOT, None, 9_920_000, None, "LOSS", 340, moment(94, 8, 30), GROWER))
    return units, flows


def packed(packages: int, sold: set[int], shops: tuple[str, ...]) -> tuple[list[DrawnUnit], list[DrawnFlow]]:
    """Three samples and packages of the lot, the packages in shops or sold by them."""
    units = [unit("M", number, "TESTED", 350, moment(95, 11), 1_500) for number in range(3)]
    flows = [into(LOT, one.code, 350, moment(95, 11), 1_500) for one in units]
    for number in range(packages):
        shop = shops[number % len(shops)]
        one = replace(unit("E", number, "STOCK", 400, moment(101, 14, 3), 1_000), holder=shop)
        if number in sold:
            one = replace(one, status="SOLD", holder=None, mass=0)
            at = moment(110, 16, number % 60)
            flows.append(DrawnFlow(one.code, None, 1_000, None, "SOLD", 600 + number, at, shop))
        units.append(one)
        flows.append(into(LOT, one.code, 400, moment(101, 14, 3), 1_000))
    return units, flows


def plain(plants: int = 40, packages: int = 10) -> DrawnLineage:
    """Mother, cuttings, lot, three samples, ten packages; the focus is the one that is sold."""
    grown, made = cultivated(plants), packed(packages, {4}, SHOPS[:1])
    return DrawnLineage(code("E", 4), (*grown[0], *made[0]), (*grown[1], *made[1]))


def recall() -> DrawnLineage:
    """Forward from a lot: sixty packages over four shops, a third sold, some held; cut at one of them."""
    made = packed(60, set(range(0, 60, 3)), SHOPS)
    hold = (("Inspectie JenV", 990),)
    units = [replace(one, holds=hold) if number % 7 == 5 else one for number, one in enumerate(made[0])]
    lot = unit("B", 0, "SAMPLED", 300, moment(80, 8, 30), 1_912_345)
    weighed = into(None, LOT, 300, moment(80, 8, 30), 12_400_000)
    return DrawnLineage(LOT, (lot, *units), (weighed, *made[1]), complete=False, frontier=(code("E", 9),))


def troubled() -> DrawnLineage:
    """Eight plants of which one was lost, a lot held twice, losses, and waste destroyed."""
    grown, made = cultivated(8), packed(4, set(), SHOPS[:1])
    units, flows = [*grown[0], *made[0]], [*grown[1], *made[1]]
    lost = code("P", 3)
    holds = (("Nederlandse Voedsel- en Warenautoriteit", 512), ("Inspectie JenV", 530))
    units = [replace(one, holds=holds) if one.code == LOT else one for one in units]
    units = [replace(one, status="WASTED") if one.code == lost else one for one in units]
    flows = [flow for flow in flows if flow.source != lost]
    flows += [
        into(None, lost, 210, moment(50, 7), 340_000),
        DrawnFlow(LOT, None, 12_250, None, "LOSS", 345, moment(94, 18), GROWER),
        DrawnFlow(lost, WASTE, 340_000, 1, "WASTE", 420, moment(103), GROWER),
        DrawnFlow(LOT, WASTE, 23_500, None, "WASTE", 420, moment(103), GROWER),
        DrawnFlow(WASTE, None, 3_500, None, "LOSS", 420, moment(103), GROWER),
        DrawnFlow(WASTE, None, 360_000, None, "DESTROYED", 450, moment(106), GROWER),
    ]
    waste = replace(unit("W", 0, "DESTROYED", 420, moment(103)), variety=None)
    return DrawnLineage(code("E", 1), (*units, waste), tuple(flows))


def wide(lots: int) -> DrawnLineage:
    """Forward from a mother to many lots and packages: more than can be drawn one by one."""
    units, flows = [unit("P", 0, "GROWING", 100, moment(0))], [into(None, MOTHER, 100, moment(0))]
    for number in range(lots):
        plant, lot = unit("P", 1 + number, "HARVESTED", 120, moment(10)), unit("B", number, "DRY", 300, moment(80))
        units += [plant, lot]
        flows += [into(MOTHER, plant.code, 120, moment(10)), into(plant.code, lot.code, 300, moment(80))]
        for place in range(3):
            package = unit("E", 3 * number + place, ("STOCK", "SOLD", "READY")[place], 400, moment(101), 1_000)
            units.append(package)
            flows.append(into(lot.code, package.code, 400, moment(101), 1_000))
    return DrawnLineage(MOTHER, tuple(units), tuple(flows))


def golden() -> str:
    """The picture of the plain chain as a file."""
    return drawing(plain(), standalone=True) + "\n"


def of_readme() -> str:
    """The way of the sold package alone, as a file."""
    whole = plain()
    kept = {one.code for one in whole.units if one.kind in ("PLANT", "LOT") or one.code == whole.focus}
    flows = [one for one in whole.flows if {one.source, one.target} <= {None, *kept}]
    units = [one for one in whole.units if one.code in kept]
    return drawing(replace(whole, units=tuple(units), flows=tuple(flows)), standalone=True) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(golden(), encoding="utf-8", newline="\n")
    OF_README.write_text(of_readme(), encoding="utf-8", newline="\n")
