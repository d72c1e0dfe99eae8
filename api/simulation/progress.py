"""Progress for people: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import Self, TextIO

EVERY_SECONDS = 5
WIDTH = 30
STEP = 50


class Lines:
    """Says a line for every twentieth of a simulation."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._next = STEP

    def __call__(self, thousandths: int, text: str) -> None:
        """So far it is."""
        if thousandths >= self._next:
            self._next = thousandths // STEP * STEP + STEP
            self._say(f"{thousandths // 10:3} %  {text}")


class Bar:
    """Says how far a simulation is; call it with a share in thousandths and a text."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._bar = out.isatty()
        self._said = time.monotonic()

    def __call__(self, thousandths: int, text: str) -> None:
        """So far it is."""
        if self._bar:
            filled = WIDTH * thousandths // 1_000
            line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {text}"
            columns = shutil.get_terminal_size().columns
            print(f"\r{line[: columns - 1]}\x1b[K", end="", file=self._out, flush=True)
        elif time.monotonic() - self._said >= EVERY_SECONDS:
            self._said = time.monotonic()
            print(f"{thousandths // 10:3} %  {text}", file=self._out, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            print(file=self._out)
