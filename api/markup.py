"""HTML and SVG built from parts, and the one place where text is escaped.

A page is made of `tag()` alone. Text that is not `Markup` is escaped, and a link that leaves this host is
an error: what a participant wrote can become neither an element nor a load, whoever writes the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import quote


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


LINKS = frozenset({"action", "href", "src"})
INWARD = re.compile(r"(?:/(?![/\\])|[?#])[!-~]*|data:,")
"""A path, query or fragment of this host, or the empty document; no `//host`, which `/\\host` is to a browser."""

EMPTY = frozenset({"br", "input", "link", "meta", "path", "rect"})
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 forbids or discourages, lone surrogates among it: they cannot be sent as UTF-8."""


def escape(text: str) -> Markup:
    """Text as it stands between tags or between the quotes of an attribute."""
    return text if isinstance(text, Markup) else Markup(html.escape(UNPRINTABLE.sub("\ufffd", text)))


def quoted(text: str) -> str:
    """Text as one segment of a path or one value of a query."""
    return quote(text, safe="", errors="replace")


def joined(parts: Iterable[str | None]) -> Markup:
    """Parts one after another, escaped; None is nothing."""
    return Markup("".join(escape(part) for part in parts if part is not None))


def tag(name: str, /, *parts: str | None, **attributes: str | int | bool | None) -> Markup:
    """An element with its parts and attributes.

    Attributes are written as Python spells them: `class_`, `stroke_width`. True has no value, None and
    False leave the attribute out. Raises ValueError for a link that is not one of this host.
    """
    opening = [name]
    for spelled, value in attributes.items():
        attribute = spelled.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if attribute in LINKS and not INWARD.fullmatch(str(value)):
            raise ValueError(f"{attribute} leaves this host: {value!r}")
        opening.append(attribute if value is True else f'{attribute}="{escape(str(value))}"')
    if name in EMPTY:
        return Markup(f"<{' '.join(opening)}/>")
    return Markup(f"<{' '.join(opening)}>{joined(parts)}</{name}>")
