"""History and lists: what entries touched a unit, what was true at an entry or a time, pages with exact counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from ledger import instant
from ledger.entry import recorded_of
from ledger.history import Page, history, holds_at, index_at, version_at
from ledger.listing import EntryFilter, Roll, entries, participants
from ledger.rows import Act, Version
from tests.book import Book, Chain, play
from tests.ledgers import PARTIES


@pytest.fixture
def book(database: str) -> Iterator[Book]:
    with closing(Book(database)) as made:
        yield made


@pytest.fixture
def chain(book: Book) -> Chain:
    return play(book)


def walked(ask: Callable[[int | None], Page]) -> list[int]:
    """All pages of a list, each with the same count."""
    page = ask(None)
    found, total = list(page.indexes), page.total
    while page.next is not None:
        assert page.next == page.indexes[-1]
        page = ask(page.next)
        assert page.indexes
        assert page.total == total
        found += page.indexes
    assert len(found) == total
    return found


def test_the_history_of_a_unit_is_every_entry_that_touched_it(book: Book, chain: Chain) -> None:
    store, lot = book.store, book.id(chain.lot)
    found = walked(lambda after: history(store, lot, first=3, after=after))
    told = [act.action for index in found for act in store.load(Act, "entity", (index,))]
    assert told == [
        "harvestPlants", "dryLot", "takeSamples", "recordResult", "packLot", "recordLoss", "recordLoss",
        "collectWaste", "holdUnits", "releaseUnits",
    ]  # fmt: skip
    held = found[-2]
    early = walked(lambda after: history(store, lot, first=3, after=after, as_of=held))
    assert early == found[:-1]
    assert history(store, lot, first=10).next is None
    assert history(store, lot, first=9).next == held


def test_a_unit_is_seen_as_it_was_at_any_entry(book: Book, chain: Chain) -> None:
    store, package = book.store, book.id(chain.packages[0])
    assert version_at(store, package, chain.entries["packed"] - 1) is None
    seen = {
        (version.status, version.holder)
        for index in range(chain.entries["packed"], book.size)
        if (version := version_at(store, package, index))
    }
    assert seen == {
        ("STOCK", "grower-1"), ("READY", "grower-1"), ("UNDERWAY", "grower-1"), ("STOCK", "shop-1"), ("SOLD", None),
    }  # fmt: skip
    sold = version_at(store, package, chain.entries["sold"])
    assert sold == book.version(chain.packages[0])
    before = version_at(store, package, chain.entries["sold"] - 1)
    assert isinstance(before, Version)
    assert (before.status, before.until) == ("STOCK", chain.entries["sold"])


def test_a_hold_is_open_from_its_entry_to_its_release(book: Book, chain: Chain) -> None:
    store, lot, held = book.store, book.id(chain.lot), chain.entries["held"]
    assert holds_at(store, [lot], held - 1) == []
    [hold] = holds_at(store, [book.id(chain.packages[0]), lot], held)
    assert (hold.unit, hold.authority, hold.reason, hold.since) == (lot, "ijenv", "RECALL", held)
    assert hold.until == held + 1
    assert holds_at(store, [lot], held + 1) == []


def test_a_time_is_the_last_entry_recorded_by_then(book: Book) -> None:
    store = book.store
    times = [recorded_of(data) for chunk in store.entries() for _, data, _ in chunk]
    assert times == sorted(times)
    for time in {moment + more for moment in times for more in (-1, 0, 1)}:
        by_then = [index for index, moment in enumerate(times) if moment <= time]
        assert index_at(store, time) == (by_then[-1] if by_then else None)
    assert index_at(store, instant.millis("2000-01-01T00:00:00.000Z")) is None


CHOSEN = [  # a key by its participant
    EntryFilter(),
    EntryFilter(first=7, last=21),
    EntryFilter(first=21, last=7),
    EntryFilter(last=10_000),
    EntryFilter(participant="grower-1"),
    EntryFilter(participant="grower-1", first=50, last=60),
    EntryFilter(participant="nobody"),
    EntryFilter(action="recordLoss"),
    EntryFilter(action="recordLoss", participant="shop-1"),
    EntryFilter(key="ministry"),
    EntryFilter(key="ministry", action="setParameter", last=45),
    EntryFilter(key="k" * 43),
]


@pytest.mark.usefixtures("chain")
def test_entries_are_chosen_by_what_they_are(book: Book) -> None:
    store = book.store
    acts = [act for index in range(book.size) for act in store.load(Act, "entity", (index,))]
    counts = []
    for chosen in CHOSEN:
        expected = [
            act.entry
            for act in acts
            if chosen.participant in (None, act.participant)
            and chosen.action in (None, act.action)
            and chosen.key in (None, act.participant)
            and (chosen.first or 0) <= act.entry <= (act.entry if chosen.last is None else chosen.last)
        ]
        key = book.key(chosen.key).id if chosen.key in PARTIES or chosen.key == "ministry" else chosen.key
        asked = replace(chosen, key=key)
        assert walked(lambda after, asked=asked: entries(store, asked, first=4, after=after)) == expected  # type: ignore[misc]
        counts.append(len(expected))
    assert counts == [74, 15, 0, 74, 20, 10, 0, 5, 1, 37, 5, 0]


def test_entries_of_a_unit_are_its_history(book: Book, chain: Chain) -> None:
    store, lot = book.store, book.id(chain.lot)
    everything = history(store, lot, first=100).indexes
    assert walked(lambda after: entries(store, EntryFilter(unit=lot), first=3, after=after)) == everything
    by_grower = entries(store, EntryFilter(unit=lot, participant="grower-1", first=everything[1]), first=100)
    assert by_grower.indexes == [
        i for i in everything[1:] if store.load(Act, "entity", (i,))[0].participant == "grower-1"
    ]
    assert by_grower.total == len(by_grower.indexes) == 6


def test_participants_stand_in_the_order_of_their_registration(book: Book) -> None:
    store = book.store
    names: list[str] = []
    roll: Roll | None = None
    while roll is None or roll.next is not None:
        roll = participants(store, first=3, after=roll.next if roll else None)
        assert roll.total == 1 + len(PARTIES)
        names += [row.participant for row in roll.participants]
    assert names == ["ministry", *PARTIES]  # also those that changed since
    growers = participants(store, first=1, kind="GROWER")
    assert [row.participant for row in growers.participants] == ["grower-1"]
    assert growers.total == 2
    rival = participants(store, first=1, kind="GROWER", after=growers.next)
    assert [(row.participant, rival.next) for row in rival.participants] == [("grower-2", None)]
    assert [row.participant for row in participants(store, first=5, municipality="breda").participants] == ["shop-1"]
    assert participants(store, first=5, municipality="breda", kind="GROWER") == Roll([], 0, None)
