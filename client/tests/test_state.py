"""Crashes: whatever is lost at whatever write, each act is on the ledger once and no number is used twice."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from ketenboek_client import Client, Gateway, Locked, OtherBatch, Rejected, Unreachable, Unreadable
from ketenboek_client.disk import Disk
from ketenboek_client.place import Place
from ketenboek_client.state import StateFile

from .worked import ADDRESS, ANCHOR, AT, MOVE, Ledger, Line, rejected

WRITES = 3
"""Durable writes of a first submission: begun, signed, answered."""
STEPS = 4
"""Of each: content, its sync, the name, the folder's sync."""


class Crash(BaseException):
    """The process is gone: nothing catches this."""


class Failing(Disk):
    """Crashes at one step, before or after it; with `power` gone too, what was not synced is lost."""

    def __init__(self, step: int, *, after: bool, power: bool) -> None:
        self.step, self.after, self.power = step, after, power
        self.undo: Callable[[], object] = lambda: None

    def _at(self, step: Callable[[], object]) -> None:
        self.step -= 1
        if self.step == -1 and not self.after:
            self._crash()
        step()
        if self.step == -1:
            self._crash()

    def _crash(self) -> None:
        if self.power:
            self.undo()
        raise Crash

    def write(self, file: int, data: bytes) -> None:
        def half_at_least() -> None:
            super(Failing, self).write(file, data)

        self.undo = lambda: os.ftruncate(file, len(data) // 2)
        self._at(half_at_least)

    def sync(self, file: int) -> None:
        self._at(lambda: super(Failing, self).sync(file))
        self.undo = lambda: None

    def rename(self, source: Path, target: Path) -> None:
        before = target.read_bytes() if target.exists() else None

        def old_name_again() -> None:
            target.unlink() if before is None else target.write_bytes(before)

        def step() -> None:
            super(Failing, self).rename(source, target)
            self.undo = old_name_again

        self._at(step)


def gateway(ledger: Ledger) -> Gateway:
    return Gateway(ADDRESS, ANCHOR, transport=httpx.MockTransport(ledger.answer), patience=0)


def sequences(ledger: Ledger) -> list[int]:
    return [json.loads(entry)["statement"]["sequence"] for entry in ledger.entries[6:]]


@pytest.mark.parametrize("power", [False, True], ids=["process", "power"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(WRITES * STEPS))
def test_an_act_is_recorded_once_wherever_the_client_dies(key_file: Path, step: int, after: bool, power: bool) -> None:
    ledger = Ledger()
    disk = Failing(step, after=after, power=power)
    with Client(gateway(ledger), key_file, disk=disk) as client, pytest.raises(Crash):
        client.record("movePlants", MOVE, AT)
    sent = list(ledger.sent)

    with Client(gateway(ledger), key_file) as client:
        left = client.unanswered
        resumed = client.resume()
        if not sequences(ledger):
            client.record("movePlants", MOVE, AT)
        client.record("sellPackages", {"packages": ["E"]}, AT)

    assert sequences(ledger) == [4, 5]
    assert (resumed is not None) == bool(left)
    assert all(again == sent[0] for again in ledger.sent[: len(sent) + left] if sent)


@pytest.mark.parametrize("step", range(WRITES * STEPS))
def test_the_same_call_after_a_crash_is_a_retry(key_file: Path, step: int) -> None:
    """But where the answer was durable: then the caller asks for a second act."""
    ledger = Ledger()
    with (
        Client(gateway(ledger), key_file, disk=Failing(step, after=True, power=False)) as client,
        pytest.raises(Crash),
    ):
        client.record("movePlants", {**MOVE, "note": "zacht gedroogd"}, AT)
    with Client(gateway(ledger), key_file) as client:
        answered = not client.unanswered and bool(ledger.sent)
        recorded = client.record("movePlants", {**MOVE, "note": "zacht gedroogd"}, AT)

    assert sequences(ledger) == ([4, 5] if answered else [4])
    assert recorded.receipt.index == (7 if answered else 6)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(53))
def test_a_batch_goes_on_where_it_was_broken_off(key_file: Path, tmp_path: Path, step: int, after: bool) -> None:
    ledger, place = Ledger(), tmp_path / "acts.jsonl.state"
    acts = [("movePlants", {**MOVE, "height": number}, AT) for number in range(5)]
    disk = Failing(step, after=after, power=True)
    with Client(gateway(ledger), key_file, disk=disk) as client, suppress(Crash):
        list(client.batch(acts, 2, place))
    with Client(gateway(ledger), key_file) as client:
        rest = list(client.batch(acts, 2, place))
        again = list(client.batch(acts, 2, place))

    heights = [json.loads(entry)["statement"]["data"]["height"] for entry in ledger.entries[6:]]
    assert heights == [0, 1, 2, 3, 4]
    assert len(rest) <= 5
    assert again == []


def moves(*heights: int) -> list[tuple[str, dict[str, object], str | None]]:
    return [("movePlants", {**MOVE, "height": height}, AT) for height in heights]


@pytest.mark.parametrize(
    "others", [moves(9), moves(9, 1, 2), moves(0, 9, 2, 3), moves(1, 0, 2), moves(0, 1), []], ids=len
)
def test_a_batch_whose_recorded_actions_are_others_now_is_refused(
    key_file: Path, tmp_path: Path, others: list[tuple[str, dict[str, object], str | None]]
) -> None:
    ledger, place = Ledger(), tmp_path / "acts.jsonl.state"
    with Client(gateway(ledger), key_file) as client:
        assert len(list(client.batch(moves(0, 1, 2), 2, place))) == 3
        kept = place.read_bytes()
        with pytest.raises(OtherBatch, match="counts 3 actions as recorded"):
            list(client.batch(others, 2, place))
        assert place.read_bytes() == kept
        assert len(list(client.batch(moves(0, 1, 2, 3), 2, place))) == 1, "more may follow"

    assert len(ledger.sent) == 3


def test_a_later_action_may_be_corrected(key_file: Path, tmp_path: Path) -> None:
    ledger, place = Ledger(), tmp_path / "acts.jsonl.state"
    line = Line(ledger)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Rejected) as refusal:
            for _ in client.batch(moves(0, 1, 2, 3), 2, place):
                line.trouble[:] = [rejected("ON_HOLD")]
        assert refusal.value.offset == 2
        line.trouble.clear()
        assert len(list(client.batch(moves(0, 1, 7, 3), 2, place))) == 2


