"""Supervision: what authorities do to units that they do not hold."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions import Action, action
from ledger.effects import Effect, PlaceHold, Release, Touched, look_up
from ledger.fields import AnyUnits, HoldReason, Sealed
from ledger.scene import Scene

AUTHORITIES = ("MINISTRY", "IJENV", "NVWA", "MUNICIPALITY")


def within_reach(scene: Scene, units: list[Touched], *, held: bool = False) -> None:
    """A municipality reaches only packages held by shops in it (W 10); the other authorities all.

    `held`: a hold of its own is reach enough to release it.
    """
    if scene.signer.kind != "MUNICIPALITY":
        return
    for unit in units:
        shop = scene.participant(unit.now.holder or "", "COFFEESHOP")
        reached = unit.code[0] == "E" and shop and shop.municipality == scene.signer.participant
        if not reached and not (held and scene.own_hold(unit.unit.id)):
            scene.refuse("NOT_HOLDER", *unit.path, unit=unit.code)


@action(*AUTHORITIES, custody=False)
class HoldUnits(Action):
    """Hold units: whatever is done with them afterwards is refused until the release.

    Ministry, inspectorates, NVWA; municipalities for packages in their shops. W 9, 10; own rule.
    """

    units: AnyUnits
    reason: HoldReason
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A hold of this authority on each."""
        units = look_up(scene, "units", self.units)
        within_reach(scene, units)
        yield PlaceHold(units=units, by=None, blocked=False, reason=self.reason)


@action(*AUTHORITIES, custody=False)
class ReleaseUnits(Action):
    """Release units from one's own hold. The authority that holds them. Own rule."""

    units: AnyUnits
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The end of this authority's hold; others stay."""
        units = look_up(scene, "units", self.units)
        within_reach(scene, units, held=True)
        yield Release(units=units, by=None, blocked=False)
