"""A coffeeshop: deliveries, sales by its tills, and what goes wrong there."""

from __future__ import annotations

from api.simulation import roster
from api.simulation.incidents import Incidents
from api.simulation.journal import Journal
from api.simulation.keyring import Keyring
from api.simulation.nursery import DAY
from api.simulation.packing import Package, PackingRoom, Shipment
from api.simulation.plan import Data

TILL_CUSTOMERS = 60
"""Customers a day for whom one more till pays."""
STOCK_DAYS = 3
"""Days between two deliveries; no more than a week's need may be in stock (Besluit art. 5)."""


class Shop:
    """One shop. Its admin key receives, returns and loses; device keys, one per till, sell."""

    def __init__(
        self, journal: Journal, keyring: Keyring, party: roster.Shop, number: int, incidents: Incidents, carrier: str
    ) -> None:
        self.party = party
        self.stock: list[Package] = []
        self._journal = journal
        self._chance = journal.chance
        self._keyring = keyring
        self._number = number
        self._incidents = incidents
        self._carrier = carrier
        self._senders: dict[str, tuple[Shipment, PackingRoom]] = {}
        self._tills: list[str] = []
        self._made = 0

    # Tills

    def open_tills(self) -> None:
        """Register a device key for each till, before the first customers."""
        for _ in range(1 + self._journal.plan.customers // TILL_CUSTOMERS):
            self._tills.append(self._register_till(self._chance.between(420, 500)))

    def replace_till(self) -> None:
        """A till breaks: a new key sells from the next half day on, the old one is revoked then."""
        old = self._tills[0]
        new = self._register_till(self._chance.between(420, 440))

        def swap() -> None:
            self._tills[0] = new
            data: Data = {"key": self._keyring[old].id}
            self._journal.write(self.party.key, self._journal.moment(self._chance.between(5, 20)), "revokeKey", data)

        self._journal.later(1, swap)

    def _register_till(self, minute: int) -> str:
        self._made += 1
        till = f"{self.party.key}-till-{self._made}"
        data: Data = {**self._keyring.registration(till, self.party.id), "scope": ["sellPackages"]}
        self._journal.write(self.party.key, self._journal.moment(minute), "registerKey", data)
        return till

    # Deliveries

    @property
    def is_due(self) -> bool:
        """Whether it gets a delivery tomorrow."""
        day = self._journal.slot // DAY + 1
        first = day == self._journal.plan.opening // DAY
        return first or (day > self._journal.plan.opening // DAY and (day + self._number) % STOCK_DAYS == 0)

    @property
    def wanted(self) -> int:
        """Packages to order: what will be sold until the delivery after this one, with something to spare."""
        return max(6, self._journal.plan.customers * (STOCK_DAYS + 2) * 120 // 100 - len(self.stock))

    def receive(self, shipment: Shipment) -> None:
        """What came is taken over; what is broken is refused, what is not there is missing."""
        verdicts: dict[str, dict[str, bool | str]] = {}
        for place, package in enumerate(shipment.packages):
            if place == 0 and self._incidents.due("refused"):
                verdicts[package.code] = {"refused": "DAMAGED"}
                self._back(shipment, package, "DAMAGED", 2)
            elif place == 1 and self._incidents.due("missing"):
                verdicts[package.code] = {"missing": True}
                self._journal.later(2 * DAY, self._search, shipment, package)
            else:
                verdicts[package.code] = {"accepted": True}
        self._write_receipt(shipment, verdicts)
        good = [package for package in shipment.packages if "accepted" in verdicts[package.code]]
        for package in good:
            self._senders[package.code] = (shipment, shipment.sender)
        # The tills have their own keys: they sell it from the next half day on.
        self._journal.later(1, self.stock.extend, good)

    def _write_receipt(self, shipment: Shipment, verdicts: dict[str, dict[str, bool | str]]) -> None:
        items = [{"package": code, "verdict": verdicts[code]} for code in sorted(verdicts)]
        at = self._journal.moment(self._chance.between(480, 600))
        data: Data = {"shipment": shipment.code, "packages": items}
        self._journal.write(self.party.key, at, "receiveShipment", data)

    def _back(self, shipment: Shipment, package: Package, reason: str, days: int) -> None:
        self._journal.later(DAY * days, shipment.sender.receive_back, shipment.code, package, reason)

    def _search(self, shipment: Shipment, package: Package) -> None:
        """Two days later: found behind the others, or given up by its sender."""
        if self._incidents.count("missing") % 2:
            self._write_receipt(shipment, {package.code: {"accepted": True}})
            self._senders[package.code] = (shipment, shipment.sender)
            self._journal.later(1, self.stock.append, package)
        else:
            shipment.sender.give_up(package)

    # What goes wrong

    def mishaps(self) -> None:
        """Once a day, in the morning: something is damaged, stolen or sent back."""
        if len(self.stock) < 4:
            return
        if self._incidents.due("damaged"):
            self._lose("DAMAGED", "Fell off the shelf; the seal broke.")
        if self._incidents.due("stolen"):
            self._lose("STOLEN", "Break-in at night, reported to the police.")
        if self._incidents.due("returned"):
            self._return()

    def _lose(self, reason: str, text: str) -> None:
        package = self._chance.take(self.stock)
        data: Data = {"units": [package.code], "reason": reason, "note": self._chance.sealed(text)}
        at = self._journal.moment(self._chance.between(360, 420))
        self._journal.write(self.party.key, at, "recordLoss", data)
        if reason != "STOLEN":
            self._journal.later(DAY, self._destroy, package)

    def _destroy(self, package: Package) -> None:
        at = self._journal.moment(self._chance.between(360, 420))
        data: Data = {"units": [package.code], "method": "CHLORINATED"}
        self._journal.write(self.party.key, at, "destroyWaste", data)

    def _return(self) -> None:
        package = self._chance.take(self.stock)
        reason = self._chance.pick(("UNSOLD", "QUALITY"))
        _, sender = self._senders[package.code]
        shipment = Shipment(self._chance.code("S"), sender, sender.grower.id, [package])
        data: Data = {
            "shipment": shipment.code,
            "packages": [package.code],
            "carrier": self._carrier,
            "reason": reason,
        }
        at = self._journal.moment(self._chance.between(430, 470))
        self._journal.write(self.party.key, at, "returnPackages", data)
        self._back(shipment, package, reason, 2)

    def take(self, count: int) -> list[Package]:
        """Packages that may not be sold for now."""
        return [self._chance.take(self.stock) for _ in range(min(count, len(self.stock)))]

    # Sales

    def sell(self, sale_max: int) -> None:
        """The customers of this half day; most come in the afternoon."""
        morning = self._journal.slot % DAY == 0
        share, begin, end = (30, 540, 719) if morning else (70, 0, 570)
        customers = self._chance.about(self._journal.plan.customers * share // 100 or 1, 25)
        moments = self._chance.moments(self._journal.moment(begin), self._journal.moment(end), customers)
        for number, at in enumerate(moments):
            basket = self._basket(sale_max)
            if not basket:
                return
            till = self._tills[number % len(self._tills)]
            data: Data = {"packages": sorted(package.code for package in basket)}
            if number == 3 and not morning and self._incidents.due("late"):
                # The till is cut off: it goes on selling, and this sale is sent two days later.
                self._journal.later(2 * DAY, self._sell_late, at, data)
            else:
                self._journal.write(till, at, "sellPackages", data)

    def _sell_late(self, at: int, data: Data) -> None:
        self._journal.write(self._tills[-1], at, "sellPackages", data)

    def _basket(self, sale_max: int) -> list[Package]:
        """One package, now and then two or three, never above what may be sold at once (Besluit art. 4)."""
        if not self.stock:
            return []
        basket = [self._chance.take(self.stock)]
        mass = basket[0].mass
        while self.stock and self._chance.once_in(7):
            package = self._chance.take(self.stock)
            if mass + package.mass > sale_max:
                self.stock.append(package)
                break
            mass += package.mass
            basket.append(package)
        return basket
