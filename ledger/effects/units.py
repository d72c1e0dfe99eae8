"""What can happen to units: every change of mass, holder, place and state is one of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.effects.touch import Effect, Touch, flow
from ledger.rows import Hold, Unit, Version
from ledger.scene import Scene

FINAL_EMPTY = "EMPTY"


@dataclass(slots=True, kw_only=True)
class Create(Effect):
    """New units of the signer, each with a fresh code.

    `source` None: what is in them enters the books here. `out_of`: what was put into the one unit,
    milligrams; it cannot hold more, and what it weighs less leaves the books as loss.
    """

    path: str
    codes: list[str]
    status: str
    mass: int = 0
    pieces: int = 0
    source: int | None = None
    flows: bool = True
    out_of: int | None = None
    position: str | None = None
    grower: str | None = None
    variety: str | None = None
    site: str | None = None
    product: str | None = None
    made_of: int | None = None
    laboratory: str | None = None
    addressee: str | None = None
    carrier: str | None = None
    departed: int | None = None
    underway: int = 0

    def judge(self, scene: Scene) -> None:
        """CODE_USED; MASS_CREATED."""
        for place, code in enumerate(self.codes):
            if scene.unit(code) is not None:
                steps = (self.path,) if len(self.codes) == 1 and self.single else (self.path, place)
                scene.refuse("CODE_USED", *steps, unit=code)
        if self.out_of is not None and self.mass > self.out_of:
            scene.refuse("MASS_CREATED", "mass")

    @property
    def single(self) -> bool:
        """Whether the field holds one code rather than a list of them."""
        return self.path in ("lot", "waste", "shipment")

    def apply(self, scene: Scene) -> None:
        """A unit, its first version, and the flow into it."""
        for code in self.codes:
            number = scene.number(code)
            scene.state.add(
                Unit(
                    number,
                    code,
                    code[0],
                    scene.index,
                    self.grower,
                    self.variety,
                    self.site,
                    self.product,
                    self.made_of,
                    self.laboratory,
                    scene.signer.participant if code[0] == "S" else None,
                    self.addressee,
                )
            )
            scene.state.add(
                Version(
                    number,
                    scene.index,
                    None,
                    self.status,
                    scene.signer.participant,
                    self.mass,
                    0,
                    self.position,
                    scene.at,
                    None,
                    None,
                    None,
                    None,
                    None,
                    self.carrier,
                    self.departed,
                    self.underway,
                )
            )
            if self.flows:
                flow(scene, self.source, number, "INTO", self.mass, self.pieces)
            if self.out_of is not None:
                flow(scene, number, None, "LOSS", self.out_of - self.mass)


@dataclass(slots=True, kw_only=True)
class Consume(Touch):
    """Use units up: `take` milligrams of each, or, without it, all that is in them.

    `into`: the code of the unit that it goes into, where that unit's own creation does not say so.
    """

    to: str
    take: int | None = None
    pieces: int = 0
    into: str | None = None
    kind: str = "INTO"

    def judge(self, scene: Scene) -> None:
        """NOT_ENOUGH, after what every touch refuses."""
        Touch.judge(self, scene)
        for touched in self.units:
            if self.take is not None and self.take > touched.now.mass:
                scene.refuse("NOT_ENOUGH", *touched.path, unit=touched.code, expected=str(touched.now.mass))

    def apply(self, scene: Scene) -> None:
        """What is left, and the flow where no creation makes it."""
        for touched in self.units:
            if self.take is not None:
                left = touched.now.mass - self.take
                self.change(scene, touched, mass=left, status=self.to if left else FINAL_EMPTY)
            else:
                quantity = touched.now.mass
                self.change(scene, touched, mass=0, status=self.to)
                assert self.into is not None
                flow(scene, touched.unit.id, scene.number(self.into), self.kind, quantity, self.pieces)


@dataclass(slots=True, kw_only=True)
class ConsumeLost(Touch):
    """Take away what was lost in lots but is still there; the lots stay as they are."""

    into: str

    def judge(self, scene: Scene) -> None:
        """WRONG_STATE where nothing is lost in a lot."""
        Touch.judge(self, scene)
        for touched in self.units:
            if touched.now.lost == 0:
                scene.refuse("WRONG_STATE", *touched.path, unit=touched.code)

    def apply(self, scene: Scene) -> None:
        """The whole of it goes into the waste."""
        for touched in self.units:
            quantity = touched.now.lost
            self.change(scene, touched, lost=0)
            flow(scene, touched.unit.id, scene.number(self.into), "WASTE", quantity)


@dataclass(slots=True, kw_only=True)
class Transform(Touch):
    """A unit weighs `mass` milligrams after a process; the rest leaves the books as loss."""

    to: str
    mass: int
    position: str

    def judge(self, scene: Scene) -> None:
        """MASS_CREATED, after what every touch refuses."""
        Touch.judge(self, scene)
        for touched in self.units:
            if self.mass > touched.now.mass:
                scene.refuse("MASS_CREATED", "mass", unit=touched.code, expected=str(touched.now.mass))

    def apply(self, scene: Scene) -> None:
        """The new mass and the loss."""
        for touched in self.units:
            before = touched.now.mass
            self.change(scene, touched, mass=self.mass, status=self.to, position=self.position)
            flow(scene, touched.unit.id, None, "LOSS", before - self.mass)


@dataclass(slots=True, kw_only=True)
class Relocate(Touch):
    """Units go elsewhere or stand ready to; mass and holder stay. `changes` are columns of the version."""

    changes: dict[str, Any] = field(default_factory=dict)

    def apply(self, scene: Scene) -> None:
        """The new place."""
        for touched in self.units:
            self.change(scene, touched, **self.changes)


@dataclass(slots=True, kw_only=True)
class Observe(Touch):
    """Something is seen of units that does not move them: a state, a weight, a result.

    `weighed`: milligrams by which a plant, so far counted in pieces, enters the books.
    `lost`: milligrams that count as lost from now on but are still there.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    weighed: int = 0
    lost: int = 0

    def judge(self, scene: Scene) -> None:
        """NOT_ENOUGH where more is lost than is there, after what every touch refuses."""
        Touch.judge(self, scene)
        for touched in self.units:
            if self.lost > touched.now.mass:
                scene.refuse("NOT_ENOUGH", "mass", unit=touched.code, expected=str(touched.now.mass))

    def apply(self, scene: Scene) -> None:
        """What was seen."""
        for touched in self.units:
            changes = dict(self.changes)
            if self.weighed:
                changes["mass"] = self.weighed
            if self.lost:
                left = touched.now.mass - self.lost
                changes |= {"mass": left, "lost": touched.now.lost + self.lost}
                if not left:
                    changes["status"] = FINAL_EMPTY
            self.change(scene, touched, **changes)
            flow(scene, None, touched.unit.id, "INTO", self.weighed)


