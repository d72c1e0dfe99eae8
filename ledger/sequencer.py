"""The only writer of a process: one thread that commits what waits in groups, and answers afterwards.

A submission waits in the queue until the thread takes it; from then on it runs to its end whatever
its client does. An answer leaves only after the commit. What the writer cannot know any more stops
it for good (`Fatal`); starting again is the recovery, so recovery runs every day. The table
*event x state -> answer* is `docs/sequencer.md`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from ledger import canonical, checkpoint, note
from ledger.accept import EditionUnknown, Linked, Replayed
from ledger.editions import EDITIONS, Edition
from ledger.entry import STATEMENT_BYTES_MAX, Entry, recorded_of
from ledger.errors import Fatal, Malformed, Problem, Refused
from ledger.group import Group, Published, Rows, stored_bytes
from ledger.keys import SigningKey
from ledger.receipts import Prover, Receipt
from ledger.rows import Key, Ledger
from ledger.state import ENTITY
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree

log = logging.getLogger("ketenboek.sequencer")

CLOCK_BACK_MAX = 5_000
"""Milliseconds that the clock may stand before the head's time; further back nothing is appended (§8)."""


GATHER_SECONDS = 0.002
"""Pause after a group while those whom it answered are about to come again: larger groups, less work for
each (a tenth more throughput, a fifth less CPU). Whoever is alone, or waits already, does not wait for it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to a recorded submission; `receipts` only for who asked for proofs."""

    first: int
    entries: list[Linked]
    replayed: bool
    published: Published
    receipts: list[Receipt]


@dataclass(slots=True)
class Ticket:
    """A submission on its way."""

    submission: Submission
    proofs: bool
    files: bool
    future: Future[Recorded] = field(default_factory=Future)


Outcome = list[Linked] | Replayed | Exception


