"""Pages of connections: opaque cursors that stay valid, because each encodes a place in the ledger."""

from __future__ import annotations

import strawberry

from ledger import keys
from ledger.errors import Malformed
from ledger.fields import INTEGER_MAX
from schema.limits import RequestError, given


@strawberry.type
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None


def cursor(place: int) -> str:
    """The cursor of an entry index, or of the id of a unit, which begins with one."""
    return keys.b64url(str(place).encode())


def place(after: str | None) -> int | None:
    """What a cursor encodes. Raises BAD_REQUEST for what no page gave."""
    after = given(after)
    if after is None:
        return None
    try:
        text = keys.unb64url(after).decode("ascii")
    except (Malformed, UnicodeDecodeError):
        text = ""
    if not (text.isdigit() and len(text) <= 16 and str(int(text)) == text and int(text) <= INTEGER_MAX):
        raise RequestError("BAD_REQUEST", "`after` is no cursor that a page gave.")
    return int(text)


def page_info(places: list[int], more: bool) -> PageInfo:
    """The end of a page that shows these places."""
    return PageInfo(has_next_page=more, end_cursor=cursor(places[-1]) if places else None)
