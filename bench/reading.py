"""How fast a ledger is audited and followed, what an audit needs, and what lies on the disk."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import migrations
from api import simulation
from ledger import audit
from ledger.keys import SigningKey, verify
from ledger.lineage import Direction, lineage
from ledger.query import rows
from ledger.rows import Flow, Unit
from ledger.store import Store

JOBS = os.cpu_count() or 1


def simulated(folder: Path, entries: int, progress: Callable[[str], None]) -> str:
    """A simulated ledger of about so many entries; its address."""
    url = f"sqlite:///{folder}/{entries}.db"
    migrations.upgrade(url)
    plan: dict[str, Any] = {"seed": 1, "growers": 5, "shops": 30, "days": 21, "entries": entries}
    simulation.into_database(url, folder / str(entries), **plan, progress=progress)
    return url


def audited(url: str, depth: str) -> float:
    """Entries a second of one depth on all cores (depth 1 comes before every other one)."""
    report = audit.audit(url, depths=("chain", depth) if depth != "chain" else ("chain",), jobs=JOBS)
    assert report.verdict == "intact", report.text()
    found: dict[str, Any] = report.members()["depths"][depth]
    return float(found["checked"] / max(found["seconds"], 1e-9))


def _hash_twice(count: int) -> float:
    data = os.urandom(1_000)
    begun = time.perf_counter()
    for _ in range(count):
        hashlib.sha256(data).digest()
        hashlib.sha256(data).digest()
    return count / (time.perf_counter() - begun)


def _verify(count: int) -> float:
    key = SigningKey(bytes(32))
    signature = key.sign(b"ketenboek")
    begun = time.perf_counter()
    for _ in range(count):
        verify(key.public, b"ketenboek", signature)
    return count / (time.perf_counter() - begun)


def on_all_cores(work: Callable[[int], float], count: int) -> float:
    """What a bare loop does a second, on every core at once."""
    with multiprocessing.get_context("spawn").Pool(JOBS) as pool:
        return sum(pool.map(work, [count] * JOBS))


def bare_hashes() -> float:
    """Two SHA-256 per entry in a bare loop, entries a second."""
    return on_all_cores(_hash_twice, 200_000)


def bare_verifications() -> float:
    """Bare Ed25519 verifications a second."""
    return on_all_cores(_verify, 5_000)


def _peak(url: str) -> int:
    audit.audit(url, jobs=1)
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(own, children)


def peak_memory(url: str) -> int:
    """KiB that the largest process of an audit in four depths needs."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (url,))


def followed(url: str) -> tuple[float, float]:
    """Milliseconds of a sold package's lineage to its seed, and of its lot's to sale (medians)."""
    store = Store.open(url)
    sold = rows(store, Flow, 'WHERE "kind" = ? ORDER BY "entry" DESC LIMIT 40', ("SOLD",))
    packages = [flow.source for flow in sold if flow.source is not None]
    units = rows(store, Unit, f'WHERE "id" IN ({", ".join("?" * len(packages))})', packages)
    back = [_timed(store, unit.id, Direction.TO_SEED) for unit in units]
    forth = [_timed(store, unit.source or 0, Direction.TO_SALE) for unit in units]
    store.close()
    return statistics.median(back), statistics.median(forth)


def _timed(store: Store, unit: int, direction: Direction) -> float:
    begun = time.perf_counter()
    lineage(store, unit, direction)
    return 1_000 * (time.perf_counter() - begun)


def on_disk(url: str) -> dict[str, float]:
    """Bytes on disk of entries, hashes and checkpoints per canonical byte; of state per version and per flow."""
    path = url.removeprefix("sqlite:///")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        connection = sqlite3.connect(path)
        connection.execute("VACUUM INTO ?", (str(copy),))
        [[canonical]] = connection.execute('SELECT SUM(LENGTH("bytes")) FROM "entry"')
        counts = {
            name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in ("version", "flow")
        }
        connection.close()
        sizes = _sizes(copy)
    log = sum(size for name, size in sizes.items() if name.startswith(("entry", "checkpoint", "subtree")))
    version = sum(size for name, size in sizes.items() if name.startswith(("version", "unit")))
    flow = sum(size for name, size in sizes.items() if name.startswith("flow"))
    return {"log": log / canonical, "version": version / counts["version"], "flow": flow / counts["flow"]}


def _sizes(path: Path) -> dict[str, int]:
    """Bytes of each table and index: what the file shrinks by without it."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")]
    sizes = {}
    try:
        for name in names:
            [[size]] = connection.execute("SELECT SUM(pgsize) FROM dbstat WHERE name = ?", (name,))
            sizes[name] = size or 0
    except sqlite3.OperationalError:
        sys.stderr.write("this SQLite has no dbstat: sizes are left out\n")
    connection.close()
    return sizes
