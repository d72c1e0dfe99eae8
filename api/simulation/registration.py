"""The days before the first plant: who takes part is registered, designated, admitted, and by which numbers."""

from __future__ import annotations

from api.simulation.journal import Journal
from api.simulation.keyring import Keyring
from api.simulation.plan import Data
from api.simulation.roster import Grower, Party, Roster, Shop, parameters

VARIETIES = (
    "Polder Haze",
    "Delta Kush",
    "Zuiderzee Skunk",
    "Wadden Gold",
    "Veluwe Amber",
    "Maas Cheese",
    "Waal Widow",
    "Betuwe Berry",
    "Texel Lemon",
    "Drenthe Diesel",
)
"""Invented names: ten, the least with which a grower could apply (Besluit art. 19)."""

ADDRESS = "Address of {} (fictional)"


def slug(name: str) -> str:
    """The id that belongs to a name."""
    return name.lower().replace(" ", "-")


def midnight(date: str) -> str:
    """The timestamp at which a date begins."""
    return f"{date}T00:00:00.000Z"


class Registration:
    """Three half days: the ministry enters everybody, everybody its own, then who may act is empowered."""

    def __init__(self, roster: Roster, keyring: Keyring, journal: Journal) -> None:
        self.roster = roster
        self.keyring = keyring
        self.journal = journal
        self._at = 0

    def enter(self) -> None:
        """The ministry: parameters, participants, phases, first keys."""
        roster = self.roster
        for record in parameters():
            data: Data = {"parameter": record["name"], "value": record["value"], "from": midnight(record["from"])}
            self._write("founder", "setParameter", data)
        parties: list[Party] = [*roster.municipalities, *roster.authorities, *roster.growers, *roster.shops]
        for number, party in enumerate([*parties, *roster.others], start=1):
            self._write("founder", "registerParticipant", self._participant(number, party))
            registered = self.keyring.registration(party.key, party.id)
            self._write("founder", "registerKey", {**registered, "admin": True})
        for phase in roster.phases:
            data = {
                "municipality": phase.municipality,
                "product": phase.product,
                "phase": phase.phase,
                "from": midnight(phase.begins),
            }
            self._write("founder", "setPhase", data)

    def settle(self) -> None:
        """Growers and shops: where they are, what they grow, with which tills they sell."""
        for grower in self.roster.growers:
            address = self.journal.chance.sealed(ADDRESS.format(f"{grower.name}, {grower.place or 'not published'}"))
            self._write(grower.key, "registerSite", {"site": grower.site, "address": address})
            for name in VARIETIES:
                self._write(grower.key, "registerVariety", {"variety": slug(name), "name": name})
        for shop in self.roster.shops:
            address = self.journal.chance.sealed(ADDRESS.format(shop.name))
            data: Data = {"site": "shop", "municipality": shop.municipality, "address": address}
            self._write(shop.key, "registerSite", data)

    def empower(self) -> None:
        """The ministry designates growers, the municipalities admit shops."""
        for grower in self.roster.growers:
            self._write("founder", "designateGrower", {"grower": grower.id, "sites": [grower.site]})
        for shop in self.roster.shops:
            key = f"municipality-{shop.municipality}"
            self._write(key, "admitShop", {"shop": shop.id, "site": "shop"})

    def _participant(self, number: int, party: Party) -> Data:
        data: Data = {"participant": party.id, "kind": party.kind, "name": party.name}
        if isinstance(party, Grower | Shop):
            data["kvk"] = self.journal.chance.sealed(f"{number:08} (fictional)")
        return data

    def _write(self, key: str, action: str, data: Data) -> None:
        """One act after the other, from half past nine."""
        self._at = max(self._at + 2_000, self.journal.moment(570))
        self.journal.write(key, self._at, action, data)
