"""Is what is wrong in the bytes of a statement refused with its own code? One row each, through the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical
from ledger.canonical import b64
from tests.hand import Hand, audited_after
from tests.world import World

VARIETY = {"variety": "bar", "name": "Bar"}
MOVE = {"height": 1, "mass": 1, "position": "A", "plants": ["P0123456789ABCDEFGHJKQ"]}
DEEP = "[" * 8 + "]" * 8
Send = Callable[[Hand], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with audited_after(sqlite_template, tmp_path_factory.mktemp("bytes")) as made:
        yield made


def statement(**members: Any) -> Send:
    """A statement with other members than it should have."""
    return lambda hand: hand.problems(hand.statement("registerVariety", VARIETY, **members))


def data(value: Any, action: str = "registerVariety") -> Send:
    """A statement with other data."""
    return lambda hand: hand.problems(hand.statement(action, value))


def moved(**members: Any) -> Send:
    """`movePlants` with other members than it should have."""
    return data({**MOVE, **members}, "movePlants")


def text(old: str, new: str) -> Send:
    """A statement in which a text was replaced by another."""
    return edited(lambda right: right.replace(old, new))


def edited(change: Callable[[str], str]) -> Send:
    """A statement whose text was changed."""
    return lambda hand: hand.problems(change(canonical.encode(hand.statement("registerVariety", VARIETY)).decode()))


def opened(*openings: dict[str, str]) -> Send:
    """A statement beside openings that it does not ask for."""
    return lambda hand: hand.problems(hand.statement("registerVariety", VARIETY), openings=list(openings))


ROWS: list[tuple[str, Send]] = [
    ("TOO_LARGE", text('"Bar"', '"' + "B" * 32_768 + '"')),
    ("TOO_LARGE", text('"Bar"', DEEP)),
    ("NOT_CANONICAL", text('"v":1', '"v": 1')),
    ("NOT_CANONICAL", text('"v":1', '"v":1.0')),
    ("NOT_CANONICAL", text('"v":1', '"v":1e0')),
    ("NOT_CANONICAL", text('"v":1', '"v":1,"v":1')),
    ("NOT_CANONICAL", text('"v":1', '"v":99999999999999999999')),
    ("NOT_CANONICAL", text('"Bar"', '"\\ud800"')),
    ("NOT_CANONICAL", edited(lambda t: "\ufeff" + t)),
    ("NOT_CANONICAL", edited(lambda t: t + "\n")),
    ("NOT_CANONICAL", edited(lambda _: "")),
    ("NOT_CANONICAL", edited(lambda _: "{")),
    ("NULL_MEMBER", text('"Bar"', "null")),
    ("VERSION_UNKNOWN", statement(v=2)),
    ("VERSION_UNKNOWN", statement(v=True)),
    ("WRONG_LEDGER", statement(ledger="other.example/nl")),
    ("ACTION_UNKNOWN", statement(action="growHemp")),
    ("FIELD_UNKNOWN", statement(extra=1)),
    ("FIELD_UNKNOWN", data({**VARIETY, "colour": "green"})),
    ("FIELD_MISSING", data({"variety": "bar"})),
    ("FIELD_INVALID", data([])),
    ("FIELD_INVALID", data({**VARIETY, "variety": "Bar!"})),
    ("FIELD_INVALID", data({**VARIETY, "name": "Bär"})),
    ("FIELD_INVALID", data({**VARIETY, "name": "a\u0007b"})),
    ("FIELD_INVALID", statement(salt="AAAA")),
    ("FIELD_INVALID", statement(at="2025-02-29T00:00:00.000Z")),
    ("FIELD_INVALID", statement(sequence=0)),
    ("FIELD_INVALID", moved(mass=-1)),
    ("FIELD_INVALID", moved(mass=True)),
    ("FIELD_INVALID", moved(mass="1")),
    ("FIELD_INVALID", moved(plants=[])),
    ("FIELD_INVALID", moved(plants=["P0123456789ABCDEFGHJKR"])),
    ("FIELD_INVALID", moved(plants=["E0123456789ABCDEFGHJKQ"])),
    ("FIELD_INVALID", moved(plants=["P0123456789ABCDEFGHJKQ"] * 2)),
    ("FIELD_INVALID", moved(plants=["P0123456789ABCDEFGHJMM", "P0123456789ABCDEFGHJKQ"])),
    ("FIELD_MISSING", moved(note={"sealed": b64(bytes(32))})),
    ("FIELD_INVALID", opened({"salt": b64(bytes(32)), "value": '"x"'})),
]


@pytest.mark.parametrize(("code", "send"), ROWS)
def test_what_is_wrong_in_the_bytes(world: World, code: str, send: Send) -> None:
    problems = send(Hand(world, world.grower))
    assert problems[0]["code"] == code, problems
    assert problems[0]["message"]


def test_all_that_is_wrong_in_the_bytes_is_listed_in_order(world: World) -> None:
    hand = Hand(world, world.grower)
    wrong = hand.statement("registerVariety", {"name": "ä", "colour": 1}, ledger="other.example", v=3, salt="x")
    found = [(problem["code"], problem["path"]) for problem in hand.problems(wrong)]
    assert found == [
        ("VERSION_UNKNOWN", ["0", "v"]),
        ("WRONG_LEDGER", ["0", "ledger"]),
        ("FIELD_UNKNOWN", ["0", "data", "colour"]),
        ("FIELD_MISSING", ["0", "data", "variety"]),
        ("FIELD_INVALID", ["0", "salt"]),
        ("FIELD_INVALID", ["0", "data", "name"]),
    ]


def test_not_canonical_says_what_would_be(world: World) -> None:
    hand = Hand(world, world.grower)
    right = canonical.encode(hand.statement("registerVariety", VARIETY)).decode()
    [problem] = hand.problems(right.replace('"v":1', '"v": 1'))
    assert problem["expected"] == right
