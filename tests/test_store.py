"""The store: what is written is what is read, on both engines; one head, one writer at a time, one snapshot."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from ledger.database import ERRORS
from ledger.errors import Fatal
from ledger.readers import Readers
from ledger.rows import STATE, Act, Cursor, Flow, Hold, Key, Life, Participant, Phase, Row, Site, Unit, Version
from ledger.state import State
from ledger.store import CHUNK, Head, Store
from ledger.tables import table


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def entries(count: int) -> list[tuple[bytes, bytes]]:
    return [(b'{"index":%d}' % number, digest(number)) for number in range(count)]


def sample(row: type[Row], number: int, /, **given: Any) -> Any:
    """A row in which every column has a value of its own."""
    fill = {int: number, str: f"w{number}", bytes: digest(number), bool: number % 2 == 0}
    values = {column.name: fill[column.type.python_type] for column in table(row).columns}
    if "until" in values:
        values["until"] = None
    return row(**{**values, **given})


def unit(number: int, since: int, **given: Any) -> Version:
    made: Version = sample(Version, number, unit=number, since=since, **given)
    return made


@pytest.fixture
def other(database: str) -> Iterator[Store]:
    """A second process's store, as far as the database can tell."""
    opened = Store.open(database)
    yield opened
    opened.close()


# The log


def test_entries_come_back_as_they_were_written(store: Store) -> None:
    count = 2 * CHUNK + 3
    with store.transaction():
        store.append_entries(0, entries(count - 1))
        store.append_entries(count - 1, entries(count)[-1:])
        store.append_entries(count, [])
    walked = [row for chunk in store.entries() for row in chunk]
    assert walked == [(index, *entry) for index, entry in enumerate(entries(count))]
    assert [row[0] for chunk in store.entries(5, 9) for row in chunk] == [5, 6, 7, 8]
    assert list(store.entries(count)) == []
    assert store.entry_bytes(7) == b'{"index":7}'
    assert store.entry_bytes(count) is None
    assert store.hashes(3, 2) == [digest(3), digest(4)]
    assert store.hashes(count - 1, 5) == [digest(count - 1)]


def test_tiles_are_read_from_hashes_and_from_the_roots_of_full_tiles(store: Store) -> None:
    with store.transaction():
        store.append_entries(0, entries(600))
        store.add_subtrees([(1, number, digest(10_000 + number)) for number in range(300)])
        store.add_subtrees([(2, 0, digest(20_000))])
        store.add_subtrees([])
    assert store.tile(0, 1, 256) == [digest(number) for number in range(256, 512)]
    assert store.tile(0, 2, 88) == [digest(number) for number in range(512, 600)]
    assert store.tile(1, 1, 44) == [digest(10_000 + number) for number in range(256, 300)]
    assert store.tile(2, 0, 1) == [digest(20_000)]


def test_the_first_note_of_a_size_is_kept(store: Store) -> None:
    with store.transaction():
        for size in (3, 1, 2):
            store.put_checkpoint(size, f"note {size}")
        store.put_checkpoint(2, "another")
    assert list(store.checkpoints()) == [(1, "note 1"), (2, "note 2"), (3, "note 3")]
    assert list(store.checkpoints(above=2)) == [(3, "note 3")]


def test_openings_are_kept_once(store: Store) -> None:
    with store.transaction():
        store.add_openings([(digest(1), b"s1", '"één"'), (digest(2), b"s2", '"b"')])
        store.add_openings([(digest(1), b"s1", '"één"')])
        store.add_openings([])
    assert store.opening(digest(1)) == (b"s1", '"één"')
    assert store.opening(digest(3)) is None


# The head


def test_the_head_moves_only_from_where_it_is(store: Store) -> None:
    assert store.head() is None
    first, second = Head(1, digest(1), "one"), Head(5, digest(5), "five")
    with store.transaction():
        store.swap_head(None, first)
    assert store.head() == first
    with store.transaction():
        assert store.head(lock=True) == first
        store.swap_head(first, second)
    for old in (None, first, Head(5, digest(1), "five")):
        with pytest.raises(Fatal), store.transaction():
            store.swap_head(old, Head(9, digest(9), "nine"))
    assert store.head() == second


# Transactions


def test_what_is_rolled_back_was_never_written(store: Store, other: Store) -> None:
    with pytest.raises(KeyError), store.transaction():
        store.append_entries(0, entries(3))
        store.write([unit(1, 0)], {}, [Cursor(1, 2, 3)])
        raise KeyError
    assert list(store.entries()) == []
    assert store.load(Version, "entity", (1,)) == []
    with other.transaction():  # nothing is locked any more
        other.append_entries(0, entries(1))
    assert store.entry_bytes(0) == entries(1)[0][0]


