"""Unit codes: a kind letter, 20 random characters, a check character (format section 2).

The check character is ISO 7064 MOD 37,36: it finds each single wrong character and most
swaps of neighbours, so check it at the scanner, before anything is signed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

KINDS = {
    "P": "PLANT",
    "B": "LOT",
    "M": "SAMPLE",
    "E": "PACKAGE",
    "C": "CASE",
    "W": "WASTE",
    "S": "SHIPMENT",
    "Z": "SEEDLINGS",
}
PATTERN = re.compile(r"[PBMECWSZ][0-9A-HJKMNP-TV-Z]{20}[0-9A-Z]")

_DRAWN = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_character(first: str) -> str:
    """The 22nd character of a code of which `first` is the first 21."""
    product = 36
    for character in first:
        product = (product + _VALUES.index(character)) % 36 or 36
        product = product * 2 % 37
    return _VALUES[(37 - product) % 36]


def mint(letter: str, random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A fresh code of one kind. 100 random bits: no reservation is needed."""
    if letter not in KINDS:
        raise ValueError(f"no kind of unit has the letter {letter}")
    number = int.from_bytes(random(13), "big")
    first = letter + "".join(_DRAWN[number >> 5 * place & 31] for place in range(20))
    return first + check_character(first)


def checks(code: str) -> bool:
    """Whether `code` has the form of a code and its check character is right."""
    return PATTERN.fullmatch(code) is not None and check_character(code[:21]) == code[21]
