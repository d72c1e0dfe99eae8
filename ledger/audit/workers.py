"""All cores: ranges of rows handed to processes, their results taken in order, few of them at a time.

Each process reads through a connection of its own, since rows are many and what is found in them is little.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ledger.audit.source import Source

Result = TypeVar("Result")

AHEAD = 3
"""Ranges a process that may be waiting or done: enough that none is idle, few enough for memory."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Runs `function(source, context, first, end)` over ranges, in processes or here."""

    def __init__(self, pool: ProcessPoolExecutor | None, count: int, folder: Path) -> None:
        self._pool = pool
        self._count = count
        self._folder = folder

    @classmethod
    @contextmanager
    def start(cls, url: str | None, count: int, folder: Path) -> Iterator[Workers]:
        """With `count` processes on the database at `url`; without an address, or with one, none are made.

        They are made before anything is connected, since a connection cannot be taken into a new process.
        """
        if url is None or count == 1:
            yield cls.none()
            return
        # Forking is quick, and sound only where no other thread could hold a lock at that moment.
        fork = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("fork" if fork else "spawn")
        with ProcessPoolExecutor(count, context, initializer=_connect, initargs=(url,)) as pool:
            pool.submit(_nothing).result()
            try:
                yield cls(pool, count, folder)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    @classmethod
    def none(cls) -> Workers:
        """Everything is done here."""
        return cls(None, 1, Path())

    def map(
        self,
        function: Callable[[Source, Any, int, int], Result],
        source: Source,
        context: Any,
        ranges: Iterable[tuple[int, int]],
    ) -> Iterator[tuple[int, int, Result]]:
        """(first, end, result) of each range, in order; `context` is the same for all."""
        if self._pool is None:
            for first, end in ranges:
                yield first, end, function(source, context, first, end)
            return
        kept = self._folder / function.__name__
        kept.write_bytes(pickle.dumps(context))
        waiting: deque[tuple[int, int, Future[Result]]] = deque()
        coming = iter(ranges)
        try:
            while True:
                while len(waiting) < AHEAD * self._count and (due := next(coming, None)) is not None:
                    waiting.append((*due, self._pool.submit(_work, function, str(kept), due)))
                if not waiting:
                    return
                first, end, future = waiting.popleft()
                yield first, end, future.result()
        finally:
            for _, _, future in waiting:
                future.cancel()


_sources: list[Source] = []


def _connect(url: str) -> None:
    # Nothing here makes cycles: looking for them would cost a tenth of the time.
    gc.set_threshold(100_000)
    _sources.append(Source.connect(url))


def _nothing() -> None:
    """What the first process is asked, so that all are made."""


@lru_cache(maxsize=1)
def _context(kept: str) -> Any:
    return pickle.loads(Path(kept).read_bytes())  # noqa: S301 - written by our own process a moment ago


def _work(function: Callable[[Source, Any, int, int], Result], kept: str, due: tuple[int, int]) -> Result:
    return function(_sources[0], _context(kept), *due)
