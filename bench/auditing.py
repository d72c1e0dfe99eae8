"""How fast a ledger is audited, against bare loops of the hashes or signatures that it needs; and how much memory."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.servers import COMMAND, Failed
from ledger import audit

CORES = os.cpu_count() or 1
ROUNDS = 3
ENTRY_BYTES = 1_100
"""About what an entry has, and what a key signs."""
SIGNED_BYTES = 400
HASHED = 200_000
VERIFIED = 4_000

Bare = Callable[[int], float]


def hash_twice(count: int) -> float:
    """Seconds for two SHA-256 an entry: its leaf, and one node of the tree."""
    data, node = os.urandom(ENTRY_BYTES), os.urandom(65)
    begun = time.perf_counter()
    for _ in range(count):
        hashlib.sha256(data).digest()
        hashlib.sha256(node).digest()
    return time.perf_counter() - begun


def verify(count: int) -> float:
    """Seconds for so many signatures."""
    key, message = Ed25519PrivateKey.from_private_bytes(bytes(32)), bytes(SIGNED_BYTES)
    public, signature = key.public_key(), key.sign(message)
    begun = time.perf_counter()
    for _ in range(count):
        public.verify(signature, message)
    return time.perf_counter() - begun


def compared(url: str, depth: str, bare: Bare, count: int) -> tuple[float, float]:
    """Entries a second of one depth of an audit, and its ratio to a bare loop on all cores: medians of rounds."""
    found, ratios = [], []
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        pool.map(bare, [1] * CORES)
        for _ in range(ROUNDS):
            loops = CORES * count / max(pool.map(bare, [count] * CORES, chunksize=1))
            found.append(rate(url, depth))
            ratios.append(found[-1] / loops)
    return median(found), median(ratios)


def rates(url: str, depth: str) -> float:
    """Entries a second of one depth, the median of rounds."""
    return median(rate(url, depth) for _ in range(ROUNDS))


def rate(url: str, depth: str) -> float:
    """Entries a second of one depth, on all cores."""
    report = audit.audit(url, depths=(depth,))
    if report.verdict != "intact":
        raise Failed(report.text())
    found = report.depths[depth]
    return found.checked / found.seconds


def peak(url: str) -> float:
    """MiB of memory of the largest process of an audit in four depths."""
    # By a process between: one counts as its own what the process that started it needed.
    arguments = [sys.executable, "-m", "bench.auditing", COMMAND, "audit", "--database", url, "--json"]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failed(f"the audit of {url} ended with {done.returncode}")
    return float(done.stdout)


if __name__ == "__main__":
    process = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    print(used.ru_maxrss / 1024)
    raise SystemExit(os.waitstatus_to_exitcode(status))
