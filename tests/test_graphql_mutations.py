"""Do both ways in record what was signed, refuse what the rules refuse, and tell no secrets with it?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, receipt
from ledger.errors import REFUSALS
from ledger.proof import TlogProof
from ledger.sealed import Opening, seal
from ledger.sequencer import Recorded, Sequencer
from schema.limits import Limits
from schema.messages import DUTCH
from tests.asking import Desk, opened, proof


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("mutations")) as made:
        yield made


def problem(outcome: Any) -> dict[str, Any]:
    """The first problem of a rejection."""
    assert outcome["__typename"] == "Rejected", outcome
    return outcome["problems"][0]  # type: ignore[no-any-return]


def moved(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"plants": [desk.chain.mother], "height": 40, "mass": 9_000, "position": "A/9", **more}


def test_a_typed_mutation_is_recorded_with_a_receipt_that_proves_itself(desk: Desk) -> None:
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    outcome = desk.sends("movePlants", moved(desk), submission)
    assert (outcome["__typename"], outcome["replayed"]) == ("Recorded", False)
    [given] = outcome["receipts"]
    entry = receipt.verify(given["file"], desk.gateway.anchor)
    assert entry.statement == submission.raws[0], "the bytes that were signed"
    assert entry.encode().decode() == given["entry"]
    assert (entry.index, entry.recorded) == (given["index"], given["recorded"])
    assert canonical.b64(entry.hash) == given["entryHash"]
    assert TlogProof.decode(given["proof"]).index == entry.index


def test_the_same_again_gets_the_first_receipts(desk: Desk) -> None:
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    first = desk.sends("movePlants", moved(desk), submission)
    again = desk.sends("movePlants", moved(desk), submission)
    assert again["replayed"]
    for name in ("index", "recorded", "entryHash", "entry"):
        assert again["receipts"][0][name] == first["receipts"][0][name]
    assert desk.submits(submission)["replayed"], "by the other way too"


def test_both_ways_make_the_same_statement(desk: Desk) -> None:
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    first = desk.submits(submission)
    assert not first["replayed"]
    assert desk.sends("movePlants", moved(desk), submission)["replayed"]


def test_null_means_absent_at_every_depth(desk: Desk) -> None:
    chain = desk.chain
    signed = {"shipment": chain.shipment, "packages": [{"package": chain.packages[8], "verdict": {"accepted": True}}]}
    outcome = desk.does("shop-1", "receiveShipment", signed, sent={**signed, "position": None, "note": None})
    assert problem(outcome)["code"] == "UNIT_UNKNOWN", "the signature held; the package is not in that shipment"
    assert desk.does("grower-1", "movePlants", moved(desk), sent=moved(desk, note=None))["__typename"] == "Recorded"


def test_what_was_not_signed_is_told_with_the_text_that_was_verified(desk: Desk) -> None:
    found = problem(desk.does("grower-1", "movePlants", moved(desk), sent=moved(desk, mass=9_001)))
    assert found["code"] == "SIGNATURE_INVALID"
    lines = found["expected"].split("\n")
    assert lines[0] == "ketenboek submission v1"
    assert len(lines) == 10


def test_a_submission_is_all_or_nothing(desk: Desk) -> None:
    size = desk.gateway.sequencer.head.size
    good, bad = ("movePlants", moved(desk)), ("registerVariety", {"variety": "haze", "name": "Haze"})
    found = problem(desk.submits(desk.signed("grower-1", good, bad)))
    assert (found["code"], found["path"]) == ("NAME_USED", ["1", "data", "variety"])
    assert desk.gateway.sequencer.head.size == size
    outcome = desk.submits(desk.signed("grower-1", good, good))
    assert [given["index"] for given in outcome["receipts"]] == [size, size + 1]


def _said(raw: bytes, **changes: Any) -> bytes:
    said: Any = canonical.decode(raw, bytes_max=32_768, depth_max=6)
    return canonical.encode({**said, **changes})


BYTES: dict[str, Any] = {
    "no JSON": (lambda _: b"no", ["NOT_CANONICAL"]),
    "half a character": (lambda _: "\ud800".encode("utf-8", "surrogatepass"), ["NOT_CANONICAL"]),
    "spaces": (lambda raw: raw.replace(b":", b": ", 1), ["NOT_CANONICAL"]),
    "a float": (lambda raw: raw.replace(b"9000", b"9000.0"), ["NOT_CANONICAL"]),
    "a null": (lambda raw: raw.replace(b'"height":40', b'"height":null'), ["NULL_MEMBER"]),
    "another version": (lambda raw: _said(raw, v=2), ["VERSION_UNKNOWN"]),
    "another ledger": (lambda raw: _said(raw, ledger="other"), ["WRONG_LEDGER"]),
    "no such action": (lambda raw: _said(raw, action="fly"), ["ACTION_UNKNOWN"]),
    "all at once": (
        lambda raw: _said(raw, v=2, ledger="other", action="fly", more=1, salt="AA=="),
        ["VERSION_UNKNOWN", "WRONG_LEDGER", "ACTION_UNKNOWN", "FIELD_UNKNOWN", "FIELD_INVALID"],
    ),
    "too long": (lambda _: b'"' + b"x" * 40_000 + b'"', ["TOO_LARGE"]),
}


@pytest.mark.parametrize("row", BYTES)
def test_what_is_wrong_in_the_bytes_is_listed_by_precedence(desk: Desk, row: str) -> None:
    change, expected = BYTES[row]
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    outcome = desk.submits(replace(submission, raws=(change(submission.raws[0]),)))
    assert problem(outcome)
    assert [found["code"] for found in outcome["problems"]] == expected
    assert outcome["problems"][0]["path"][:1] == ["0"]


def test_well_typed_but_not_well_formed_is_an_answer(desk: Desk) -> None:
    plants = sorted([desk.chain.mother, *desk.chain.cuttings])
    cases = {
        "mass of nothing": moved(desk, mass=0),
        "no plants": moved(desk, plants=[]),
        "not sorted": moved(desk, plants=plants[::-1]),
        "twice": moved(desk, plants=[plants[0], plants[0]]),
        "a lot": moved(desk, plants=[desk.chain.lot]),
    }
    for what, data in cases.items():
        found = problem(desk.does("grower-1", "movePlants", data))
        assert found["code"] == "FIELD_INVALID", what
        assert found["path"][:2] == ["0", "data"], what


def test_only_the_first_by_precedence_is_told(desk: Desk) -> None:
    lot, rival = desk.chain.lot, desk.book.code("B")
    # Unknown plants go before a code that is used, that before the name of nobody.
    data = {"plants": desk.book.codes("P", 1), "lot": lot, "mass": 1, "position": "B"}
    assert problem(desk.does("grower-1", "harvestPlants", data))["code"] == "UNIT_UNKNOWN"
    sampled = {"lot": lot, "samples": [desk.chain.samples[0]], "mass": 1, "position": "B", "laboratory": "nobody"}
    assert problem(desk.does("grower-1", "takeSamples", sampled))["code"] == "CODE_USED"
    sampled["samples"] = [desk.book.code("M")]
    assert problem(desk.does("grower-1", "takeSamples", sampled))["code"] == "NAME_UNKNOWN"
    assert problem(desk.does("shop-1", "takeSamples", {**sampled, "lot": rival}))["code"] == "NOT_ALLOWED"


def test_openings_travel_beside_the_data(desk: Desk) -> None:
    opening = seal("behind the shed", bytes(32))
    data = moved(desk, note={"sealed": canonical.b64(opening.hash)})
    document = (
        "mutation($d: MovePlantsData!, $p: Proof!, $o: [Opening!]) "
        "{ movePlants(data: $d, proof: $p, openings: $o) { __typename ... on Rejected { problems { code path } } } }"
    )

    def sent(openings: list[Opening] | None) -> Any:
        submission = desk.signed("grower-1", ("movePlants", data))
        given = None if openings is None else [{"salt": canonical.b64(o.salt), "value": o.value} for o in openings]
        variables = {"d": data, "p": proof(submission), "o": given}
        return desk.answer(document, variables, by=None).members["data"]["movePlants"]

    nothing: list[list[Opening] | None] = [None, []]
    for missing in nothing:
        assert problem(sent(missing)) == {"code": "FIELD_MISSING", "path": ["openings"]}
    other = seal("in front of it", bytes(32))
    assert [found["code"] for found in sent([opening, other])["problems"]] == ["FIELD_INVALID"]
    assert sent([opening])["__typename"] == "Recorded"


def test_problems_are_told_in_the_language_asked_for(desk: Desk) -> None:
    used = {"variety": "haze", "name": "Haze"}
    for language, sentences in (("nl", DUTCH), ("en", REFUSALS)):
        found = problem(desk.does("grower-1", "registerVariety", used, language=language))
        assert found["message"] == sentences["NAME_USED"]


MASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a plant of another grower": (
        "grower-2",
        "movePlants",
        {"plants": ["mother"], "height": 1, "mass": 1, "position": "A"},
    ),
    "a lot of another grower": ("grower-2", "dryLot", {"lot": "lot", "mass": 1, "moisture": 1, "position": "A"}),
    "a package that a grower holds": ("shop-1", "sellPackages", {"packages": ["stock"]}),
    "a sample of another grower": ("grower-2", "recordResult", {"sample": "sample", "thc": 1, "cbd": 1}),
    "somebody's shipment": ("grower-2", "departShipment", {"shipment": "shipment", "carrier": "carrier-1"}),
    "a package out of a mayor's reach": ("breda", "holdUnits", {"units": ["stock"], "reason": "OTHER"}),
    "a lot, which is no mayor's business": ("breda", "holdUnits", {"units": ["lot"], "reason": "OTHER"}),
}


@pytest.mark.parametrize("row", MASKED)
def test_what_one_may_not_see_is_refused_as_if_it_did_not_exist(desk: Desk, row: str) -> None:
    name, action, shape = MASKED[row]
    chain, book = desk.chain, desk.book
    real = {
        "mother": chain.mother, "lot": chain.lot, "stock": chain.packages[8],
        "sample": chain.samples[1], "shipment": chain.shipment,
    }  # fmt: skip
    fresh = {what: book.code(code[0]) for what, code in real.items()}

    def told(codes: dict[str, str]) -> dict[str, Any]:
        named = {
            member: [codes.get(one, one) for one in value] if isinstance(value, list) else codes.get(value, value)
            for member, value in shape.items()
        }
        return problem(desk.does(name, action, named))

    exists, does_not = told(real), told(fresh)
    assert exists.pop("unit") in real.values()
    assert does_not.pop("unit") in fresh.values()
    assert exists == does_not, "no difference can be observed"
    assert exists["code"] == "UNIT_UNKNOWN"


SEEN: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "what one held": ("grower-1", "recordLoss", {"units": ["stocked"], "reason": "OTHER"}, "NOT_HOLDER"),
    "what one sold": ("shop-1", "sellPackages", {"packages": ["sold"]}, "NOT_HOLDER"),
    "the laboratory that is named": (
        "laboratory-1",
        "recordResult",
        {"sample": "tested", "thc": 1, "cbd": 1},
        "WRONG_STATE",
    ),
    "an authority": ("ijenv", "releaseUnits", {"units": ["lot"]}, "WRONG_STATE"),
    "a package in a mayor's shop": ("breda", "releaseUnits", {"units": ["stocked"]}, "WRONG_STATE"),
    "the sender of a shipment": (
        "grower-1",
        "departShipment",
        {"shipment": "shipment", "carrier": "carrier-1"},
        "WRONG_STATE",
    ),
}


@pytest.mark.parametrize("row", SEEN)
def test_who_may_see_a_unit_is_told_the_rule(desk: Desk, row: str) -> None:
    name, action, shape, code = SEEN[row]
    chain = desk.chain
    real = {
        "stocked": chain.packages[4], "sold": chain.packages[0], "tested": chain.samples[0], "lot": chain.lot,
        "shipment": chain.shipment,
    }  # fmt: skip
    named = {
        member: [real[one] for one in value] if isinstance(value, list) else real.get(value, value)
        for member, value in shape.items()
    }
    assert problem(desk.does(name, action, named))["code"] == code


def test_the_addressee_of_a_shipment_is_told_the_rule(desk: Desk) -> None:
    package, shipment = desk.chain.packages[8], desk.book.code("S")
    ready = {"shipment": shipment, "to": "shop-1", "packages": [package], "position": "D/1"}
    assert desk.does("grower-1", "readyShipment", ready)["__typename"] == "Recorded"
    assert problem(desk.does("shop-1", "sellPackages", {"packages": [package]}))["code"] == "NOT_HOLDER"
    assert (
        problem(desk.does("grower-2", "recordLoss", {"units": [package], "reason": "OTHER"}))["code"] == "UNIT_UNKNOWN"
    )
    lost = {"units": [package], "reason": "MISSING"}
    assert desk.does("grower-1", "recordLoss", lost)["__typename"] == "Recorded"


def test_a_hold_is_told_with_its_entry(desk: Desk) -> None:
    package = desk.chain.packages[4]
    hold = desk.does("ijenv", "holdUnits", {"units": [desk.chain.lot], "reason": "RECALL"})
    found = problem(desk.does("shop-1", "sellPackages", {"packages": [package]}))
    assert (found["code"], found["entry"]) == ("ON_HOLD", hold["receipts"][0]["index"])
    assert desk.does("ijenv", "releaseUnits", {"units": [desk.chain.lot]})["__typename"] == "Recorded"


def _never(*_: object) -> Future[Recorded]:
    return Future()


def _taken(*_: object) -> Future[Recorded]:
    future: Future[Recorded] = Future()
    future.set_running_or_notify_cancel()
    return future


@pytest.mark.parametrize(("offer", "code"), [(_never, "BUSY"), (_taken, "UNDECIDED")])
def test_waiting_too_long(desk: Desk, monkeypatch: pytest.MonkeyPatch, offer: Any, code: str) -> None:
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    monkeypatch.setattr(Sequencer, "offer", offer)
    outcome = desk.sends("movePlants", moved(desk), submission, limits=Limits(request_seconds=0.01))
    assert problem(outcome)["code"] == code
    assert outcome["retryAfter"] == 1


def test_what_became_of_it_is_counted(desk: Desk) -> None:
    document = "mutation($d: MovePlantsData!, $p: Proof!) { movePlants(data: $d, proof: $p) { __typename } }"
    submission = desk.signed("grower-1", ("movePlants", moved(desk)))
    variables = {"d": moved(desk), "p": proof(submission)}
    assert desk.answer(document, variables, by=None).outcomes == ["recorded"]
    assert desk.answer(document, variables, by=None).outcomes == ["replayed"]
    variables["d"] = moved(desk, mass=3)
    assert desk.answer(document, variables, by=None).outcomes == ["SIGNATURE_INVALID"]


def test_proofs_are_made_only_when_they_are_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, bool]] = []
    offer = Sequencer.offer

    def noted(self: Sequencer, submission: Any, proofs: bool, files: bool) -> Future[Recorded]:
        asked.append((proofs, files))
        return offer(self, submission, proofs, files)

    monkeypatch.setattr(Sequencer, "offer", noted)
    for receipt_fields in ("index entry", "proof", "file"):
        document = (
            "mutation($d: MovePlantsData!, $p: Proof!) "
            "{ movePlants(data: $d, proof: $p) { ... on Recorded { receipts { ...r } } } } "
            f"fragment r on Receipt {{ {receipt_fields} }}"
        )
        submission = desk.signed("grower-1", ("movePlants", moved(desk)))
        variables = {"d": moved(desk), "p": proof(submission)}
        assert "errors" not in desk.answer(document, variables, by=None).members
    assert asked == [(False, False), (True, False), (True, True)]


PROOFS: dict[str, tuple[dict[str, Any], str]] = {
    "a short signature": ({"signature": "AAAA"}, "SIGNATURE_INVALID"),
    "no signature at all": ({"signature": "A" * 86 + "=="}, "SIGNATURE_INVALID"),
    "a short root": ({"seen": {"size": 3, "root": "AAAA"}}, "SIGNATURE_INVALID"),
    "a history that was not signed": ({"seen": {"size": 2**53 - 1, "root": "A" * 43 + "="}}, "SIGNATURE_INVALID"),
    "number 0": ({"sequence": 0}, "FIELD_INVALID"),
    "a number far ahead": ({"sequence": 2**53 - 1}, "SIGNATURE_INVALID"),
    "a short salt": ({"salt": "AAAA"}, "FIELD_INVALID"),
    "another key's id": ({"key": "A" * 43}, "KEY_UNKNOWN"),
}


@pytest.mark.parametrize("row", PROOFS)
def test_a_proof_that_proves_nothing(desk: Desk, row: str) -> None:
    changes, code = PROOFS[row]
    given = {**proof(desk.signed("grower-1", ("movePlants", moved(desk)))), **changes}
    document = "mutation($d: MovePlantsData!, $p: Proof!) { movePlants(data: $d, proof: $p) { %s } }"
    told = "__typename ... on Rejected { problems { code } }"
    answer = desk.answer(document.replace("%s", told), {"d": moved(desk), "p": given}, by=None)
    assert [found["code"] for found in answer.members["data"]["movePlants"]["problems"]] == [code]


def test_an_opening_that_is_no_text(desk: Desk) -> None:
    document = (
        "mutation($d: MovePlantsData!, $p: Proof!, $o: [Opening!]) "
        "{ movePlants(data: $d, proof: $p, openings: $o) { ... on Rejected { problems { code path } } } }"
    )
    given = proof(desk.signed("grower-1", ("movePlants", moved(desk))))
    for value in ("no JSON", '"\ud800"', '"\\u0007"', "1.0", '"' + "x" * 5_000 + '"'):
        variables = {"d": moved(desk), "p": given, "o": [{"salt": "A" * 43 + "=", "value": value}]}
        answer = desk.answer(document, variables, by=None)
        assert answer.members["data"]["movePlants"]["problems"] == [
            {"code": "FIELD_INVALID", "path": ["openings", "0"]}
        ]


def test_a_text_that_cannot_be_signed_is_a_bad_request(desk: Desk) -> None:
    submission = desk.signed("grower-1", ("registerVariety", {"variety": "x", "name": "X"}))
    document = """mutation($data: RegisterKeyData!, $proof: Proof!) {
      registerKey(data: $data, proof: $proof) { __typename } }"""
    data = {"participant": "grower-1", "key": "AA==", "possession": "AA==", "scope": ["\ud800"]}
    assert desk.code(document, {"data": data, "proof": proof(submission)}, by=None) == "BAD_REQUEST"