def test_what_is_not_committed_is_not_seen(store: Store, other: Store) -> None:
    store.begin()
    store.append_entries(0, entries(1))
    assert other.entry_bytes(0) is None
    store.commit()
    assert other.entry_bytes(0) is not None


def test_a_snapshot_does_not_move(store: Store, other: Store) -> None:
    with other.transaction():
        other.append_entries(0, entries(1))
    with store.snapshot():
        assert len(store.hashes(0, 9)) == 1
        with other.transaction():
            other.append_entries(1, entries(2)[1:])
        assert len(store.hashes(0, 9)) == 1
    assert len(store.hashes(0, 9)) == 2


def test_a_store_that_is_closed_half_way_leaves_nothing(database: str, store: Store) -> None:
    half = Store.open(database)
    half.begin()
    half.append_entries(0, entries(1))
    half.close()
    with store.transaction():
        assert store.entry_bytes(0) is None


def count_up(database: str, times: int) -> None:
    store = Store.open(database)
    for _ in range(times):
        with store.transaction():
            head = store.head(lock=True)
            assert head is not None
            store.append_entries(head.size, [(b"x", digest(head.size))])
            store.swap_head(head, Head(head.size + 1, digest(head.size), ""))
    store.close()


def test_two_processes_take_turns(database: str, store: Store) -> None:
    """Each reads the head, writes behind it and moves it; were one not waiting, it would be Fatal."""
    with store.transaction():
        store.swap_head(None, Head(0, digest(0), ""))
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=count_up, args=(database, 100)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    head = store.head()
    assert head is not None
    assert head.size == 200
    assert store.hashes(0, 300) == [digest(number) for number in range(200)]


# The state


@pytest.mark.parametrize("row", STATE, ids=lambda row: row.__name__)
def test_a_row_comes_back_as_it_was_written(store: Store, row: type[Row]) -> None:
    rows = [sample(row, number) for number in (3, 1, 2)]
    with store.transaction():
        if row.life is Life.CELL:
            store.write([], {}, rows)
        else:
            store.write(rows, {}, [])
    for way, columns in {"entity": row.entity, **row.indexes}.items():
        for one in rows:
            loaded = store.load(row, way, one.pick(columns))
            assert loaded == [one]
            assert [type(value) for value in loaded[0].pick(row.columns)] == [
                type(value) for value in one.pick(row.columns)
            ]
        keys = [one.pick(columns) for one in rows]
        absent = sample(row, 9).pick(columns)
        assert store.load_many(row, way, [*keys, absent, keys[0]]) == {
            **{key: [one] for key, one in zip(keys, rows, strict=True)},
            absent: [],
        }
        assert store.load_many(row, way, []) == {}
    assert list(store.scan(row)) == [sorted(rows, key=lambda one: one.pick(row.entity))]


@pytest.mark.parametrize("row", STATE, ids=lambda row: row.__name__)
def test_what_may_be_absent_comes_back_as_none(store: Store, row: type[Row]) -> None:
    absent = {column.name: None for column in table(row).columns if column.nullable}
    one = sample(row, 1, **absent)
    with store.transaction():
        store.write([] if row.life is Life.CELL else [one], {}, [one] if row.life is Life.CELL else [])
    assert store.load(row, "entity", one.pick(row.entity)) == [one]


def test_versions_follow_one_another(store: Store) -> None:
    with store.transaction():
        store.write([unit(1, 0), unit(2, 0, shipment=7)], {}, [])
    with store.transaction():
        ended = unit(1, 3, until=4)
        store.write([ended, unit(1, 4, holder="shop", shipment=7)], {(Version, (1,), 0): 3}, [])
    assert store.load(Version, "entity", (1,)) == [unit(1, 4, holder="shop", shipment=7)]
    assert {one.unit for one in store.load(Version, "shipment", (7,))} == {1, 2}
    walked = [one for chunk in store.scan(Version) for one in chunk]
    assert [(one.unit, one.since, one.until) for one in walked] == [(1, 0, 3), (1, 3, 4), (1, 4, None), (2, 0, None)]


def test_an_index_finds_all_rows_under_a_key(store: Store) -> None:
    phases = [sample(Phase, number, municipality="breda", product="HEMP") for number in range(5)]
    holds = [sample(Hold, number, unit=1) for number in range(3)]
    with store.transaction():
        store.write([*phases, *holds], {}, [])
        store.write([], {(Hold, (1, "w1"), 1): 9}, [])
    assert sorted(store.load(Phase, "place", ("breda", "HEMP")), key=lambda one: one.entry) == phases
    assert {one.authority for one in store.load(Hold, "unit", (1,))} == {"w0", "w2"}
    assert {one.authority for one in store.load_many(Hold, "unit", [(1,)])[(1,)]} == {"w0", "w2"}


