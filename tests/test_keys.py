"""Are key files read only as what they are, and closed ones only with their passphrase?"""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from ledger import keys
from ledger.errors import Malformed
from ledger.keys import SigningKey, b64url, open_jwk, seal_jwk, unb64url
from tests.vectors.example import named_key

KEY = named_key("ketenboek example grower 1")
JWK = json.loads(KEY.jwk())


def not_random(length: int) -> bytes:
    return sha256(b"not random %d" % length).digest()[:length]


SEALED = seal_jwk(KEY, "correct horse", not_random)


def test_a_key_file_may_be_spelled_as_any_json() -> None:
    assert SigningKey.from_jwk(json.dumps(JWK, indent=2) + "\n").id == KEY.id
    assert SigningKey.from_jwk(json.dumps(dict(reversed(JWK.items())))).id == KEY.id


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"}, {"crv": "Ed448"}, {"crv": "X25519"}, {"d": ""}, {"d": JWK["d"] + "="}, {"d": 1},
        {"x": b64url(bytes(32))}, {"x": JWK["x"][:-1] + "5"}, {"kid": KEY.id}, {"alg": "none"}, {"use": "enc"},
    ],
    ids=str,
)  # fmt: skip
def test_another_jwk_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        SigningKey.from_jwk(json.dumps(JWK | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000, KEY.jwk()[:-1] + ',"d":"AA"}', "\ud800"])
def test_what_is_no_jwk_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        SigningKey.from_jwk(text)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(Malformed):
        SigningKey(bytes(31))


def test_a_key_is_closed_and_opened_with_its_passphrase() -> None:
    assert open_jwk(SEALED, "correct horse").id == KEY.id
    assert seal_jwk(KEY, "correct horse", not_random) == SEALED
    with pytest.raises(Malformed):
        open_jwk(SEALED, "correct hors")


def test_the_header_of_a_closed_key_is_that_of_rfc_7518() -> None:
    header = json.loads(unb64url(SEALED.split(".")[0]))

    assert header == {
        "alg": "PBES2-HS512+A256KW",
        "cty": "jwk+json",
        "enc": "A256GCM",
        "p2c": keys.PBKDF2_ROUNDS,
        "p2s": b64url(not_random(16)),
    }


def test_a_closed_key_that_was_changed_is_refused() -> None:
    for part in range(5):
        parts = SEALED.split(".")
        parts[part] = parts[part][:-2] + ("A" if parts[part][-2] != "A" else "B") + parts[part][-1]
        with pytest.raises(Malformed):
            open_jwk(".".join(parts), "correct horse")


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"}, {"alg": "PBES2-HS256+A128KW"}, {"enc": "A128GCM"}, {"cty": "text"}, {"p2c": 999},
        {"p2c": 10_000_001}, {"p2c": 210_000.0}, {"p2c": True}, {"p2s": "A"}, {"p2s": 1}, {"zip": "DEF"}, {"crit": []},
    ],
    ids=str,
)  # fmt: skip
def test_a_closed_key_under_another_header_is_refused(change: dict[str, object]) -> None:
    header, rest = SEALED.split(".", 1)
    other = b64url(json.dumps(json.loads(unb64url(header)) | change).encode())

    with pytest.raises(Malformed):
        open_jwk(f"{other}.{rest}", "correct horse")


@pytest.mark.parametrize("text", ["", "....", "a.b.c.d", "a" * 5_000, "é....", KEY.jwk()])
def test_what_is_no_closed_key_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        open_jwk(text, "correct horse")
