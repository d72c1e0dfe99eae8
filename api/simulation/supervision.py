"""Authorities: they hold packages in a shop or a lot at a grower, look, and release."""

from __future__ import annotations

from api.simulation.journal import Journal
from api.simulation.nursery import DAY
from api.simulation.packing import Package, PackingRoom
from api.simulation.plan import Data
from api.simulation.shop import Shop
from api.simulation.waste import WasteRoom

HELD_DAYS = 2
EVERY_DAYS = 6


class Supervision:
    """What inspectors do on the days of trade, in the morning, before anybody else."""

    def __init__(self, journal: Journal, shops: list[Shop], growers: list[tuple[PackingRoom, WasteRoom]]) -> None:
        self._journal = journal
        self._chance = journal.chance
        self._shops = shops
        self._growers = growers

    def inspect(self, day: int) -> None:
        """The inspections of a day of trade, counted from 0."""
        if day % EVERY_DAYS == 1:
            # Mayors hold in shops too, but only in their own municipality.
            shop = self._shops[day % len(self._shops)]
            self._hold_packages(shop, "inspector", "INVESTIGATION", 5)
        if day % EVERY_DAYS == 3:
            shop = self._shops[(day + 1) % len(self._shops)]
            self._hold_packages(shop, f"municipality-{shop.party.municipality}", "OTHER", 2)
        if day % EVERY_DAYS == 2:
            self._hold_lot(*self._growers[day % len(self._growers)])

    def _hold_packages(self, shop: Shop, authority: str, reason: str, count: int) -> None:
        packages = shop.take(count)
        if not packages:
            return
        codes = sorted(package.code for package in packages)
        self._hold(authority, codes, reason)
        self._journal.later(DAY * HELD_DAYS, self._release_packages, shop, authority, packages)

    def _release_packages(self, shop: Shop, authority: str, packages: list[Package]) -> None:
        self._release(authority, sorted(package.code for package in packages))
        self._journal.later(1, shop.stock.extend, packages)

    def _hold_lot(self, packing: PackingRoom, waste: WasteRoom) -> None:
        free = [crop for crop in packing.lots if not crop.held]
        if len(free) < 2:
            return
        crop = free[-1]
        crop.held = True
        waste.frozen.add(crop.lot)
        self._hold("nvwa", [crop.lot], "QUALITY")

        def end() -> None:
            self._release("nvwa", [crop.lot])
            self._journal.later(1, free_again)

        def free_again() -> None:
            crop.held = False
            waste.frozen.discard(crop.lot)

        self._journal.later(DAY * HELD_DAYS, end)

    def _hold(self, authority: str, codes: list[str], reason: str) -> None:
        data: Data = {"units": list(codes), "reason": reason}
        self._journal.write(authority, self._journal.moment(self._chance.between(300, 350)), "holdUnits", data)

    def _release(self, authority: str, codes: list[str]) -> None:
        data: Data = {"units": list(codes), "note": self._chance.sealed("Inspected; nothing found.")}
        self._journal.write(authority, self._journal.moment(self._chance.between(300, 350)), "releaseUnits", data)