@pytest.mark.parametrize("since", [5, 0])
def test_a_version_that_is_not_open_cannot_be_ended(store: Store, since: int) -> None:
    """One that is not there, and one that was ended before: what was read is not what is stored."""
    with store.transaction():
        store.write([unit(1, 0)], {}, [])
        store.write([], {(Version, (1,), 0): 2}, [])
    with pytest.raises(Fatal), store.transaction():
        store.write([], {(Version, (1,), since): 7}, [])


def test_cells_are_overwritten(store: Store) -> None:
    for number in range(3):
        with store.transaction():
            store.write([], {}, [Cursor(1, number, 0), Cursor(2, 10 * number, 0)])
    assert list(store.scan(Cursor)) == [[Cursor(1, 2, 0), Cursor(2, 20, 0)]]


def test_a_walk_over_a_table_keeps_the_order_of_its_key_over_all_chunks(store: Store) -> None:
    flows: list[Flow] = [sample(Flow, number, entry=number // 3, place=number % 3) for number in range(CHUNK + 500)]
    with store.transaction():
        store.write(reversed(flows), {}, [])
    chunks = list(store.scan(Flow))
    assert [len(chunk) for chunk in chunks] == [CHUNK, 500]
    assert [one for chunk in chunks for one in chunk] == flows


def test_text_is_ordered_by_its_bytes(store: Store) -> None:
    """On both engines alike, whatever the locale of the server is: the state digest depends on it."""
    names = ["Z", "a", "a-b", "a1", "ab", "b"]
    with store.transaction():
        store.write([sample(Site, 1, participant=name) for name in reversed(names)], {}, [])
    assert [one.participant for chunk in store.scan(Site) for one in chunk] == names


def test_what_a_state_gathered_is_what_is_read_afterwards(store: Store) -> None:
    state = State(store.load)
    state.add(sample(Participant, 1, participant="grower", since=0))
    state.add(sample(Key, 1, number=1, since=0))
    state.add(Cursor(1, 1, 0))
    with store.transaction():
        store.write(state.born.values(), state.closed, state.cells.values())
    again = State(store.load)
    grower = again.get(Participant, "grower")
    assert grower is not None
    once = again.change(grower, 4, intake_plants=10)
    again.change(once, 6, intake_plants=20)
    key = again.get(Key, 1)
    assert key is not None
    again.change(key, 6, revoked=6)
    with store.transaction():
        store.write(again.born.values(), again.closed, again.cells.values())
    versions = [one for chunk in store.scan(Participant) for one in chunk]
    assert [(one.since, one.until, one.intake_plants) for one in versions] == [(0, 4, 1), (4, 6, 10), (6, None, 20)]
    found = store.load(Key, "id", ("w1",))
    assert [one.revoked for one in found] == [6]


# Rebuilding


def refuses_to_delete(store: Store, row: type[Row]) -> None:
    with pytest.raises(ERRORS, match="is refused"), store.transaction():
        store.driver.run(f'DELETE FROM "{row.table}"')


def test_the_state_can_be_emptied_and_written_anew(store: Store) -> None:
    rows = [sample(row, 1) for row in STATE if row.life is not Life.CELL]
    with store.transaction():
        store.append_entries(0, entries(1))
        store.write(rows, {}, [Cursor(1, 2, 3)])
    with store.transaction():
        store.clear_projections()
        assert all(not list(store.scan(row)) for row in STATE)
        store.write(rows[:1], {}, [])
    assert list(store.scan(type(rows[0]))) == [rows[:1]]
    assert store.entry_bytes(0) is not None
    refuses_to_delete(store, type(rows[0]))


def test_emptying_that_is_rolled_back_changes_nothing(store: Store) -> None:
    act = sample(Act, 1)
    with store.transaction():
        store.write([act], {}, [])
    with pytest.raises(KeyError), store.transaction():
        store.clear_projections()
        raise KeyError
    assert list(store.scan(Act)) == [[act]]
    refuses_to_delete(store, Act)


def test_the_code_of_a_unit_is_never_used_twice(store: Store) -> None:
    with pytest.raises(ERRORS), store.transaction():
        store.write([sample(Unit, 1, code="P1"), sample(Unit, 2, code="P1")], {}, [])


def test_after_counting_everything_is_still_found(store: Store) -> None:
    with store.transaction():
        store.write([unit(number, 0) for number in range(1000)], {}, [])
    store.analyze()
    assert store.load(Version, "entity", (77,)) == [unit(77, 0)]


def test_a_reader_outlives_a_restart_of_the_server(new_database: Callable[..., str]) -> None:
    database = new_database("postgresql")
    readers = Readers(database, size=1)
    with readers.read() as store:
        [(before,)] = store.driver.all("SELECT pg_backend_pid()")
    with psycopg.connect(database) as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 10000)", (before,))
    with readers.read() as store:
        [(after,)] = store.driver.all("SELECT pg_backend_pid()")
    assert after != before
    readers.close()
