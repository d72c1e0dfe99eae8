"""Receipts: the true one holds offline, every other one fails, at the check that the page names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ketenboek_client import Anchor, ReceiptError, Verifier, verify_receipt
from ketenboek_client.genesis import Genesis

from .worked import ANCHOR, EXAMPLE, Ledger, key, vectors

GOLDEN = vectors("receipt")
FILE: str = json.dumps(EXAMPLE["receipt"], ensure_ascii=False)


def test_the_receipt_of_the_worked_example() -> None:
    found = verify_receipt(FILE, ANCHOR)

    assert (found.entry.index, found.entry.sequence, found.entry.action) == (4, 2, "movePlants")
    assert found.entry.key == key("grower").id
    assert found.checkpoint.size == 6
    assert found.receipt.entry_hash == EXAMPLE["entryHashes"][4]
    assert json.loads(found.receipt.file) == EXAMPLE["receipt"]


@pytest.mark.parametrize("case", GOLDEN["refused"], ids=lambda case: case["why"])
def test_another_receipt_fails_at_the_check_of_the_page(case: dict[str, Any]) -> None:
    verify_receipt(GOLDEN["accepted"]["receipt"], Anchor.parse(GOLDEN["accepted"]["anchor"]))
    with pytest.raises(ReceiptError) as failure:
        verify_receipt(case["receipt"], Anchor.parse(case["anchor"]))

    assert failure.value.step == case["step"]


def test_no_character_of_a_receipt_can_be_changed() -> None:
    verifier = Verifier(ANCHOR)
    verifier.verify(FILE)
    passed = []
    for place, character in enumerate(FILE):
        other = "B" if character == "A" else "A"
        try:
            verifier.verify(FILE[:place] + other + FILE[place + 1 :])
        except ReceiptError:
            continue
        passed.append(place)

    assert not passed


@given(st.data())
def test_nothing_can_be_cut_or_doubled(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(EXAMPLE["receipt"])))
    text = EXAMPLE["receipt"][name]
    low = data.draw(st.integers(0, len(text) - 1))
    high = data.draw(st.integers(low + 1, len(text)))
    for changed in (text[:low] + text[high:], text[:high] + text[low:high] + text[high:]):
        with pytest.raises(ReceiptError):
            verify_receipt(json.dumps({**EXAMPLE["receipt"], name: changed}), ANCHOR)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "[" * 100_000, '"' + "a" * 1_000_000 + '"'], ids=len)
def test_what_is_no_receipt_fails_cleanly(text: str) -> None:
    with pytest.raises(ReceiptError) as failure:
        verify_receipt(text, ANCHOR)

    assert failure.value.step == 0


def test_a_member_given_twice_is_refused() -> None:
    with pytest.raises(ReceiptError):
        verify_receipt(FILE.replace('{"type"', '{"entry": "x", "type"', 1), ANCHOR)


def test_an_entry_signed_by_a_key_of_the_genesis_needs_no_key_entry() -> None:
    ledger = Ledger()
    parts = {
        "type": "ketenboek/receipt/v1",
        "genesis": EXAMPLE["entries"][0],
        "genesisProof": ledger.proof(0),
        "entry": EXAMPLE["entries"][1],
        "entryProof": ledger.proof(1),
    }
    text = json.dumps(parts)

    assert verify_receipt(text, ANCHOR).entry.action == "registerParticipant"
    with pytest.raises(ReceiptError) as failure:
        verify_receipt(json.dumps({**parts, "entry": EXAMPLE["entries"][3], "entryProof": ledger.proof(3)}), ANCHOR)
    assert failure.value.step == 6


def test_the_genesis_proves_itself() -> None:
    ledger = Ledger()
    proof, text = ledger.proof(0), EXAMPLE["entries"][0]
    parts = {"type": "ketenboek/receipt/v1", "genesis": text, "genesisProof": proof, "entry": text, "entryProof": proof}

    assert verify_receipt(json.dumps(parts), ANCHOR).entry.index == 0
    assert Genesis.parse(text).anchor == ANCHOR
    assert Genesis.parse(text).sandbox


def test_receipts_given_at_different_times_hold_each_under_its_own_checkpoint() -> None:
    ledger, verifier = Ledger(), Verifier(ANCHOR)
    early = ledger.receipts(4, 1)[0]["file"]
    ledger.entries.append(ledger.entries[-1])
    late = ledger.receipts(4, 1)[0]["file"]

    assert verifier.verify(early).checkpoint.size == 6
    assert verifier.verify(late).checkpoint.size == 7


def test_parts_of_two_receipts_do_not_make_one() -> None:
    ledger, verifier = Ledger(), Verifier(ANCHOR)
    early = json.loads(ledger.receipts(4, 1)[0]["file"])
    ledger.entries.append(ledger.entries[-1])
    late = json.loads(ledger.receipts(4, 1)[0]["file"])
    for name in ("genesisProof", "entryProof", "keyProof"):
        with pytest.raises(ReceiptError) as failure:
            verifier.verify(json.dumps({**early, name: late[name]}))
        assert failure.value.step == 2
