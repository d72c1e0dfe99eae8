"""Canonical JSON (RFC 8785, JCS) as the ledger restricts it, and strict base64: one value, one spelling.

Integers up to 2**53 - 1 in magnitude, ASCII member names, no floats, no lone surrogates. Under these
restrictions JCS is "sorted names, no spaces, two kinds of escapes", which the standard library's
encoder in C writes; a walk over the value in Python would cost four times as much.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from typing import Any, NoReturn, TypeAlias

from ledger.errors import Malformed

Json: TypeAlias = dict[str, Any] | list[Any] | str | int | bool

INTEGER_MAX = 2**53 - 1
"""The largest integer that every JSON implementation holds exactly (RFC 8785 §3.2.2.3, I-JSON)."""


class TooLarge(Malformed):
    """More bytes or deeper nesting than the format allows; found before anything is decoded."""


def encode(value: Json) -> bytes:
    """The canonical bytes of a value.

    Raises Malformed for what has none here: floats, None, integers beyond 2**53 - 1, member names outside
    ASCII, lone surrogates, subclasses and foreign types.
    """
    _refuse_foreign(value, nulls=False)
    return _render(value)


def decode(data: bytes, *, bytes_max: int, depth_max: int, nulls: bool = False) -> Json:
    """The value whose canonical bytes are `data`.

    Nesting counts objects and arrays, the outermost is 1. `nulls` lets null members through, so that
    the caller can say where one stands. Raises TooLarge before decoding, else Malformed.
    """
    if len(data) > bytes_max:
        raise TooLarge("more bytes than the format allows")
    # The number of brackets bounds the depth; few values need the exact look.
    if data.count(b"{") + data.count(b"[") > depth_max and _depth(data) > depth_max:
        raise TooLarge("nested deeper than the format allows")
    try:
        value: Json | None = _DECODER.decode(data.decode())
    except ValueError as error:
        raise Malformed("not JSON of integers, texts, booleans, arrays and objects") from error
    # What decoding lets through and re-encoding does not find; two looks in C excuse most values.
    if not data.isascii() or b"null" in data:
        _refuse_foreign(value, nulls)
    if value is None or _render(value) != data:
        raise Malformed("not canonical")
    return value


def read_object(text: str, *, bytes_max: int) -> dict[str, Any]:
    """The members of a JSON object in any spelling, none of them twice: for files that people keep.

    What is signed or hashed is never read so. Raises Malformed.
    """
    try:
        if len(text.encode()) > bytes_max:
            raise TooLarge("more bytes than the format allows")
        value = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def b64(data: bytes) -> str:
    """RFC 4648 §4 with padding."""
    return b2a_base64(data, newline=False).decode()


def unb64(text: str, length: int | None = None) -> bytes:
    """The bytes that `b64` spells as `text`, `length` of them where given. Raises Malformed.

    Decoders accept four spellings of 32 bytes (unused bits of the last character); only one is ours.
    """
    try:
        data = a2b_base64(text)
    except ValueError as error:
        raise Malformed("not base64") from error
    if b64(data) != text or length not in (None, len(data)):
        raise Malformed("not base64 of the right length in its one spelling")
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member twice")
    return value


def _integer(digits: str) -> int:
    # The length first: the time of a conversion grows with its square.
    if len(digits) <= 17 and abs(value := int(digits)) <= INTEGER_MAX:
        return value
    raise ValueError("an integer beyond 2**53 - 1")


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_refuse_float, parse_constant=_refuse_float)
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
# The closing quotation mark is optional so that an open string costs one pass, not one per quotation mark.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")


def _render(value: Json) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as error:
        raise Malformed("a lone surrogate") from error


def _depth(data: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        if bracket in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _refuse_foreign(value: object, nulls: bool) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:  # type: ignore[operator]
            raise Malformed("an integer beyond 2**53 - 1")
    elif kind is dict:
        for name, member in value.items():  # type: ignore[attr-defined]
            if type(name) is not str or not name.isascii():
                raise Malformed("a member name outside ASCII")
            if type(member) is not str:
                _refuse_foreign(member, nulls)
    elif kind is list:
        for item in value:  # type: ignore[attr-defined]
            if type(item) is not str:
                _refuse_foreign(item, nulls)
    elif value is not None or not nulls:
        raise Malformed(f"no canonical form of {kind.__name__}")
