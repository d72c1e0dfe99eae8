"""What a client must not forget between two runs, in `<key file>.state`.

The next sequence number, the newest checkpoint that was verified, and what was signed but
not answered: all written and synced before anything is sent, so that a crash at any point
leaves either the state before or the one after. The file holds openings: mode 0600.

One process per key file. The lock is on the state file itself; since each write puts a new
file in its place, the new one is locked before it gets the name.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .disk import Disk
from .errors import Locked, Unreadable
from .place import Mark

TYPE = "ketenboek/client-state/v1"


@dataclass(frozen=True, slots=True)
class Pending:
    """A submission from its signing until a definite answer: exactly what is sent."""

    first: int
    statements: list[str]
    openings: list[dict[str, str]]
    seen: dict[str, Any]
    until: str
    signature: str
    asked: str
    """Digest of what the caller asked for: the same call again is a retry, not a second act."""
    place: str | None = None
    """The batch that it belongs to."""
    mark: Mark | None = None
    """How far that has come when this is recorded."""


@dataclass(slots=True)
class State:
    """The content of the state file. Texts are exact; `next_sequence` is None until it is known."""

    genesis: str | None = None
    key_entry: str | None = None
    checkpoint: str | None = None
    recorded: str | None = None
    next_sequence: int | None = None
    pending: Pending | None = None
    places: dict[str, Mark] = field(default_factory=dict)
    """How far each unfinished batch has come."""


class StateFile:
    """The state of one key, locked from construction to `close()`. Raises Locked, Unreadable."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._file = _lock(path)
        try:
            self._state = _parse(path)
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> State:
        """The state, to be changed in memory and saved. Raises Unreadable once the lock is given up."""
        if self._file < 0:
            raise Unreadable(f"state file {self.path}: closed")
        return self._state

    def save(self) -> None:
        """Make the present state durable.

        A write that fails leaves it unknown which state the disk holds: the lock is given up and
        nothing more is written. Starting again is the recovery.
        """
        content = {"type": TYPE, **asdict(self.state)}
        data = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
        try:
            new = self._disk.replace(self.path, data, _locked)
        except OSError as error:
            self.close()
            raise Unreadable(f"state file {self.path}: {error}") from None
        except BaseException:
            self.close()
            raise
        os.close(self._file)
        self._file = new

    def keep_evidence(self, content: dict[str, Any]) -> Path:
        """Write evidence beside the state file, under a name not used before."""
        number = 1
        while (path := self.path.with_name(f"{self.path.name}.evidence-{number}")).exists():
            number += 1
        os.close(self._disk.replace(path, json.dumps(content, indent=1).encode()))
        return path

    def close(self) -> None:
        """Let go of the lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _locked(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock(path: Path) -> int:
    """Open and lock the state file, making an empty one if there is none."""
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unreadable(f"state file {path}: {error}") from None
        try:
            _locked(file)
            if os.fstat(file).st_ino == path.stat().st_ino:
                return file
        except BlockingIOError:
            os.close(file)
            raise Locked(f"another process works with {path}") from None
        except FileNotFoundError:
            pass
        # Between opening and locking the owner put a new file in its place: that one counts.
        os.close(file)


def _parse(path: Path) -> State:
    try:
        data = path.read_bytes()
        if not data:
            return State()
        content = json.loads(data)
        if content.pop("type") != TYPE:
            raise Unreadable(f"state file {path}: not of this version")
        pending, places = content.pop("pending"), content.pop("places")
        if pending is not None:
            mark = pending.pop("mark", None)
            pending = Pending(**pending, mark=None if mark is None else Mark(**mark))
        # An older version kept a bare count, which fits no place file of this one.
        marks = {label: Mark(**mark) for label, mark in places.items() if not isinstance(mark, int)}
        return State(**content, pending=pending, places=marks)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(f"state file {path}: {error}") from None
