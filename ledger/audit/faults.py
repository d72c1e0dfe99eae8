"""What an audit found, in order and bounded: the first entry at fault comes first, however many follow."""

from __future__ import annotations

from bisect import insort
from dataclasses import replace
from typing import Any

from ledger.errors import FAULTS, Fault

DEPTHS = ("chain", "signatures", "custody", "projections")
"""The depths of an audit, in the order in which they rest on one another."""

NO_DOUBT = {
    "TREE_ROOT",
    "CHECKPOINT_SIGNATURE",
    "CHECKPOINT_SPLIT",
    "CHECKPOINT_ROLLBACK",
    "TAIL_MISSING",
    "PROJECTION_DIFFERS",
    "OPENING_DIFFERS",
}
"""Faults of what stands beside the entries; the bytes of the entry that they name are not in doubt."""

_CODES = {code: rank for rank, code in enumerate(FAULTS)}
_TEXT_MAX = 400

Rank = tuple[bool, int, int, int]


def _rank(fault: Fault) -> Rank:
    return (fault.index is None, fault.index or 0, _CODES[fault.code], DEPTHS.index(fault.depth))


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"


class Faults:
    """The first `most` faults by index, and how many there are; what names no entry comes last."""

    def __init__(self, most: int) -> None:
        self.total = 0
        self.faulty: set[str] = set()
        """Depths in which something is wrong."""
        self.undecided: set[str] = set()
        """Depths that did not come to an end."""
        self.first_doubt: int | None = None
        """The first entry at fault: from there on the state is not known for certain."""
        self._most = most
        self._kept: list[tuple[Rank, int, Fault]] = []
        self._doubted: set[int] = set()

    def add(self, code: str, index: int | None, depth: str, message: str, **more: Any) -> None:
        """Note a fault; `rule`, `unit`, `expected` and `found` as in `ledger.errors.Fault`."""
        self.put(Fault(code, index, depth, message, **more))

    def put(self, fault: Fault) -> None:
        """Note a fault."""
        self.total += 1
        (self.undecided if fault.code == "EDITION_UNKNOWN" else self.faulty).add(fault.depth)
        if fault.index is not None and fault.code not in NO_DOUBT:
            self.first_doubt = fault.index if self.first_doubt is None else min(fault.index, self.first_doubt)
            if len(self._doubted) < self._most:
                self._doubted.add(fault.index)
        fault = replace(fault, expected=_shortened(fault.expected), found=_shortened(fault.found))
        insort(self._kept, (_rank(fault), self.total, fault))
        del self._kept[self._most :]

    def doubts(self, index: int) -> bool:
        """Whether an entry was found at fault already; of very many faults only the first are remembered."""
        return index in self._doubted

    def within(self, first: int, end: int) -> int | None:
        """The first entry at fault among those from `first` up to `end`."""
        found = (fault.index for _, _, fault in self._kept if fault.index is not None)
        return next((index for index in found if first <= index < end), None)

    def ordered(self) -> list[Fault]:
        """The faults by index."""
        return [fault for _, _, fault in self._kept]

    def verdict(self, depth: str) -> str:
        """Of one depth."""
        return "faulty" if depth in self.faulty else "undecided" if depth in self.undecided else "intact"
