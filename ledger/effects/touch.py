"""The units that a statement touches, and the rules of custody that all effects on them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.rows import Flow, Unit, Version
from ledger.scene import MINUTES_5, Scene

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Touched:
    """A unit that an effect acts on, with its place in the data."""

    code: str
    path: Path
    unit: Unit
    now: Version


def look_up(scene: Scene, field: str, codes: list[str] | str, *member: str) -> list[Touched]:
    """The units of a field that exist, in its order; `member` names the code where items are objects."""
    if isinstance(codes, str):
        marked: list[tuple[str, Path]] = [(codes, (field,))]
    else:
        marked = [(code, (field, place, *member)) for place, code in enumerate(codes)]
    touched = []
    for code, path in marked:
        unit = scene.unit(code)
        if unit is None:
            scene.refuse("UNIT_UNKNOWN", *path, unit=code)
        else:
            touched.append(Touched(code, path, unit, scene.version(unit.id)))
    return touched


def holder(touched: Touched) -> tuple[str | None, ...]:
    """Only the holder of a unit may use it (`actions-1.md` §2, rule 3)."""
    return (touched.now.holder,)


class Effect:
    """One thing that a statement does; judged first, applied when nothing refused."""

    def judge(self, scene: Scene) -> None:
        """Put what it refuses on the scene."""

    def apply(self, scene: Scene) -> None:
        """Change the state."""
        raise NotImplementedError


def flow(scene: Scene, source: int | None, target: int | None, kind: str, mass: int = 0, pieces: int = 0) -> None:
    """Add an edge of lineage; one without quantity is none."""
    if mass or pieces:
        scene.state.add(Flow(scene.index, scene.flows, source, target, mass or None, pieces or None, kind))
        scene.flows += 1


@dataclass(slots=True, kw_only=True)
class Touch(Effect):
    """Units that exist and are acted on: the custody rules that all their effects share."""

    units: list[Touched]
    states: tuple[str, ...] = ()
    by: Callable[[Touched], tuple[str | None, ...]] | None = holder
    """Who may use a unit; None where that is asked elsewhere."""
    blocked: bool = True
    """Whether an open hold stops it."""
    asks: bool = True
    """False where a unit changes without being touched itself: then no rule of custody is asked."""

    def judge(self, scene: Scene) -> None:
        """NOT_HOLDER, AT_BEFORE_UNIT, ON_HOLD, WRONG_STATE."""
        if not self.asks:
            return
        for touched in self.units:
            if self.by is not None and scene.signer.participant not in self.by(touched):
                scene.refuse("NOT_HOLDER", *touched.path, unit=touched.code)
            if scene.at < touched.now.at - MINUTES_5:
                scene.refuse("AT_BEFORE_UNIT", *touched.path, unit=touched.code, entry=touched.now.since)
            if self.blocked:
                hold = scene.held(touched.unit, touched.now)
                if hold is not None:
                    scene.refuse("ON_HOLD", *touched.path, unit=touched.code, entry=hold.since)
            if self.states and touched.now.status not in self.states:
                scene.refuse("WRONG_STATE", *touched.path, unit=touched.code, expected=" ".join(self.states))

    def change(self, scene: Scene, touched: Touched, **changes: Any) -> None:
        """Make the next version of a unit."""
        now = scene.version(touched.unit.id)  # another effect of the same statement may have changed it
        touched.now = scene.state.change(now, scene.index, at=scene.mark(now), **changes)
