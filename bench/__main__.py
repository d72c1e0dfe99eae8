"""`make bench`: the targets as ratios within one run, and `docs/performance.md` with the last table and the machine."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import reading, recording

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
Row = tuple[str, str, str, str]


def note(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


def row(what: str, target: float, measured: float, against: str, *, most: bool = False) -> Row:
    """A line of the table; `most`: the target is an upper bound."""
    met = measured <= target if most else measured >= target
    sign = "≤" if most else "≥"
    return what, f"{sign} {target:g} ×", f"{measured:.2f} × {'met' if met else '**not met**'}", against


def of_recording(folder: Path) -> list[Row]:
    """The rows of recording, on SQLite."""
    note("recording over HTTP")
    rates = recording.typed_and_submitted(lambda name: f"sqlite:///{folder}/{name}.db")
    note(str(rates))
    note("appending without HTTP")
    append = recording.appended(lambda name: f"sqlite:///{folder}/{name}.db")
    events = recording.sourced(folder)
    cached, plain = rates["cached"], rates["plain"]
    return [
        row("typed single-action mutations, 16 clients", 2.5, rates["typed"] / cached, f"the peer, {cached:.0f}/s"),
        row("the same", 4, rates["typed"] / plain, f"the peer without caches, {plain:.0f}/s"),
        row("`submit` of 100, actions", 15, rates["submit"] / cached, "the peer"),
        row("append without HTTP, 16 in flight", 1.3, append / events, f"`eventsourcing`, {events:.0f}/s"),
    ]


def of_reading(folder: Path, entries: int) -> list[Row]:
    """The rows of auditing and following, on simulated ledgers of a tenth and the whole size."""
    small, large = (reading.simulated(folder, size, note) for size in (entries // 10, entries))
    note("auditing")
    hashes, verifications = reading.bare_hashes(), reading.bare_verifications()
    chain, signatures = reading.audited(large, "chain"), reading.audited(large, "signatures")
    few, many = reading.peak_memory(small), reading.peak_memory(large)
    back, forth = (
        after / before for before, after in zip(reading.followed(small), reading.followed(large), strict=True)
    )
    disk = reading.on_disk(large)
    sizes = f"{entries:,} against {entries // 10:,} entries"
    return [
        row("audit depth 1", 0.35, chain / hashes, f"two SHA-256 per entry, {hashes:,.0f}/s"),
        row("audit depth 2, as simulated (mixed sizes)", 0.85, signatures / verifications, "bare Ed25519 verification"),
        row("lineage to seed", 1.3, back, sizes, most=True),
        row("forward recall", 1.3, forth, sizes, most=True),
        row("memory of an audit, four depths", 1.1, many / few, sizes, most=True),
        row("entries, hashes, checkpoints on disk", 1.25, disk["log"], "their canonical bytes", most=True),
        (
            "state on disk",
            "≤ 300 and ≤ 80 bytes",
            f"{disk['version']:.0f} and {disk['flow']:.0f} bytes",
            "per version, per flow",
        ),
    ]


def page(rows: list[Row], entries: int) -> str:
    """The document."""
    about = (
        "Written by `make bench` (`python -m bench --entries N`). Ratios within one run; absolute figures drift from "
        "machine to machine. The *peer* is what a user would write instead: a Strawberry mutation that inserts one "
        "row with SQLModel and commits, with the same durability and server, without signature, chain, rules or "
        "receipts.\n"
    )
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.machine()}, SQLite, {entries:,} entries in the large ledger, load average at the end "
        f"{os.getloadavg()[0]:.1f}.\n"
    )
    lines = ["# Performance\n", about, machine, "| what | target | measured | against |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines) + "\n"


def main(work: Callable[[Path], list[Row]] | None = None) -> int:
    """Measure, print and write the table; figures never fail it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the large ledger; default: %(default)s")
    parser.add_argument("--no-write", action="store_true", help="only print")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ketenboek-bench-") as name:
        folder = Path(name)
        rows = work(folder) if work else of_recording(folder) + of_reading(folder, chosen.entries)
    text = page(rows, chosen.entries)
    sys.stdout.write(text)
    if not chosen.no_write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
