"""The demonstration, `make demo`: a chain from mother plant to sale, recorded through a gateway, seen and proven.

Nothing is faked: a real database, a gateway as a process of its own, keys in files of their own, and
the client that a vendor would use, over HTTP. What it leaves in `demo/` is a ledger to look at and to go on with.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ketenboek_client import Client, Gateway

import migrations
from api.simulation import found_sandbox, keep_keys
from api.simulation.account import account
from api.simulation.chain import Chain
from api.simulation.keyring import Keyring
from api.simulation.plan import Plan, Round
from api.simulation.progress import Bar
from api.simulation.remote import RemoteRoad
from api.simulation.roads import simulate
from api.simulation.serving import ketenboek, served
from api.simulation.tampering import settle, tampered_copy
from ledger.balance import balance
from ledger.rows import Participant, Unit
from ledger.store import Store

FOLDER = Path("demo")
DATABASE = FOLDER / "ketenboek.db"
TAMPERED = FOLDER / "tampered.db"
KEYS = FOLDER / "keys"
SERVED = "http://127.0.0.1:8000"
"""Where `make serve` serves."""
PLAN = Plan(seed=1, growers=5, shops=30, days=14, customers=38, origin="ketenboek.example/demo")

TOLD = (
    ("harvestPlants", "harvests"),
    ("packLot", "runs of the packing line"),
    ("departShipment", "shipments"),
    ("returnPackages", "returns"),
    ("recordLoss", "losses"),
    ("destroyWaste", "destructions"),
    ("holdUnits", "holds"),
    ("sellPackages", "sales"),
)


class Witness:
    """Lets a road record, and remembers what happened and which package was sold last."""

    def __init__(self, road: RemoteRoad) -> None:
        self.acts: Counter[str] = Counter()
        self.packages = 0
        self.sold = ""
        self._road = road

    @property
    def size(self) -> int:
        """Entries of the ledger."""
        return self._road.size

    def record(self, batches: Round) -> None:
        """Record a round."""
        self._road.record(batches)
        for act in (act for batch in batches for act in batch.acts):
            self.acts[act.action] += 1
            packages = act.data.get("packages")
            if act.action == "packLot" and isinstance(packages, list):
                self.packages += len(packages)
            if act.action == "sellPackages" and isinstance(packages, list):
                self.sold = str(packages[0])

    def finish(self) -> None:
        """Nothing waits."""
        self._road.finish()


def main(plan: Plan = PLAN) -> int:
    """Make the demonstration; 0 when the ledger is intact and the tampering was found."""
    began = time.monotonic()
    _clear()
    keyring = Keyring(plan.seed, plan.origin)
    _title("A sandbox ledger is founded, with the real registry")
    url = f"sqlite:///{DATABASE}"
    migrations.upgrade(url)
    anchor = found_sandbox(url, plan, keyring)
    keep_keys(keyring, KEYS)
    (FOLDER / "anchor").write_text(anchor.text() + "\n", encoding="utf-8")
    print(f"anchor: {anchor.text()}")
    with served(url, KEYS / "gateway.jwk", FOLDER / "gateway.log") as address:
        witness = _record(address, plan, keyring)
        _keep_proofs(address, witness.sold)
    settle(DATABASE)
    _title("From the sold package back to the mother plants")
    _command("lineage", witness.sold, "--database", url)
    made = _balance(url, witness.sold)
    _title("The audit, trusting nobody")
    intact = _audit(DATABASE, FOLDER / "report.json")
    _title(f"One gram more in entry {made} of a copy")
    tampered_copy(DATABASE, TAMPERED, made)
    (FOLDER / "tampered-entry").write_text(f"{made}\n", encoding="utf-8")
    faulty = _audit(TAMPERED, FOLDER / "tampered.json", "--depth", "chain,signatures")
    found = faulty["verdict"] == "faulty" and faulty["faults"][0]["index"] == made
    print(f"The audit names entry {made}, the one that was changed." if found else "The change was not found.")
    good = intact["verdict"] == "intact" and found
    _title(f"Done in {time.monotonic() - began:.0f} s" if good else "Something is not as it should be")
    print(f"Serve it:   make serve\nThen open:  {SERVED}/console/unit/{witness.sold}")
    print(f"On a phone: {SERVED}/u/{witness.sold}")
    return 0 if good else 1


def _title(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _command(*arguments: str) -> None:
    """Show a command, and what it prints."""
    print(f"$ ketenboek {' '.join(arguments)}", flush=True)
    subprocess.run(ketenboek(*arguments), check=True)


def _clear() -> None:
    """Begin with an empty folder: what is in it is ours."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    KEYS.mkdir(parents=True)