def test_what_was_left_without_an_answer_is_compared_once_it_is_recorded(key_file: Path, tmp_path: Path) -> None:
    ledger, place = Ledger(), tmp_path / "acts.jsonl.state"
    line = Line(ledger, *[httpx.ConnectError("refused")] * 20)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Unreachable):
            list(client.batch(moves(0, 1), 2, place))
        line.trouble.clear()
        with pytest.raises(OtherBatch, match="counts 2 actions"):
            list(client.batch(moves(0, 7), 2, place))
        assert len(list(client.batch(moves(0, 1, 2), 2, place))) == 1


def test_a_place_is_of_one_key_and_one_ledger(key_file: Path, tmp_path: Path) -> None:
    place = tmp_path / "acts.jsonl.state"
    with Client(gateway(Ledger()), key_file) as client:
        list(client.batch(moves(0), 2, place))
        mark = Place(place, "", client.key.id, str(ANCHOR)).mark
    assert mark.done == 1
    for key, ledger in (("another", str(ANCHOR)), (client.key.id, "other.example AAAA")):
        with pytest.raises(OtherBatch, match="go on with that one"):
            Place(place, "", key, ledger)
    place.write_text('{"type": "ketenboek/batch-place/v1", "label": "l", "done": 1}')
    with pytest.raises(OtherBatch, match="older version"):
        Place(place, "", client.key.id, str(ANCHOR))


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(key_file: Path) -> None:
    ledger = Ledger()

    def lost(request: httpx.Request) -> httpx.Response:
        answer = ledger.answer(request)
        if b"mutation" in request.content:
            raise httpx.ReadError("the line is cut")
        return answer

    line = Gateway(ADDRESS, ANCHOR, transport=httpx.MockTransport(lost), patience=0)
    with Client(line, key_file) as client, pytest.raises(Unreachable):
        client.record("movePlants", MOVE)
    with Client(gateway(ledger), key_file) as client:
        recorded = client.resume()
        assert client.unanswered == 0

    assert recorded is not None
    assert recorded.replayed
    assert recorded.receipt.index == 6
    assert ledger.sent[0] == ledger.sent[1]


