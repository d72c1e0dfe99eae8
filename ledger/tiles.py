"""Tiles (C2SP tlog-tiles): the tree and the entries as files that never change.

Tile N of level L holds 256 hashes, each over 256**L leaves; a partial tile its first W. A bundle holds 256
entries. `tile/0/x001/234.p/5`: level 0, number 1234, the first five hashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from ledger.canonical import INTEGER_MAX
from ledger.errors import Malformed

WIDTH = 256
"""Hashes of a full tile, entries of a full bundle."""
LEVEL_MAX = 63

Level = int | Literal["entries"]

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


def path(level: Level, number: int, width: int = WIDTH) -> str:
    """Where the tile stands under the ledger's prefix; without slash in front."""
    assert 1 <= width <= WIDTH
    groups = f"{number:,}".split(",")
    groups[0] = groups[0].zfill(3)
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/" + "".join([f"x{group}/" for group in groups[:-1]]) + groups[-1] + partial


def parse(text: str) -> tuple[Level, int, int]:
    """Level (or `entries`), number and width of a path. Raises Malformed."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise Malformed("not the path of a tile")
    level: Level = "entries" if match[1] == "entries" else int(match[1])
    number = int(match[2].replace("x", "").replace("/", ""))
    width = WIDTH if match[3] is None else int(match[3])
    if (level != "entries" and level > LEVEL_MAX) or not 1 <= width <= WIDTH or number > INTEGER_MAX:
        raise Malformed("no such tile")
    if path(level, number, width) != text:
        raise Malformed("not the one path of this tile")
    return level, number, width


def bundle(entries: Iterable[bytes]) -> bytes:
    """The entries, each after its length in two bytes."""
    return b"".join([len(entry).to_bytes(2) + entry for entry in entries])


def unbundle(data: bytes) -> list[bytes]:
    """The entries of a bundle, 1 to 256, none empty. Raises Malformed."""
    entries = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start])
        entries.append(data[start:at])
    if at != len(data) or not all(entries) or not 1 <= len(entries) <= WIDTH:
        raise Malformed("not a bundle of entries")
    return entries
