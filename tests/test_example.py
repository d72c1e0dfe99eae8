"""Does the worked example of docs/ledger-format.md §13 follow from its phrases, every member of it?"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, checkpoint, codes, instant, keys, merkle, note, receipt, sealed, submission
from ledger.anchor import ORIGIN as ORIGIN_PATTERN
from ledger.anchor import Anchor
from ledger.canonical import b64, unb64
from ledger.checkpoint import Checkpoint
from ledger.entry import ENTRY_BYTES_MAX, FIRST_PREVIOUS, STATEMENT_BYTES_MAX, Entry, Envelope
from ledger.keys import SigningKey
from ledger.merkle import leaf_hash
from ledger.note import Vkey
from ledger.proof import TlogProof
from tests.vectors.example import ENTRIES, EXAMPLE, LEAVES, ORIGIN, named_key

ROOT = Path(__file__).parent.parent
GROUPS = ((0,), (1,), (2,), (3, 4, 5))
"""Indexes of the entries of each submission."""
KEYS = {name: named_key(phrase) for name, phrase in EXAMPLE["phrases"].items() if name != "opening"}
STATEMENTS = [statement.encode() for statement in EXAMPLE["statements"]]
SAID: list[dict[str, Any]] = [json.loads(statement) for statement in STATEMENTS]


def signer(index: int) -> SigningKey:
    return next(key for key in KEYS.values() if key.id == SAID[index]["key"])


def test_every_member_is_checked_here() -> None:
    assert set(EXAMPLE) == {
        "$comment", "origin", "phrases", "keyIds", "vkey", "codes", "sealed", "possessionGrower", "submissions",
        "statements", "statementHashes", "entries", "entryHashes", "roots", "anchor", "checkpoint", "receipt",
    }  # fmt: skip


def test_key_ids_and_the_vkey() -> None:
    assert {name: KEYS[name].id for name in EXAMPLE["keyIds"]} == EXAMPLE["keyIds"]
    assert note.vkey(ORIGIN, KEYS["gateway"].public) == EXAMPLE["vkey"]


def test_codes() -> None:
    assert [codes.code(code[0], code[1:21]) for code in EXAMPLE["codes"]] == EXAMPLE["codes"]


def test_the_sealed_name_of_the_grower() -> None:
    salt = sha256(EXAMPLE["phrases"]["opening"].encode()).digest()

    opening = sealed.seal("Kwekerij Voorbeeld", salt)

    assert {"value": opening.value, "salt": b64(salt), "hash": b64(opening.hash)} == EXAMPLE["sealed"]
    assert SAID[1]["data"]["name"] == {"sealed": b64(opening.hash)}


def test_statements_are_canonical_with_the_salts_of_the_comment() -> None:
    for index, statement in enumerate(STATEMENTS):
        assert canonical.encode(SAID[index]) == statement
        salt = sha256(b"ketenboek example salt %d" % index).digest()[:18]
        assert SAID[index]["salt"] == b64(salt)
        assert SAID[index]["ledger"] == ORIGIN
        assert SAID[index]["v"] == 1
        assert b64(leaf_hash(statement)) == EXAMPLE["statementHashes"][index]


def test_keys_prove_that_they_are_possessed() -> None:
    for name, item in zip(("founder", "offline"), SAID[0]["data"]["keys"], strict=True):
        text = keys.possession_text(ORIGIN, "ministry", KEYS[name].id)
        assert item == {"key": b64(KEYS[name].public), "possession": b64(KEYS[name].sign(text))}
    text = keys.possession_text(ORIGIN, "grower-1", KEYS["grower"].id)
    assert b64(KEYS["grower"].sign(text)) == EXAMPLE["possessionGrower"] == SAID[2]["data"]["possession"]
    assert SAID[2]["data"]["key"] == b64(KEYS["grower"].public)


def test_submissions_are_signed_over_their_nine_lines() -> None:
    for group, made in zip(GROUPS, EXAMPLE["submissions"], strict=True):
        first, seen = group[0], group[0]
        until = instant.text(instant.millis(SAID[group[-1]]["at"]) + 15 * instant.MINUTE)
        text = submission.signed_text(
            ORIGIN,
            signer(first).id,
            SAID[first]["sequence"],
            len(group),
            merkle.root([leaf_hash(STATEMENTS[index]) for index in group]),
            seen,
            merkle.root(LEAVES[:seen]),
            until,
        )
        assert text.decode() == made["text"]
        assert b64(signer(first).sign(text)) == made["signature"]
        keys.verify(signer(first).public, text, unb64(made["signature"], 64))


def test_entries_are_chained() -> None:
    previous = FIRST_PREVIOUS
    for group, made in zip(GROUPS, EXAMPLE["submissions"], strict=True):
        paths = merkle.inclusion_paths([leaf_hash(STATEMENTS[index]) for index in group])
        for index, path in zip(group, paths, strict=True):
            envelope = Envelope(
                first=SAID[group[0]]["sequence"],
                count=len(group),
                seen_size=group[0],
                seen_root=merkle.root(LEAVES[: group[0]]),
                until=made["text"].split("\n")[8],
                signature=unb64(made["signature"]),
            )
            entry = Entry(index, previous, SAID[index]["at"], STATEMENTS[index], envelope, path)
            assert entry.encode() == ENTRIES[index]
            assert Entry.decode(ENTRIES[index]) == entry
            assert b64(entry.hash) == EXAMPLE["entryHashes"][index]
            previous = entry.hash


def test_roots_anchor_and_checkpoint() -> None:
    for size, root in EXAMPLE["roots"].items():
        assert b64(merkle.root(LEAVES[: int(size)])) == root
    assert Anchor(ORIGIN, LEAVES[0]).text() == EXAMPLE["anchor"]
    assert Anchor.parse(EXAMPLE["anchor"]) == Anchor(ORIGIN, LEAVES[0])
    newest = Checkpoint(ORIGIN, 6, merkle.root(LEAVES))
    assert checkpoint.sign(newest, KEYS["gateway"]) == EXAMPLE["checkpoint"]
    assert checkpoint.open(EXAMPLE["checkpoint"], Vkey.parse(EXAMPLE["vkey"])) == newest


def test_the_receipt_of_entry_4() -> None:
    def proof(index: int) -> str:
        return TlogProof(index, tuple(merkle.inclusion_path(index, LEAVES)), EXAMPLE["checkpoint"]).encode()

    built = receipt.build(ENTRIES[0], proof(0), ENTRIES[4], proof(4), ENTRIES[2], proof(2))

    assert json.loads(built) == EXAMPLE["receipt"]
    assert receipt.verify(built, Anchor.parse(EXAMPLE["anchor"])) == Entry.decode(ENTRIES[4])


PAGE = (ROOT / "docs/ledger-format.md").read_text(encoding="utf-8")


def test_the_program_on_the_format_page_verifies_the_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert "ledger import" not in program
    monkeypatch.chdir(ROOT)

    names: dict[str, Any] = {}
    exec(compile(program, "docs/ledger-format.md", "exec"), names)

    assert names["checkpoint"] + "\n" == checkpoint.open(EXAMPLE["checkpoint"], Vkey.parse(EXAMPLE["vkey"])).text()


def test_what_the_format_page_spells_out_is_what_the_code_does() -> None:
    (template,) = re.findall(r"^\{\"index\":%.*?\"v\":1\}$", PAGE, re.DOTALL | re.MULTILINE)
    entry = Entry(0, bytes(32), "", b"{%}", Envelope(0, 0, 0, bytes(32), "", bytes(64)), (bytes(32),)).encode().decode()
    entry = re.sub(r'"[A-Za-z0-9+/=]*=?=?"(?!:)', '"%"', entry)
    entry = re.sub(r":0\b", ":%", entry).replace('["%"]', "[%]")
    assert entry == template.replace("\n", "")

    (lines,) = re.findall(r"^```text\n(ketenboek submission v1\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    signed = submission.signed_text("<origin>", "<key id>", 1, 2, b"", 3, b"", "<until>").decode()
    for shown, number in (("<first sequence>", "1"), ("<count>", "2"), ("<seen size>", "3")):
        lines = lines.replace(shown, number)
    assert signed == lines.replace("<root, base64>", "").replace("<seen root, base64>", "")
    assert keys.possession_text("<origin>", "<participant>", "<key id>").decode().replace("\n", "\\n") in PAGE
    for pattern in (ORIGIN_PATTERN, codes.PATTERN, EXAMPLE["codes"][0], receipt.TYPE):
        assert f"`{pattern}`" in PAGE
    for limit in (STATEMENT_BYTES_MAX, ENTRY_BYTES_MAX, submission.STATEMENTS_BYTES_MAX, sealed.TEXT_BYTES_MAX):
        assert f"{limit:,}" in PAGE
