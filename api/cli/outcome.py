"""How commands end badly, what they print, and the flags that several of them share."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ketenboek_client import Gateway, Key
from ketenboek_client.errors import ClientError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

import migrations
from api.settings import Settings
from ledger import canonical, instant
from ledger.anchor import Anchor
from ledger.database import ERRORS
from ledger.errors import Malformed
from ledger.keys import SigningKey, open_jwk

UNREACHABLE: tuple[type[Exception], ...] = (SQLAlchemyError, *ERRORS)
"""What is raised for a database that cannot be opened."""
PATIENCE = 10.0
"""Seconds of pauses in which a request to a gateway that does not answer is repeated."""


class Wrong(Exception):
    """Wrong use: exit 2."""


class Refusal(Exception):
    """A check failed, or the gateway refused what was asked: exit 1."""


class Surroundings(Exception):
    """Something around the command is not there or not readable: exit 4."""


def note(text: str) -> None:
    """Prose for a person, on stderr."""
    print(text, file=sys.stderr)


def put(value: dict[str, Any]) -> None:
    """The one JSON object of `--json`, on stdout."""
    print(json.dumps(value, ensure_ascii=False))


def text_of(path: str) -> str:
    """A text file; `-` is stdin. Raises Surroundings."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Surroundings(f"{path}: {error}") from error


def anchor_of(path: str) -> Anchor:
    """The anchor in a file. Raises Surroundings where it is not readable, Wrong where it is none."""
    try:
        return Anchor.parse(text_of(path))
    except Malformed as error:
        raise Wrong(f"{path}: {error}: an anchor is one line, `<origin> <base64 hash of entry 0>`") from error


def passphrase_of(arguments: argparse.Namespace) -> str | None:
    """The passphrase in `--passphrase-file`, without its line end."""
    path = arguments.passphrase_file
    return None if path is None else text_of(path).rstrip("\n")


def signing_key(path: str, passphrase: str | None = None) -> SigningKey:
    """A key of the ledger's own (checkpoint, founding). Raises Surroundings."""
    text = text_of(path)
    try:
        return SigningKey.from_jwk(text) if passphrase is None else open_jwk(text, passphrase)
    except Malformed as error:
        raise Surroundings(f"{path}: {error}") from error


def client_key(path: str, passphrase: str | None) -> Key:
    """A participant's key. Raises Surroundings."""
    try:
        return Key.load(path, passphrase)
    except (OSError, ClientError, ValueError) as error:
        raise Surroundings(f"{path}: {error}") from error


def key_path(arguments: argparse.Namespace) -> str:
    """`--key`, or its default. Raises Wrong without either."""
    if not arguments.key:
        raise Wrong("--key FILE or KETENBOEK_KEY says which key signs")
    return str(arguments.key)


def gateway_url(arguments: argparse.Namespace) -> str:
    """`--gateway`, or its default. Raises Wrong without either, and for what is no address."""
    if not arguments.gateway:
        raise Wrong("--gateway URL or KETENBOEK_GATEWAY says which gateway")
    url = urlsplit(arguments.gateway)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Wrong(f"--gateway is an address as `serve` prints it, http://H:P, not {arguments.gateway!r}")
    return str(arguments.gateway)


def gateway(arguments: argparse.Namespace) -> Gateway:
    """The gateway that is asked."""
    return Gateway(gateway_url(arguments), patience=PATIENCE)


def migrated(url: str) -> str:
    """The database's address, if it is migrated. Raises Surroundings."""
    try:
        behind = migrations.behind(url)
    except UNREACHABLE as error:
        why = str(getattr(error, "orig", None) or error).strip()
        message = f"{shown(url)} cannot be opened ({why}): check the address, or make it with `ketenboek migrate`"
        raise Surroundings(message) from error
    if behind:
        raise Surroundings(f"{shown(url)} is not migrated: run `ketenboek migrate --database {shown(url)}`")
    return url


def shown(url: str) -> str:
    """A database's address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def moment_of(given: object, what: str) -> str | None:
    """A timestamp that a person gave, if any. Raises Wrong."""
    if given is None:
        return None
    try:
        return instant.text(instant.millis(str(given)))
    except Malformed as error:
        raise Wrong(f"{what} is a timestamp, 2026-01-05T09:00:00.000Z, not {given!r}") from error


def object_of(text: str, what: str) -> dict[str, Any]:
    """A JSON object that a person wrote: integers only. Raises Wrong."""
    try:
        value = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{what} is not JSON of integers, texts and objects: {error}") from error
    if not isinstance(value, dict):
        raise Wrong(f"{what} is a JSON object")
    try:
        canonical.encode(value)
    except Malformed as error:
        raise Wrong(f"{what}: {error}") from error
    return value


def _refuse(text: str) -> Any:
    raise ValueError(f"{text}: numbers are integers")


def database_flag(command: argparse.ArgumentParser, settings: Settings) -> None:
    """`--database URL`."""
    command.add_argument("--database", metavar="URL", default=settings.database, help="default: %(default)s")


def gateway_flags(command: argparse.ArgumentParser, settings: Settings) -> None:
    """`--gateway URL --key FILE`."""
    command.add_argument("--gateway", metavar="URL", default=settings.gateway, help="the address `serve` prints")
    command.add_argument("--key", metavar="FILE", default=settings.key, help="a key as JWK")
    command.add_argument("--passphrase-file", metavar="F", help="the passphrase of an encrypted key")


def json_flag(command: argparse.ArgumentParser) -> None:
    """`--json`."""
    command.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
