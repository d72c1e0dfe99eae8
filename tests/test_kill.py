"""Does `kill -9` of the gateway under load lose, tear or double anything? It must not, at whatever moment."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ketenboek_client import Client, Gateway, Unreachable

from tests.served import Grower, Nursery

GROWERS = 4


def work(grower: Grower, remote: Gateway, answered: threading.Semaphore) -> None:
    """State one thing after the other, with the state file, until the gateway is gone."""
    with Client(remote, grower.key_file) as client:
        try:
            while True:
                grower.moves_on(client)
                answered.release()
        except Unreachable:
            pass


def killed(nursery: Nursery, answers: int, seconds: float) -> None:
    """A gateway's life: it gives so many answers, works on for a moment, and is killed."""
    answered = threading.Semaphore(0)
    with nursery.serve() as served, nursery.remote(served) as remote, ThreadPoolExecutor(GROWERS) as pool:
        working = [pool.submit(work, grower, remote, answered) for grower in nursery.growers]
        for _ in range(answers):
            assert answered.acquire(timeout=60), served.logged()
        time.sleep(seconds)
        assert served.end(signal.SIGKILL) == -signal.SIGKILL
        for ended in working:
            ended.result()


def endure(nursery: Nursery, kills: int, seed: int) -> None:
    """Kill the gateway again and again; then all state one thing more, and everything is checked."""
    moment = random.Random(seed)
    for _ in range(kills):
        killed(nursery, moment.randrange(20), moment.uniform(0, 0.02))
    with nursery.serve() as served, nursery.remote(served) as remote:
        for grower in nursery.growers:
            with Client(remote, grower.key_file) as client:
                grower.moves_on(client)
        assert served.end() == 0
    nursery.check()


@pytest.mark.parametrize(("engine", "kills"), [("sqlite", 20), ("postgresql", 5)])
def test_nothing_is_lost_torn_or_doubled(
    engine: str, kills: int, new_database: Callable[..., str], tmp_path: Path
) -> None:
    endure(Nursery(new_database(engine), tmp_path, GROWERS), kills, seed=kills)


@pytest.mark.campaign
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_nothing_is_lost_torn_or_doubled_in_a_thousand_deaths(
    engine: str, new_database: Callable[..., str], tmp_path: Path
) -> None:
    endure(Nursery(new_database(engine), tmp_path, GROWERS), 1_000, seed=1_000)
