"""Timestamps of the ledger: exactly 24 characters, `2026-01-05T09:00:00.000Z` (format section 2).

Inside the package an instant is a number of milliseconds since 1970 in UTC.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from .errors import Malformed

SECOND = 1_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"([2-9][0-9]{3})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")


@lru_cache(4096)
def millis(text: object) -> int:
    """The instant of a timestamp. Raises Malformed for another form or a date that does not exist."""
    found = _FORM.fullmatch(text) if isinstance(text, str) and len(text) == 24 and text.isascii() else None
    if found is None:
        raise Malformed("timestamp")
    year, month, day, hour, minute, second, fraction = map(int, found.groups())
    try:
        date = datetime(year, month, day, hour, minute, second, fraction * 1000, UTC)
    except ValueError:
        raise Malformed("timestamp") from None
    return (date - _EPOCH) // timedelta(milliseconds=1)


def text(instant: int) -> str:
    """The 24 characters of an instant. Raises Malformed outside the years 2000 to 9999."""
    try:
        date = _EPOCH + timedelta(milliseconds=instant)
    except OverflowError:
        raise Malformed("timestamp") from None
    if date.year < 2000:
        raise Malformed("timestamp")
    return date.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def now() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
