"""Two tables side by side, each in the order of its key, whatever somebody put into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.drivers import Values


def paired(
    left: Iterator[Values], right: Iterator[Values], width: int
) -> Iterator[tuple[Values | None, Values | None]]:
    """The rows of both by their first `width` columns, in whose order they come; None where one lacks a row."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        mark = None if one is None else _order(one[:width])
        its_mark = None if other is None else _order(other[:width])
        take = its_mark is None or (mark is not None and mark <= its_mark)
        its_take = mark is None or (its_mark is not None and its_mark <= mark)
        yield one if take else None, other if its_take else None
        one = next(left, None) if take else one
        other = next(right, None) if its_take else other


def _order(key: Values) -> list[tuple[int, Any]]:
    """In the order of SQLite, which takes any type anywhere: NULL, numbers, texts, bytes."""
    return [_place(value) for value in key]


def _place(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    if isinstance(value, bytes):
        return 3, value
    return (2, value.encode(errors="surrogateescape")) if isinstance(value, str) else (1, value)
