"""A key under a passphrase: compact JWE (RFC 7516) of a JWK, PBES2-HS512+A256KW with A256GCM (RFC 7518)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from .canonical import b64url, unb64url
from .errors import Malformed, Unreadable

ALGORITHM = "PBES2-HS512+A256KW"
# What OWASP advises for PBKDF2 with HMAC-SHA-512; readers accept more, within a bound on their own work.
ROUNDS = 210_000
ROUNDS_MIN, ROUNDS_MAX = 1_000, 10_000_000
COMPACT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}")
"""What a compact JWE looks like from outside."""


def seal(plaintext: bytes, passphrase: str, random: Callable[[int], bytes]) -> str:
    """The five dotted parts that hold `plaintext` under `passphrase`."""
    salt, key, vector = random(16), random(32), random(12)
    header = {"alg": ALGORITHM, "cty": "jwk+json", "enc": "A256GCM", "p2c": ROUNDS, "p2s": b64url(salt)}
    protected = b64url(json.dumps(header, separators=(",", ":")).encode())
    sealed = AESGCM(key).encrypt(vector, plaintext, protected.encode())
    wrapped = aes_key_wrap(_derive(passphrase, salt, ROUNDS), key)
    return ".".join((protected, b64url(wrapped), b64url(vector), b64url(sealed[:-16]), b64url(sealed[-16:])))


def open_(text: str, passphrase: str | None) -> bytes:
    """The plaintext. Raises Unreadable for no or a wrong passphrase, another algorithm or damage."""
    if passphrase is None:
        raise Unreadable("encrypted: give its passphrase (to a command with --passphrase-file)")
    try:
        protected, wrapped, vector, ciphertext, tag = text.split(".")
        header = json.loads(unb64url(protected))
        rounds = header["p2c"]
        if (header["alg"], header["enc"]) != (ALGORITHM, "A256GCM") or "crit" in header or "zip" in header:
            raise Unreadable("the key file is encrypted in another way")
        if type(rounds) is not int or not ROUNDS_MIN <= rounds <= ROUNDS_MAX:
            raise Unreadable("the key file names an unreasonable number of rounds")
        key = aes_key_unwrap(_derive(passphrase, unb64url(header["p2s"]), rounds), unb64url(wrapped))
        sealed = unb64url(ciphertext) + unb64url(tag, 16)
        return AESGCM(key).decrypt(unb64url(vector, 12), sealed, protected.encode())
    except (InvalidUnwrap, InvalidTag):
        raise Unreadable("wrong passphrase") from None
    except (ValueError, TypeError, KeyError, Malformed):
        raise Unreadable("not an encrypted key") from None


def _derive(passphrase: str, salt: bytes, rounds: int) -> bytes:
    """RFC 7518 section 4.8.1.1: the salt is the algorithm's name, a zero byte and `p2s`."""
    salted = ALGORITHM.encode() + b"\0" + salt
    return PBKDF2HMAC(algorithm=SHA512(), length=32, salt=salted, iterations=rounds).derive(passphrase.encode())
