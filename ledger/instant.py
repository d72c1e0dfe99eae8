"""Timestamps: `YYYY-MM-DDTHH:MM:SS.sssZ` and integer milliseconds since 1970 UTC, nothing else.

Integer arithmetic only. What decides validity must not depend on a time zone data base, a locale or the
range of a library's date type. The conversions count days of the proleptic Gregorian calendar in years
that begin in March, so that the leap day comes last.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ledger.errors import Malformed

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_FORM = re.compile(r"([2-9][0-9]{3})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097
"""Days in 400 years."""
_EPOCH = 719_468
"""Days from 1 March of year 0 to 1 January 1970."""


# All entries of a submission have the same times, so most are asked for again at once.
@lru_cache(maxsize=4_096)
def millis(text: str) -> int:
    """Milliseconds of a timestamp of exactly 24 characters, years 2000 to 9999, no second 60.

    Raises Malformed, for dates that the calendar lacks too.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise Malformed("not a timestamp")
    year, month, day, hour, minute, second, thousandth = map(int, form.groups())
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] + leap):
        raise Malformed("no such date")
    if not (hour < 24 and minute < 60 and second < 60):
        raise Malformed("no such time of day")
    march_year = year - (month < 3)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = 365 * march_year + march_year // 4 - march_year // 100 + march_year // 400 + day_of_year - _EPOCH
    return days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + thousandth


@lru_cache(maxsize=4_096)
def text(millis: int) -> str:
    """The timestamp of these milliseconds. Raises Malformed outside the years 2000 to 9999."""
    if not MILLIS_MIN <= millis <= MILLIS_MAX:
        raise Malformed("a time outside the years 2000 to 9999")
    days, rest = divmod(millis, DAY)
    era, day_of_era = divmod(days + _EPOCH, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    year = 400 * era + year_of_era + (month >= 10)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    second, thousandth = divmod(rest, SECOND)
    return f"{year:04}-{(month + 2) % 12 + 1:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z"


MILLIS_MIN = millis("2000-01-01T00:00:00.000Z")
MILLIS_MAX = millis("9999-12-31T23:59:59.999Z")
