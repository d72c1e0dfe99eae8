"""Lineage: a random graph walked as a plain walk in Python finds it, a whole chain, and no query that scans."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import history, listing
from ledger.drivers import Sqlite
from ledger.lineage import FIRST_MAX, Direction, Lineage, Sight, lineage
from ledger.query import END, tuples
from ledger.rows import Flow, Unit, numbered
from ledger.store import Store
from tests.book import Book, Chain, play


@pytest.fixture
def book(database: str) -> Iterator[Book]:
    with closing(Book(database)) as made:
        yield made


@dataclass
class Graph:
    """Units by number 0, 1, …; flows as (source, target, entry), rising; what may be seen of each unit."""

    size: int
    flows: list[tuple[int | None, int | None, int]]
    sight: dict[int, int | None]
    start: int
    direction: Direction
    depth: int | None
    as_of: int | None
    page: int


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 10))
    numbers = st.integers(0, size - 1)
    entries = st.integers(0, 19)
    pairs = draw(st.lists(st.tuples(numbers, numbers), max_size=25))
    flows: list[tuple[int | None, int | None, int]] = [(a, b, draw(entries)) for a, b in pairs if a < b]
    flows += [(None, number, draw(entries)) for number in draw(st.lists(numbers, max_size=4))]
    flows += [(number, None, draw(entries)) for number in draw(st.lists(numbers, max_size=4))]
    start = draw(numbers)
    sight = draw(st.dictionaries(numbers, st.one_of(st.none(), entries))) | {start: draw(st.one_of(st.none(), entries))}
    return Graph(
        size, flows, sight, start, draw(st.sampled_from(Direction)), draw(st.one_of(st.none(), st.integers(0, 4))),
        draw(st.one_of(st.none(), entries)), draw(st.integers(1, 12)),
    )  # fmt: skip


Plain = tuple[set[int], set[tuple[int | None, int | None, int]], set[int]]


def plainly(graph: Graph, sight: Mapping[int, int | None]) -> Plain:
    """Units, flows and frontier of a lineage, by relaxing every edge until nothing changes."""

    def until(number: int) -> int:
        limits = [limit for limit in (sight[number], graph.as_of) if limit is not None]
        return min(limits, default=END)

    away = {graph.start: 0}
    edges = []
    for source, target, entry in graph.flows:
        if source is not None and target is not None:
            edges.append((target, source, entry) if graph.direction is Direction.TO_SEED else (source, target, entry))
    for _ in range(graph.size):
        for near, far, entry in edges:
            if near in away and entry <= until(near) and far in sight and entry <= until(far):
                away[far] = min(away.get(far, END), away[near] + 1)
    units = {number for number, steps in away.items() if graph.depth is None or steps <= graph.depth}
    frontier = {near for near, far, entry in edges if near in units and entry <= until(near) and far not in units}
    flows = {
        flow for flow in graph.flows if all(end is None or (end in units and flow[2] <= until(end)) for end in flow[:2])
    }
    return units, flows, frontier


SIZE = 30
"""Entries between the graphs of two examples in one database."""


def drawn(store: Store, graph: Graph, base: int) -> list[int]:
    """Write a graph into the tables from entry `base` on; the ids of its units."""
    ids = [numbered(base + number, 0) for number in range(graph.size)]

    def id_of(number: int | None) -> int | None:
        return None if number is None else ids[number]

    nothing: list[Any] = [None] * 8
    units = [Unit(id_, f"{base}-{number}", "E", base + number, *nothing) for number, id_ in enumerate(ids)]
    flows = [
        Flow(base + entry, place, id_of(source), id_of(target), place + 1, None, "INTO")
        for place, (source, target, entry) in enumerate(graph.flows)
    ]
    with store.transaction():
        store.write([*units, *flows], {}, [])
    return ids


def paged(store: Store, unit: int, graph: Graph, **choices: Any) -> list[Lineage]:
    pages = [lineage(store, unit, graph.direction, first=graph.page, **choices)]
    while (after := pages[-1].next) is not None:
        pages.append(lineage(store, unit, graph.direction, first=graph.page, after=after, **choices))
    return pages


def same(store: Store, graph: Graph, base: int, ids: Sequence[int], sight: Sight | None) -> None:
    """The pages of a lineage are together what the plain walk finds."""
    numbers = {id_: number for number, id_ in enumerate(ids)}
    plain = graph.sight if sight else dict.fromkeys(range(graph.size))
    units, flows, frontier = plainly(graph, plain)
    as_of = None if graph.as_of is None else base + graph.as_of
    pages = paged(store, ids[graph.start], graph, depth=graph.depth, as_of=as_of, sight=sight)
    assert [unit.id for page in pages for unit in page.units] == [ids[number] for number in sorted(units)]
    shown = [
        (
            None if f.source is None else numbers[f.source],
            None if f.target is None else numbers[f.target],
            f.entry - base,
        )
        for page in pages
        for f in page.flows
    ]
    assert sorted(shown, key=str) == sorted((flow for flow in graph.flows if flow in flows), key=str)
    for place, page in enumerate(pages):
        assert page.total == len(units)
        last = place == len(pages) - 1
        assert len(page.units) == graph.page or last
        assert page.complete == (last and not frontier)
        edge = {f"{base}-{number}" for number in frontier} & {unit.code for unit in page.units}
        assert set(page.frontier) == (edge if last else edge | {page.units[-1].code})


@pytest.fixture
def bases() -> Callable[[], int]:
    """Each example has entries of its own."""
    taken = iter(range(0, 10_000_000, SIZE))
    return lambda: next(taken)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs())
def test_a_random_graph_is_walked_as_in_python(store: Store, bases: Callable[[], int], graph: Graph) -> None:
    base = bases()
    ids = drawn(store, graph, base)

    def sight(units: Sequence[Unit]) -> dict[int, int | None]:
        numbers = {ids.index(unit.id): unit.id for unit in units}
        seen = {id_: graph.sight[number] for number, id_ in numbers.items() if number in graph.sight}
        return {id_: None if entry is None else base + entry for id_, entry in seen.items()}

    same(store, graph, base, ids, sight)
    same(store, graph, base, ids, None)
    graph.depth = None
    same(store, graph, base, ids, None)


def codes_of(page: Lineage) -> set[str]:
    return {unit.code for unit in page.units}


def test_a_chain_is_walked_from_the_sale_to_the_mother_plant(book: Book) -> None:
    chain, store = play(book), book.store
    sold = chain.packages[0]
    found = lineage(store, book.id(sold), Direction.TO_SEED)
    assert codes_of(found) == {chain.mother, *chain.cuttings[:3], chain.lot, sold}
    assert (found.total, found.complete, found.frontier, found.next) == (6, True, [], None)
    lot, package = book.id(chain.lot), book.id(sold)
    told = [(f.source, f.target, f.mass, f.kind) for f in found.flows if lot in (f.source, f.target) and f.mass]
    # The lot's loss is shown; its other packages, its samples and its waste are on no way to this one.
    assert told == [
        (None, lot, 500_000, "INTO"),
        (lot, None, 400_000, "LOSS"),
        (lot, package, 1_000, "INTO"),
        (lot, None, 500, "LOSS"),
    ]
    assert found.flows[-1] == Flow(chain.entries["sold"], 0, package, None, 1_000, None, "SOLD")
    before = lineage(store, package, Direction.TO_SEED, as_of=chain.entries["packed"])
    assert before.flows == [flow for flow in found.flows if flow.entry <= chain.entries["packed"]]


def test_a_recall_finds_every_package_of_a_plant(book: Book) -> None:
    chain, store = play(book), book.store
    plant = book.id(chain.cuttings[0])
    found = lineage(store, plant, Direction.TO_SALE)
    assert codes_of(found) == {chain.cuttings[0], chain.lot, *chain.samples, *chain.packages, chain.waste}
    near = lineage(store, plant, Direction.TO_SALE, depth=1)
    assert (codes_of(near), near.complete, near.frontier) == ({chain.cuttings[0], chain.lot}, False, [chain.lot])
    early = lineage(store, plant, Direction.TO_SALE, as_of=chain.entries["packed"] - 1)
    assert codes_of(early) == {chain.cuttings[0], chain.lot, *chain.samples}


def test_what_is_out_of_sight_cuts_the_walk_and_is_not_counted(book: Book) -> None:
    chain, store = play(book), book.store
    asked: list[str] = []

    def sight(units: Sequence[Unit]) -> dict[int, int | None]:
        asked.extend(unit.code for unit in units)
        return {unit.id: chain.entries["taken"] for unit in units if unit.letter == "E"}

    found = lineage(store, book.id(chain.packages[0]), Direction.TO_SEED, sight=sight)
    assert (codes_of(found), found.total) == ({chain.packages[0]}, 1)
    assert (found.complete, found.frontier) == (False, [chain.packages[0]])
    assert found.flows == []  # its sale is later than what may be seen
    assert asked == [chain.packages[0], chain.lot]


def test_a_shipment_is_its_own_lineage_and_pages_have_bounds(book: Book) -> None:
    chain, store = play(book), book.store
    found = lineage(store, book.id(chain.shipment), Direction.TO_SEED)
    assert (codes_of(found), found.flows, found.complete) == ({chain.shipment}, [], True)
    for first in (0, FIRST_MAX + 1):
        with pytest.raises(ValueError, match="page"):
            lineage(store, book.id(chain.lot), Direction.TO_SALE, first=first)


def everything_is_asked(book: Book, chain: Chain) -> None:
    """Every query of lineage, history and lists."""
    store, lot = book.store, book.id(chain.lot)
    for direction in Direction:
        lineage(store, lot, direction)
        lineage(store, lot, direction, depth=2, as_of=40, first=2, after=lot - 1)
    history.history(store, lot, first=3, after=2)
    history.version_at(store, lot, 40)
    history.holds_at(store, [lot], 40)
    for chosen in (
        listing.EntryFilter(participant="shop-1"),
        listing.EntryFilter(action="sellPackages", first=3),
        listing.EntryFilter(key="k" * 43, last=50),
        listing.EntryFilter(unit=lot, participant="grower-1"),
    ):
        listing.entries(store, chosen, first=2, after=1)


COUNTED = """
version_open 11857 1|version_shipment 11857 371|version_holder 11857 1078|version 48769 5 1|key 49 1 1
key_open 48 1|key_participant 48 2|key_id 48 1|hold 8 1 1 1|flow_target 20154 2|flow_source 20154 3|flow 20154 5 1
unit_code 11857 1|act_sequence 5016 129 1|act_participant 5016 228 1|act_action 5016 180 1
"""
"""What SQLite's ANALYZE counts on a simulated ledger of 5,000 entries."""


