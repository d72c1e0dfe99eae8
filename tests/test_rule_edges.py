"""Are the rules right at their edges: which of several reasons is told, and what is too much to be said?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, codes
from ledger.fields import INTEGER_MAX
from tests.asking import Desk, opened
from tests.world import World

Act = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("edges")) as made:
        yield made


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("edges")
    (folder / "ledger.db").write_bytes(sqlite_template.read_bytes())
    with World(f"sqlite:///{folder}/ledger.db", folder, checks=False) as made:
        yield made
        made.checks = True
        made.check()


def told(desk: Desk, *acts: Act, change: Any = None) -> list[tuple[str, str]]:
    """Code and path of each problem with acts of grower-1; `change`: what becomes of the first statement."""
    submission = desk.signed("grower-1", *acts)
    if change is not None:
        [first, *rest] = submission.raws
        submission = replace(submission, raws=(canonical.encode(change(json.loads(first))), *rest))
    outcome = desk.submits(submission)
    return [(found["code"], ".".join(found["path"])) for found in outcome["problems"]]


def loss(unit: str, **more: Any) -> Act:
    return "recordLoss", {"units": [unit], "reason": "DEAD", **more}


def mistyped(code: str) -> str:
    """A code with another check character."""
    return code[:-1] + ("A" if code[-1] != "A" else "B")


def test_all_that_is_wrong_in_the_bytes_is_told_together(desk: Desk) -> None:
    lot = desk.chain.lot
    other = {"ledger": "other.example"}
    assert told(desk, loss(lot), change=lambda said: said | other) == [
        ("WRONG_LEDGER", "0.ledger"), ("FIELD_MISSING", "0.data.mass"),
    ]  # fmt: skip
    assert told(desk, loss(mistyped(lot), mass=1, more=1)) == [
        ("FIELD_UNKNOWN", "0.data.more"), ("FIELD_INVALID", "0.data.units.0"),
    ]  # fmt: skip
    assert told(desk, loss(mistyped(lot))) == [
        ("FIELD_MISSING", "0.data.mass"), ("FIELD_INVALID", "0.data.units.0"),
    ]  # fmt: skip


def test_statements_are_judged_one_after_another(desk: Desk) -> None:
    """What is wrong with the first goes before a number that does not follow in the second."""
    used = ("registerVariety", {"variety": "haze", "name": "Haze"})
    submission = desk.signed("grower-1", used, ("registerVariety", {"variety": "new", "name": "New"}))
    said: Any = json.loads(submission.raws[1])
    gap = canonical.encode(said | {"sequence": said["sequence"] + 1})
    raws = (submission.raws[0], gap)
    torn = replace(submission, raws=raws, _leaves=None, _root=None)
    torn.signature = desk._signers["grower-1"].key.sign(torn.text)
    outcome = desk.submits(torn)
    assert [(one["code"], one["path"]) for one in outcome["problems"]] == [("NAME_USED", ["0", "data", "variety"])]


def test_what_was_made_in_the_same_submission_is_no_secret_to_its_signer(desk: Desk) -> None:
    plants, [lot] = minted("P", 2), minted("B", 1)
    intake = ("intakePlants", {"plants": plants, "variety": "haze", "site": "hall-1", "height": 12,
                               "mass": 9_000, "position": "A/2"})  # fmt: skip
    harvest = ("harvestPlants", {"plants": plants, "lot": lot, "mass": 1_000, "position": "B/1"})
    dry = ("dryLot", {"lot": lot, "mass": 2_000, "moisture": 1, "position": "B/1"})
    assert told(desk, intake, harvest, dry) == [("MASS_CREATED", "2.data.mass")]


def minted(letter: str, count: int) -> list[str]:
    made = [codes.mint(letter, lambda size, at=at: bytes([at]) * size) for at in range(7, 7 + count)]  # type: ignore[misc]
    return sorted(made)


def test_more_than_a_number_can_say_is_not_put_together(world: World) -> None:
    """Two plants of 2^53 - 1 mg each: no flow could say what their waste weighs less."""
    grower, plants = world.grower, world.plants(2)
    for plant in plants:
        grower.does("recordLoss", units=[plant], reason="DEAD", mass=INTEGER_MAX, height=1)
    problem = grower.refused("collectWaste", waste=world.code("W"), units=plants, mass=5, position="X/1")
    assert (problem.code, problem.path) == ("LIMIT_EXCEEDED", ("0", "data", "units"))
    grower.does("collectWaste", waste=world.code("W"), units=plants[:1], mass=INTEGER_MAX, position="X/1")


def test_within_one_code_the_earlier_field_and_place_is_told(world: World) -> None:
    grower = world.grower
    packages = world.packages(3)
    shipment = world.ready(packages[:2])
    unknown = next(code for code in iter(lambda: world.code("E"), "") if code > packages[2])
    problem = grower.refused("departShipment", shipment=shipment, carrier="carrier-1", left=[packages[2], unknown])
    assert (problem.code, problem.path) == ("UNIT_UNKNOWN", ("0", "data", "left", "0"))
