"""Sealed values: what the ledger holds of personal data, routes and free text (format section 7).

A statement holds a salted hash; the opening, salt and value, travels beside it and can be
erased one day. Without the salt nothing about the value can be guessed from the hash.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from .canonical import Json, b64, encode
from .errors import Malformed

TEXT_BYTES_MAX = 4096

_FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Opening:
    """`salt` is 32 bytes; `value` the canonical JSON text of what is sealed, a text with its quotation marks."""

    salt: bytes
    value: str

    @classmethod
    def of(cls, value: Json, random: Callable[[int], bytes] = secrets.token_bytes) -> Opening:
        """A text, or another JSON value, under a fresh salt. Raises Malformed for what cannot be sealed."""
        _check(value)
        return cls(random(32), encode(value).decode())

    @property
    def sealed(self) -> str:
        """The hash that stands in the statement, base64."""
        return b64(sha256(b"ketenboek sealed v1\n" + self.salt + self.value.encode()).digest())

    def members(self) -> dict[str, str]:
        """As the input `Opening` of the gateway."""
        return {"salt": b64(self.salt), "value": self.value}


def _check(value: Json) -> None:
    if isinstance(value, str):
        if _FORBIDDEN.search(value) or len(value.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
            raise Malformed(f"a text has no control characters but \\n and at most {TEXT_BYTES_MAX} bytes")
    elif isinstance(value, dict):
        for member in value.values():
            _check(member)
    elif isinstance(value, list):
        for item in value:
            _check(item)
