"""The numbered sets of rules: which actions there are in each, and how they are done.

Never edit a released edition: an unchanged action is the same class in all of them, a changed one is
a new class beside the old. Software keeps every edition that it ever shipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.actions import Action
from ledger.actions.cultivation import HarvestPlants, IntakePlants, MovePlants, RecordLoss, TakeCuttings
from ledger.actions.processing import CollectWaste, DestroyWaste, DryLot, PackLot, RecordResult, TakeSamples
from ledger.actions.registry import (
    AdmitShop,
    AdoptEdition,
    DesignateGrower,
    FoundLedger,
    RegisterKey,
    RegisterParticipant,
    RegisterSite,
    RegisterVariety,
    RevokeKey,
    SetParameter,
    SetPhase,
)
from ledger.actions.supervision import HoldUnits, ReleaseUnits
from ledger.actions.transfer import (
    DepartShipment,
    ReadyShipment,
    ReceiveShipment,
    ReturnPackages,
    SellPackages,
)


@dataclass(frozen=True, slots=True)
class Edition:
    """One set of rules; `actions` by name."""

    number: int
    actions: Mapping[str, type[Action]]


def edition(number: int, *actions: type[Action]) -> Edition:
    """An edition with these actions."""
    return Edition(number, {cls.name: cls for cls in actions})


EDITIONS: dict[int, Edition] = {
    1: edition(
        1,
        FoundLedger,
        RegisterParticipant,
        RegisterSite,
        RegisterKey,
        RevokeKey,
        DesignateGrower,
        AdmitShop,
        SetPhase,
        SetParameter,
        AdoptEdition,
        RegisterVariety,
        IntakePlants,
        TakeCuttings,
        MovePlants,
        HarvestPlants,
        RecordLoss,
        DryLot,
        TakeSamples,
        RecordResult,
        PackLot,
        CollectWaste,
        DestroyWaste,
        ReadyShipment,
        DepartShipment,
        ReceiveShipment,
        ReturnPackages,
        SellPackages,
        HoldUnits,
        ReleaseUnits,
    ),
}
"""Every edition of this software."""
