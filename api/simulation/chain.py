"""A whole chain that behaves like the real one: from a plan to rounds of acts, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator

from api.simulation.chance import Chance
from api.simulation.incidents import Incidents
from api.simulation.journal import Journal
from api.simulation.keyring import Keyring
from api.simulation.nursery import DAY, PLANTS_LEAST, PLANTS_MOST, Nursery
from api.simulation.packing import SIZE_MEAN, Package, PackingRoom
from api.simulation.plan import Plan, Round
from api.simulation.processing import Processing
from api.simulation.registration import Registration
from api.simulation.roster import Grower, Roster, limits, roster
from api.simulation.shop import STOCK_DAYS, Shop
from api.simulation.supervision import Supervision
from api.simulation.waste import WEEK, WasteRoom

LOT_PACKAGES = (PLANTS_LEAST + PLANTS_MOST) // 2 * 60_000 // 4 * 9 // 10 // SIZE_MEAN
"""Packages out of one lot, about: a plant of 60 g wet is 15 g dry, of which a tenth is trimmed."""


class Chain:
    """Everybody in a simulated chain, and the days that they live through."""

    def __init__(self, plan: Plan, keyring: Keyring) -> None:
        self.plan = plan
        self.journal = Journal(plan, Chance(plan.seed))
        self.roster: Roster = roster(plan.growers, plan.shops)
        self._registration = Registration(self.roster, keyring, self.journal)
        self._packing: list[PackingRoom] = []
        self._wastes: list[WasteRoom] = []
        incidents = Incidents()
        [carrier] = [party for party in self.roster.others if party.kind == "CARRIER"]
        for number, grower in enumerate(self.roster.growers):
            self._settle_grower(grower, number)
        self._shops = [
            Shop(self.journal, keyring, shop, number, incidents, carrier.id)
            for number, shop in enumerate(self.roster.shops)
        ]
        growers = list(zip(self._packing, self._wastes, strict=True))
        self._supervision = Supervision(self.journal, self._shops, growers)
        self._deliveries = 0

    def _settle_grower(self, grower: Grower, number: int) -> None:
        journal = self.journal
        [carrier] = [party for party in self.roster.others if party.kind == "CARRIER"]
        [laboratory] = [party for party in self.roster.others if party.kind == "LABORATORY"]
        waste = WasteRoom(journal, grower.key)
        packing = PackingRoom(journal, grower, carrier, waste)
        processing = Processing(journal, grower, laboratory, waste, packing.take_over)
        nursery = Nursery(journal, grower, number, waste, processing.take_over)
        nursery.schedule(self._lots_of_a_grower())
        journal.later(DAY * 30 + 1 + DAY * number % WEEK, waste.collect)
        self._packing.append(packing)
        self._wastes.append(waste)

    def _lots_of_a_grower(self) -> int:
        """So many that all customers are served, with a quarter to spare."""
        plan = self.plan
        packages = plan.shops * plan.customers * (plan.days + STOCK_DAYS) * 125 // 100
        return max(2, -(-packages // (LOT_PACKAGES * plan.growers)))

    def rounds(self) -> Iterator[Round]:
        """All that happens after the founding, half day by half day; those in which nothing does are left out."""
        registration = self._registration
        for slot, task in enumerate((registration.enter, registration.settle, registration.empower)):
            self.journal.later(DAY * slot, task)
        for slot in range(self.plan.slots):
            self.journal.begin(slot)
            if slot >= self.plan.opening - DAY:
                self._trade(slot)
            if batches := self.journal.close():
                yield batches

    def _trade(self, slot: int) -> None:
        """A half day of trade: inspections and mishaps, orders for tomorrow, customers."""
        day = (slot - self.plan.opening) // DAY
        morning = slot % DAY == 0
        if morning and day == -1:
            for shop in self._shops:
                shop.open_tills()
        if morning and day >= 0:
            self._supervision.inspect(day)
            for shop in self._shops:
                shop.mishaps()
            if day == 3:
                self._shops[0].replace_till()
        if morning:
            for shop in self._shops:
                if shop.is_due:
                    self._order(shop)
        for shop in self._shops:
            if day >= 0:
                shop.sell(limits()["SALE_MAX"])

    def _order(self, shop: Shop) -> None:
        """A delivery for tomorrow, from the next grower that has something."""
        self._deliveries += 1
        for turn in range(len(self._packing)):
            packing = self._packing[(self._deliveries + turn) % len(self._packing)]
            if packages := packing.fill(min(shop.wanted, packing.supply)):
                self.journal.later(1, self._deliver, packing, shop, packages)
                return

    def _deliver(self, packing: PackingRoom, shop: Shop, packages: list[Package]) -> None:
        for shipment in packing.ship(shop.party, packages):
            self.journal.later(1, shop.receive, shipment)
