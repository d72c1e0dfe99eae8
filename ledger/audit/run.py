"""One audit from beginning to end: each depth rests on those before it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from ledger.anchor import Anchor
from ledger.audit import checkpoints as notes
from ledger.audit import projections, registry, report, signatures
from ledger.audit.chain import Chain, Walk
from ledger.audit.checkpoints import Checkpoints, Kept
from ledger.audit.custody import Custody, Replay
from ledger.audit.faults import DEPTHS, Faults
from ledger.audit.links import stretch
from ledger.audit.report import Depth, Report, timed
from ledger.audit.roots import Leaves, Roots
from ledger.audit.scratch import Scratch
from ledger.audit.source import Connection, Source, Unreadable
from ledger.audit.workers import Workers, cores
from ledger.canonical import b64
from ledger.editions import EDITIONS, Edition
from ledger.entry import FIRST_PREVIOUS
from ledger.note import Vkey

Progress = Callable[[str, int, int], None]
"""(depth, done, total): entries, of projections tables."""

STRETCH = 16_384
"""Rows of the chain that a process is given at once."""
SUBMISSIONS = 2_048
"""Rows of which a process is given the submissions."""
PARALLEL_MIN = 16_384
"""With fewer entries processes cost more than they save."""


def silent(depth: str, done: int, total: int) -> None:
    """Who asks for no progress hears none."""


def audit(
    database: str | Connection,
    *,
    anchor: Anchor | None = None,
    checkpoints: Sequence[tuple[str, str]] = (),
    depths: Sequence[str] = DEPTHS,
    jobs: int | None = None,
    workdir: str | Path | None = None,
    faults_max: int = 100,
    progress: Progress = silent,
    editions: Mapping[int, Edition] = EDITIONS,
) -> Report:
    """Check a whole ledger: the database at an address, or as an open connection sees it.

    `anchor` and `checkpoints`, (source, note) each, are the evidence from outside. Depths bring those on
    which they rest: all rest on `chain`, `projections` on `custody`. `jobs`: processes, by default one for
    each core; an open connection is read by this process alone. `workdir` is where the replay keeps its
    temporary database, a fraction of the ledger's size.

    Raises Unreadable for what is no ledger's database at all; everything else is in the report.
    """
    done = Report(started=report.now(), outside=tuple(source for source, _ in checkpoints))
    found = Faults(faults_max)
    wanted = _with_foundations(depths)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ketenboek-", dir=workdir))
        url = database if isinstance(database, str) else None
        count = _processes(url, jobs)
        workers = stack.enter_context(Workers.start(url, count, Path(folder)))
        source = stack.enter_context(Source.open(database))
        examination = Examination(source, workers, found, done, progress)
        examination.chain(anchor, checkpoints)
        if "signatures" in wanted:
            examination.signatures()
        if "custody" in wanted:
            scratch = stack.enter_context(Scratch.open(folder))
            replay = examination.custody(scratch, editions)
            if "projections" in wanted:
                examination.projections(scratch, replay)
        examination.checkpoints.settle_splits()
    done.checkpoints = examination.checkpoints.judged
    done.faults, done.faults_total = found.ordered(), found.total
    for name, depth in done.depths.items():
        depth.verdict = found.verdict(name)
    done.ended = report.now()
    return done


def _with_foundations(depths: Sequence[str]) -> set[str]:
    wanted = {"chain", *depths}
    if not wanted <= set(DEPTHS):
        raise ValueError(f"depths are {', '.join(DEPTHS)}")
    return wanted | {"custody"} if "projections" in wanted else wanted


def _processes(url: str | None, jobs: int | None) -> int:
    """How many processes pay."""
    if url is None:
        return 1
    with closing(Source.connect(url)) as source:
        enough = source.last() >= PARALLEL_MIN
    return (cores() if jobs is None else jobs) if enough else 1


class Examination:
    """The depths over one snapshot, in order; what each finds goes into the faults and the report."""

    def __init__(self, source: Source, workers: Workers, faults: Faults, done: Report, progress: Progress) -> None:
        self._source = source
        self._workers = workers
        self._faults = faults
        self._report = done
        self._progress = progress
        self._chain = Chain()
        self._registry = registry.Registry()
        self.checkpoints = Checkpoints(source, self._chain, None, faults)

    def _depth(self, name: str) -> Depth:
        made = self._report.depths[name] = Depth()
        return made

    def chain(self, anchor: Anchor | None, given: Sequence[tuple[str, str]]) -> None:
        """Depth 1."""
        depth = self._depth("chain")
        with timed(depth):
            heads = self._heads()
            self._walk(heads[0][1] if len(heads) == 1 else None)
            chain, leaves = self._chain, self._chain.leaves
            depth.checked = chain.checked
            self._registry = registry.read(chain.registry)
            self._genesis(anchor)
            if self._registry.vkey is None:
                self._faults.undecided.add("chain")  # no checkpoint can be verified
            checked = self.checkpoints = Checkpoints(self._source, chain, self._registry.vkey, self._faults)
            checked.head(heads)
            try:
                checked.table(self._kept)
            except Unreadable as error:
                message = "The table checkpoint cannot be read."
                self._faults.add("CHECKPOINT_SIGNATURE", None, "chain", message, found=str(error))
            for source, signed in given:
                checked.given(source, signed)
            checked.settle_tail()
            notes.subtrees(self._source, chain, self._faults)
            root = Roots(leaves, self._source).at(leaves.size) if leaves.size else None
        self._report.size = leaves.size
        self._report.root = None if root is None else b64(root)
        self._report.origin = self._registry.origin

    def _heads(self) -> list[Any]:
        try:
            return self._source.all('SELECT "size", "hash", "note" FROM "head"')
        except Unreadable:
            return []

    def _walk(self, head_hash: Any) -> None:
        end = self._source.last() + 1
        walk = Walk(self._source, self._faults, head_hash)
        joint = FIRST_PREVIOUS
        for first, upto, found in self._workers.map(stretch, self._source, None, _ranges(end, STRETCH)):
            if first:
                joint = self._source.hashes(first - 1, first).get(first - 1, b"")
            if found is None or not walk.absorb(found, upto, joint):
                break
            self._progress("chain", upto, end)
        walk.run()
        self._chain = walk.finish()
        if self._source.all('SELECT 1 FROM "entry" WHERE "index" < 0 LIMIT 1'):
            self._faults.add("CHAIN_INDEX", None, "chain", "A row stands before the first entry.")
        self._progress("chain", end, end)

    def _genesis(self, anchor: Anchor | None) -> None:
        """GENESIS_OTHER where entry 0 is missing or is not the one that the anchor names."""
        rows = self._source.hashes(0, 1) if self._chain.leaves.size else {}
        leaf = self._chain.leaves.others.get(0) or rows.get(0)
        origin = self._registry.origin
        if leaf is not None and origin is not None:
            self._report.anchor = Anchor(origin, leaf).text()
        if anchor is None:
            return
        sound = not self._faults.doubts(0)
        self._report.anchored = sound and (origin, leaf) == (anchor.origin, anchor.hash)
        if not self._report.anchored:
            message = "The anchor names another entry 0."
            self._faults.add("GENESIS_OTHER", 0, "chain", message, expected=anchor.text(), found=self._report.anchor)

    def _kept(self, size: int, last: int) -> Iterator[Kept]:
        """The table of checkpoints, in parts: those that the entries reach, and those beyond."""
        assert self._registry.vkey is not None
        context = (self._registry.vkey, self._chain.leaves)
        for _, _, found in self._workers.map(kept, self._source, context, _ranges(size, STRETCH)):
            yield found
        yield notes.kept(self._source, context[0], Roots(context[1], self._source), size, size, last)

    def signatures(self) -> None:
        """Depth 2."""
        depth = self._depth("signatures")
        if self._registry.origin is None:
            self._faults.undecided.add("signatures")
            return
        with timed(depth):
            registry.check(self._registry, self._faults)
            sequences = signatures.Sequences(self._registry, self._faults)
            context = (self._registry, self._chain.leaves)
            end = self._chain.end
            for _, upto, found in self._workers.map(submissions, self._source, context, self._rows(end)):
                for fault in found.faults:
                    self._faults.put(fault)
                self._faults.total += found.more
                sequences.follow(found)
                depth.checked += found.checked
                self._progress("signatures", upto, end)

    def _rows(self, end: int) -> Iterator[tuple[int, int]]:
        """Ranges of rows up to `end`, leaving out where none are."""
        first: int | None = 0
        while first is not None and first < end:
            yield first, min(first + SUBMISSIONS, end)
            first = self._source.next(first + SUBMISSIONS)

    def custody(self, scratch: Scratch, editions: Mapping[int, Edition]) -> Replay:
        """Depth 3."""
        depth = self._depth("custody")
        if self._registry.origin is None:
            self._faults.undecided.add("custody")
            return Replay(sound=0, whole=False)
        size = self._chain.leaves.size
        with timed(depth):
            custody = Custody(self._source, self._chain, self._registry, scratch, editions, self._faults)
            replay = custody.run(lambda done: self._progress("custody", done, size))
        depth.checked = replay.checked
        self._progress("custody", size, size)
        self._report.editions = sorted(replay.editions)
        return replay

    def projections(self, scratch: Scratch, replay: Replay) -> None:
        """Depth 4."""
        depth = self._depth("projections")
        total = len(projections.TABLES)
        with timed(depth):
            ends = (replay.sound, self._faults.first_doubt, self.checkpoints.cut)
            sound = min((end for end in ends if end is not None), default=None)
            compared = projections.Projections(self._source, scratch, self._faults, sound)
            compared.run(lambda done: self._progress("projections", done, total))
            projections.openings(self._source, scratch, self._faults, whole=replay.whole)
            if replay.sound is None and self._report.size:
                self._report.state = projections.digest(scratch)
        depth.checked = total


def _ranges(end: int, step: int) -> Iterator[tuple[int, int]]:
    """Lazily: a row that claims a very high index must cost nothing."""
    first = 0
    while first < end:
        yield first, min(first + step, end)
        first += step


def kept(source: Source, context: tuple[Vkey, Leaves], first: int, end: int) -> Kept:
    """The checkpoints in a range of sizes, in whatever process."""
    vkey, leaves = context
    return notes.kept(source, vkey, Roots(leaves, source), leaves.size, first, end)


def submissions(source: Source, context: tuple[registry.Registry, Leaves], first: int, end: int) -> signatures.Range:
    """The submissions in a range of rows, in whatever process."""
    known, leaves = context
    return signatures.Verifier(known, Roots(leaves, source)).range(source, first, end)
