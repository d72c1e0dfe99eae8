"""What an action can do, and the only place where custody, mass and lineage are enforced.

A short closed list. For units: create, consume, transform, relocate, hand over, observe, destroy,
hold, release; for the registry: enrol, empower. An effect is first judged (it puts what it refuses on
the scene) and, when no effect of the statement refused, applied. It never mentions an action.

Of every unit touched, in this order: it exists, its user may use it, the act is not before its
newest one, no hold stops it, its state allows it (`actions-1.md` §2, rules 2 to 5).
"""

from ledger.effects.registry import Empower, Enrol
from ledger.effects.touch import Effect, Touch, Touched, look_up
from ledger.effects.units import (
    Consume,
    ConsumeLost,
    Create,
    Destroy,
    HandOver,
    Observe,
    PlaceHold,
    Release,
    Relocate,
    Transform,
)

__all__ = [
    "Consume",
    "ConsumeLost",
    "Create",
    "Destroy",
    "Effect",
    "Empower",
    "Enrol",
    "HandOver",
    "Observe",
    "PlaceHold",
    "Release",
    "Relocate",
    "Touch",
    "Touched",
    "Transform",
    "look_up",
]