def _record(address: str, plan: Plan, keyring: Keyring) -> Witness:
    """Let the chain live, through the gateway."""
    print(f"gateway: {address}")
    _title(f"{plan.growers} growers and {plan.shops} shops live through a season, over HTTP")
    began = time.monotonic()
    with RemoteRoad(address, keyring, KEYS, 1) as road:
        witness = Witness(road)
        with Bar() as bar:
            simulate(Chain(plan, keyring), witness, bar)
    seconds = time.monotonic() - began
    print(f"{witness.acts.total():,} signed acts of {len(keyring.names) - 2} keys in {seconds:.0f} s; among them")
    print(f"{witness.packages:>8,} packages")
    for action, word in TOLD:
        print(f"{witness.acts[action]:>8,} {word}")
    return witness


def _keep_proofs(address: str, sold: str) -> None:
    """The newest checkpoint, and the receipt of the sale, both verified by the client."""
    with Gateway(address) as gateway, Client(gateway, KEYS / "auditor.jwk") as auditor:
        auditor.checkpoint()
        (FOLDER / "checkpoint").write_text(gateway.checkpoint(), encoding="utf-8")
        query = "query Sale($code: Code!) { unit(code: $code) { history(first: 100) { nodes { index action } } } }"
        history = auditor.query(query, {"code": sold})["unit"]["history"]["nodes"]
        [sale] = [entry["index"] for entry in history if entry["action"] == "sellPackages"]
        receipt = auditor.receipt(sale)
        assert receipt is not None
        (FOLDER / "receipt.json").write_text(receipt.file, encoding="utf-8")
        (FOLDER / "sold").write_text(f"{sold}\n", encoding="utf-8")


def _balance(url: str, sold: str) -> int:
    """Print the mass balance of the grower of a package; the entry of the harvest that it came from."""
    store = Store.open(url)
    try:
        [package] = store.load(Unit, "code", (sold,))
        [lot] = store.load(Unit, "entity", (package.source,))
        [grower] = store.load(Participant, "entity", (package.grower,))
        head = store.head()
        assert head is not None
        _title(f"Mass balance of {grower.name}, entries 0 to {head.size - 1:,}")
        print("\n".join(account(balance(store, grower.participant, 0, head.size - 1))))
        return lot.made
    finally:
        store.close()


def _audit(database: Path, report: Path, *more: str) -> dict[str, Any]:
    """Audit a ledger as an auditor would, and keep the report."""
    flags = ["--database", f"sqlite:///{database}", "--anchor", str(FOLDER / "anchor")]
    flags += ["--checkpoint", str(FOLDER / "checkpoint"), *more, "--json"]
    print(f"$ ketenboek audit {' '.join(flags)} > {report}", flush=True)
    done = subprocess.run(ketenboek("audit", *flags), stdout=subprocess.PIPE, text=True, check=False)
    report.write_text(done.stdout, encoding="utf-8")
    found: dict[str, Any] = json.loads(done.stdout)
    for depth, one in found["depths"].items():
        print(f"{depth:12} {one['verdict']:10} {one['checked']:>8,} checked in {one['seconds']:.1f} s")
    for fault in found["faults"][:3]:
        print(f"entry {fault['index']}: {fault['code']}. {fault['message']}")
    print(f"{found['verdict']}{', under the anchor' if found['anchored'] else ''}: {found['size']:,} entries")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
