"""Does a receipt prove its entry, and nothing that was changed in it?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger import merkle, receipt
from ledger.anchor import Anchor
from ledger.entry import Entry
from ledger.errors import Malformed
from ledger.proof import TlogProof
from ledger.receipt import ReceiptError
from tests.vectors.example import ENTRIES, EXAMPLE, FOLDER, LEAVES

VECTORS = json.loads((FOLDER / "receipt.json").read_text(encoding="utf-8"))
ANCHOR = Anchor.parse(EXAMPLE["anchor"])
ACCEPTED: str = VECTORS["accepted"]["receipt"]


def built(index: int, key_index: int | None) -> str:
    """The receipt of an entry of the example."""

    def proof(at: int) -> str:
        return TlogProof(at, tuple(merkle.inclusion_path(at, LEAVES)), EXAMPLE["checkpoint"]).encode()

    key = (None, None) if key_index is None else (ENTRIES[key_index], proof(key_index))
    return receipt.build(ENTRIES[0], proof(0), ENTRIES[index], proof(index), *key)


@pytest.mark.parametrize(("index", "key_index"), [(0, None), (1, None), (2, None), (3, 2), (4, 2), (5, 2)])
def test_every_entry_of_the_example_has_a_receipt(index: int, key_index: int | None) -> None:
    entry = receipt.verify(built(index, key_index), ANCHOR)

    assert entry.encode() == ENTRIES[index]


@pytest.mark.parametrize(
    "spell",
    [
        lambda value: json.dumps(value, indent=2) + "\n",
        lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        lambda value: json.dumps(dict(reversed(value.items()))),
    ],
)
def test_a_receipt_may_be_spelled_as_any_json(spell: Callable[[dict[str, str]], str]) -> None:
    assert receipt.verify(spell(json.loads(ACCEPTED)), ANCHOR).index == 4


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: f"{case['step']}: {case['why']}")
def test_each_check_refuses_what_it_is_there_for(case: dict[str, Any]) -> None:
    with pytest.raises(ReceiptError) as refusal:
        receipt.verify(case["receipt"], Anchor.parse(case["anchor"]))

    assert refusal.value.step == case["step"]


def test_each_check_has_its_case() -> None:
    assert {case["step"] for case in VECTORS["refused"]} == set(range(8))


def test_every_changed_character_is_refused() -> None:
    text = built(4, 2)
    steps = set()
    for place, character in enumerate(text):
        other = chr(ord(character) ^ 1)
        with pytest.raises(ReceiptError) as refusal:
            receipt.verify(text[:place] + other + text[place + 1 :], ANCHOR)
        steps.add(refusal.value.step)
    assert {0, 1, 2, 3} <= steps


def test_every_character_left_out_or_put_in_is_refused() -> None:
    text = built(4, 2)
    for place in range(0, len(text), 7):
        for changed in (text[:place] + text[place + 1 :], text[:place] + "A" + text[place:], text[:place]):
            with pytest.raises(ReceiptError):
                receipt.verify(changed, ANCHOR)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '"', "[" * 100_000, '{"a":' * 100_000, "\ud800", "1" * 5_000, " " * 4_194_305,
        '{"type":"ketenboek/receipt/v1","type":"ketenboek/receipt/v1"}',
        ACCEPTED.replace("Example ledger", "\\ud800"),
        ACCEPTED[:-1] + ',"entry":"{}"}',
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_receipt_is_refused_without_a_traceback(text: str) -> None:
    with pytest.raises(ReceiptError) as refusal:
        receipt.verify(text, ANCHOR)

    assert refusal.value.step == 0 or "ud800" in text


def test_a_refusal_is_a_malformed_value_that_says_which_check_failed() -> None:
    with pytest.raises(Malformed, match=r"^1\. The genesis is not the one that the anchor names"):
        receipt.verify(ACCEPTED, Anchor(ANCHOR.origin, bytes(32)))


def test_the_receipt_of_another_anchor_s_origin_is_refused() -> None:
    with pytest.raises(ReceiptError) as refusal:
        receipt.verify(ACCEPTED, Anchor("ketenboek.example/be", ANCHOR.hash))

    assert refusal.value.step == 4


def test_what_is_verified_is_the_entry_itself() -> None:
    assert receipt.verify(ACCEPTED, ANCHOR) == Entry.decode(ENTRIES[4])


@pytest.mark.parametrize("key_index", [0, 1])
def test_a_key_entry_is_one_that_registers_the_key_later(key_index: int) -> None:
    """What registered the key is the genesis, or what a receipt brings beside it: never the genesis twice."""
    with pytest.raises(ReceiptError) as refusal:
        receipt.verify(built(2, key_index), ANCHOR)
    assert refusal.value.step == 6
