"""Acts that could be, and some that could not, on the units that a ledger has.

A stream of numbers decides, so that Hypothesis can shrink what it finds: which act, on which units, with how much of
what is in them. Now and then a choice is odd: a unit in another state, another signer, too much, a used code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.histories import GROWERS, SHOPS, Act, Choice, History, Thing

GROWN = {"height": 12, "mass": 9_000, "position": "A/2"}
LOSSES = ("DAMAGED", "MISSING", "STOLEN", "QUALITY")
VERDICTS: tuple[dict[str, Any], ...] = ({"accepted": True}, {"refused": "DAMAGED"}, {"missing": True})
AUTHORITIES = ("nvwa", "breda", "tilburg")


def one(history: History, choice: Choice, letter: str, *states: str) -> Thing:
    """A unit in a state that allows it, or an odd one; one that does not exist where there is none."""
    things = history.units(letter, *(() if choice.odd() else states))
    return choice.of(things) if things else Thing(history.fresh(letter)[0], "", None, 1, 0, None, None)


def beside(history: History, choice: Choice, first: Thing) -> list[str]:
    """A few units of one kind, holder and state, in order."""
    alike = [t.code for t in history.units(first.code[0], first.status) if t.holder == first.holder]
    return sorted({first.code, *choice.some(alike)})


def by(thing: Thing, choice: Choice) -> str:
    """Its holder, or an odd one."""
    return choice.of((*GROWERS, *SHOPS)) if choice.odd() or thing.holder is None else thing.holder


def new(history: History, choice: Choice, letter: str, count: int = 1) -> list[str]:
    """Fresh codes; of an odd one the code is used."""
    things = history.units(letter) if choice.odd() else []
    return (
        sorted({*history.fresh(letter, count - 1), choice.of(things).code}) if things else history.fresh(letter, count)
    )


def intake(history: History, choice: Choice) -> Act:
    plants = new(history, choice, "P", 2)
    return choice.of(GROWERS), "intakePlants", {"plants": plants, "variety": "haze", "site": "hall-1", **GROWN}


def cuttings(history: History, choice: Choice) -> Act:
    mother = one(history, choice, "P", "GROWING")
    return by(mother, choice), "takeCuttings", {"mother": mother.code, "plants": new(history, choice, "P", 2), **GROWN}


def move(history: History, choice: Choice) -> Act:
    plant = one(history, choice, "P", "GROWING")
    return by(plant, choice), "movePlants", {"plants": beside(history, choice, plant), **GROWN}


def harvest(history: History, choice: Choice) -> Act:
    plant, [lot] = one(history, choice, "P", "GROWING"), new(history, choice, "B")
    data = {"plants": beside(history, choice, plant), "lot": lot, "mass": 40_000, "position": "B/1"}
    return by(plant, choice), "harvestPlants", data


def dry(history: History, choice: Choice) -> Act:
    lot = one(history, choice, "B", "WET")
    data = {"lot": lot.code, "mass": choice.part(lot.mass), "moisture": 1, "position": "B/2"}
    return by(lot, choice), "dryLot", data


def sample(history: History, choice: Choice) -> Act:
    lot, samples = one(history, choice, "B", "DRY"), new(history, choice, "M", 2 if choice.odd() else 3)
    mass = max(1, choice.part(lot.mass) // 3)
    data = {"lot": lot.code, "samples": samples, "mass": mass, "position": "B/2", "laboratory": "laboratory-1"}
    return by(lot, choice), "takeSamples", data


def result(history: History, choice: Choice) -> Act:
    tested, lead = one(history, choice, "M", "TAKEN"), 5_001 if choice.odd() else 100
    who = by(tested, choice) if choice.odd() else "laboratory-1"
    return who, "recordResult", {"sample": tested.code, "thc": 1, "cbd": 1, "lead": lead}


def pack(history: History, choice: Choice) -> Act:
    lot, packages = one(history, choice, "B", "SAMPLED", "DRY"), new(history, choice, "E", 1 + choice.below(3))
    mass = min(5_001 if choice.odd() else 5_000, max(1, choice.part(lot.mass) // len(packages)))
    return by(lot, choice), "packLot", {"lot": lot.code, "packages": packages, "mass": mass, "position": "C/1"}


def lose(history: History, choice: Choice) -> Act:
    letter, reason = choice.of("PBME"), choice.of(LOSSES)
    states = {"P": ("GROWING",), "B": ("WET", "DRY", "SAMPLED"), "M": ("TAKEN", "TESTED")}
    lost = one(history, choice, letter, *states.get(letter, ("STOCK", "READY", "REFUSED", "MISSING")))
    data: dict[str, Any] = {"units": [lost.code] if letter == "B" else beside(history, choice, lost), "reason": reason}
    if letter == "B" or (letter == "P" and reason not in ("MISSING", "STOLEN")):
        data["mass"] = choice.part(lost.mass or 2_000)
    if letter == "P" and reason not in ("MISSING", "STOLEN"):
        data["height"] = 10
    return by(lost, choice), "recordLoss", data


def collect(history: History, choice: Choice) -> Act:
    lots = [lot for lot in history.units("B") if lot.lost]
    lost = choice.of(lots) if lots and choice.below(2) else one(history, choice, choice.of("PME"), "LOST")
    units = [lost.code] if lost.lost else beside(history, choice, lost)
    held = {thing.code: thing.mass + thing.lost for thing in history.units(lost.code[0])}
    mass = choice.part(lost.lost or sum(held.get(code, 1) for code in units))
    data = {"waste": new(history, choice, "W")[0], "units": units, "mass": mass, "position": "D/1"}
    return by(lost, choice), "collectWaste", data


def destroy(history: History, choice: Choice) -> Act:
    wasted = one(history, choice, "W", "COLLECTED") if choice.below(2) else one(history, choice, "E", "LOST")
    return by(wasted, choice), "destroyWaste", {"units": beside(history, choice, wasted), "method": "BURNED"}


def ready(history: History, choice: Choice) -> Act:
    package, [shipment] = one(history, choice, "E", "STOCK"), new(history, choice, "S")
    data = {"shipment": shipment, "packages": beside(history, choice, package), "position": "D/1"}
    return by(package, choice), "readyShipment", {**data, "to": choice.of(SHOPS)}


def depart(history: History, choice: Choice) -> Act:
    shipment = one(history, choice, "S", "READY")
    data: dict[str, Any] = {"shipment": shipment.code, "carrier": "carrier-1"}
    if left := choice.some(history.inside(shipment.code)) if choice.below(2) else []:
        data["left"] = left
    return by(shipment, choice), "departShipment", data


def receive(history: History, choice: Choice) -> Act:
    shipment = one(history, choice, "S", "UNDERWAY", "RECEIVED")
    inside = history.inside(shipment.code) or [one(history, choice, "E", "UNDERWAY").code]
    received = [{"package": package, "verdict": choice.of(VERDICTS)} for package in choice.some(inside)]
    data = {"shipment": shipment.code, "packages": received, "position": "C/2"}
    who = shipment.sender if choice.below(3) == 2 else shipment.addressee
    return who or by(shipment, choice), "receiveShipment", data


def give_back(history: History, choice: Choice) -> Act:
    package, [shipment] = in_shop(history, choice), new(history, choice, "S")
    data = {
        "shipment": shipment,
        "packages": beside(history, choice, package),
        "carrier": "carrier-1",
        "reason": "UNSOLD",
    }
    return by(package, choice), "returnPackages", data


def in_shop(history: History, choice: Choice) -> Thing:
    stock = [thing for thing in history.units("E", "STOCK") if thing.holder in SHOPS]
    return choice.of(stock) if stock and not choice.odd() else one(history, choice, "E", "STOCK")


def sell(history: History, choice: Choice) -> Act:
    package = in_shop(history, choice)
    return by(package, choice), "sellPackages", {"packages": beside(history, choice, package)}


def hold(history: History, choice: Choice) -> Act:
    held = one(history, choice, choice.of("PBMESW"))
    return choice.of(AUTHORITIES), "holdUnits", {"units": beside(history, choice, held), "reason": "QUALITY"}


def release(history: History, choice: Choice) -> Act:
    held = history.held()
    code, authority = choice.of(held) if held and not choice.odd() else (one(history, choice, "E").code, "nvwa")
    return authority, "releaseUnits", {"units": [code]}


ACTS: Sequence[Callable[[History, Choice], Act]] = (
    intake, cuttings, move, harvest, dry, sample, result, pack, lose, collect, destroy, ready, depart, receive,
    give_back, sell, hold, release,
)  # fmt: skip
