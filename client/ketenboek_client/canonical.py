"""Canonical JSON (RFC 8785) under the restrictions of format section 2, and strict base64 (RFC 4648).

With integers below 2^53, no floats and ASCII member names RFC 8785 is what `json.dumps`
prints compactly with sorted members; tests hold that against the RFC's other rules.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any, TypeAlias

from .errors import Malformed

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
Object: TypeAlias = "dict[str, Json]"

INTEGER_MAX = 2**53 - 1
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')

_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def encode(value: Json) -> bytes:
    """The canonical bytes of `value`. Raises Malformed for what the format cannot hold."""
    check(value)
    return utf8(_encode(value))


def decode(data: bytes, *, bytes_max: int, depth_max: int) -> Json:
    """The value of canonical bytes, accepted only if encoding it gives the same bytes again."""
    if len(data) > bytes_max:
        raise Malformed("too long")
    try:
        text = data.decode("utf-8")
        check_depth(text, depth_max)
        value: Json = json.loads(text, parse_float=_refuse, parse_constant=_refuse, parse_int=_integer)
    except (ValueError, RecursionError):
        raise Malformed("not JSON of the ledger") from None
    # The parser let no float and no large number through; the rest is rare and then looked for.
    if "null" in text or not text.isascii():
        check(value)
    if utf8(_encode(value)) != data:
        raise Malformed("not canonical")
    return value


def check(value: Any) -> None:
    """Raise Malformed unless `value` holds only what statements and entries may hold."""
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise Malformed("member name")  # outside ASCII the order of RFC 8785 is another
            check(member)
    elif isinstance(value, list):
        for item in value:
            check(item)
    elif isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise Malformed("number out of range")
    elif not isinstance(value, str):
        raise Malformed("null or a number that is no integer")


def utf8(text: str) -> bytes:
    """The bytes of a text. Raises Malformed for a lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("lone surrogate") from None


def b64(data: bytes) -> str:
    """RFC 4648 section 4, with padding."""
    return b64encode(data).decode("ascii")


def unb64(text: object, length: int | None = None) -> bytes:
    """The bytes of padded base64, accepted only if encoding them gives the same text again."""
    if not isinstance(text, str):
        raise Malformed("base64 is a string")
    try:
        data = a2b_base64(text)
    except (Base64Error, ValueError):
        raise Malformed("base64") from None
    if b64(data) != text or (length is not None and len(data) != length):
        raise Malformed("base64")
    return data


def b64url(data: bytes) -> str:
    """RFC 4648 section 5 without padding: key ids, JWK, JWT, JWE."""
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def unb64url(text: object, length: int | None = None) -> bytes:
    """The bytes of unpadded base64url, strictly."""
    if not isinstance(text, str):
        raise Malformed("base64url is a string")
    try:
        data = a2b_base64(text.translate(_FROM_URL) + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        raise Malformed("base64url") from None
    if b64url(data) != text or (length is not None and len(data) != length):
        raise Malformed("base64url")
    return data


_FROM_URL = str.maketrans("-_", "+/")


def check_depth(text: str, depth_max: int) -> None:
    """Raise Malformed for deep nesting. Most texts have so few brackets that counting them is enough."""
    if text.count("{") + text.count("[") <= depth_max:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > depth_max:
                raise Malformed("too deep")
        elif token[0] in "]}":
            depth -= 1


def _refuse(text: str) -> Json:
    raise ValueError(f"{text[:8]} is no integer")


def _integer(text: str) -> int:
    if len(text) > 17 or not -INTEGER_MAX <= (number := int(text)) <= INTEGER_MAX:
        raise ValueError("number out of range")
    return number
