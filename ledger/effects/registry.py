"""What can happen in the registry: something is entered, or may do more or less from now on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.effects.touch import Effect
from ledger.rows import Row
from ledger.scene import Scene


@dataclass(slots=True, kw_only=True)
class Enrol(Effect):
    """Something is entered in the registry; `path` names the member with its id, which must be new."""

    row: Row
    path: str | None = None

    def judge(self, scene: Scene) -> None:
        """NAME_USED."""
        if self.path is not None:
            entity = self.row.pick(self.row.entity)
            if scene.state.get(type(self.row), *entity) is not None:
                scene.refuse("NAME_USED", self.path)

    def apply(self, scene: Scene) -> None:
        """The row."""
        scene.state.add(self.row)


@dataclass(slots=True, kw_only=True)
class Empower(Effect):
    """What a participant, site, key or the ledger itself may do changes; `row` is what was true before."""

    row: Row
    changes: dict[str, Any]

    def apply(self, scene: Scene) -> None:
        """The row as it is from now on, read again: another effect may have changed it."""
        entity = self.row.pick(self.row.entity)
        now = scene.state.get(type(self.row), *entity)
        assert now is not None
        scene.state.change(now, scene.index, **self.changes)
