"""Receipts that must be refused, one or more for each check of format §10, made with the gateway's own key.

A changed character is found by the first check that meets it; to reach a later check, the tree over the changed
entries is built and signed anew, as an operator could who also chooses the anchor.
"""

from __future__ import annotations

import json
from typing import Any

from ledger import checkpoint, merkle, note
from ledger.anchor import Anchor
from ledger.canonical import b64
from ledger.checkpoint import Checkpoint
from ledger.keys import SigningKey
from ledger.proof import TlogProof
from tests.vectors.example import ENTRIES, EXAMPLE, ORIGIN, named_key

GATEWAY = named_key(EXAMPLE["phrases"]["gateway"])
RECEIPT: dict[str, str] = EXAMPLE["receipt"]


def forged(
    changes: dict[int, tuple[str, str]],
    *,
    entry: int = 4,
    key_entry: int | None = 2,
    copies: dict[int, int] | None = None,
    genesis: int = 0,
    origin: str = ORIGIN,
    name: str = ORIGIN,
    key: SigningKey = GATEWAY,
) -> tuple[str, dict[str, str]]:
    """Anchor and receipt of a ledger in which `changes` replaced a text in an entry, all signed anew.

    `copies` puts an entry at another place too, with that index.
    """
    entries = list(ENTRIES)
    for index, (old, new) in changes.items():
        assert entries[index].count(old.encode()) == 1
        entries[index] = entries[index].replace(old.encode(), new.encode())
    for to, index in (copies or {}).items():
        entries[to] = entries[index].replace(b'{"index":%d' % index, b'{"index":%d' % to)
    leaves = [merkle.leaf_hash(data) for data in entries]
    text = Checkpoint(origin, len(leaves), merkle.root(leaves)).text()
    signed = f"{text}\n{note.sign(text, name, key)}"
    receipt = {"type": "ketenboek/receipt/v1"}
    for member, place in {"genesis": genesis, "entry": entry, "key": key_entry}.items():
        if place is not None:
            path = tuple(merkle.inclusion_path(place, leaves))
            receipt["keyEntry" if member == "key" else member] = entries[place].decode()
            receipt[member + "Proof"] = TlogProof(place, path, signed).encode()
    return Anchor(ORIGIN, leaves[genesis]).text(), receipt


def changed(name: str, old: str, new: str) -> tuple[str, dict[str, str]]:
    """The example's receipt with a text replaced in one member."""
    assert old in RECEIPT[name]
    return EXAMPLE["anchor"], RECEIPT | {name: RECEIPT[name].replace(old, new)}


def under_size_5() -> tuple[str, dict[str, str]]:
    """The entry under an older checkpoint than the genesis and the key."""
    leaves = [merkle.leaf_hash(data) for data in ENTRIES[:5]]
    signed = checkpoint.sign(Checkpoint(ORIGIN, 5, merkle.root(leaves)), GATEWAY)
    proof = TlogProof(4, tuple(merkle.inclusion_path(4, leaves)), signed).encode()
    return EXAMPLE["anchor"], RECEIPT | {"entryProof": proof}


def receipts() -> dict[str, Any]:
    """Format §10: the step at which each is refused, why, the anchor, the file."""
    signature, registered = '"signature":"LN1tw', '"key":"lPwodA4/50Zmb3oQp12UL+WZLGO4Blm5x8QNKlxSPqU="'
    other = f'"key":"{b64(GATEWAY.public)}"'
    vkey, other_vkey = EXAMPLE["vkey"], note.vkey("other.example", GATEWAY.public)
    without_key = {name: RECEIPT[name] for name in RECEIPT if name != "keyProof"}
    cases: list[tuple[int, str, tuple[str, Any]]] = [
        (0, "an array", (EXAMPLE["anchor"], [RECEIPT])),
        (0, "a member more", (EXAMPLE["anchor"], RECEIPT | {"note": "valid"})),
        (0, "a key's entry without proof", (EXAMPLE["anchor"], without_key)),
        (0, "another type", (EXAMPLE["anchor"], RECEIPT | {"type": "ketenboek/receipt/v2"})),
        (0, "a proof that is no text", (EXAMPLE["anchor"], RECEIPT | {"entryProof": 4})),
        (0, "an extra line", changed("entryProof", "\nindex 4", "\nextra AA==\nindex 4")),
        (1, "another anchor", (f"{ORIGIN} {EXAMPLE['entryHashes'][1]}", RECEIPT)),
        (1, "the genesis changed", changed("genesis", "Example ledger", "example ledger")),
        (2, "a checkpoint that another key signed", forged({}, key=named_key(EXAMPLE["phrases"]["founder"]))),
        (2, "two checkpoints", under_size_5()),
        (2, "the signature of the key's checkpoint", changed("keyProof", "WWzVL1K", "WWzVL1L")),
        (3, "another index", changed("entryProof", "\nindex 4", "\nindex 5")),
        (3, "an index beyond the tree", changed("entryProof", "\nindex 4", "\nindex 6")),
        (3, "a hash too few", changed("entryProof", "jH8swGw4H7bqfXFttnOICEYH5eqyXQAU0KPyTBtpxX0=\n", "")),
        (3, "the entry changed", changed("entry", '"A/2"', '"A/3"')),
        (4, "an entry that is not canonical", forged({4: ('"until":', ' "until":')})),
        (4, "another index than its proof's", forged({4: ('"index":4', '"index":3')})),
        (4, "a statement without data", forged({4: ('"data":', '"date":')})),
        (4, "a statement of another ledger", forged({4: (f'"ledger":"{ORIGIN}"', '"ledger":"other.example"')})),
        (4, "a checkpoint of another origin", forged({}, origin="other.example")),
        (4, "a checkpoint key of another name", forged({0: (vkey, other_vkey)}, name="other.example")),
        (5, "a genesis that is not the first entry", forged({}, copies={1: 0}, genesis=1)),
        (5, "a genesis that founds nothing", forged({0: ('"foundLedger"', '"loseLedger"')})),
        (6, "the key in another entry", forged({}, key_entry=1)),
        (6, "another key registered", forged({2: (registered, other)})),
        (6, "no entry for the key", forged({}, key_entry=None)),
        (6, "a key registered later", forged({}, copies={5: 2}, key_entry=5)),
        (7, "another signature", forged({4: (signature, signature.replace("LN1", "LN2"))})),
        (7, "a path that is too long", forged({4: ('"path":[', '"path":["' + EXAMPLE["entryHashes"][0] + '",')})),
        (7, "a sequence that is a text", forged({4: ('"sequence":2', '"sequence":"2"')})),
        (7, "another sequence", forged({4: ('"sequence":2', '"sequence":3')})),
        (7, "a sequence before the first", forged({4: ('"sequence":2', '"sequence":0')})),
        (7, "a later time to record", forged({4: ('"until":"2026-01-05T09:18', '"until":"2026-01-05T09:19')})),
        (7, "another history seen", forged({4: ('"size":3', '"size":2')})),
    ]
    return {
        "accepted": {"anchor": EXAMPLE["anchor"], "receipt": json.dumps(RECEIPT)},
        "refused": [
            {"step": step, "why": why, "anchor": anchor, "receipt": json.dumps(receipt)}
            for step, why, (anchor, receipt) in cases
        ],
    }