def test_one_process_per_key_file(key_file: Path) -> None:
    ledger = Ledger()
    with Client(gateway(ledger), key_file) as client:
        for _ in range(2):
            with pytest.raises(Locked):
                Client(gateway(ledger), key_file)
            client.record("movePlants", MOVE, AT)
    with Client(gateway(ledger), key_file) as client:
        client.record("movePlants", MOVE, AT)

    assert sequences(ledger) == [4, 5, 6]


def test_the_lock_is_on_the_file_that_has_the_name(key_file: Path) -> None:
    """A process that opened the file before it was replaced must not believe in its lock."""
    path = key_file.with_name("state")
    first = StateFile(path)
    opened = os.open(path, os.O_RDWR)
    first.save()
    try:
        with pytest.raises(Locked):
            StateFile(path)
    finally:
        os.close(opened)
    first.close()
    StateFile(path).close()


def test_a_write_that_fails_stops_the_client(key_file: Path) -> None:
    class Full(Disk):
        def write(self, file: int, data: bytes) -> None:
            raise OSError(28, f"No space left for {len(data)} bytes in {file}")

    ledger = Ledger()
    client = Client(gateway(ledger), key_file, disk=Full())
    for _ in range(2):
        with pytest.raises(Unreadable):
            client.record("movePlants", MOVE, AT)
    with Client(gateway(ledger), key_file) as again:
        again.record("movePlants", MOVE, AT)

    assert sequences(ledger) == [4]


def test_the_state_file_holds_openings_and_is_private(key_file: Path) -> None:
    ledger = Ledger()
    with Client(gateway(ledger), key_file) as client:
        client.record("movePlants", MOVE, AT)
    state = key_file.with_name("grower.jwk.state")

    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert json.loads(state.read_bytes())["next_sequence"] == 5
    assert sorted(path.name for path in key_file.parent.iterdir()) == ["grower.jwk", "grower.jwk.state"]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"type": "x"}', '{"type": "ketenboek/client-state/v1"}', "\xff"])
def test_a_damaged_state_file_is_said_to_be_so_and_not_overwritten(key_file: Path, content: str) -> None:
    state = key_file.with_name("grower.jwk.state")
    state.write_text(content)
    for _ in range(2):
        with pytest.raises(Unreadable):
            Client(gateway(Ledger()), key_file)

    assert state.read_text() == content


def test_a_state_that_an_older_version_left_in_a_batch_is_taken_up(key_file: Path) -> None:
    state = key_file.with_name("grower.jwk.state")
    line = Line(Ledger(), *[httpx.ConnectError("refused")] * 20)
    with Client(line.gateway(), key_file) as client, pytest.raises(Unreachable):
        client.record("movePlants", MOVE, AT)
    content = json.loads(state.read_bytes())
    del content["pending"]["mark"]
    content["pending"]["place"], content["places"] = "batch", {"batch": 3}
    state.write_text(json.dumps(content))
    with Client(gateway(line.ledger), key_file) as client:
        resumed = client.resume()
        assert resumed is not None
        assert resumed.receipt.index == 6


def test_a_state_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        StateFile(tmp_path / "no" / "folder")


@pytest.mark.parametrize("content", ["", "[]", '{"type": "x", "label": "l", "done": 1}'])
def test_a_file_that_is_no_place_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "acts.state"
    path.write_text(content)
    with pytest.raises(Unreadable):
        Place(path, "label", "key", "ledger")

    assert path.read_text() == content
