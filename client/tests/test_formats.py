"""The formats against golden vectors and other people's, as every implementation must agree on them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from ketenboek_client import Anchor, BadSignature, Key, Malformed, Opening, codes, instants
from ketenboek_client.canonical import b64, b64url, decode, encode, unb64, unb64url
from ketenboek_client.ed25519 import unfit, verify
from ketenboek_client.entry import Entry
from ketenboek_client.keys import possession_text
from ketenboek_client.merkle import leaf_hash, root
from ketenboek_client.note import Checkpoint, Vkey, open_checkpoint
from ketenboek_client.proof import Proof
from ketenboek_client.statement import Act, names_entry, signed_text, statement, tidy

from .worked import EXAMPLE, ORIGIN, key, raw, vectors

CANONICAL, LEXICAL, KEYS, LOG, VALUE, ENTRY = map(vectors, ("canonical", "lexical", "key", "log", "value", "entry"))
LIMITS = {"bytes_max": 100_000, "depth_max": CANONICAL["depth_max"]}

names = st.text(st.characters(max_codepoint=127), max_size=4)
leaves = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20)


def by_name(cases: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


@pytest.mark.parametrize("text", CANONICAL["accepted"])
def test_canonical_text_is_its_own_encoding(text: str) -> None:
    assert encode(decode(text.encode(), **LIMITS)) == text.encode()


@by_name(CANONICAL["refused"])
def test_what_is_not_canonical_is_refused(case: str) -> None:
    with pytest.raises(Malformed):
        decode(case.encode("utf-8", "surrogatepass"), **LIMITS)


@by_name(CANONICAL["refused_bytes_hex"])
def test_bytes_that_are_no_text_are_refused(case: str) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(case), **LIMITS)


def test_the_limits_hold_before_parsing() -> None:
    with pytest.raises(Malformed):
        decode(b"[" * 99_000, **LIMITS)
    with pytest.raises(Malformed):
        decode(b'"aaa"', bytes_max=4, depth_max=1)


@given(values)
def test_encoding_is_that_of_rfc_8785_and_decodes_again(value: Any) -> None:
    data = encode(value)

    assert data == rfc8785.dumps(value)
    assert decode(data, bytes_max=10**7, depth_max=1000) == value


@pytest.mark.parametrize("value", [None, 0.5, {"é": 1}, {1: 1}, 2**53, ["\ud800"], (1,)], ids=repr)
def test_what_the_ledger_cannot_hold_has_no_encoding(value: Any) -> None:
    with pytest.raises(Malformed):
        encode(value)


def test_base64_has_one_spelling() -> None:
    for text, data in LEXICAL["base64_hex"].items():
        assert (unb64(text).hex(), b64(bytes.fromhex(data))) == (data, text)
    for text in LEXICAL["base64_refused"]:
        with pytest.raises(Malformed):
            unb64(text)


@given(st.binary())
def test_base64url_round_trip(data: bytes) -> None:
    assert unb64url(b64url(data)) == data


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA\n", "+/8", "é", 5])
def test_base64url_has_one_spelling(text: Any) -> None:
    with pytest.raises(Malformed):
        unb64url(text)


@pytest.mark.parametrize(("text", "instant"), LEXICAL["milliseconds"].items())
def test_timestamps(text: str, instant: int) -> None:
    assert (instants.millis(text), instants.text(instant)) == (instant, text)


@pytest.mark.parametrize("text", LEXICAL["timestamps_refused"])
def test_other_forms_of_time_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        instants.millis(text)


@pytest.mark.parametrize("instant", [946684799999, -1, 253402300800000, 10**18])
def test_instants_outside_the_years_have_no_text(instant: int) -> None:
    with pytest.raises(Malformed):
        instants.text(instant)


@given(st.integers(946684800000, 253402300799999))
def test_timestamp_round_trip(instant: int) -> None:
    assert instants.millis(instants.text(instant)) == instant


def test_codes_have_a_check_character() -> None:
    assert all(map(codes.checks, LEXICAL["codes"] + EXAMPLE["codes"]))
    assert not any(map(codes.checks, LEXICAL["codes_refused"]))


@given(st.sampled_from(sorted(codes.KINDS)), st.binary(min_size=13, max_size=13), st.integers(0, 21))
def test_a_minted_code_checks_and_with_any_one_character_changed_does_not(
    letter: str, drawn: bytes, place: int
) -> None:
    code = codes.mint(letter, lambda size: drawn[:size])
    others = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") - {code[place]}

    assert codes.checks(code)
    assert not any(codes.checks(code[:place] + other + code[place + 1 :]) for other in others)


def test_no_kind_no_code() -> None:
    with pytest.raises(ValueError, match="letter X"):
        codes.mint("X")


@pytest.mark.parametrize("text", LEXICAL["anchors"])
def test_an_anchor_prints_as_it_was(text: str) -> None:
    assert str(Anchor.parse(text)) == text


@pytest.mark.parametrize("text", LEXICAL["anchors_refused"] + [f"{o} {'A' * 43}=" for o in LEXICAL["origins_refused"]])
def test_other_anchors_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Anchor.parse(text)


@pytest.mark.parametrize("case", KEYS["keys"], ids=lambda case: case["phrase"])
def test_a_key_has_its_id_and_jwk(case: dict[str, str]) -> None:
    made = Key(sha256(case["phrase"].encode()).digest())

    assert (made.public.hex(), made.id, made.jwk()) == (case["public_hex"], case["id"], case["jwk"])
    assert Key.from_jwk(made.jwk()).id == made.id
    assert unfit(made.public) is None


@by_name(KEYS["unfit_hex"])
def test_an_unfit_key_is_refused(case: str) -> None:
    assert unfit(bytes.fromhex(case))
    with pytest.raises(BadSignature):
        verify(bytes.fromhex(case), b"", bytes(64))


@by_name(KEYS["signatures_refused_hex"])
def test_a_signature_in_another_form_is_refused(case: str) -> None:
    text = KEYS["possession"]["text"].encode()
    verify(key("grower").public, text, raw(KEYS["possession"]["signature"]))
    with pytest.raises(BadSignature):
        verify(key("grower").public, text, bytes.fromhex(case))


def test_the_possession_proof() -> None:
    proof = KEYS["possession"]
    assert possession_text(ORIGIN, proof["participant"], key("grower").id).decode() == proof["text"]
    assert key("grower").possession(ORIGIN, proof["participant"]) == proof["signature"]


def test_a_checkpoint_is_signed_by_the_ledgers_key() -> None:
    vkey = Vkey.parse(LOG["vkey"])
    checkpoint = open_checkpoint(LOG["checkpoint"], vkey)

    assert str(vkey) == LOG["vkey"]
    assert LOG["checkpoint"].startswith(checkpoint.text())
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@by_name(LOG["checkpoints_refused"])
def test_another_checkpoint_is_refused(case: str) -> None:
    with pytest.raises((Malformed, BadSignature)):
        open_checkpoint(case, Vkey.parse(LOG["vkey"]))


def test_lines_of_unknown_keys_are_ignored_but_a_wrong_line_of_a_known_one_is_not() -> None:
    vkey, note = Vkey.parse(LOG["vkey"]), LOG["checkpoint"]
    line = note.split("\n\n")[1]

    assert open_checkpoint(note + "— witness.example/w1 AAAAAAAA\n", vkey) == open_checkpoint(note, vkey)
    with pytest.raises(BadSignature):
        open_checkpoint(note + line.replace("sUVN", "sUVO"), vkey)
    with pytest.raises(Malformed):
        open_checkpoint(note + "— witness.example/w1 AAAAAAAA\n" * 100, vkey)


@pytest.mark.parametrize("change", [0, 5, 21, 30, 40, -1])
def test_a_verifier_key_has_one_spelling(change: int) -> None:
    text = LOG["vkey"]
    with pytest.raises(Malformed):
        Vkey.parse(text[:change] + "Q" + text[change:][1:])


def test_a_proof_prints_as_it_was() -> None:
    assert Proof.decode(LOG["proof"]).encode() == LOG["proof"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("@v1", "@v2"), ("index 2", "extra AA==\nindex 2"), ("index 2", "index 02"), ("index 2\n", ""), ("\n\n", "\n")],
)
def test_another_form_of_proof_is_refused(old: str, new: str) -> None:
    with pytest.raises(Malformed):
        Proof.decode(LOG["proof"].replace(old, new, 1))


@given(st.integers(0, 2**53 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_proof_round_trip(index: int, path: list[bytes]) -> None:
    proof = Proof(index, tuple(path), LOG["checkpoint"])
    assert Proof.decode(proof.encode()) == proof


@pytest.mark.parametrize("case", VALUE["openings"], ids=lambda case: case["value"][:20])
def test_a_value_is_sealed_under_its_salt(case: dict[str, str]) -> None:
    opening = Opening.of(json.loads(case["value"]), lambda _: raw(VALUE["salt"]))

    assert opening.sealed == case["hash"]
    assert opening.members() == {"salt": VALUE["salt"], "value": case["value"]}


@by_name({name: text for name, text in VALUE["openings_refused"].items() if text.startswith('"')})
def test_a_text_that_may_not_be_sealed_is_refused(case: str) -> None:
    with pytest.raises(Malformed):
        Opening.of({"deep": [json.loads(case, strict=False)]})


@pytest.mark.parametrize("text", ENTRY["accepted"])
def test_an_entry_is_decoded(text: str) -> None:
    entry = Entry.decode(text.encode())

    assert entry.statement.decode() in text
    assert entry.statement.decode() == EXAMPLE["statements"][entry.index]


@by_name(ENTRY["refused"])
def test_another_form_of_entry_is_refused(case: str) -> None:
    with pytest.raises(Malformed):
        Entry.decode(case.encode())


def test_statements_submissions_and_signatures_of_the_worked_example() -> None:
    for number, sent in enumerate(EXAMPLE["submissions"]):
        texts = EXAMPLE["statements"][number : number + 1] if number < 3 else EXAMPLE["statements"][3:]
        said = [json.loads(text) for text in texts]
        made = [
            statement(s["ledger"], s["key"], s["sequence"], raw(s["salt"]), s["at"], s["action"], s["data"])
            for s in said
        ]
        lines = sent["text"].splitlines()
        signed = signed_text(
            origin=ORIGIN,
            key=said[0]["key"],
            first=said[0]["sequence"],
            count=len(said),
            root=root([leaf_hash(data) for data in made]),
            seen_size=int(lines[6]),
            seen_root=raw(lines[7]),
            until=lines[8],
        )

        assert [data.decode() for data in made] == texts
        assert signed.decode() == sent["text"]
        assert b64(key("grower" if number == 3 else "founder").sign(signed)) == sent["signature"]


def test_a_statement_has_a_limit() -> None:
    with pytest.raises(Malformed, match="32768"):
        statement(ORIGIN, key("grower").id, 1, bytes(18), "2026-01-05T09:00:00.000Z", "x", {"y": "z" * 32_768})


def test_sets_are_sorted_and_what_is_absent_left_out() -> None:
    packages = [{"verdict": {"missing": True, "refused": None}, "package": code} for code in ("E2", "E1")]
    act = Act.of("receiveShipment", {"packages": packages, "position": None, "left": {"b", "a"}})

    assert act.data["left"] == ["a", "b"]
    assert act.data["packages"] == [
        {"package": "E1", "verdict": {"missing": True}},
        {"package": "E2", "verdict": {"missing": True}},
    ]
    assert "position" not in act.data
    assert tidy("text") == "text"


def test_an_act_knows_which_entry_it_names() -> None:
    acts = [Act.of("revokeKey", {"key": "k", "suspectedFrom": 7}), Act.of("sellPackages", {"packages": ["E"]})]
    assert (names_entry(acts), names_entry(acts[1:])) == (7, -1)


def test_sealed_fields_are_sealed_unless_they_are_already() -> None:
    before = Opening.of("gisteren")
    act = Act.of("x", {"note": "een", "route": before, "kvk": {"sealed": before.sealed}, "later": before})
    data, openings = act.seal(bytes)

    assert [opening.value for opening in openings] == ['"een"', '"gisteren"', '"gisteren"']
    assert data["note"] == {"sealed": openings[0].sealed}
    assert data["route"] == data["kvk"] == data["later"] == {"sealed": before.sealed}
