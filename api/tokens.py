"""Bearer tokens: a JWT that a registered key signs, good for five minutes at most (`interface.md` §3).

No library: one algorithm, no key from the message, four claims, and strict signatures of our own.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ledger import keys
from ledger.errors import Malformed
from ledger.fields import KEY_ID
from ledger.rows import Key
from ledger.store import Store

SECONDS_MAX = 300
"""Between `iat` and `exp`."""
AHEAD_MAX = 60
"""Seconds by which `iat` may lie ahead; `exp` has no leeway."""

_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{86})")


class Unauthenticated(Exception):
    """A token that does not count, with a sentence that says why."""


def caller(token: str, origin: str, store: Store, now: int, recorded: int) -> Key:
    """The registered key that signed a token. Raises Unauthenticated.

    `now` is the clock's, `recorded` the ledger's time, by which a key lapses; both in milliseconds.
    """
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Unauthenticated("The bearer token is not a compact JWT.")
    header, claims = _decoded(match[1]), _decoded(match[2])
    if header.get("alg") not in ("EdDSA", "Ed25519"):
        raise Unauthenticated("The token's `alg` is `EdDSA`.")
    if not set(header) <= {"alg", "kid", "typ"}:
        raise Unauthenticated("The token's header holds `alg`, `kid` and `typ` only.")
    found = store.load(Key, "id", (header["kid"],)) if KEY_ID.fits(header.get("kid")) else []
    if not found:
        raise Unauthenticated("The token's `kid` is no registered key.")
    key: Key = found[0]
    if key.revoked is not None or (key.not_after is not None and recorded > key.not_after):
        raise Unauthenticated("The token's key is revoked or has lapsed.")
    try:
        keys.verify(key.public, f"{match[1]}.{match[2]}".encode(), keys.unb64url(match[3], 64))
    except Malformed as error:
        raise Unauthenticated("The token's signature does not hold.") from error
    _check_claims(claims, origin, now)
    return key


def _check_claims(claims: dict[str, Any], origin: str, now: int) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if claims.get("aud") != origin:
        raise Unauthenticated(f"The token's `aud` is not this ledger, {origin}.")
    if type(issued) is not int or type(expires) is not int:
        raise Unauthenticated("The token's `iat` and `exp` are whole seconds since 1970.")
    if not 0 < expires - issued <= SECONDS_MAX:
        raise Unauthenticated(f"The token's `exp` lies at most {SECONDS_MAX} s after `iat`.")
    if issued * 1000 > now + AHEAD_MAX * 1000:
        raise Unauthenticated("The token's `iat` lies in the future: check the clock.")
    if expires * 1000 <= now:
        raise Unauthenticated("The token has expired: make a new one.")


def _decoded(part: str) -> dict[str, Any]:
    try:
        value = json.loads(keys.unb64url(part))
    except (ValueError, RecursionError) as error:
        raise Unauthenticated("The token's header or claims are not JSON.") from error
    if not isinstance(value, dict):
        raise Unauthenticated("The token's header or claims are not objects.")
    return value


def make(key: keys.SigningKey, origin: str, now: int, minutes: int = 5) -> str:
    """A token by a key; `now` in milliseconds, at most 5 minutes."""
    issued = now // 1000
    header = {"alg": "EdDSA", "kid": key.id, "typ": "JWT"}
    claims = {"aud": origin, "exp": issued + 60 * minutes, "iat": issued}
    text = ".".join(keys.b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{text}.{keys.b64url(key.sign(text.encode()))}"