class Sequencer:
    """One writer thread on a database; several processes may each have one."""

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        *,
        clock: Callable[[], int],
        queue_max: int = 10_000,
        group_max: int = 2_000,
        checkpoint_seconds: float = 2,
        editions: Mapping[int, Edition] = EDITIONS,
        stopped: Callable[[Exception], None] | None = None,
    ) -> None:
        """`store` is this writer's own connection; `clock` gives milliseconds since 1970.

        `stopped` is called once, from the thread, when the writer cannot go on. Raises Fatal when the
        database is not a ledger that this key may continue.
        """
        self._store = store
        self._key = key
        self._clock = clock
        self._queue_max = queue_max
        self._group_max = group_max
        self._checkpoint_seconds = checkpoint_seconds
        self._editions = editions
        self._stopped = stopped
        self._queue: deque[Ticket] = deque()
        self._waiting = 0
        self._wake = threading.Condition()
        self._closing = False
        self._dead = False
        self._rows = Rows()
        self._kept = 0.0
        self._closed = False
        try:
            self.ledger, self.head, self._tree = self._recover()
        except BaseException:
            store.close()
            raise
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> None:
        """Begin to take what is offered."""
        self._thread.start()

    def offer(self, submission: Submission, proofs: bool = True, files: bool = True) -> Future[Recorded]:
        """Put a submission in the queue; `proofs`: with receipts, `files`: that can be made into files.

        The future gives Recorded or raises Refused; cancelling it works until the thread has taken it.
        Raises Refused(SHUTTING_DOWN) or Refused(BUSY), with the seconds after which to try again.
        """
        ticket = Ticket(submission, proofs, files)
        with self._wake:
            if self._closing or self._dead:
                raise Refused(Problem("SHUTTING_DOWN"), retry_after=5)
            if self._waiting + submission.count > self._queue_max:
                raise Refused(Problem("BUSY"), retry_after=1)
            self._queue.append(ticket)
            self._waiting += submission.count
            self._wake.notify()
        return ticket.future

    def close(self, drain_seconds: float) -> bool:
        """Take nothing new, finish what waits; False when that took longer than allowed."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(drain_seconds)
        if self._thread.is_alive():
            return False
        if not self._closed:
            self._closed = True
            if not self._dead:
                self._keep_checkpoint()
            self._store.close()
        return True

    @property
    def waiting(self) -> int:
        """Statements in the queue."""
        return self._waiting

    def _recover(self) -> tuple[Ledger, Published, Tree]:
        """Read the head and make sure that this process may continue it (ledger format §10)."""
        store = self._store
        with store.snapshot():
            head = store.head()
            if head is None:
                raise Fatal("the ledger is not founded: `ketenboek found` makes entry 0")
            tree = Tree(store.tile, head.size)
            genesis = Entry.decode(stored_bytes(store, 0))
            origin = canonical.decode(genesis.statement, bytes_max=STATEMENT_BYTES_MAX, depth_max=6)
            assert isinstance(origin, dict)
            [ledger] = store.load(Ledger, ENTITY, (origin["ledger"],))
            self._check_head(store, ledger, head.note, tree, head.size)
            recorded = recorded_of(stored_bytes(store, head.size - 1))
        return ledger, Published(head.size, head.hash, recorded, tree.root(), head.note), tree

    def _check_head(self, store: Store, ledger: Ledger, signed: str, tree: Tree, size: int) -> None:
        vkey = note.Vkey.parse(ledger.checkpoint_key)
        if vkey.public != self._key.public:
            raise Fatal("the checkpoint key is not the one in the genesis")
        if ledger.edition not in self._editions:
            raise Fatal(f"edition {ledger.edition} is in force; this software lacks it: upgrade it")
        try:
            issued = checkpoint.open(signed, vkey)
        except Malformed as error:
            raise Fatal("the head's checkpoint is not signed by this ledger's key") from error
        if (issued.size, issued.root) != (size, tree.root()):
            raise Fatal("the head is not the history that was signed: audit it, restore what is missing")
        if next(store.checkpoints(above=size), None) is not None:
            raise Fatal("a checkpoint was issued for more entries than are stored: restore them first")

    def _run(self) -> None:
        try:
            while group := self._take():
                self._commit(group)
                if len(self._queue) < len(group) > 1:
                    time.sleep(GATHER_SECONDS)
        except Exception as error:  # whatever it is, nothing is known any more
            log.critical("the writer stops: %s", error, exc_info=True)
            self._die(error)

    def _die(self, error: Exception) -> None:
        with contextlib.suppress(Exception):  # other writers wait for what this one had locked
            self._store.rollback()
        with self._wake:
            self._dead = True
            left = list(self._queue)
            self._queue.clear()
            self._waiting = 0
        for ticket in left:
            if ticket.future.set_running_or_notify_cancel():
                ticket.future.set_exception(Refused(Problem("SHUTTING_DOWN"), retry_after=5))
        if self._stopped is not None:
            self._stopped(error)

    def _take(self) -> list[Ticket]:
        """Wait for work, then take all that waits, up to `group_max` statements; empty when closing."""
        taken: list[Ticket] = []
        with self._wake:
            while not taken:
                while not self._queue:
                    if self._closing:
                        return []
                    self._wake.wait()
                count = 0
                while self._queue and (not count or count + self._queue[0].submission.count <= self._group_max):
                    ticket = self._queue.popleft()
                    self._waiting -= ticket.submission.count
                    if ticket.future.set_running_or_notify_cancel():
                        taken.append(ticket)
                        count += ticket.submission.count
        return taken

    def _commit(self, tickets: list[Ticket]) -> None:
        """One group: judge, write, commit, then answer. Before the commit an error refuses nobody for
        good; after it has begun an error is fatal, for nobody knows what is stored.
        """
        store = self._store
        group = None
        try:
            store.begin()
            group = self._group(store)
            self._rows.fetch(ticket.submission for ticket in tickets)
            outcomes = [self._judge(group, ticket.submission) for ticket in tickets]
            published = group.write(self.ledger.origin, self._key) if group.entries else self.head
            ledger = group.state.get(Ledger, self.ledger.origin) or self.ledger
            keep = bool(group.entries) and self._is_due()
            if keep:
                store.put_checkpoint(published.size, published.note)
            answers = self._answers(tickets, outcomes, published, group)
            if group.entries:
                store.commit()
            else:
                store.rollback()
        except Exception:
            for ticket in tickets:
                ticket.future.set_exception(Refused(Problem("UNDECIDED"), retry_after=5))
            raise
        # From here on it is durable: a crash loses no answer that was given, retries find the rest.
        self.head = published
        self.ledger = ledger
        self._rows.committed(group.state)
        for ticket, answer in zip(tickets, answers, strict=True):
            if isinstance(answer, Recorded):
                ticket.future.set_result(answer)
            else:
                ticket.future.set_exception(answer)

    def _group(self, store: Store) -> Group:
        """A group on the stored head; what was remembered is dropped when another process moved it."""
        head = store.head(lock=True)
        assert head is not None
        if (head.size, head.hash) != (self.head.size, self.head.hash):
            self._rows.forget()
            self._tree = Tree(store.tile, head.size)
            recorded = recorded_of(stored_bytes(store, head.size - 1))
            self.head = Published(head.size, head.hash, recorded, self._tree.root(), head.note)
        self._rows.begin(store)
        return Group(store, self._rows, self._tree, self.head, self._editions)

    def _judge(self, group: Group, submission: Submission) -> Outcome:
        now = self._clock()
        if not self.ledger.sandbox and now < self.head.recorded - CLOCK_BACK_MAX:
            log.error("the clock stands %d ms before the head: nothing is appended", self.head.recorded - now)
            return Refused(Problem("BUSY"), retry_after=60)
        try:
            return group.add(submission, now)
        except Replayed as replayed:
            return replayed
        except Refused as refused:
            return refused
        except EditionUnknown:
            raise
        except Exception as error:  # a bug: this submission is answered INTERNAL, the others go on
            log.exception("a submission could not be judged")
            return error

    def _answers(
        self, tickets: list[Ticket], outcomes: list[Outcome], published: Published, group: Group
    ) -> list[Recorded | Exception]:
        prover = Prover(self._tree, published.size, published.note, group.entry_at)
        answers: list[Recorded | Exception] = []
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, Replayed):
                answers.append(outcome)
                continue
            replayed = isinstance(outcome, Replayed)
            entries = group.linked(outcome.first, outcome.count) if isinstance(outcome, Replayed) else outcome
            receipts = []
            if ticket.proofs:
                registered = None
                if ticket.files:
                    [key] = group.state.find(Key, "id", ticket.submission.key)
                    registered = key.registered
                receipts = [prover.receipt(e.index, e.hash, e.recorded, registered) for e in entries]
            answers.append(Recorded(entries[0].index, entries, replayed, published, receipts))
        return answers

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now - self._kept < self._checkpoint_seconds:
            return False
        self._kept = now
        return True

    def _keep_checkpoint(self) -> None:
        """Keep the newest note in the table: the last checkpoint of a ledger that falls quiet."""
        store = self._store
        with store.transaction():
            head = store.head()
            if head is not None:
                store.put_checkpoint(head.size, head.note)
