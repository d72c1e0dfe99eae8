"""Keys, tokens and codes: `keygen`, `token`, `codes`."""

from __future__ import annotations

import argparse
import os
import secrets
from typing import Any

from ketenboek_client import Key

from api.cli.outcome import Wrong, client_key, json_flag, key_path, passphrase_of, put
from api.settings import Settings
from ledger import canonical, codes
from ledger.anchor import check_origin
from ledger.errors import Malformed

COUNT_MAX = 1_000


def add(commands: Any, settings: Settings) -> None:
    """The commands of this file."""
    keygen = commands.add_parser("keygen", help="make a key (JWK, RFC 8037), mode 0600, never overwriting")
    keygen.add_argument("--out", metavar="FILE", required=True)
    keygen.add_argument("--passphrase-file", metavar="F", help="encrypt it with the passphrase in this file")
    json_flag(keygen)
    keygen.set_defaults(run=_keygen)
    token = commands.add_parser("token", help="a bearer token, at most 5 minutes")
    token.add_argument("--key", metavar="FILE", default=settings.key)
    token.add_argument("--origin", metavar="O", required=True)
    token.add_argument("--minutes", metavar="M", type=int, default=5)
    token.add_argument("--passphrase-file", metavar="F")
    json_flag(token)
    token.set_defaults(run=_token)
    mint = commands.add_parser("codes", help="fresh codes")
    mint.add_argument("--kind", metavar="K", required=True, help=" ".join(codes.KINDS.values()) + ", or its letter")
    mint.add_argument("--count", metavar="N", type=int, default=1)
    json_flag(mint)
    mint.set_defaults(run=_codes)


def _keygen(arguments: argparse.Namespace, _: Settings) -> int:
    key = Key.generate()
    if os.path.lexists(arguments.out):
        raise Wrong(f"{arguments.out} exists: a key is never overwritten")
    key.save(arguments.out, passphrase_of(arguments))
    if arguments.json:
        put({"key": key.id, "public": canonical.b64(key.public), "file": arguments.out})
    else:
        print(key.id)
    return 0


def _token(arguments: argparse.Namespace, _: Settings) -> int:
    if not 1 <= arguments.minutes <= 5:
        raise Wrong("--minutes is 1 to 5")
    try:
        check_origin(arguments.origin)
    except Malformed:
        raise Wrong("--origin is the ledger's origin, as in its anchor: ketenboek.example/nl") from None
    key = client_key(key_path(arguments), passphrase_of(arguments))
    token = key.token(arguments.origin, minutes=arguments.minutes)
    if arguments.json:
        put({"token": token, "key": key.id})
    else:
        print(token)
    return 0


def _codes(arguments: argparse.Namespace, _: Settings) -> int:
    letters = {**{letter: letter for letter in codes.KINDS}, **{word: at for at, word in codes.KINDS.items()}}
    letter = letters.get(arguments.kind.upper())
    if letter is None:
        raise Wrong(f"--kind is one of {' '.join(codes.KINDS.values())}")
    if not 1 <= arguments.count <= COUNT_MAX:
        raise Wrong(f"--count is 1 to {COUNT_MAX}")
    fresh = [codes.mint(letter, secrets.token_bytes) for _ in range(arguments.count)]
    if arguments.json:
        put({"codes": fresh})
    else:
        print("\n".join(fresh))
    return 0
