"""Who takes part in a simulated chain: the real registry (`api/data`), cut to the size of the plan.

Growers and shops have the names that were published; the others are numbered, and say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Party:
    """A participant: its id, kind and name, and the name of its admin key in the keyring."""

    id: str
    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Grower(Party):
    """A grower; `site` is where it may grow."""

    site: str
    place: str


@dataclass(frozen=True, slots=True)
class Shop(Party):
    """A coffeeshop in a municipality."""

    municipality: str


@dataclass(frozen=True, slots=True)
class Phase:
    """From `begins` on (a date) a product is in this phase in a municipality."""

    municipality: str
    product: str
    phase: str
    begins: str


@dataclass(frozen=True, slots=True)
class Roster:
    """All who take part, and what is set before anybody acts."""

    municipalities: list[Party]
    phases: list[Phase]
    authorities: list[Party]
    growers: list[Grower]
    shops: list[Shop]
    others: list[Party]
    """Carrier, laboratory, auditor, researchers."""


def roster(growers: int, shops: int) -> Roster:
    """The registry with so many growers and shops. Raises ValueError for more than there are."""
    registry = _data("registry.json")
    towns = registry["municipalities"]
    known = sum(town["coffeeshopCount"]["value"] for town in towns)
    if shops > known:
        raise ValueError(f"the registry knows {known} coffeeshops")
    return Roster(
        municipalities=[
            Party(t["key"], "MUNICIPALITY", f"Gemeente {t['name']}", f"municipality-{t['key']}") for t in towns
        ],
        phases=[phase for town in towns for phase in _phases(town)],
        authorities=[_authority(one) for one in registry["supervisors"] if "municipality" not in one],
        growers=[_grower(number, registry) for number in range(1, growers + 1)],
        shops=_shops(towns, shops),
        others=_others(registry),
    )


def parameters() -> list[dict[str, Any]]:
    """The records for `setParameter`: name, value, from (a date)."""
    records: list[dict[str, Any]] = _data("parameters.json")["parameters"]
    return records


def limits() -> dict[str, int]:
    """The values that are in force by now, of which those who keep the rules know."""
    ordered = sorted(parameters(), key=lambda record: str(record["from"]))
    return {record["name"]: record["value"] for record in ordered}


@cache
def _data(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def _phases(town: dict[str, Any]) -> list[Phase]:
    """The phases of hemp, and of hashish, which was tolerated longer in some of them."""
    found = []
    for one in town["phases"]:
        phase, begins = one["phase"].upper(), one["from"]
        found.append(Phase(town["key"], "HEMP", phase, begins))
        tolerated = [e["toleratedUntil"] for e in one.get("exceptions", ()) if e["productKind"] == "hashish"]
        found.append(Phase(town["key"], "HASHISH", phase, max([begins, *tolerated])))
    return found


def _authority(one: dict[str, Any]) -> Party:
    kind = one["key"].upper()
    return Party(one["key"], kind, one["name"]["nl"], "inspector" if kind == "IJENV" else one["key"])


def _grower(number: int, registry: dict[str, Any]) -> Grower:
    named = registry["growers"]
    if number > len(named):
        return Grower(f"grower-{number}", "GROWER", f"Grower {number} (fictional)", f"grower-{number}", "site-1", "")
    one = named[number - 1]
    place = one["place"] or ""
    site = place.lower().replace(" ", "-") or "site-1"
    return Grower(one["key"], "GROWER", one["tradeName"], f"grower-{number}", site, place)


def _shops(towns: list[dict[str, Any]], count: int) -> list[Shop]:
    """Shops of all municipalities in turn, so that a small chain has some of each."""
    order = [(n, town) for n in range(max(t["coffeeshopCount"]["value"] for t in towns)) for town in towns]
    chosen = [(n, town) for n, town in order if n < town["coffeeshopCount"]["value"]][:count]
    shops = []
    for number, (n, town) in enumerate(chosen, start=1):
        named = town["coffeeshops"]
        name = named[n]["name"] if n < len(named) else f"{town['name']} shop {n + 1}"
        shops.append(Shop(f"{town['key']}-shop-{n + 1}", "COFFEESHOP", name, f"shop-{number}", town["key"]))
    return shops


def _others(registry: dict[str, Any]) -> list[Party]:
    return [
        Party("carrier-1", "CARRIER", "Carrier 1 (fictional)", "carrier-1"),
        Party("laboratory-1", "LABORATORY", "Laboratory 1 (fictional)", "laboratory-1"),
        Party("auditor-1", "AUDITOR", "Auditor 1 (fictional)", "auditor"),
        *(
            Party(one["key"], "RESEARCHER", one["name"], f"researcher-{number}")
            for number, one in enumerate(registry["researchers"], start=1)
        ),
    ]
