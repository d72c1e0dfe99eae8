"""How wide a text will be, without a font at hand: the advances of Helvetica and its metric-compatible kin."""

from __future__ import annotations

ADVANCES = {
    22: "ijl'|",
    28: " ,.:;!/\\[]ftI·",
    33: '()-r`"',
    50: "ckJsvxyz*^",
    56: "abdeghnopqu0123456789_?$#L{}",
    58: "+<>=~",
    67: "ABEKPSVXY&",
    72: "CDHNRUwT",
    78: "GOQ",
    84: "mM",
    95: "W@%",
}
"""Hundredths of the font size, rounded up where letters share a row."""
WIDTHS = {letter: advance for advance, letters in ADVANCES.items() for letter in letters}
WIDEST = 100
MONOSPACED = 61


def width(text: str, size: int, *, mono: bool = False) -> int:
    """An upper estimate of the width of a text, in the unit of `size`."""
    hundredths = MONOSPACED * len(text) if mono else sum(WIDTHS.get(letter, WIDEST) for letter in text)
    return -(-hundredths * size // 100)


def fit(text: str, room: int, size: int) -> str:
    """The text, or as much of its beginning as there is room for, and an ellipsis."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(kept, size) + size > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
