"""The report of an audit: JSON for machines (`interface.md` §5), and sentences for people.

The only file of the audit that looks at a clock: for when it ran, never for what it found.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ledger import instant
from ledger.audit.checkpoints import Judged
from ledger.errors import FAULTS, Fault

TYPE = "ketenboek/audit/v1"
SHOWN = 20
"""Faults that the text form shows."""

WHAT = {
    "chain": "links, tree and checkpoints",
    "signatures": "signatures, keys and sequences",
    "custody": "rules of custody, replayed",
    "projections": "the tables that answer queries",
}
"""What each depth checks, for people."""


@dataclass(slots=True)
class Depth:
    """How one depth went; `checked` counts entries, of projections tables."""

    verdict: str = "undecided"
    checked: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """What an audit found. `verdict`: `intact`, `faulty` or `undecided`; hashes are base64."""

    anchored: bool = False
    origin: str | None = None
    anchor: str | None = None
    """The anchor of this ledger as it is stored, one line."""
    size: int = 0
    root: str | None = None
    """None where entries are missing."""
    state: str | None = None
    """The digest of the replayed state, None where it could not be replayed to the end."""
    editions: list[int] = field(default_factory=list)
    depths: dict[str, Depth] = field(default_factory=dict)
    checkpoints: list[Judged] = field(default_factory=list)
    outside: tuple[str, ...] = ()
    """Sources of the checkpoints that came from outside the database."""
    faults: list[Fault] = field(default_factory=list)
    faults_total: int = 0
    started: str = ""
    ended: str = ""

    @property
    def verdict(self) -> str:
        """Faulty if anything is at fault; undecided if something could not be checked to the end."""
        verdicts = {depth.verdict for depth in self.depths.values()}
        verdicts |= {judged.verdict for judged in self.checkpoints}
        if "faulty" in verdicts:
            return "faulty"
        return "intact" if self.size and verdicts == {"intact"} else "undecided"

    def members(self) -> dict[str, Any]:
        """The report as JSON (`docs/report.schema.json`)."""
        return {
            "type": TYPE,
            "verdict": self.verdict,
            "anchored": self.anchored,
            "origin": self.origin,
            "anchor": self.anchor,
            "size": self.size,
            "root": self.root,
            "state": self.state,
            "editions": self.editions,
            "depths": {name: asdict(depth) for name, depth in self.depths.items()},
            "checkpoints": [asdict(judged) for judged in self.checkpoints],
            "faults": [fault_members(fault) for fault in self.faults],
            "faults_total": self.faults_total,
            "tool": {"version": _version()},
            "started": self.started,
            "ended": self.ended,
        }

    def text(self) -> str:
        """The report for people; the first line says what was proven, and to whom."""
        lines = [self._first_line(), f"{self.origin or 'unknown origin'}, {self.size:,} entries, root {self.root}"]
        if self.state is not None:
            lines.append(f"state {self.state}, editions {', '.join(map(str, self.editions))}")
        for name, depth in self.depths.items():
            unit = "tables" if name == "projections" else "entries"
            checked = f"{depth.checked:,} {unit}"
            lines.append(f"  {name:12} {depth.verdict:10} {checked:>20}  {depth.seconds:8.1f} s  {WHAT[name]}")
        lines += self._evidence()
        for fault in self.faults[:SHOWN]:
            where = "" if fault.index is None else f"entry {fault.index}: "
            about = " ".join(part for part in (fault.rule, fault.unit) if part)
            lines.append(f"- {where}{fault.code}{' ' + about if about else ''}. {FAULTS[fault.code]} {fault.message}")
            if fault.expected is not None or fault.found is not None:
                lines.append(f"    expected {fault.expected}, found {fault.found}")
        if self.faults_total > len(self.faults[:SHOWN]):
            lines.append(f"- and {self.faults_total - len(self.faults[:SHOWN])} more")
        return "\n".join(lines)

    def _first_line(self) -> str:
        if self.verdict == "faulty":
            first = self.faults[0] if self.faults else None
            where = "" if first is None or first.index is None else f", first in entry {first.index}"
            return f"FAULTY: this ledger is not what it should be{where}."
        outside = len(self.outside)
        kept = f" and with {outside} checkpoint{'s' if outside > 1 else ''} kept elsewhere" if outside else ""
        if self.verdict == "undecided":
            return f"UNDECIDED: not everything could be checked to the end; what was is consistent{kept}."
        if self.anchored:
            return f"INTACT: this is the ledger that the anchor names, consistent with itself{kept}."
        return f"INTACT, WITHOUT AN ANCHOR: this ledger is consistent with itself{kept} and nothing more."

    def _evidence(self) -> Iterator[str]:
        """What the audit had from outside the database: without it no operator can be convicted."""
        yield "evidence from outside the database:"
        given = self.anchored or any(fault.code == "GENESIS_OTHER" for fault in self.faults)
        yield "  anchor       " + ("matches" if self.anchored else "does not match" if given else "none was given")
        for judged in self.checkpoints:
            if judged.source in self.outside:
                size = "" if judged.size is None else f" (size {judged.size:,})"
                yield f"  checkpoint   {judged.source}{size}: {judged.verdict}"
        if not self.outside:
            yield "  checkpoint   none was given: a history replaced as a whole would not be seen"


def fault_members(fault: Fault) -> dict[str, Any]:
    """In the order of `interface.md` §5."""
    names = ("code", "index", "depth", "rule", "unit", "message", "expected", "found")
    return {name: getattr(fault, name) for name in names}


def _version() -> str:
    try:
        return version("ketenboek")
    except PackageNotFoundError:
        return "unknown"


def now() -> str:
    """The moment, as a timestamp."""
    return instant.text(time.time_ns() // 1_000_000)


@contextmanager
def timed(depth: Depth) -> Iterator[None]:
    """Adds the seconds that pass within."""
    began = time.monotonic()
    try:
        yield
    finally:
        depth.seconds = round(depth.seconds + time.monotonic() - began, 3)
