"""Mass balances: every period of every participant closes to the milligram, and a changed row does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger import instant
from ledger.balance import IN, OUT, balance, balance_between, conservation
from ledger.entry import recorded_of
from ledger.store import Store
from tests.book import Book, Chain, play
from tests.ledgers import PARTIES, make_ledger


@pytest.fixture
def book(database: str) -> Iterator[Book]:
    with closing(Book(database)) as made:
        yield made


@pytest.fixture
def chain(book: Book) -> Chain:
    return play(book)


LETTERS = "PBMEW"


def test_the_lines_are_those_of_the_chain(book: Book, chain: Chain) -> None:
    found = balance(book.store, "grower-1", 0, book.size - 1)
    lines = {line: getattr(found, line) for line in (*IN, *OUT, "made", "used")}
    assert lines == {
        "opening": {},
        "harvested": {"B": 500_000},
        "weighed": {"P": 50_000},
        "taken_over": {"E": 1_000},  # what the shop sent back
        "handed_over": {"E": 6_000},
        "sold": {},
        "loss": {"B": 400_500, "E": 1_000, "W": 1_000},  # dried and stolen; missing under way; weighed less
        "destroyed": {"W": 51_000},
        "closing": {"B": 86_600, "E": 4_000, "M": 900},
        "made": {"E": 10_000, "M": 900, "W": 52_000},
        "used": {"B": 12_900, "P": 50_000},
    }
    shop = balance(book.store, "shop-1", 0, book.size - 1)
    assert {line: shop.total(line) for line in (*IN, *OUT)} == {
        "opening": 0, "harvested": 0, "weighed": 0, "taken_over": 6_000,
        "handed_over": 1_000, "sold": 2_000, "loss": 0, "destroyed": 1_000, "closing": 2_000,
    }  # fmt: skip
    assert book.version(chain.lot).mass == 86_600


@pytest.mark.usefixtures("chain")
def test_every_period_closes_and_begins_where_the_one_before_ended(book: Book) -> None:
    store, end = book.store, book.size - 1
    cuts = sorted({0, *range(end - 30, end, 3), end})
    for name in ("ministry", *PARTIES):
        closing_before: dict[str, int] = {}
        for first, after in zip(cuts, [*cuts[1:], end + 1], strict=True):
            found = balance(store, name, first, after - 1)
            assert found.difference == 0
            assert [found.difference_of(letter) for letter in LETTERS] == [0] * len(LETTERS)
            assert found.opening == closing_before
            closing_before = found.closing
        whole = balance(store, name, 0, end)
        assert whole.closing == closing_before
        assert whole.difference == 0
    empty = balance(store, "grower-1", end - 10, end - 11)
    assert empty.opening == empty.closing != {}
    assert empty.difference == empty.total("made") == 0


def test_a_ledger_with_every_action_conserves_mass(database: str) -> None:
    made = make_ledger(database, chains=2)
    with closing(Store.open(database)) as store:
        assert conservation(store).units == []
        found = {name: balance(store, name, 0, made.size - 1) for name in PARTIES}
    assert {name: one.difference for name, one in found.items()} == dict.fromkeys(PARTIES, 0)
    assert found["shop-1"].total("sold") > 0


def test_a_period_of_times_is_that_of_the_entries_recorded_in_it(book: Book, chain: Chain) -> None:
    store = book.store
    times = [recorded_of(data) for chunk in store.entries() for _, data, _ in chunk]
    first, last = chain.entries["packed"], chain.entries["sold"]
    found = balance_between(store, "shop-1", times[first], times[last])
    assert (found.first, found.last) == (first, last - 1)  # the end is not part of it
    assert found == balance(store, "shop-1", first, last - 1)
    assert found.total("sold") == 0
    assert balance_between(store, "shop-1", times[first], times[last] + 1).total("sold") == 2_000
    before = balance_between(store, "shop-1", 0, instant.millis("2020-01-01T00:00:00.000Z"))
    assert (before.first, before.last, before.difference) == (0, -1, 0)


def test_the_whole_ledger_conserves_mass(book: Book, chain: Chain) -> None:
    found = conservation(book.store)
    assert found.entered == 550_000
    assert found.left == {"DESTROYED": 52_000, "LOSS": 402_500, "SOLD": 2_000}
    assert found.held == 86_600 + 4_000 + 900 + 2_000
    assert (found.units, found.difference) == ([], 0)
    assert book.version(chain.packages[9]).mass == 1_000


@pytest.mark.parametrize(
    ("table", "change", "uneven"),
    [
        ("flow", "UPDATE flow SET mass = mass + 1 WHERE kind = 'SOLD'", "sold"),
        ("version", "UPDATE version SET mass = mass - 7 WHERE until IS NULL AND status = 'SAMPLED'", "lot"),
        ("flow", "DELETE FROM flow WHERE kind = 'DESTROYED'", "destroyed"),
    ],
)
def test_a_changed_row_shows(book: Book, chain: Chain, table: str, change: str, uneven: str) -> None:
    store = book.store
    with store.transaction(), store.mutable(table):
        assert store.driver.run(change) > 0
    units = {"sold": chain.packages[:2], "lot": [chain.lot], "destroyed": [chain.waste, chain.packages[2]]}[uneven]
    found = conservation(store)
    assert found.units == sorted(book.id(code) for code in units)
    assert conservation(store, units_max=1).units == found.units[:1]
    assert found.difference != 0
    owners = {"sold": "shop-1", "lot": "grower-1", "destroyed": "grower-1"}
    assert balance(store, owners[uneven], 0, book.size - 1).difference != 0
