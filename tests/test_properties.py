"""Does mass stay what it is, whatever happens? Random histories through `accept()` on a real store.

After each group: nothing is created or lost but by a flow, the tables are what a replay of the same submissions gives;
at the end the audit finds the ledger intact and every participant's balance closes.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.audit import audit
from ledger.balance import balance
from ledger.canonical import b64
from ledger.editions import EDITIONS
from ledger.query import tuples
from ledger.rows import STATE, Participant, Row
from tests.acts import ACTS
from tests.histories import Choice, History, Start, begin
from tests.ledgers import ORIGIN
from tests.ledgers.golden import Replay, submissions

NUMBERS = st.lists(st.integers(0, 2**16 - 1), min_size=4, max_size=60)
HISTORIES = st.lists(NUMBERS, min_size=1, max_size=40)
"""A list of groups, each a stream of choices."""

_HELD = "SELECT COALESCE(SUM(mass + lost), 0) FROM version WHERE until IS NULL"
_IN = "SELECT COALESCE(SUM(mass), 0) FROM flow WHERE source IS NULL"
_OUT = "SELECT COALESCE(SUM(mass), 0) FROM flow WHERE target IS NULL"
_NEGATIVE = "SELECT unit FROM version WHERE mass < 0 OR lost < 0 OR underway < 0"
_NO_FLOW = "SELECT entry FROM flow WHERE COALESCE(mass, 1) < 1 OR COALESCE(pieces, 1) < 1"
_NOT_ONE = """
SELECT unit.code FROM unit LEFT JOIN version ON version.unit = unit.id AND version.until IS NULL
GROUP BY unit.id HAVING COUNT(version.unit) <> 1
"""
_UNDERWAY = """
SELECT shipment.unit FROM version AS shipment JOIN unit ON unit.id = shipment.unit
WHERE unit.letter = 'S' AND shipment.until IS NULL AND shipment.underway <> (
  SELECT COUNT(*) FROM version AS package
  WHERE package.shipment = shipment.unit AND package.until IS NULL AND package.status = 'UNDERWAY'
)
"""
_TORN = """
SELECT before.unit FROM version AS before LEFT JOIN version AS after
ON after.unit = before.unit AND after.since = before.until WHERE before.until IS NOT NULL AND after.unit IS NULL
"""


@pytest.fixture(scope="module")
def start(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    path = tmp_path_factory.mktemp("start") / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    return begin(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


_files = itertools.count()


def follow(start: Start, folder: Path, groups: list[list[int]]) -> Counter[str]:
    """Live one history and look at everything; how often each act was accepted."""
    path = folder / f"{next(_files)}.db"
    history = History(start, path)
    try:
        entries = [data for chunk in history.store.entries() for _, data, _ in chunk]
        replay = Replay()
        for submission, time in submissions(ORIGIN, entries):
            replay.add(submission, time)
        done: Counter[str] = Counter()
        for numbers in groups:
            choice = Choice(numbers)
            acts = [choice.of(ACTS)(history, choice) for _ in range(1 + choice.below(2))]
            for action, submission in history.group(acts, choice):
                replay.add(submission, history.now)
                done[action] += 1
            conserved(history)
            equal(history, replay)
        closes(history, start)
        return done
    finally:
        history.store.close()
        path.unlink()


def conserved(history: History) -> None:
    """What came in is what went out and what is there; a unit is in one state at a time."""
    [(held,)], [(entered,)], [(left,)] = (tuples(history.store, text) for text in (_HELD, _IN, _OUT))
    assert held == entered - left
    for query in (_NEGATIVE, _NO_FLOW, _NOT_ONE, _UNDERWAY, _TORN):
        assert tuples(history.store, query) == [], query


def equal(history: History, replay: Replay) -> None:
    """The tables hold exactly the rows of a replay that never saw them."""
    expected: dict[type[Row], list[tuple[Any, Row]]] = {row: [] for row in STATE}
    assert not replay.state.closed
    assert replay.root == b64(history.head.root)
    for (cls, entity, since), row in replay.state.born.items():
        expected[cls].append(((*entity, since), row))
    for (cls, entity), row in replay.state.cells.items():
        expected[cls].append((entity, row))
    for cls, rows in expected.items():
        stored = [row for chunk in history.store.scan(cls) for row in chunk]
        assert stored == [row for _, row in sorted(rows, key=lambda pair: pair[0])], cls.table


def closes(history: History, start: Start) -> None:
    """To the milligram, for everybody; and the audit agrees."""
    last = history.head.size - 1
    for chunk in history.store.scan(Participant):
        for participant in chunk:
            assert balance(history.store, participant.participant, 0, last).difference == 0
    report = audit(history.url, anchor=start.anchor, jobs=1)
    assert report.verdict == "intact", report.text()


HERE = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


@settings(HERE, max_examples=12)
@given(groups=HISTORIES)
def test_random_histories_conserve_mass_and_replay(start: Start, folder: Path, groups: list[list[int]]) -> None:
    follow(start, folder, groups)


@pytest.mark.campaign
@settings(HERE, max_examples=2_000, derandomize=False, print_blob=True)
@given(groups=st.lists(NUMBERS, min_size=20, max_size=120))
def test_longer_histories_conserve_mass_and_replay(start: Start, folder: Path, groups: list[list[int]]) -> None:
    follow(start, folder, groups)


def test_every_act_is_accepted_somewhere(start: Start, folder: Path) -> None:
    """Histories of refusals alone would prove little."""
    numbers = random.Random(1)
    done = follow(start, folder, [[numbers.randrange(2**16) for _ in range(60)] for _ in range(150)])
    missing = set(EDITIONS[1].actions) - set(done)
    assert missing == {name for name, cls in EDITIONS[1].actions.items() if cls.admin}
