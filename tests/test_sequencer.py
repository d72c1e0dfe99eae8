"""What does the writer answer, whatever happens when? Each row of `docs/sequencer.md`, on both engines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ledger import instant, keys
from ledger.canonical import b64
from ledger.editions import EDITIONS, Edition
from ledger.errors import Fatal, Refused
from ledger.founding import found
from ledger.keys import SigningKey
from ledger.receipt import verify
from ledger.sequencer import Recorded, Sequencer
from ledger.statement import Submission
from ledger.store import Store
from tests.signer import Signer, seed

ORIGIN = "writer.example/nl"
START = instant.millis("2026-03-01T09:00:00.000Z")
CHECKPOINT_KEY = SigningKey(seed("gateway"))


class Desk:
    """A founded ledger with the clock in our hands, its writer, and a key of the ministry that signs."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.now = START
        founder = SigningKey(seed("founder"))
        self.anchor = found(
            database, origin=ORIGIN, name="Writer", authority="ministry", founder=founder,
            offline=SigningKey(seed("offline")), checkpoint_key=CHECKPOINT_KEY, at=START,
        )  # fmt: skip
        self.signer = Signer(ORIGIN, founder, 2)
        self.died: list[Exception] = []
        self.writers: list[Sequencer] = []
        self.writer = self.open()

    def open(self, store: Store | None = None, **choices: Any) -> Sequencer:
        """A writer on the database."""
        made = Sequencer(
            store or Store.open(self.database), CHECKPOINT_KEY, clock=lambda: self.now, stopped=self.died.append,
            **{"checkpoint_seconds": 0, **choices},
        )  # fmt: skip
        self.writer = made
        self.writers.append(made)
        return made

    def close(self) -> None:
        """End all writers."""
        for writer in self.writers:
            assert writer.close(10)

    def act(self, name: str, count: int = 1) -> Submission:
        """A submission that enrols participants."""
        acts = [("registerParticipant", _carrier(f"{name}-{number}")) for number in range(count)]
        return self.signer.submission(self.writer.head, self.now, *acts)

    def size(self) -> int:
        """Entries that are stored."""
        store = Store.open(self.database)
        try:
            return sum(len(chunk) for chunk in store.entries())
        finally:
            store.close()


def _carrier(name: str) -> dict[str, str]:
    return {"participant": name, "kind": "CARRIER", "name": name}


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    made = Desk(database)
    yield made
    made.close()


def answer(future: Any) -> Recorded:
    got: Recorded = future.result(30)
    return got


def refusal(future: Any) -> str:
    with pytest.raises(Refused) as caught:
        future.result(30)
    return caught.value.problems[0].code


def test_what_is_recorded_is_answered_with_receipts_that_prove_it(desk: Desk) -> None:
    desk.writer.start()
    done = answer(desk.writer.offer(desk.act("a", 3)))
    assert (done.first, len(done.entries), done.replayed, done.published.size) == (1, 3, False, 4)
    for place, receipt in enumerate(done.receipts):
        assert verify(receipt.file(), desk.anchor).index == 1 + place
    assert desk.size() == 4


def test_a_full_queue_is_busy(desk: Desk) -> None:
    writer = desk.open(queue_max=5)
    writer.offer(desk.act("a", 3))
    with pytest.raises(Refused) as caught:
        writer.offer(desk.act("b", 3))
    assert (caught.value.problems[0].code, caught.value.retry_after) == ("BUSY", 1)
    writer.start()
    assert writer.close(10)
    assert desk.size() == 4


def test_a_client_that_leaves_while_it_waits_leaves_nothing(desk: Desk) -> None:
    future = desk.writer.offer(desk.act("a"))
    assert future.cancel()
    desk.writer.start()
    desk.signer.sequence = 2
    assert answer(desk.writer.offer(desk.act("b"))).first == 1
    assert desk.size() == 2


class Slow(Store):
    """A store that stops before its commit until it is let go, and can fail before or after it."""

    def __init__(self, driver: Any) -> None:
        super().__init__(driver)
        self.reached = threading.Event()
        self.go = threading.Event()
        self.fails: str | None = None

    def append_entries(self, first: int, entries: Any) -> None:
        super().append_entries(first, entries)
        if self.fails == "write":
            raise OSError("the disk is full")

    def commit(self) -> None:
        self.reached.set()
        assert self.go.wait(30)
        if self.fails == "before":
            self.rollback()
            raise OSError("the connection broke before the commit")
        super().commit()
        if self.fails == "after":
            raise OSError("the connection broke after the commit")