@dataclass(slots=True, kw_only=True)
class HandOver(Touch):
    """Units pass to the signer, or, `kind` `SOLD`, out of the chain."""

    to: str
    position: str | None = None
    kind: str | None = None

    def apply(self, scene: Scene) -> None:
        """The new holder, or none."""
        for touched in self.units:
            if self.kind is None:
                self.change(scene, touched, status=self.to, holder=scene.signer.participant, position=self.position)
            else:
                quantity = touched.now.mass
                self.change(scene, touched, status=self.to, holder=None, position=None, mass=0)
                flow(scene, touched.unit.id, None, self.kind, quantity)


@dataclass(slots=True, kw_only=True)
class Destroy(Touch):
    """What is in units leaves the books: all of it, or `take` milligrams of a lot.

    `kind` `LOSS`: it is gone without trace, a unit gone whole has no holder any more; `DESTROYED`:
    the holder stays answerable for it.
    """

    to: str
    kind: str
    take: int | None = None
    pieces: int = 0

    def judge(self, scene: Scene) -> None:
        """NOT_ENOUGH, after what every touch refuses."""
        Touch.judge(self, scene)
        for touched in self.units:
            if self.take is not None and self.take > touched.now.mass:
                scene.refuse("NOT_ENOUGH", "mass", unit=touched.code, expected=str(touched.now.mass))

    def apply(self, scene: Scene) -> None:
        """Nothing, or less, is left in it."""
        for touched in self.units:
            quantity = touched.now.mass if self.take is None else self.take
            changes: dict[str, Any] = {"mass": touched.now.mass - quantity}
            if self.take is None:
                changes |= {"status": self.to, "shipment": None}
                if self.kind == "LOSS":
                    changes |= {"holder": None, "position": None}
            elif not changes["mass"]:
                changes["status"] = FINAL_EMPTY
            self.change(scene, touched, **changes)
            flow(scene, touched.unit.id, None, self.kind, quantity, self.pieces)


@dataclass(slots=True, kw_only=True)
class PlaceHold(Touch):
    """An authority holds units; each authority its own way (W 9, 10)."""

    reason: str

    def judge(self, scene: Scene) -> None:
        """WRONG_STATE where this authority holds the unit already."""
        Touch.judge(self, scene)
        for touched in self.units:
            if scene.own_hold(touched.unit.id) is not None:
                scene.refuse("WRONG_STATE", *touched.path, unit=touched.code)

    def apply(self, scene: Scene) -> None:
        """A hold from this entry on."""
        for touched in self.units:
            scene.state.add(Hold(touched.unit.id, scene.signer.participant, scene.index, None, scene.at, self.reason))


@dataclass(slots=True, kw_only=True)
class Release(Touch):
    """An authority releases what it holds."""

    def judge(self, scene: Scene) -> None:
        """WRONG_STATE where this authority does not hold the unit."""
        Touch.judge(self, scene)
        for touched in self.units:
            if scene.own_hold(touched.unit.id) is None:
                scene.refuse("WRONG_STATE", *touched.path, unit=touched.code)

    def apply(self, scene: Scene) -> None:
        """The hold ends with this entry."""
        for touched in self.units:
            hold = scene.own_hold(touched.unit.id)
            assert hold is not None
            scene.state.end(hold, scene.index)
