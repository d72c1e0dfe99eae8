"""Queries of the files that only read: rows by any condition, past versions too, over a store's connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ledger.drivers import Values
from ledger.rows import Row
from ledger.store import Store

R = TypeVar("R", bound=Row)

END = 2**53
"""Above every entry index: where no last entry is given."""


def tuples(store: Store, text: str, values: Sequence[Any] = ()) -> list[Any]:
    """The rows, as tuples, that a query with `?` for its values finds."""
    return store.driver.all(text, values)


def rows(store: Store, row: type[R], rest: str, values: Sequence[Any] = ()) -> list[R]:
    """The rows of a class that the rest of a query (`WHERE …`) picks."""
    texts = store.texts[row]
    return texts.made(tuples(store, f"{texts.select} {rest}", values))


def among(store: Store, row: type[R], names: Sequence[str], keys: Iterable[Values], also: str = "TRUE") -> list[R]:
    """The rows of a class whose columns are one of many keys, and for which `also` holds."""
    texts = store.texts[row]
    kinds = {name: texts.columns[name] for name in names}
    return texts.made(store.driver.among(texts.select, kinds, also, list(keys)))
