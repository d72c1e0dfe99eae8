"""A participant's key: made, kept in a file, used to sign (format section 3).

One key has one use. Its id is the RFC 7638 thumbprint; its file is a JWK of RFC 8037 with
mode 0600, encrypted as `jwe` says if there is a passphrase, and is never overwritten.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import instants, jwe
from .canonical import b64, b64url, unb64url
from .errors import Malformed, Unreadable

TOKEN_MINUTES_MAX = 5


class Key:
    """An Ed25519 signing key. `public` is its 32 bytes, `id` its 43 characters."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()
        self.id: str = thumbprint(self.public)

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = secrets.token_bytes) -> Key:
        """A fresh key from 32 random bytes."""
        return cls(random(32))

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> Key:
        """The key in a file. Raises Unreadable with its path, also for an encrypted file without its passphrase."""
        try:
            text = Path(path).read_text("utf-8").strip()
            if jwe.COMPACT.fullmatch(text):
                text = jwe.open_(text, passphrase).decode("utf-8", "replace")
            return cls.from_jwk(text)
        except (OSError, UnicodeDecodeError, Unreadable) as error:
            raise Unreadable(f"key file {path}: {error}") from None

    @classmethod
    def from_jwk(cls, text: str) -> Key:
        """The key of a private JWK. Raises Unreadable unless `x` belongs to `d`."""
        try:
            jwk = json.loads(text)
            if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519"):
                raise Unreadable("not an Ed25519 key")
            key = cls(unb64url(jwk["d"], 32))
            if unb64url(jwk["x"], 32) != key.public:
                raise Unreadable("the public half does not belong to the private one")
        except (ValueError, TypeError, KeyError, Malformed):
            raise Unreadable("not a key: neither a private Ed25519 key as a JWK nor one that is encrypted") from None
        return key

    def jwk(self) -> str:
        """The private JWK of RFC 8037."""
        members = {"crv": "Ed25519", "d": b64url(self._seed), "kty": "OKP", "x": b64url(self.public)}
        return json.dumps(members, separators=(",", ":"))

    def save(self, path: str | os.PathLike[str], passphrase: str | None = None) -> None:
        """Write the key to a new file, mode 0600. Raises FileExistsError rather than overwrite a key."""
        text = self.jwk()
        if passphrase is not None:
            text = jwe.seal(text.encode(), passphrase, secrets.token_bytes)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(file)

    def sign(self, message: bytes) -> bytes:
        """Pure Ed25519 (RFC 8032), 64 bytes."""
        return self._private.sign(message)

    def possession(self, origin: str, participant: str) -> str:
        """The proof, in base64, with which `registerKey` shows that `participant` holds this key."""
        return b64(self.sign(possession_text(origin, participant, self.id)))

    def token(self, origin: str, now: int | None = None, minutes: int = TOKEN_MINUTES_MAX) -> str:
        """A bearer token for the gateway of the ledger `origin`: a JWT (RFC 7519, 8037) of a few minutes.

        `now` is an instant in milliseconds (default: the wall clock), `minutes` 1 to 5.
        """
        if not 1 <= minutes <= TOKEN_MINUTES_MAX:
            raise ValueError(f"a token lasts 1 to {TOKEN_MINUTES_MAX} minutes")
        issued = (instants.now() if now is None else now) // instants.SECOND
        header = {"alg": "EdDSA", "kid": self.id, "typ": "JWT"}
        claims = {"aud": origin, "exp": issued + 60 * minutes, "iat": issued}
        signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        return f"{signed}.{b64url(self.sign(signed.encode()))}"

    def __repr__(self) -> str:
        return f"Key({self.id})"


def thumbprint(public: bytes) -> str:
    """The key id of 32 bytes: RFC 7638 over the three required members, base64url without padding."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{b64url(public)}"}}'
    return b64url(sha256(members.encode()).digest())


def possession_text(origin: str, participant: str, key_id: str) -> bytes:
    """What a new key signs to be registered for `participant` (format section 3, rule 2)."""
    return f"ketenboek key v1\n{origin}\n{participant}\n{key_id}\n".encode()
