"""Do the formats give the golden bytes, and refuse what must be refused? One vector file after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger import canonical, checkpoint, codes, instant, keys, merkle, tiles
from ledger.anchor import Anchor, check_origin
from ledger.canonical import TooLarge, b64, unb64
from ledger.entry import Entry, prefix, recorded_of, statement_slice
from ledger.errors import BadSignature, Malformed
from ledger.note import COSIGNATURE, Vkey
from ledger.proof import TlogProof
from ledger.sealed import Opening
from tests.vectors import FILES, render
from tests.vectors.example import FOLDER, named_key


def vectors(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return read


CANONICAL = vectors("canonical.json")
LEXICAL = vectors("lexical.json")
KEY = vectors("key.json")
LOG = vectors("log.json")
VALUE = vectors("value.json")
ENTRY = vectors("entry.json")


@pytest.mark.parametrize("name", FILES)
def test_the_golden_vectors_are_what_the_code_makes(name: str) -> None:
    made = render(FILES[name]())

    assert made == (FOLDER / name).read_text(encoding="utf-8")


def decode(data: bytes) -> canonical.Json:
    return canonical.decode(data, bytes_max=1_000, depth_max=CANONICAL["depth_max"])


@pytest.mark.parametrize("text", CANONICAL["accepted"])
def test_canonical_json_is_read_and_written_alike(text: str) -> None:
    assert canonical.encode(decode(text.encode())) == text.encode()


@pytest.mark.parametrize("reason", CANONICAL["refused"])
def test_json_that_is_not_canonical_is_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        decode(CANONICAL["refused"][reason].encode())


@pytest.mark.parametrize("reason", CANONICAL["refused_bytes_hex"])
def test_bytes_that_are_not_utf_8_are_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(CANONICAL["refused_bytes_hex"][reason]))


@pytest.mark.parametrize("value", [None, 1.0, {"a": None}, [0.5], {1: 2}, {"é": 1}, 2**53, ["\ud800"], (1,), b""])
def test_what_has_no_canonical_form_is_not_written(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical.encode(value)


def test_a_null_member_is_let_through_only_where_it_is_to_be_reported() -> None:
    data = b'{"a":{"b":null}}'

    assert canonical.decode(data, bytes_max=99, depth_max=6, nulls=True) == {"a": {"b": None}}
    with pytest.raises(Malformed):
        canonical.decode(b"null", bytes_max=99, depth_max=6, nulls=True)


@pytest.mark.parametrize(
    "data",
    [b"[" * 40_000, b'{"a":' * 40_000, b'"' + b'\\"' * 40_000, b"9" * 40_000, b'["\\\\",' * 20_000, b'"' * 40_001],
)
def test_hostile_bytes_are_refused_in_passing(data: bytes) -> None:
    with pytest.raises(Malformed):
        canonical.decode(data, bytes_max=1_000_000, depth_max=6)


def test_limits_are_found_before_anything_is_decoded_and_have_their_own_name() -> None:
    with pytest.raises(TooLarge):
        canonical.decode(b"{not json", bytes_max=8, depth_max=6)
    with pytest.raises(TooLarge):
        canonical.decode(b"[[[[[[[not json", bytes_max=99, depth_max=6)


def test_brackets_within_texts_are_no_nesting() -> None:
    data = canonical.encode({"a": ['[[[[[[["{{{{{{{', "\\", "]]]]"]})

    assert canonical.encode(canonical.decode(data, bytes_max=99, depth_max=2)) == data


def test_base64_has_one_spelling() -> None:
    for text, digits in LEXICAL["base64_hex"].items():
        assert unb64(text) == bytes.fromhex(digits)
        assert b64(bytes.fromhex(digits)) == text


@pytest.mark.parametrize("text", LEXICAL["base64_refused"])
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        unb64(text)


@pytest.mark.parametrize(("text", "length"), [("AA==", 2), ("AAAA", 2), ("", 1)])
def test_base64_of_another_length_is_refused(text: str, length: int) -> None:
    with pytest.raises(Malformed):
        unb64(text, length)


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AAA=", "+/+_", "AA\n", "é"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        keys.unb64url(text)


def test_timestamps_are_milliseconds() -> None:
    for text, millis in LEXICAL["milliseconds"].items():
        assert instant.millis(text) == millis
        assert instant.text(millis) == text


@pytest.mark.parametrize("text", LEXICAL["timestamps_refused"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        instant.millis(text)


@pytest.mark.parametrize("millis", [instant.MILLIS_MIN - 1, instant.MILLIS_MAX + 1])
def test_times_beyond_the_years_have_no_timestamp(millis: int) -> None:
    with pytest.raises(Malformed):
        instant.text(millis)


def test_codes_have_their_check_character() -> None:
    for code in LEXICAL["codes"]:
        assert codes.checks(code)
        assert codes.code(code[0], code[1:21]) == code
    for code in LEXICAL["codes_refused"]:
        assert not codes.checks(code)


def test_the_check_character_finds_every_wrong_character() -> None:
    for code in LEXICAL["codes"]:
        for place in range(22):
            for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
                wrong = code[:place] + other + code[place + 1 :]
                assert codes.checks(wrong) == (wrong == code)


def test_fresh_codes_hold_100_random_bits() -> None:
    assert codes.mint("E", bytes) == codes.code("E", "0" * 20)
    assert codes.mint("E", lambda length: b"\xff" * length) == codes.code("E", "Z" * 20)
    assert codes.mint("E", lambda length: bytes(length - 1) + b"\x01") == codes.code("E", "1" + "0" * 19)


def test_origins_and_anchors() -> None:
    for origin in LEXICAL["origins"]:
        assert check_origin(origin) == origin
    for anchor in LEXICAL["anchors"]:
        assert Anchor.parse(anchor).text() == anchor
        assert Anchor.parse(anchor + "\n").text() == anchor


@pytest.mark.parametrize("origin", LEXICAL["origins_refused"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(Malformed):
        check_origin(origin)


@pytest.mark.parametrize("anchor", LEXICAL["anchors_refused"])
def test_what_is_no_anchor_is_refused(anchor: str) -> None:
    with pytest.raises(Malformed):
        Anchor.parse(anchor)


def test_keys_have_their_ids() -> None:
    for item in KEY["keys"]:
        key = named_key(item["phrase"])
        assert (key.public.hex(), key.id, key.jwk()) == (item["public_hex"], item["id"], item["jwk"])
        assert keys.unfit(key.public) is None
        assert keys.SigningKey.from_jwk(item["jwk"]).public == key.public


@pytest.mark.parametrize("reason", KEY["unfit_hex"])
def test_unfit_keys_verify_nothing(reason: str) -> None:
    public = bytes.fromhex(KEY["unfit_hex"][reason])

    assert keys.unfit(public) is not None
    with pytest.raises(BadSignature):
        keys.verify(public, b"message", named_key("any").sign(b"message"))


@pytest.mark.parametrize("reason", KEY["signatures_refused_hex"])
def test_signatures_that_are_not_strict_are_refused(reason: str) -> None:
    signer = named_key("ketenboek example grower 1")
    text = KEY["possession"]["text"].encode()
    keys.verify(signer.public, text, unb64(KEY["possession"]["signature"]))

    with pytest.raises(BadSignature):
        keys.verify(signer.public, text, bytes.fromhex(KEY["signatures_refused_hex"][reason]))


def test_the_forgery_that_the_library_accepts_for_any_message_is_refused() -> None:
    forgery = {name: bytes.fromhex(digits) for name, digits in KEY["universal_forgery_hex"].items()}

    with pytest.raises(BadSignature):
        keys.verify(forgery["public"], b"any message", forgery["signature"])


def test_notes_and_checkpoints() -> None:
    vkey = Vkey.parse(LOG["vkey"])

    opened = checkpoint.open(LOG["checkpoint"], vkey)

    assert checkpoint.sign(opened, named_key("ketenboek example gateway 1")) == LOG["checkpoint"]
    with pytest.raises(Malformed):
        Vkey.parse(LOG["vkey"], COSIGNATURE)


@pytest.mark.parametrize("reason", LOG["vkeys_refused"])
def test_what_is_no_vkey_of_a_log_is_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        Vkey.parse(LOG["vkeys_refused"][reason])


def test_a_stranger_s_line_that_is_well_formed_is_ignored() -> None:
    checkpoint.open(LOG["checkpoint"] + "— a AAAAAAA=\n", Vkey.parse(LOG["vkey"]))


@pytest.mark.parametrize("reason", LOG["checkpoints_refused"])
def test_checkpoints_that_are_not_ours_are_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        checkpoint.open(LOG["checkpoints_refused"][reason], Vkey.parse(LOG["vkey"]))


def test_tiles_have_one_path() -> None:
    for tile in LOG["tiles"]:
        assert tiles.path(tile["level"], tile["number"], tile["width"]) == tile["path"]
        assert tiles.parse(tile["path"]) == (tile["level"], tile["number"], tile["width"])
    for path in LOG["tiles_refused"]:
        with pytest.raises(Malformed):
            tiles.parse(path)


def test_bundles_hold_entries() -> None:
    bundle = bytes.fromhex(LOG["bundle_hex"])

    assert tiles.unbundle(bundle) == [b"entry %d" % number for number in range(5)]
    assert tiles.bundle(tiles.unbundle(bundle)) == bundle
    for digits in LOG["bundles_refused_hex"]:
        with pytest.raises(Malformed):
            tiles.unbundle(bytes.fromhex(digits))


def test_a_proof_leads_to_its_checkpoint() -> None:
    proof = TlogProof.decode(LOG["proof"])
    opened = checkpoint.open(proof.checkpoint, Vkey.parse(LOG["vkey"]))

    merkle.check_inclusion(proof.index, opened.size, merkle.leaf_hash(b"entry 2"), proof.path, opened.root)
    assert proof.encode() == LOG["proof"]


@pytest.mark.parametrize("reason", LOG["proofs_refused"])
def test_what_is_no_proof_is_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        TlogProof.decode(LOG["proofs_refused"][reason])


def test_openings_have_their_hash() -> None:
    for item in VALUE["openings"]:
        opening = Opening(unb64(VALUE["salt"]), item["value"])
        opening.check()
        assert b64(opening.hash) == item["hash"]


@pytest.mark.parametrize("reason", VALUE["openings_refused"])
def test_openings_of_what_is_no_text_are_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        Opening(unb64(VALUE["salt"]), VALUE["openings_refused"][reason]).check()


def test_an_opening_may_hold_members_whose_texts_are_checked() -> None:
    Opening(bytes(32), '{"route":["A2","N11"]}').check()
    with pytest.raises(Malformed):
        Opening(bytes(32), '{"route":["A2\\t"]}').check()
    with pytest.raises(Malformed):
        Opening(bytes(31), '"A2"').check()


def test_entries_are_the_canonical_json_of_what_they_say() -> None:
    for text in ENTRY["accepted"]:
        entry = Entry.decode(text.encode())
        parsed = canonical.decode(text.encode(), bytes_max=65_535, depth_max=8)
        assert entry.encode() == text.encode() == canonical.encode(parsed)
        assert statement_slice(text.encode()) == entry.statement
        assert text.encode().startswith(prefix(entry.index, entry.previous) + entry.recorded.encode())
        assert recorded_of(text.encode()) == instant.millis(entry.recorded)


@pytest.mark.parametrize("reason", ENTRY["refused"])
def test_what_is_no_entry_is_refused(reason: str) -> None:
    with pytest.raises(Malformed):
        Entry.decode(ENTRY["refused"][reason].encode())


def test_the_statement_is_found_even_if_it_holds_what_follows_it() -> None:
    entry = Entry.decode(ENTRY["accepted"][4].encode())
    trap = b'{"data":{"a":",\\"submission\\":{\\"count\\":"},"submission":{"count":1}}'
    trapped = Entry(entry.index, entry.previous, entry.recorded, trap, entry.envelope, entry.path)

    assert Entry.decode(trapped.encode()) == trapped
    assert statement_slice(trapped.encode()) == trap
    for look in (statement_slice, recorded_of):
        with pytest.raises(Malformed):
            look(b'{"statement":{}}')


def test_an_entry_is_measured_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        Entry.frame(ENTRY["accepted"][4].replace('"A/2"', f'"{"A" * 65_535}"').encode())
