"""The methods of `Actions`: each sends its action with just the fields that it was given, spelled as in GraphQL."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from ketenboek_client import Actions, Recorded
from ketenboek_client.statement import SEALED, Data

EDITION_1 = """
registerParticipant registerSite registerKey revokeKey designateGrower admitShop setPhase setParameter
adoptEdition registerVariety
intakePlants takeCuttings movePlants harvestPlants recordLoss
dryLot takeSamples recordResult packLot
collectWaste destroyWaste
readyShipment departShipment receiveShipment returnPackages
sellPackages
holdUnits releaseUnits
"""
METHODS = {name: method for name, method in vars(Actions).items() if name != "record" and not name.startswith("_")}


class Noting(Actions):
    """Records nothing but what it was asked to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Data, str | None]] = []

    def record(self, action: str, data: Data, at: str | None = None) -> Recorded:
        self.asked.append((action, data, at))
        return Recorded((), False)


def camel(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name.rstrip("_"))


def test_all_actions_of_edition_1_are_there_but_the_founding_one() -> None:
    assert sorted(camel(name) for name in METHODS) == sorted(EDITION_1.split())


@pytest.mark.parametrize("name", METHODS)
def test_a_method_sends_its_fields(name: str) -> None:
    fields = [field for field in inspect.signature(METHODS[name]).parameters if field not in ("self", "at")]
    client = Noting()
    getattr(client, name)(**{field: f"<{field}>" for field in fields}, at="<at>")

    assert client.asked == [(camel(name), {camel(field): f"<{field}>" for field in fields}, "<at>")]


@pytest.mark.parametrize("name", METHODS)
def test_what_is_left_out_is_absent(name: str) -> None:
    parameters = inspect.signature(METHODS[name]).parameters
    needed: dict[str, Any] = {
        field: "x" for field, p in parameters.items() if p.default is inspect.Parameter.empty and field != "self"
    }
    client = Noting()
    getattr(client, name)(**needed)
    (_, data, at), *_ = client.asked

    assert {field for field, value in data.items() if value is not None} == {camel(field) for field in needed}
    assert at is None


def test_sealed_fields_are_those_that_take_an_opening() -> None:
    sealable = {
        field
        for method in METHODS.values()
        for field, parameter in inspect.signature(method).parameters.items()
        if "Sealable" in str(parameter.annotation)
    }
    assert sealable == SEALED
