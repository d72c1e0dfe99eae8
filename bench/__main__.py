"""`make bench`: measures the targets on both engines, and writes `docs/performance.md`. No figure fails it."""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from api.cli import YOUNG_MAX
from bench import auditing, disk, following, ledgers, recording
from bench.engines import ENGINES, Engine
from bench.figures import Figures, loads, remarks

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MEMORY = 200_000
"""Entries of the larger ledger of which an audit's memory is measured; the smaller has a tenth."""

_begun = time.monotonic()


def note(text: str) -> None:
    """Progress, with the minutes since the beginning."""
    minutes, seconds = divmod(int(time.monotonic() - _begun), 60)
    print(f"{minutes:2}:{seconds:02} {text}", file=sys.stderr, flush=True)


def record(engine: Engine, folder: Path, figures: Figures) -> None:
    """The rows of recording."""
    note(f"{engine.title}: recording, {recording.ROUNDS} rounds")
    rates = recording.measure(engine, folder)
    figures.put(
        engine.name,
        typed=rates.ratio(rates.typed, rates.peer),
        plain=rates.ratio(rates.typed, rates.plain),
        submit=rates.ratio(rates.submit, rates.peer),
    )
    if rates.events:
        figures.put(engine.name, append=rates.ratio(rates.append, rates.events))
    figures.say(
        engine,
        f"actions a second: typed {recording.middle(rates.typed)}, `submit` {recording.middle(rates.submit)}, "
        f"without HTTP "
        f"{recording.middle(rates.append)}; the peer {recording.middle(rates.peer)}, without caches "
        f"{recording.middle(rates.plain)}"
        + (f"; `eventsourcing` {recording.middle(rates.events)} events" if rates.events else ""),
    )


def verify(engine: Engine, single: str, hundred: str, figures: Figures) -> None:
    """The rows of signatures, on a ledger of single-action submissions and on one of hundreds."""
    note(f"{engine.title}: signatures")
    one, ratio = auditing.compared(single, "signatures", auditing.verify, auditing.VERIFIED)
    many = auditing.rates(hundred, "signatures")
    figures.put(engine.name, single=ratio, hundred=many / one)
    figures.say(engine, f"audit depth 2, entries a second: {one:,.0f} of single actions, {many:,.0f} of hundreds")


def read(engine: Engine, urls: list[str], sizes: list[int], folder: Path, figures: Figures) -> None:
    """The rows of the chain, following and the disk, on the small and the large ledger."""
    large = urls[-1]
    note(f"{engine.title}: chain of {sizes[-1]:,} entries")
    chain, ratio = auditing.compared(large, "chain", auditing.hash_twice, auditing.HASHED)
    figures.put(engine.name, chain=ratio, **disk.measure(large))
    figures.say(engine, f"audit depth 1: {chain:,.0f} entries a second")
    note(f"{engine.title}: lineages")
    small, big = (
        following.Ledger(url, ledgers.gateway_key(folder, size)) for url, size in zip(urls, sizes[-2:], strict=True)
    )
    seed, sale = following.compare(small, big, folder)
    figures.put(engine.name, seed=seed[1] / seed[0], sale=sale[1] / sale[0])
    figures.say(
        engine,
        f"lineage to the seed {seed[0]:.1f} and {seed[1]:.1f} ms, recall of a lot of {small.usual:.0f} packages "
        f"{sale[0]:.1f} and {sale[1]:.1f} ms, with {sizes[-2]:,} and {sizes[-1]:,} entries",
    )


def remember(engine: Engine, urls: list[str], sizes: list[int], figures: Figures) -> None:
    """The row of memory, on two ledgers."""
    note(f"{engine.title}: memory of audits of {sizes[0]:,} and {sizes[1]:,} entries")
    few, many = map(auditing.peak, urls)
    figures.put(engine.name, memory=many / few)
    figures.say(engine, f"an audit of {sizes[0]:,} entries needs {few:.0f} MiB, of {sizes[1]:,} {many:.0f} MiB")


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--entries", metavar="N", type=int, default=1_000_000, help="in the large ledger: %(default)s")
    parser.add_argument("--engine", choices=list(ENGINES), action="append", help="one of the engines; default: both")
    parser.add_argument("--rows", choices=("recording", "reading"), help="only one half of the table; not written")
    parser.add_argument("--no-write", action="store_true", help="only print")
    chosen = parser.parse_args()
    gc.set_threshold(YOUNG_MAX)  # as in the gateway: the writer runs in this process, too
    most = min(MEMORY, chosen.entries)
    sizes = [most // 10, most, chosen.entries // 10, chosen.entries]
    figures, before = Figures(), loads()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ketenboek-bench-")))
        engines = [stack.enter_context(ENGINES[name](folder)) for name in chosen.engine or ENGINES]
        made = []
        if chosen.rows != "recording":
            note(f"simulating ledgers of {', '.join(f'{size:,}' for size in sizes)} entries")
            made = ledgers.simulated(folder, sizes) + ledgers.signed(folder, chosen.entries)
        if chosen.rows != "reading":
            for engine in engines:
                record(engine, folder, figures)
        if made:
            for engine in engines:
                urls = made
                if engine.name != "sqlite":
                    note(f"{engine.title}: copying")
                    urls = [ledgers.copied(url, engine) for url in made]
                verify(engine, urls[4], urls[5], figures)
                remember(engine, urls[:2], sizes, figures)
                read(engine, urls[2:4], sizes, folder, figures)
    titles = {engine.name: engine.title for engine in engines}
    page = figures.page(titles, chosen.entries, before, remarks(PAGE))
    print(page)
    if not (chosen.no_write or chosen.rows):
        PAGE.write_text(page, encoding="utf-8")
        note(f"written to {PAGE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
