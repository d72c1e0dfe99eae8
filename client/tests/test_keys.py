"""Key files: made once, private, under a passphrase if there is one; and tokens."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ketenboek_client import Key, Unreadable
from ketenboek_client.canonical import b64url, unb64url
from ketenboek_client.ed25519 import verify

from .worked import ORIGIN, key


@pytest.mark.parametrize("passphrase", [None, "", "zeven kilo één"])
def test_a_key_is_read_as_it_was_written(tmp_path: Path, passphrase: str | None) -> None:
    made, path = Key.generate(), tmp_path / "key.jwk"
    made.save(path, passphrase)

    assert Key.load(path, passphrase).id == made.id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (b64url(made.public) in path.read_text()) == (passphrase is None)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    key("grower").save(path)
    with pytest.raises(FileExistsError):
        key("founder").save(path)

    assert Key.load(path).id == key("grower").id


def test_an_encrypted_key_needs_its_passphrase_and_is_whole(tmp_path: Path) -> None:
    path, other = tmp_path / "key.jwk", tmp_path / "other.jwk"
    key("grower").save(path, "geheim")
    for passphrase, told in ((None, "encrypted: .*--passphrase-file"), ("Geheim", "wrong passphrase")):
        with pytest.raises(Unreadable, match=told):
            Key.load(path, passphrase)
    parts = path.read_text().strip().split(".")
    for place in range(5):
        changed = [part if number != place else other_start(part) for number, part in enumerate(parts)]
        other.write_text(".".join(changed))
        with pytest.raises(Unreadable):
            Key.load(other, "geheim")


def other_start(part: str) -> str:
    return ("A" if part[0] != "A" else "B") + part[1:]


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "RSA-OAEP"},
        {"enc": "A128GCM"},
        {"p2c": 10},
        {"p2c": 10**9},
        {"p2c": True},
        {"crit": ["x"]},
        {"zip": "D"},
    ],
    ids=str,
)
def test_an_encrypted_key_of_another_kind_is_refused_before_work_is_done(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "key.jwk"
    key("grower").save(path, "geheim")
    header, rest = path.read_text().split(".", 1)
    members = {**json.loads(unb64url(header)), **change}
    path.write_text(b64url(json.dumps(members).encode()) + "." + rest)
    with pytest.raises(Unreadable, match=r"another way|unreasonable"):
        Key.load(path, "geheim")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "{",
        "a.b.c.d.e",
        '{"kty":"OKP","crv":"X25519","d":"","x":""}',
        json.dumps({**json.loads(key("grower").jwk()), "x": b64url(key("founder").public)}),
        json.dumps({**json.loads(key("grower").jwk()), "d": "AA"}),
    ],
    ids=range(7),
)
def test_what_is_no_key_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(text)
    with pytest.raises(Unreadable):
        Key.load(path, "geheim")


@pytest.mark.parametrize("passphrase", [None, "geheim"])
@pytest.mark.parametrize(
    "text", ["# Ketenboek\n\nThe ledger.", "a.b.c.d", "a.b.c.d.e.f", "[]", "null", ""], ids=range(6)
)
def test_what_is_no_key_is_not_said_to_be_encrypted(tmp_path: Path, text: str, passphrase: str | None) -> None:
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(Unreadable, match=r"README\.md: not a key"):
        Key.load(path, passphrase)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        Key.load(tmp_path / "key.jwk")


def test_a_token_is_a_jwt_that_anybody_can_read_and_check() -> None:
    grower = key("grower")
    token = grower.token(ORIGIN, now=1767604000999, minutes=2)
    header, claims, signature = token.split(".")

    verify(grower.public, f"{header}.{claims}".encode(), unb64url(signature))
    assert json.loads(unb64url(header)) == {"alg": "EdDSA", "kid": grower.id, "typ": "JWT"}
    assert json.loads(unb64url(claims)) == {"aud": ORIGIN, "iat": 1767604000, "exp": 1767604120}


@pytest.mark.parametrize("minutes", [0, 6])
def test_a_token_lasts_at_most_five_minutes(minutes: int) -> None:
    with pytest.raises(ValueError, match="5 minutes"):
        key("grower").token(ORIGIN, minutes=minutes)


def test_a_key_does_not_print_its_secret() -> None:
    assert repr(key("grower")) == f"Key({key('grower').id})"
