"""Sealed values: what an entry says of personal data, routes and free text, and the opening beside it.

The entry holds a salted hash; the opening lives in a table from which it can be erased. Nothing that
decides validity reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from ledger.canonical import Json, decode, encode
from ledger.errors import Malformed

SALT_BYTES = 32
TEXT_BYTES_MAX = 4_096
VALUE_BYTES_MAX = 2 * TEXT_BYTES_MAX + 2
"""Of the JCS: a text of which every character is escaped, with its quotation marks."""
VALUE_DEPTH_MAX = 6

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def commitment(salt: bytes, value: str) -> bytes:
    """SHA-256 of the line "ketenboek sealed v1", the salt as it is and the JCS text `value`; 32 bytes."""
    return sha256(b"ketenboek sealed v1\n" + salt + value.encode()).digest()


@dataclass(frozen=True, slots=True)
class Opening:
    """What was sealed: 32 bytes of salt and the JCS of the value; that of a text has quotation marks."""

    salt: bytes
    value: str

    @property
    def hash(self) -> bytes:
        """The commitment that the entry holds."""
        return commitment(self.salt, self.value)

    def plain(self) -> Json:
        """The value that was sealed. Raises Malformed as `check` does."""
        try:
            data = self.value.encode()
        except UnicodeEncodeError as error:
            raise Malformed("a lone surrogate") from error
        plain = decode(data, bytes_max=VALUE_BYTES_MAX, depth_max=VALUE_DEPTH_MAX)
        _check_texts(plain)
        return plain

    def check(self) -> None:
        """Raises Malformed unless the salt has its length and `value` is canonical with lawful texts (§2)."""
        if len(self.salt) != SALT_BYTES:
            raise Malformed("not a salt")
        self.plain()


def seal(value: str, salt: bytes) -> Opening:
    """The opening of a text under 32 fresh random bytes. Raises Malformed for what is no text (§2)."""
    opening = Opening(salt, encode(value).decode())
    opening.check()
    return opening


def _check_texts(value: Json) -> None:
    if isinstance(value, str):
        if len(value.encode()) > TEXT_BYTES_MAX or _CONTROLS.search(value):
            raise Malformed("not a text of at most 4,096 bytes without control characters but newlines")
    elif isinstance(value, dict):
        for member in value.values():
            _check_texts(member)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
