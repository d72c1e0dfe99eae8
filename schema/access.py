"""Who may see what: decided here and nowhere else, deny by default.

    MINISTRY IJENV NVWA AUDITOR     everything
    MUNICIPALITY                    packages while shops that it admitted hold them, and acts of those shops
    GROWER COFFEESHOP LABORATORY    what is theirs while it is, and as it was when they handed it over
    everybody                       the registry: participants, sites, keys, and the acts that made it

(`interface.md` §7; Regeling art. 16, annex V.) What one may not see is answered as if it did not exist,
in answers, counts and refusals alike.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.database import ERRORS
from ledger.editions import EDITIONS
from ledger.errors import PRECEDENCE, Problem, Refused
from ledger.query import among, rows
from ledger.rows import Act, Key, Participant, Unit, Version
from ledger.state import ENTITY
from ledger.store import Store
from schema.context import Caller, Context

SEES_EVERYTHING = frozenset(("MINISTRY", "IJENV", "NVWA", "AUDITOR"))
HAS_UNITS = frozenset(("GROWER", "COFFEESHOP", "LABORATORY"))
REGISTRY = frozenset(cls.name for edition in EDITIONS.values() for cls in edition.actions.values() if cls.admin)
"""The actions that make the registry, which everybody may see."""
IN_SHIPMENT = ("READY", "UNDERWAY", "REFUSED", "MISSING")
UNASKED: tuple[type[Exception], ...] = (queue.Empty, *ERRORS)
"""Why it cannot be asked what somebody knows: then it is not told."""
MASKED_FROM = PRECEDENCE["NOT_HOLDER"]


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a caller sees: everything, or what is of some `owners`, of some kinds of units."""

    everything: bool = False
    owners: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    """Whose acts are seen."""
    letters: str = "PBMECWSZ"


def sight_of(store: Store, caller: Caller) -> Sight:
    """The table above."""
    if caller.kind in SEES_EVERYTHING:
        return Sight(everything=True)
    own = frozenset(() if caller.participant is None else (caller.participant,))
    if caller.kind == "MUNICIPALITY":
        found = rows(store, Participant, 'WHERE "municipality" = ? AND "until" IS NULL', (caller.participant,))
        shops = frozenset(shop.participant for shop in found)
        return Sight(owners=shops, actors=shops | own, letters="E")
    return Sight(owners=own if caller.kind in HAS_UNITS else frozenset(), actors=own)


def seen_versions(store: Store, sight: Sight, units: Sequence[Unit]) -> dict[int, list[Version]]:
    """Of each unit, by id, the versions that may be seen, oldest first; units of which there is none are absent.

    Not for who sees everything: a lot may have thousands of versions.
    """
    assert not sight.everything
    shown = {unit.id: unit for unit in units if unit.letter in sight.letters}
    versions = among(store, Version, ("unit",), [(number,) for number in shown])
    ended = [(version.since,) for version in versions if version.holder is None]
    actors = {act.entry: act.participant for act in among(store, Act, ("entry",), ended)}
    addressees = _addressees(store, versions)
    seen: dict[int, list[Version]] = {}
    for version in sorted(versions, key=lambda row: row.since):
        unit = shown[version.unit]
        # Nobody holds what was sold or is gone: it was of who did that.
        of = {version.holder or actors.get(version.since)}
        if sight.letters != "E":
            of |= {unit.laboratory, unit.addressee}
            of |= {addressees.get(version.shipment)} if version.status in IN_SHIPMENT else set()
        if of & sight.owners:
            seen.setdefault(unit.id, []).append(version)
    return seen


def _addressees(store: Store, versions: Iterable[Version]) -> dict[int | None, str | None]:
    """To whom the shipments go in which something is."""
    shipments = {row.shipment for row in versions if row.shipment is not None and row.status in IN_SHIPMENT}
    found = among(store, Unit, ("id",), [(number,) for number in sorted(shipments)])
    return {unit.id: unit.addressee for unit in found}


def last_seen(seen: Mapping[int, Sequence[Version]]) -> dict[int, int | None]:
    """The last entry of each unit that may be seen, None where nothing ended it: the sight of a lineage."""
    return {unit: None if versions[-1].until is None else versions[-1].until - 1 for unit, versions in seen.items()}


def sees_act(sight: Sight, act: Act) -> bool:
    """Whether an entry may be seen whatever it touches: one's own, or one of the registry."""
    return sight.everything or act.participant in sight.actors or act.action in REGISTRY


def sees_covering(sight: Sight) -> bool:
    """Whether holds on the lot and shipment of a package are seen: they name a lot, which is no mayor's business."""
    return sight.everything or sight.letters != "E"


def acts_seen(sight: Sight) -> tuple[str, list[str]]:
    """`sees_act` as a condition on the table `act`, and its values."""
    actors, registry = sorted(sight.actors), sorted(REGISTRY)
    marks = [", ".join("?" * len(values)) for values in (actors, registry)]
    own = f"act.participant IN ({marks[0]}) OR " if actors else ""
    return f"({own}act.action IN ({marks[1]}))", [*actors, *registry]


def may_use_key(caller: Caller, key: Key) -> bool:
    """Whether a preview with a key is answered: it tells what the key's participant may see."""
    return caller.kind in SEES_EVERYTHING or key.participant == caller.participant


async def masked(context: Context, key: str, refused: Refused) -> Refused:
    """A refusal as the participant of a key may see it (`actions-1.md` §2, rule 3)."""
    if not any(_of_unit(problem) for problem in refused.problems):
        return refused
    return await asyncio.to_thread(_masked_in_snapshot, context, key, refused)


def _masked_in_snapshot(context: Context, key: str, refused: Refused) -> Refused:
    try:
        with context.gateway.readers.read(context.limits.request_seconds) as store:
            problems = mask(store, key, refused.problems)
    except UNASKED:
        problems = [_unknown(problem) if _of_unit(problem) else problem for problem in refused.problems]
    return Refused(*problems, retry_after=refused.retry_after)


def mask(store: Store, key: str, problems: Iterable[Problem]) -> list[Problem]:
    """Problems of which those about a unit that the key's participant may not see say that there is none."""
    found = store.load(Key, "id", (key,))
    caller = None
    if found:
        [participant] = store.load(Participant, ENTITY, (found[0].participant,))
        caller = Caller(participant.kind, participant.participant)
    return [
        _unknown(problem) if _of_unit(problem) and not _knows(store, caller, problem.unit) else problem
        for problem in problems
    ]


def _of_unit(problem: Problem) -> bool:
    return problem.unit is not None and problem.rank >= MASKED_FROM


def _unknown(problem: Problem) -> Problem:
    return replace(problem, code="UNIT_UNKNOWN", entry=None, expected=None)


def _knows(store: Store, caller: Caller | None, code: str | None) -> bool:
    units = store.load(Unit, "code", (code,))
    if caller is None:
        return False
    if not units:  # made earlier in the same submission, which recorded nothing
        return True
    sight = sight_of(store, caller)
    return sight.everything or bool(seen_versions(store, sight, units))
