"""What the gateway answers counts only if it proves what was sent and continues what was seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ketenboek_client import Anchor, Client, Contradiction, Malformed, ReceiptError, Unreadable

from .worked import ANCHOR, AT, MOVE, ORIGIN, Ledger, Line, key, leaf, text64


def receipt_changed(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        receipts = answer["data"]["submit"]["receipts"]
        receipts[1][name] = change(receipts[1][name])
        return answer

    return changed


def without_last(answer: dict[str, Any]) -> dict[str, Any]:
    answer["data"]["submit"]["receipts"].pop()
    return answer


def reversed_(answer: dict[str, Any]) -> dict[str, Any]:
    answer["data"]["submit"]["receipts"].reverse()
    return answer


def of_earlier_entries(answer: dict[str, Any]) -> dict[str, Any]:
    """True receipts, but of other statements of the same key."""
    answer["data"]["submit"]["receipts"] = Ledger().receipts(3, 2)
    return answer


WRONG = {
    "one missing": without_last,
    "another order": reversed_,
    "other statements": of_earlier_entries,
    "another index": receipt_changed("index", lambda index: index + 1),
    "an index that is no number": receipt_changed("index", str),
    "another hash": receipt_changed("entryHash", lambda _: text64(bytes(32))),
    "another time": receipt_changed("recorded", lambda _: "2026-01-05T09:05:00.000Z"),
    "an entry with another mass": receipt_changed("entry", lambda entry: entry.replace('"B/1"', '"B/2"')),
    "an entry with a lone surrogate": receipt_changed("entry", lambda entry: entry + "\ud800"),
    "no entry": receipt_changed("entry", lambda _: None),
    "a proof of another index": receipt_changed("proof", lambda proof: proof.replace("index 7", "index 6")),
    "a proof without its last hash": receipt_changed("proof", lambda proof: "\n".join(proof.split("\n", 3)[::3])),
    "a checkpoint signed by nobody": receipt_changed("proof", lambda proof: proof.replace("WWzVL", "AWzVL")),
    "no receipts": lambda _: {"data": {"submit": {"__typename": "Recorded", "replayed": False}}},
    "another type": lambda _: {"data": {"submit": {"__typename": "Accepted"}}},
    "nothing": lambda _: {"data": {}},
}


def with_the_file_of_another_key(answer: dict[str, Any]) -> dict[str, Any]:
    """A receipt that holds, of an entry that a key of the genesis signed."""
    ledger = Ledger()
    parts = {"type": "ketenboek/receipt/v1", "genesis": ledger.entries[0].decode(), "genesisProof": ledger.proof(0)}
    other = {**parts, "entry": ledger.entries[1].decode(), "entryProof": ledger.proof(1)}
    answer["data"]["submit"]["receipts"][0]["file"] = json.dumps(other)
    return answer


WRONG["the file of another key"] = with_the_file_of_another_key
WRONG["no file"] = lambda answer: json.loads(json.dumps(answer).replace('"file"', '"life"'))


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_an_answer_that_proves_something_else_counts_for_nothing(
    key_file: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    line = Line(Ledger())
    line.change = change
    with Client(line.gateway(), key_file) as client:
        with pytest.raises((ReceiptError, Malformed)):
            client.submit([("movePlants", MOVE, AT)] * 2)
        assert client.unanswered == 2
        line.change = lambda answer: answer
        recorded = client.resume()

    assert recorded is not None
    assert recorded.replayed
    assert [receipt.index for receipt in recorded.receipts] == [6, 7]


def test_a_history_that_was_replaced_is_refused_and_kept_as_evidence(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        client.submit([("movePlants", MOVE, AT)] * 3)
    note = ledger.note()
    fork = Ledger()
    with Client(Line(fork).gateway(), key("grower"), key_file.with_name("other.state")) as other:
        other.submit([("movePlants", {**MOVE, "height": 1}, AT)] * 4)
    with Client(Line(fork).gateway(), key_file) as client:
        with pytest.raises(Contradiction) as found:
            client.checkpoint()
        with pytest.raises(Contradiction):
            client.record("movePlants", MOVE, AT)
        assert client.unanswered == 1
    assert found.value.evidence is not None
    kept = json.loads(found.value.evidence.read_text())

    assert (kept["seen"], kept["shown"]) == (note, fork.note(10))
    assert len(list(key_file.parent.glob("*.evidence-*"))) == 2


@pytest.mark.parametrize(
    "shown",
    [{}, {"entry": None, "key": None}, {"entry": {"bytes": 5}, "key": None}, {"entry": {"bytes": "{}"}, "key": None}],
    ids=str,
)
def test_a_gateway_without_a_genesis_is_none(key_file: Path, shown: dict[str, Any]) -> None:
    class Odd(Ledger):
        def data(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
            return shown if variables["key"] == key("grower").id else super().data(query, variables)

    with Client(Line(Odd()).gateway(), key_file) as client, pytest.raises((Malformed, Unreadable)):
        client.record("movePlants", MOVE, AT)


def test_a_gateway_that_goes_back_is_caught(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        client.submit([("movePlants", MOVE, AT)] * 3)
        del ledger.entries[-1]
        with pytest.raises(Contradiction, match="went back"):
            client.checkpoint()


def test_a_client_that_lost_its_state_asks_for_it_and_notices_a_cut_history(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        assert client.record("movePlants", MOVE, AT).receipt.index == 6
    key_file.with_name("grower.jwk.state").unlink()
    cut = Ledger()
    del cut.entries[2:]
    with Client(Line(cut).gateway(), key_file) as client, pytest.raises(Contradiction, match="3 entries"):
        client.record("movePlants", MOVE, AT)


def test_the_first_use_is_trusted_and_then_pinned(key_file: Path) -> None:
    ledger = Ledger()
    other = Anchor(ORIGIN, leaf(b"another genesis"))
    with Client(Line(ledger).gateway(anchor=None), key_file) as client:
        client.record("movePlants", MOVE, AT)
    with Client(Line(ledger).gateway(anchor=ANCHOR), key_file) as client:
        client.record("movePlants", MOVE, AT)
    with pytest.raises(Unreadable, match="of ledger"):
        Client(Line(ledger).gateway(anchor=other), key_file)


def test_another_genesis_than_the_anchors_is_refused(key_file: Path) -> None:
    other = Anchor(ORIGIN, leaf(b"another genesis"))
    with Client(Line(Ledger()).gateway(anchor=other), key_file) as client, pytest.raises(Unreadable):
        client.record("movePlants", MOVE, AT)
