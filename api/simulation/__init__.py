"""A chain that behaves like the real one, recorded on a sandbox ledger by one of two roads.

The same seed gives the same statements, byte for byte; with `into_database` the same ledger.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ketenboek_client import Gateway

from api.simulation.bulk import BulkRoad
from api.simulation.chain import Chain
from api.simulation.keyring import FOUNDING, Keyring, held_in
from api.simulation.plan import ORIGIN, Plan
from api.simulation.progress import Lines
from api.simulation.remote import RemoteRoad
from api.simulation.roads import simulate
from ledger.anchor import Anchor
from ledger.errors import Malformed
from ledger.founding import found

NAME = "Experiment gesloten coffeeshopketen (simulation)"


class Unsuitable(ValueError):
    """The plan cannot be played, or the ledger is none to play it on."""


def planned(seed: int, growers: int, shops: int, days: int, entries: int | None) -> Plan:
    """The plan of a command: so many entries, or so many growers, shops and days. Raises Unsuitable."""
    try:
        return Plan.of_entries(seed, entries) if entries is not None else Plan(seed, growers, shops, days)
    except ValueError as error:
        raise Unsuitable(str(error)) from error


def into_database(
    url: str,
    out: str | Path,
    *,
    seed: int,
    growers: int,
    shops: int,
    days: int,
    entries: int | None,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Found a sandbox ledger in an empty, migrated database and fill it; leaves anchor, checkpoint and keys in `out`.

    Raises Unsuitable, AlreadyFounded, and what the drivers raise.
    """
    plan = planned(seed, growers, shops, days, entries)
    keyring = Keyring(plan.seed, plan.origin)
    chain = _chain(plan, keyring)
    anchor = found_sandbox(url, plan, keyring)
    road = BulkRoad(url, keyring)
    gc.disable()  # entries hold no cycles, and looking for some takes a third of the time
    try:
        size = simulate(chain, road, Lines(progress))
    finally:
        gc.enable()
        road.close()
    folder = Path(out)
    keep_keys(keyring, folder / "keys")
    (folder / "anchor").write_text(anchor.text() + "\n", encoding="utf-8")
    (folder / "checkpoint").write_text(road.head.note, encoding="utf-8")
    return {"origin": plan.origin, "anchor": anchor.text(), "entries": size}


def through_gateway(
    url: str,
    keys: str | Path,
    *,
    seed: int,
    growers: int,
    shops: int,
    days: int,
    entries: int | None,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Fill a founded sandbox ledger over HTTP; `keys` holds the founder's key, and gets those of everybody else.

    Raises Unsuitable, and what the client raises.
    """
    plan = planned(seed, growers, shops, days, entries)
    folder = Path(keys)
    if not (folder / "founder.jwk").is_file():
        raise Unsuitable(f"{folder / 'founder.jwk'}: the founder's key is needed")
    with Gateway(url) as gateway:
        ledger = gateway.query("{ ledger { origin anchor sandbox size } }")["ledger"]
    if not ledger["sandbox"] or ledger["size"] != 1:
        raise Unsuitable(f"{ledger['origin']} is no sandbox ledger that was only founded yet")
    try:
        keyring = Keyring(plan.seed, ledger["origin"], held_in(folder))
    except Malformed as error:
        raise Unsuitable(f"{folder}: a key is encrypted, or no key: {error}") from error
    with RemoteRoad(url, keyring, folder, 1) as road:
        size = simulate(_chain(plan, keyring), road, Lines(progress))
    return {"origin": ledger["origin"], "anchor": ledger["anchor"], "entries": size}


def found_sandbox(url: str, plan: Plan, keyring: Keyring) -> Anchor:
    """Found the ledger on which a plan is played. Raises AlreadyFounded, and what the drivers raise."""
    founder, offline, gateway = (keyring[name] for name in FOUNDING)
    return found(
        url,
        origin=plan.origin,
        name=NAME,
        authority="ministry",
        founder=founder,
        offline=offline,
        checkpoint_key=gateway,
        sandbox=True,
        at=plan.begins,
        random=keyring.drawn("founding"),
    )


def keep_keys(keyring: Keyring, folder: Path) -> None:
    """Keep all keys that were used so far as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in keyring.names:
        keyring.file(name, folder)


def _chain(plan: Plan, keyring: Keyring) -> Chain:
    try:
        return Chain(plan, keyring)
    except ValueError as error:
        raise Unsuitable(str(error)) from error


__all__ = ["NAME", "ORIGIN", "Plan", "Unsuitable", "found_sandbox", "into_database", "keep_keys", "through_gateway"]
