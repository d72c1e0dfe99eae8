"""How far a batch has come, in a file of its own: what is recorded is not recorded again.

Together with the key's state file it is exact. The state counts a batch's actions in the
same write that drops the submission that held them; this file follows, for the case that
the state is lost.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from .disk import Disk
from .errors import Unreadable

TYPE = "ketenboek/batch-place/v1"


class Place:
    """The place of one batch: its `label`, and how many of its actions are `done`. Raises Unreadable."""

    def __init__(self, path: Path, label: str, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or Disk()
        try:
            content = json.loads(path.read_bytes())
            if content["type"] != TYPE:
                raise Unreadable(f"{path}: not the place of a batch")
            self.label, self.done = str(content["label"]), int(content["done"])
        except FileNotFoundError:
            self.label, self.done = label, 0
            self.keep(0)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Unreadable(f"{path}: {error}") from None

    def keep(self, done: int) -> None:
        """Make a number of actions durable."""
        self.done = done
        content = {"type": TYPE, "label": self.label, "done": done}
        try:
            os.close(self._disk.replace(self.path, json.dumps(content).encode()))
        except OSError as error:
            raise Unreadable(f"{self.path}: {error}") from None