def test_a_client_that_leaves_once_it_was_taken_finds_its_first_receipts(desk: Desk) -> None:
    store = Slow.open(desk.database)
    writer = desk.open(store)
    submission = desk.act("a")
    writer.start()
    future = writer.offer(submission)
    assert store.reached.wait(30)
    assert not future.cancel()
    store.go.set()
    again = answer(writer.offer(submission))
    assert (again.replayed, again.first) == (True, 1)
    assert again.entries == answer(future).entries


def test_the_same_again_is_answered_with_the_first_entries(desk: Desk) -> None:
    submission = desk.act("a", 2)
    both = [desk.writer.offer(submission), desk.writer.offer(submission)]
    desk.writer.start()
    first, second = map(answer, both)
    assert (first.replayed, second.replayed) == (False, True)
    later = replace(submission, until=instant.text(desk.now + instant.DAY), verified=None)
    later.signature = desk.signer.key.sign(later.text)
    third = answer(desk.writer.offer(later))
    assert third.replayed
    assert [e.hash for e in first.entries] == [e.hash for e in second.entries] == [e.hash for e in third.entries]
    assert desk.size() == 3


def test_the_same_again_with_a_bad_signature_is_refused(desk: Desk) -> None:
    desk.writer.start()
    submission = desk.act("a")
    answer(desk.writer.offer(submission))
    forged = replace(submission, signature=bytes(64), verified=None)
    assert refusal(desk.writer.offer(forged)) == "SIGNATURE_INVALID"


def test_the_same_again_after_a_refusal_is_a_new_attempt(desk: Desk) -> None:
    desk.writer.start()
    early = desk.signer.submission(desk.writer.head, desk.now + 400_000, ("registerParticipant", _carrier("late")))
    assert refusal(desk.writer.offer(early)) == "AT_IN_FUTURE"
    desk.now += 200_000
    assert not answer(desk.writer.offer(early)).replayed


def test_another_use_of_a_used_number_and_a_gap_are_refused(desk: Desk) -> None:
    desk.writer.start()
    answer(desk.writer.offer(desk.act("a")))
    desk.signer.sequence = 2
    assert refusal(desk.writer.offer(desk.act("b"))) == "SEQUENCE_USED"
    desk.signer.sequence = 4
    assert refusal(desk.writer.offer(desk.act("c"))) == "SEQUENCE_GAP"


def test_one_bad_submission_is_refused_alone(desk: Desk) -> None:
    good = desk.act("a")
    desk.signer.sequence = 3
    bad = desk.signer.submission(desk.writer.head, desk.now, ("registerParticipant", _carrier("a-0")))
    desk.signer.sequence = 3
    other = desk.act("c")
    futures = [desk.writer.offer(one) for one in (good, bad, other)]
    desk.writer.start()
    assert answer(futures[0]).first == 1
    assert refusal(futures[1]) == "NAME_USED"
    assert answer(futures[2]).first == 2


def test_a_bug_in_judging_spares_the_others(desk: Desk) -> None:
    good = desk.act("a")
    broken = replace(desk.act("b"), seen_root=None)  # type: ignore[arg-type]
    desk.signer.sequence = 3
    futures = [desk.writer.offer(good), desk.writer.offer(broken), desk.writer.offer(desk.act("c"))]
    desk.writer.start()
    assert answer(futures[0]).first == 1
    with pytest.raises(TypeError):
        futures[1].result(30)
    assert answer(futures[2]).first == 2


def test_another_process_that_moves_the_head_is_noticed(desk: Desk) -> None:
    desk.writer.start()
    answer(desk.writer.offer(desk.act("a")))
    ours, other = desk.writer, desk.open()
    other.start()
    answer(other.offer(desk.act("b")))
    done = answer(ours.offer(desk.act("c")))
    assert (done.first, desk.size()) == (3, 4)
    assert verify(done.receipts[0].file(), desk.anchor).index == 3
    assert ours.close(10)


def test_an_edition_that_another_process_adopts_is_known_from_the_next_group(desk: Desk) -> None:
    editions = {**EDITIONS, 2: Edition(2, EDITIONS[1].actions)}
    ours, other = desk.open(editions=editions), desk.open(editions=editions)
    ours.start()
    other.start()
    manifest = b64(bytes(32))
    adoption = ("adoptEdition", {"edition": 2, "manifest": manifest})
    answer(other.offer(desk.signer.submission(other.head, desk.now, adoption)))
    assert (other.ledger.edition, ours.ledger.edition) == (2, 1)
    answer(ours.offer(desk.act("a")))
    assert ours.ledger.edition == 2


