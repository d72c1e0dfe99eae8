"""The targets of `make bench`, what was measured of them, and the page that shows both."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.engines import Engine

PEER = "the peer"


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised: at least `bound`, or `most` as much, of a unit."""

    what: str
    bound: float
    against: str
    most: bool = False
    unit: str = "×"

    @property
    def text(self) -> str:
        """The promise."""
        return f"{'≤' if self.most else '≥'} {self.bound:g} {self.unit}"

    def judged(self, value: float) -> str:
        """What was measured, and whether it is enough."""
        met = value <= self.bound if self.most else value >= self.bound
        shown = f"{value:.2f}" if value < 10 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"
        return f"{shown} {self.unit} {'met' if met else '**not met**'}"


TARGETS = {
    "typed": Target("typed single-action mutations, 16 clients, receipts with proofs", 2.5, PEER),
    "plain": Target("the same", 4, "the peer without caches"),
    "submit": Target("`submit` of 100, actions", 15, PEER),
    "append": Target("append without HTTP, one action a submission, 16 in flight", 1.3, "`eventsourcing`"),
    "chain": Target("audit depth 1", 0.35, "two SHA-256 an entry, bare loop, all cores"),
    "single": Target("audit depth 2, single-action submissions", 0.85, "bare Ed25519 verification, all cores"),
    "hundred": Target("audit depth 2, submissions of 100, entries", 8, "the row above"),
    "seed": Target(
        "lineage of a package to its seed, through GraphQL", 1.3, "itself, a tenth of the entries", most=True
    ),
    "sale": Target("forward recall of a lot, through GraphQL", 1.3, "itself, a tenth of the entries", most=True),
    "memory": Target(
        "memory of an audit, four depths, largest process", 1.1, "itself, a tenth of the entries", most=True
    ),
    "log": Target("entries, hashes and checkpoints on disk", 1.25, "their canonical bytes", most=True),
    "version": Target("state on disk, with its indexes", 300, "a version of a unit", most=True, unit="bytes"),
    "flow": Target("the same", 80, "a flow", most=True, unit="bytes"),
}


@dataclass(slots=True)
class Figures:
    """What was measured, by engine; `details` are the absolute figures behind it, one sentence each."""

    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)

    def put(self, engine: str, **values: float) -> None:
        """Note figures by the names of their targets."""
        self.measured.setdefault(engine, {}).update(values)

    def say(self, engine: Engine, sentence: str) -> None:
        """Note absolute figures of an engine."""
        self.details.append(f"{engine.title}: {sentence}.")

    def table(self, titles: Mapping[str, str]) -> str:
        """The targets with what was measured on each engine."""
        lines = [
            f"| what | target | against | {' | '.join(titles.values())} |",
            "| --- | --- | --- |" + " --- |" * len(titles),
        ]
        for name, target in TARGETS.items():
            found = [self.measured.get(engine, {}).get(name) for engine in titles]
            cells = ["–" if value is None else target.judged(value) for value in found]
            if any(value is not None for value in found):
                lines.append(f"| {target.what} | {target.text} | {target.against} | {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def page(self, titles: Mapping[str, str], entries: int, begun: str, remarks: str) -> str:
        """The document, with the machine on which it was measured."""
        machine = (
            f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {_processor()}, {os.cpu_count()} "
            f"cores, {', '.join(titles.values())}; {entries:,} entries in the large ledger; load average {begun} "
            "before, "
            f"{loads()} after."
        )
        details = "\n".join(f"- {sentence}" for sentence in self.details)
        return f"{_ABOUT}\n{machine}\n\n{self.table(titles)}\n## In figures\n{details}\n\n{remarks}"


_ABOUT = """# Performance

Written by `make bench` (`python -m bench --help`): ratios within one run, medians of rounds, for absolute figures
drift from machine to machine. The load comes from a process of its own on the same cores: 16 connections, a key
each, different signed submissions prepared beforehand. Two of the keys pack ten packages at a time, fourteen sell one.
The *peer* is what a user would write instead: a Strawberry mutation that inserts one row with SQLModel and commits,
with the same durability and server, with Strawberry's own caches; no signature, chain, rules or receipts.
"""

MARK = "## Remarks\n"
"""What follows it on the page is written by people, and kept."""


def remarks(page: Path) -> str:
    """What people wrote on a page."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return MARK + text.partition(MARK)[2]


def loads() -> str:
    """The load average of the last minute, processes."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
