"""Projections from the entries: the replay of depth 3, compared with the tables or written over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.audit.faults import Faults
from ledger.audit.report import SHOWN, Report, fault_members
from ledger.audit.run import Examination, Progress, silent
from ledger.audit.scratch import Scratch
from ledger.audit.source import Source
from ledger.audit.workers import Workers
from ledger.editions import EDITIONS, Edition
from ledger.errors import FAULTS, Fatal, Fault
from ledger.rows import STATE
from ledger.store import Store

FAULTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it: `rows` were written, none where it was only compared or the entries are at fault."""

    verdict: str
    size: int
    rows: int
    faults: list[Fault]
    faults_total: int

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "type": "ketenboek/rebuild/v1",
            "verdict": self.verdict,
            "size": self.size,
            "rows": self.rows,
            "faults": [fault_members(fault) for fault in self.faults],
            "faults_total": self.faults_total,
        }

    def text(self) -> str:
        """For people."""
        done = f"{self.rows:,} rows written from" if self.rows else "nothing written; compared with"
        lines = [f"{self.verdict.upper()}: {done} {self.size:,} entries."]
        lines += [f"- {fault.code}: {FAULTS[fault.code]} {fault.message}" for fault in self.faults[:SHOWN]]
        return "\n".join(lines)


def rebuild(
    url: str,
    *,
    check: bool = False,
    workdir: str | Path | None = None,
    progress: Progress = silent,
    editions: Mapping[int, Edition] = EDITIONS,
) -> Rebuilt:
    """Write the state tables anew from the entries, in one transaction; `check`: only compare them.

    Nothing is written from entries that are at fault. Raises Unreadable, Fatal if entries came in meanwhile,
    and what the drivers raise.
    """
    faults, report = Faults(FAULTS_MAX), Report()
    with Scratch.open(workdir) as scratch:
        with Source.open(url) as source:
            examination = Examination(source, Workers.none(), faults, report, progress)
            examination.chain(None, ())
            replay = examination.custody(scratch, editions)
            if check:
                examination.projections(scratch, replay)
        verdict = "faulty" if faults.faulty else "undecided" if faults.undecided or not report.size else "intact"
        written = 0
        if verdict == "intact" and not check:
            written = _write(url, scratch, report.size)
    return Rebuilt(verdict, report.size, written, faults.ordered(), faults.total)


def _write(url: str, scratch: Scratch, size: int) -> int:
    store = Store.open(url)
    written = 0
    try:
        with store.transaction():
            head = store.head(lock=True)
            if head is None or head.size != size:
                raise Fatal("entries were recorded meanwhile: run it again while no gateway writes")
            store.clear_projections()
            for row in STATE:
                for chunk in scratch.store.scan(row):
                    store.write(chunk, {}, ())
                    written += len(chunk)
        store.analyze()
    finally:
        store.close()
    return written
