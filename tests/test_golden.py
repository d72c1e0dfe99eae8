"""Does edition 1 still mean what it meant? Its golden ledger replays, and what it refused is refused.

Both are committed (`tests/ledgers/golden.py`): a change here is a change of a released edition.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import canonical
from ledger.editions import EDITIONS
from ledger.entry import statement_slice
from ledger.errors import Problem
from tests.ledgers.golden import Golden, Replay, replayed, submissions
from tests.ledgers.making import CODES

ROOT = Path(__file__).parents[1]
PREFIX = 400
EVERY = 24
"""At each so many-th head all refused submissions are tried again."""


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden.read()


class Judged:
    """The whole ledger replayed once: what each refused submission was told at its head, and where it was accepted."""

    def __init__(self, golden: Golden) -> None:
        self.told: dict[str, Problem | None] = {}
        self.accepted: list[tuple[str, int]] = []
        self.replay = Replay()
        self.differing: list[int] = []
        refused = [(sent, sent.submission(golden.origin)) for sent in golden.refusals]
        for number, (submission, time) in enumerate(submissions(golden.origin, golden.entries)):
            size = len(self.replay.entries)
            for sent, again in refused:
                if sent.size == size:
                    self.told[sent.code] = self.replay.problem(again, sent.moment)
                if size and number % EVERY == 0 and self.replay.problem(again, max(time, sent.moment)) is None:
                    self.accepted.append((sent.code, size))
            linked = self.replay.add(submission, time)
            self.differing += [entry.index for entry in linked if entry.data != golden.entries[entry.index]]
        self.accepted += [
            (sent.code, golden.size)
            for sent, again in refused
            if self.replay.problem(again, max(sent.moment, self.replay.entries[-1].recorded)) is None
        ]


@pytest.fixture(scope="module")
def judged(golden: Golden) -> Judged:
    return Judged(golden)


def test_the_golden_ledger_replays_to_its_bytes_root_and_state(golden: Golden, judged: Judged) -> None:
    assert judged.differing == []
    assert len(judged.replay.entries) == golden.size
    assert canonical.b64(judged.replay.entries[0].hash) == golden.anchor
    assert judged.replay.root == golden.root
    assert judged.replay.digest() == golden.state


def test_it_has_every_action_and_goes_on_under_another_edition(golden: Golden) -> None:
    actions = [json.loads(statement_slice(data))["action"] for data in golden.entries]
    assert set(actions) == set(EDITIONS[1].actions)
    assert len(actions) - actions.index("adoptEdition") > 20


@pytest.mark.parametrize("code", CODES)
def test_what_was_refused_is_refused(golden: Golden, judged: Judged, code: str) -> None:
    [sent] = [sent for sent in golden.refusals if sent.code == code]
    told = judged.told[code]
    assert told is not None
    assert (told.code, list(told.path)) == (code, sent.path)


def test_what_was_refused_is_accepted_nowhere(judged: Judged) -> None:
    assert judged.accepted == []


def test_no_order_of_a_hash_enters_the_state(golden: Golden) -> None:
    """Python orders sets by hashes that differ from process to process."""
    script = f"from tests.ledgers.golden import Golden, replayed; print(replayed(Golden.read(), {PREFIX}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {replayed(golden, PREFIX)}