def test_nothing_that_grows_is_scanned(new_database: Callable[..., str]) -> None:
    with closing(Book(new_database("sqlite"))) as book:
        chain = play(book)
        driver = book.store.driver
        assert isinstance(driver, Sqlite)
        # As counted on a long ledger: what SQLite then thinks of an index is what it plans by in service.
        book.store.analyze()
        for index, counts in re.findall(r"(\w+) ([0-9 ]+)", COUNTED):
            table = index.partition("_")[0]
            driver.run("DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx = ?", (table, index))
            driver.run("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", (table, index, counts))
        driver.run("ANALYZE sqlite_schema")
        texts: list[str] = []
        driver._connection.set_trace_callback(texts.append)
        everything_is_asked(book, chain)
        driver._connection.set_trace_callback(None)
        assert len(texts) > 20
        for text in texts:
            plan = [row[3] for row in tuples(book.store, f"EXPLAIN QUERY PLAN {text}")]
            steps = [step for step in plan if re.match(r"(SCAN|SEARCH) (act|entry|flow|hold|unit|version)\b", step)]
            # A search by a range alone, or by an index made for the query, is a scan under another name.
            assert all(step.startswith("SEARCH") and "=?" in step and "AUTOMATIC" not in step for step in steps), plan
            if "target IS NULL" in text:
                assert "flow_source" in plan[0], plan
