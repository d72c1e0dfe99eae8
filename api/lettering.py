"""How wide a text will be, without a font at hand: in the widest that a browser may choose, DejaVu Sans."""

from __future__ import annotations

ADVANCES = {
    28: "'ijl",
    32: " ,.·I",
    34: "/:;\\|",
    37: "-f",
    40: "()[]t",
    42: "!r",
    53: '"*`sz',
    56: "?Jc_–",
    60: "Lkvxy",
    62: "FTaeo",
    64: "$0123456789bdghnpqu{}",
    67: "EKPSY",
    69: "ABVXZ",
    73: "CRU",
    76: "HN",
    79: "&DGOQ",
    84: "#+<=>w~",
    87: "M",
    98: "%m",
}
"""Hundredths of the font size, the larger of DejaVu Sans and Helvetica, rounded up where letters share a row."""
WIDTHS = {letter: advance for advance, letters in ADVANCES.items() for letter in letters}
WIDEST = 100
BOLD = 115
"""Hundredths of the width of the same words that are not bold."""
MONOSPACED = 61


def width(text: str, size: int, *, bold: bool = False, mono: bool = False) -> int:
    """An upper estimate of the width of a text, in the unit of `size`."""
    hundredths = MONOSPACED * len(text) if mono else sum(WIDTHS.get(letter, WIDEST) for letter in text)
    return -(-hundredths * size * (BOLD if bold and not mono else 100) // 10_000)


def fit(text: str, room: int, size: int, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for, and an ellipsis."""
    if width(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and width(kept, size, bold=bold) + size > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
