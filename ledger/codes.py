"""Codes of units: what they look like, how their check character is made, how fresh ones are minted.

A code is its kind letter, 20 random characters of Crockford's base 32 (no I, L, O, U) and a check
character, ISO 7064 MOD 37,36. Rules know the pattern; the check character is asked for at the door only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

KINDS: dict[str, str] = {
    "P": "PLANT",
    "B": "LOT",
    "M": "SAMPLE",
    "E": "PACKAGE",
    "C": "CASE",
    "W": "WASTE",
    "S": "SHIPMENT",
    "Z": "SEEDLINGS",
}
"""Kind letter of a code and the kind of unit that carries it."""

PATTERN = "[PBMECWSZ][0-9A-HJKMNP-TV-Z]{20}[0-9A-Z]"
"""Of a whole code, 22 characters."""

_RANDOM = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STEPS = [
    {character: ((product + value) % 36 or 36) * 2 % 37 for value, character in enumerate(_VALUES)}
    for product in range(37)
]
"""The next product of the one before and a character: every code of every statement is checked."""
_CODE = re.compile(PATTERN)


def check_character(first21: str) -> str:
    """ISO 7064 MOD 37,36 over the 21 characters before it; any of `0-9A-Z`."""
    assert len(first21) == 21
    product = 36
    for character in first21:
        product = _STEPS[product][character]
    return _VALUES[(37 - product) % 36]


def code(letter: str, random20: str) -> str:
    """The code of a kind letter and 20 random characters."""
    made = letter + random20 + check_character(letter + random20)
    assert checks(made)
    return made


def mint(letter: str, random_bytes: Callable[[int], bytes]) -> str:
    """A fresh code with 100 random bits, from a source such as `secrets.token_bytes`."""
    bits = int.from_bytes(random_bytes(13))
    return code(letter, "".join([_RANDOM[bits >> shift & 31] for shift in range(0, 100, 5)]))


def checks(code: str) -> bool:
    """Whether the text is a code and its check character is right."""
    return _CODE.fullmatch(code) is not None and check_character(code[:21]) == code[21]
