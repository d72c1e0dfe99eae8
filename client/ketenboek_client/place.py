"""How far a batch has come, in a file of its own: what is recorded is not recorded again.

Together with the key's state file it is exact. The state keeps a batch's mark in the same
write that drops the submission that held its actions; this file follows, for the case that
the state is lost. A mark names the actions that it counts: others are never taken for them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from .disk import Disk
from .errors import OtherBatch, Unreadable
from .statement import Act, digest

TYPE = "ketenboek/batch-place/v2"
TYPE_UNMARKED = "ketenboek/batch-place/v1"
"""Of an older client: it counts actions without saying which."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The first `done` actions of a batch, and a running digest of them."""

    done: int = 0
    digest: str = ""

    def after(self, acts: Iterable[Act]) -> Mark:
        """The mark when these are done, too."""
        done, running = self.done, self.digest
        for act in acts:
            done, running = done + 1, sha256(f"{running}{digest([act])}".encode()).hexdigest()
        return Mark(done, running)


class Place:
    """The place of one batch, which one key records on one ledger: its `label`, and its `mark`.

    Raises OtherBatch for the place of another key or ledger, Unreadable for what is none.
    """

    def __init__(self, path: Path, label: str, key: str, ledger: str, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._members = {"type": TYPE, "label": label, "key": key, "ledger": ledger}
        try:
            content = json.loads(path.read_bytes())
            self._check(content)
            self.label, self.mark = str(content["label"]), Mark(int(content["done"]), str(content["digest"]))
            self._members["label"] = self.label
        except FileNotFoundError:
            self.label = label
            self.keep(Mark())
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Unreadable(f"{path}: {error}") from None

    def keep(self, mark: Mark) -> None:
        """Make a mark durable."""
        self.mark = mark
        content = {**self._members, "done": mark.done, "digest": mark.digest}
        try:
            os.close(self._disk.replace(self.path, json.dumps(content).encode()))
        except OSError as error:
            raise Unreadable(f"{self.path}: {error}") from None

    def pass_over(self, acts: Iterator[Act], here: Mark, mark: Mark) -> Mark:
        """Go on from `here` to `mark`. Raises OtherBatch if the actions on the way are not those that it counts."""
        if here.after(islice(acts, mark.done - here.done)) != mark:
            raise OtherBatch(
                f"{self.path} counts {mark.done} actions as recorded, and the first {mark.done} given now are others. "
                f"If these are new, give them a file of their own, or remove {self.path}; "
                "else put the recorded ones back as they were"
            )
        return mark

    def _check(self, content: dict[str, object]) -> None:
        if content["type"] == TYPE_UNMARKED:
            raise OtherBatch(
                f"{self.path} is of an older version, which did not keep what the {content['done']} actions were that "
                f"it counts as recorded: take those out of the batch and remove {self.path}"
            )
        if content["type"] != TYPE:
            raise Unreadable(f"{self.path}: not the place of a batch")
        for member, what in (("key", "by key"), ("ledger", "on ledger")):
            if content[member] != self._members[member]:
                raise OtherBatch(
                    f"{self.path} is of a batch {what} {content[member]}, not {self._members[member]}: "
                    f"go on with that one, or remove {self.path} to record all of it here"
                )