@pytest.mark.parametrize(("fails", "stored"), [("write", False), ("before", False), ("after", True)])
def test_what_may_have_been_recorded_is_undecided_and_stops_the_writer(desk: Desk, fails: str, stored: bool) -> None:
    """Each durable write of the gateway x {done, not done} x restart."""
    store = Slow.open(desk.database)
    store.go.set()
    store.fails = fails
    writer = desk.open(store)
    submission = desk.act("a", 2)
    future = writer.offer(submission)
    writer.start()
    assert refusal(future) == "UNDECIDED"
    writer._thread.join(30)
    assert desk.died
    with pytest.raises(Refused) as caught:
        writer.offer(submission)
    assert caught.value.problems[0].code == "SHUTTING_DOWN"
    assert writer.close(10)
    again = desk.open()
    again.start()
    assert answer(again.offer(submission)).replayed is stored
    assert desk.size() == 3


def test_a_clock_that_stands_back_too_far_appends_nothing(desk: Desk) -> None:
    desk.writer.start()
    answer(desk.writer.offer(desk.act("a")))
    recorded = desk.writer.head.recorded
    desk.now = recorded - 5_000
    assert answer(desk.writer.offer(desk.act("b"))).entries[0].recorded == recorded
    desk.now = recorded - 5_001
    assert refusal(desk.writer.offer(desk.act("c"))) == "BUSY"
    assert desk.size() == 3


def test_closing_finishes_what_waits_and_takes_nothing_new(desk: Desk) -> None:
    writer = desk.open(checkpoint_seconds=3_600)
    futures = [writer.offer(desk.act(name)) for name in ("a", "b", "c")]
    writer.start()
    assert writer.close(10)
    assert [answer(future).first for future in futures] == [1, 2, 3]
    with pytest.raises(Refused) as caught:
        writer.offer(desk.act("d"))
    assert caught.value.problems[0].code == "SHUTTING_DOWN"
    store = Store.open(desk.database)
    assert [size for size, _ in store.checkpoints()][-1] == 4
    store.close()


def test_a_group_holds_no_more_statements_than_allowed_but_never_splits_a_submission(desk: Desk) -> None:
    writer = desk.open(group_max=4)
    futures = [writer.offer(desk.act(name, count)) for name, count in (("a", 3), ("b", 3), ("c", 6), ("d", 1))]
    writer.start()
    assert [answer(future).published.size for future in futures] == [4, 7, 13, 14]


def test_a_ledger_that_is_not_founded_is_not_continued(database: str) -> None:
    with pytest.raises(Fatal, match="not founded"):
        Sequencer(Store.open(database), CHECKPOINT_KEY, clock=lambda: START)


def test_another_key_than_the_one_in_the_genesis_continues_nothing(desk: Desk) -> None:
    with pytest.raises(Fatal, match="not the one in the genesis"):
        Sequencer(Store.open(desk.database), SigningKey(keys.SigningKey(seed("x")).public), clock=lambda: START)


def test_a_head_below_an_issued_checkpoint_is_not_continued(desk: Desk) -> None:
    """A back-up that was restored: the gateway never continues a shorter history under the same origin."""
    desk.writer.start()
    answer(desk.writer.offer(desk.act("a")))
    note = desk.writer.head.note
    desk.writer.close(10)
    store = Store.open(desk.database)
    with store.transaction():
        store.put_checkpoint(9, note)
    store.close()
    with pytest.raises(Fatal, match="restore them first"):
        desk.open()


def test_a_head_that_is_not_what_was_signed_is_not_continued(desk: Desk) -> None:
    desk.writer.start()
    first = desk.writer.head
    answer(desk.writer.offer(desk.act("a")))
    desk.writer.close(10)
    store = Store.open(desk.database)
    head = store.head()
    assert head is not None
    with store.transaction():
        store.swap_head(head, head._replace(note=first.note))
    store.close()
    with pytest.raises(Fatal, match="not the history that was signed"):
        desk.open()


def test_two_writers_on_one_database_make_one_history(desk: Desk) -> None:
    """Two processes' writers at once: every answer is an entry, no number twice (`tests/test_concurrency`)."""
    writers = [desk.writer, desk.open()]
    signers = [Signer(ORIGIN, SigningKey(seed(f"device {number}"))) for number in range(2)]
    for writer in writers:
        writer.start()
    for signer in signers:
        possession = keys.possession_text(ORIGIN, "ministry", signer.key.id)
        key = {
            "participant": "ministry",
            "key": b64(signer.key.public),
            "possession": b64(signer.key.sign(possession)),
            "admin": True,
        }
        answer(writers[0].offer(desk.signer.submission(writers[0].head, desk.now, ("registerKey", key))))
    futures = []
    for turn in range(20):
        for number, (writer, signer) in enumerate(zip(writers, signers, strict=True)):
            act = ("registerParticipant", _carrier(f"w{number}-{turn}"))
            futures.append(writer.offer(signer.submission(writers[0].head, desk.now, act)))
    indexes = sorted(answer(future).first for future in futures)
    assert indexes == list(range(3, 43))
