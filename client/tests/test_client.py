"""What the client does with each kind of answer: verify, keep, send again, give up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from ketenboek_client import (
    Client,
    Gateway,
    GatewayError,
    Key,
    Malformed,
    Problem,
    Rejected,
    Unauthenticated,
    Undecided,
    Unreachable,
    verify_receipt,
)

from .worked import (
    ADDRESS,
    ANCHOR,
    AT,
    EXAMPLE_SUBMISSION,
    MOVE,
    ORIGIN,
    Answer,
    Ledger,
    Line,
    key,
    later_statement,
    rejected,
)


def drawn() -> Callable[[int], bytes]:
    """Random bytes that are the same each time."""
    numbers: Iterator[int] = iter(range(256))
    return lambda size: bytes([next(numbers)] * size)


def test_a_first_record(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        recorded = client.record("movePlants", {**MOVE, "note": "Zacht gedroogd"}, AT)
    statement = json.loads(ledger.entries[6])["statement"]

    assert not recorded.replayed
    assert recorded.receipt.index == 6
    assert verify_receipt(recorded.receipt.file, ANCHOR).entry.statement.decode() == ledger.sent[0]["statements"][0]
    assert (statement["sequence"], statement["ledger"], statement["at"]) == (4, ORIGIN, AT)
    assert ledger.sent[0]["openings"][0]["value"] == '"Zacht gedroogd"'


def test_the_same_clock_and_the_same_random_bytes_make_the_same_submissions(tmp_path: Path) -> None:
    sent = []
    for name in ("a", "b"):
        ledger = Ledger()
        line = Line(ledger, httpx.ConnectError("no"), rejected("BUSY"))
        state = tmp_path / name
        with Client(line.gateway(), key("grower"), state, clock=lambda: 1767604000000, random=drawn()) as client:
            client.submit([("movePlants", {**MOVE, "note": "a"}, None), ("movePlants", MOVE, AT)])
            client.record("movePlants", MOVE)
        sent.append(ledger.sent)

    assert sent[0] == sent[1]
    assert [json.loads(made)["at"] for made in sent[0][0]["statements"]] == ["2026-01-05T09:06:40.000Z", AT]


def test_each_submission_cosigns_the_history_before_it(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        for _ in range(3):
            client.submit([("movePlants", MOVE, AT)] * 2)

    assert [sent["seen"]["size"] for sent in ledger.sent] == [6, 8, 10]
    assert all(ledger.note(sent["seen"]["size"]).splitlines()[2] == sent["seen"]["root"] for sent in ledger.sent)


def test_a_lone_writer_reads_tiles_once(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        client.record("movePlants", MOVE, AT)
        ledger.paths.clear()
        for _ in range(5):
            client.record("movePlants", MOVE, AT)

    assert set(ledger.paths) == {"/graphql"}


def test_receipts_of_a_large_submission_are_files_of_their_own(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        client.record("movePlants", MOVE, AT)
        recorded = client.submit([("movePlants", {**MOVE, "height": n}, AT) for n in range(40)])

    assert [receipt.index for receipt in recorded.receipts] == list(range(7, 47))
    for receipt in recorded.receipts:
        found = verify_receipt(receipt.file, ANCHOR)
        assert (found.entry.index, found.receipt) == (receipt.index, receipt)


TROUBLE: dict[str, list[Answer]] = {
    "busy": [rejected("BUSY", retry_after=7)],
    "undecided": [rejected("UNDECIDED"), rejected("UNDECIDED")],
    "shutting down": [rejected("SHUTTING_DOWN")],
    "draining": [httpx.Response(503, headers={"retry-after": "7"})],
    "a date to come back": [httpx.Response(503, headers={"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"})],
    "no connection": [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")],
    "no answer": [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")],
    "a proxy's page": [httpx.Response(502, text="<html>")],
    "half an answer": [httpx.Response(200, text='{"data": {"sub')],
    "an error while it ran": [{"data": None, "errors": [{"message": "x", "extensions": {"code": "TIMEOUT"}}]}],
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_without_a_definite_answer_the_same_bytes_are_sent_again(key_file: Path, trouble: list[Answer]) -> None:
    line = Line(Ledger(), *trouble)
    with Client(line.gateway(), key_file) as client:
        assert client.record("movePlants", MOVE).receipt.index == 6

    assert len(set(line.bodies)) == 1
    assert len(line.bodies) == len(trouble) + 1
    assert line.pauses == sorted(line.pauses)


def test_the_gateway_may_ask_for_a_longer_pause(key_file: Path) -> None:
    line = Line(Ledger(), rejected("BUSY", retry_after=7), httpx.Response(503, headers={"retry-after": "9"}))
    with Client(line.gateway(), key_file) as client:
        client.record("movePlants", MOVE)

    assert line.pauses == [7, 9]


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(httpx.ConnectError("refused"), Unreachable), (rejected("UNDECIDED"), Undecided)],
    ids=["unreachable", "undecided"],
)
def test_when_patience_is_spent_the_submission_is_kept(key_file: Path, trouble: Answer, error: type[Exception]) -> None:
    line = Line(Ledger(), *[trouble] * 20)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(error):
            client.submit([("movePlants", MOVE, AT)] * 2)
        assert client.unanswered == 2
        assert 30 <= sum(line.pauses) < 40
        line.trouble.clear()
        resumed = client.resume()
        assert resumed is not None
        assert len(resumed.receipts) == 2
        assert client.unanswered == 0
        assert client.resume() is None

    assert len(set(line.bodies)) == 1


def test_a_new_act_is_recorded_after_the_one_left_without_an_answer(key_file: Path) -> None:
    line = Line(Ledger(), *[httpx.ConnectError("refused")] * 20)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Unreachable):
            client.record("movePlants", MOVE)
        line.trouble.clear()
        recorded = client.record("sellPackages", {"packages": {"E2", "E1"}})

    assert recorded.receipt.index == 7
    assert json.loads(line.ledger.entries[6])["statement"]["action"] == "movePlants"
    assert json.loads(line.ledger.entries[7])["statement"]["data"] == {"packages": ["E1", "E2"]}


def test_a_refusal_of_the_one_before_is_told_as_such(key_file: Path) -> None:
    line = Line(Ledger(), *[httpx.ConnectError("refused")] * 20)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Unreachable):
            client.record("movePlants", MOVE)
        line.trouble[:] = [rejected("ON_HOLD")]
        with pytest.raises(Rejected) as refusal:
            client.record("sellPackages", {"packages": ["E1"]})
        assert refusal.value.earlier
        assert str(refusal.value) == "an earlier act, which was still without an answer: ON_HOLD at 0: about ON_HOLD"
        assert client.record("sellPackages", {"packages": ["E1"]}).receipt.index == 6


def test_a_refusal_uses_no_number(key_file: Path) -> None:
    line = Line(Ledger(), rejected("WRONG_STATE", "A_CODE_OF_LATER", retry_after=None))
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Rejected) as refusal:
            client.record("movePlants", MOVE)
        assert client.unanswered == 0
        client.record("movePlants", MOVE)

    problems = refusal.value.problems
    assert [problem.code for problem in problems] == ["WRONG_STATE", "A_CODE_OF_LATER"]
    assert (refusal.value.code, refusal.value.first, problems[0].path) == ("WRONG_STATE", 4, ("0",))
    assert not refusal.value.earlier
    assert str(refusal.value) == "WRONG_STATE at 0: about WRONG_STATE; A_CODE_OF_LATER at 0: about A_CODE_OF_LATER"
    assert json.loads(line.ledger.entries[6])["statement"]["sequence"] == 4


def test_a_problem_says_where_and_what_was_expected() -> None:
    assert str(Problem("A", "Say less.")) == "A at the submission: Say less."
    there = Problem("LIMIT_EXCEEDED", "Too much.", ("0", "data", "mass"), expected="cap=5")
    assert str(Rejected((there,))) == "LIMIT_EXCEEDED at 0.data.mass: Too much. (expected cap=5)"
    assert str(Rejected(())) == "refused without a reason"


def test_what_was_not_even_executed_is_dropped(key_file: Path) -> None:
    too_large = httpx.Response(413, json={"errors": [{"message": "m", "extensions": {"code": "TOO_LARGE"}}]})
    line = Line(Ledger(), too_large)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(GatewayError, match="TOO_LARGE"):
            client.record("movePlants", MOVE)
        assert client.unanswered == 0
        assert client.record("movePlants", MOVE).receipt.index == 6


def test_but_not_if_an_attempt_before_may_have_arrived(key_file: Path) -> None:
    bad = httpx.Response(400, json={"errors": [{"message": "m", "extensions": {"code": "BAD_REQUEST"}}]})
    line = Line(Ledger(), httpx.ReadTimeout("slow"), bad)
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(GatewayError, match="BAD_REQUEST"):
            client.record("movePlants", MOVE)
        assert client.unanswered == 1


def test_in_a_sandbox_until_follows_the_simulated_time(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        client.record("movePlants", MOVE, "2026-03-01T00:00:00.000Z")
        client.record("movePlants", MOVE, "2026-02-01T00:00:00.000Z")

    assert [sent["until"] for sent in ledger.sent] == ["2026-03-07T00:00:00.000Z"] * 2


def test_in_a_sandbox_a_batch_is_divided_by_days(key_file: Path) -> None:
    ledger = Ledger()
    days = ("01T00", "02T00", "02T01", "01T12", "04T00")
    acts = [("movePlants", MOVE, f"2026-03-{day}:00:00.000Z") for day in days]
    with Client(Line(ledger).gateway(), key_file) as client:
        assert len(list(client.batch(acts))) == 5

    assert [len(sent["statements"]) for sent in ledger.sent] == [2, 2, 1]


def test_what_expired_unrecorded_is_signed_again_under_the_same_numbers(key_file: Path) -> None:
    ledger = Ledger()
    line = Line(ledger, *[httpx.ConnectError("refused")] * 20)
    with Client(line.gateway(), key_file) as client, pytest.raises(Unreachable):
        client.record("movePlants", MOVE, AT)
    ledger.append({**EXAMPLE_SUBMISSION, "statements": [later_statement("2026-06-01T00:00:00.000Z")]})
    line = Line(ledger, rejected("EXPIRED"))
    with Client(line.gateway(), key_file) as client:
        resumed = client.resume()
    first, second = (json.loads(body)["variables"] for body in line.bodies)

    assert resumed is not None
    assert first["statements"] == second["statements"]
    assert (first["until"], second["until"]) == ("2026-01-11T09:04:00.000Z", "2026-06-07T00:00:00.000Z")
    assert first["signature"] != second["signature"]


def test_what_expires_again_is_refused(key_file: Path) -> None:
    line = Line(Ledger(), rejected("EXPIRED"), rejected("EXPIRED"))
    with Client(line.gateway(), key_file) as client:
        with pytest.raises(Rejected, match="EXPIRED"):
            client.record("movePlants", MOVE, AT)
        assert client.unanswered == 0


def test_the_checkpoint_is_kept(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        assert client.checkpoint().size == 6
        ledger.append({**EXAMPLE_SUBMISSION, "statements": [later_statement(AT)]})
        assert client.checkpoint().size == 7
        client.record("revokeKey", {"key": "k", "suspectedFrom": 3}, AT)
        ledger.append({**EXAMPLE_SUBMISSION, "statements": [later_statement(AT)]})
        client.record("revokeKey", {"key": "k", "suspectedFrom": 8}, AT)

    assert [sent["seen"]["size"] for sent in ledger.sent] == [7, 9]


def test_a_token_that_is_refused(key_file: Path) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, text="no key of this id") if request.content else Ledger().answer(request)

    line = Gateway(ADDRESS, ANCHOR, transport=httpx.MockTransport(refusing))
    with Client(line, key_file) as client, pytest.raises(Unauthenticated, match="no key of this id"):
        client.record("movePlants", MOVE, AT)


def test_a_key_that_is_not_registered_is_refused_as_its_submission_would_be(key_file: Path) -> None:
    """And it can be registered afterwards: nothing was pinned or numbered."""
    ledger, told = Ledger(), {"message": "The token's `kid` is no registered key."}
    unknown = httpx.Response(401, json={"errors": [{**told, "extensions": {"code": "UNAUTHENTICATED"}}]})

    def refusing(request: httpx.Request) -> httpx.Response:
        return unknown if request.content else ledger.answer(request)

    for ask in (Client.record, Client.preview):
        line = Gateway(ADDRESS, ANCHOR, transport=httpx.MockTransport(refusing))
        with Client(line, key_file) as client, pytest.raises(Rejected) as refusal:
            ask(client, "movePlants", MOVE, AT)
        [problem] = refusal.value.problems
        assert (problem.code, problem.path, client.key.id in problem.message) == ("KEY_UNKNOWN", ("0", "key"), True)
    with Client(Line(ledger).gateway(), key_file) as client:
        assert client.record("movePlants", MOVE, AT).receipt.index == 6


def test_a_submission_has_1_to_1000_statements(key_file: Path) -> None:
    with Client(Line(Ledger()).gateway(), key_file) as client:
        for count in (0, 1001):
            with pytest.raises(ValueError, match="1 to 1000"):
                client.submit([("movePlants", MOVE, AT)] * count)
            with pytest.raises(ValueError, match="1 to 1000"):
                next(client.batch([], count))
        with pytest.raises(Malformed):
            client.record("movePlants", {"plants": ["x" * 33_000]}, AT)
        assert client.unanswered == 0


def test_a_refused_batch_says_how_far_it_came(key_file: Path) -> None:
    line = Line(Ledger())
    acts = [("movePlants", {**MOVE, "height": n}, AT) for n in range(6)]
    taken = []
    with Client(line.gateway(), key_file) as client, pytest.raises(Rejected) as refusal:
        for receipt in client.batch(acts, 2):
            taken.append(receipt.index)
            if len(taken) == 4:
                line.trouble.append(rejected("ON_HOLD"))

    assert taken == [6, 7, 8, 9]
    assert refusal.value.offset == 4


def test_a_receipt_can_be_asked_for_later(key_file: Path) -> None:
    with Client(Line(Ledger()).gateway(), key_file) as client:
        found = client.receipt(4)

        assert found is not None
        assert verify_receipt(found.file, ANCHOR).entry.index == 4
        assert client.receipt(1) is None


def test_a_preview_signs_and_uses_nothing(key_file: Path) -> None:
    ledger = Ledger()
    with Client(Line(ledger).gateway(), key_file) as client:
        first, second = client.previews([("movePlants", MOVE, AT), ("movePlants", {**MOVE, "note": "x"}, None)])
        assert client.preview("movePlants", MOVE, AT).sequence == 4
        client.record("movePlants", MOVE, AT)

    assert (first.sequence, second.sequence) == (4, 5)
    assert (first.problems[0].code, first.problems[0].unit, first.problems[0].entry) == ("ON_HOLD", "P", 5)
    assert first.flows == ({"mass": 5},)
    assert json.loads(first.statement)["data"] == MOVE
    assert len(ledger.entries) == 7


def test_a_state_from_a_back_up_is_brought_up_to_date(key_file: Path) -> None:
    ledger, state = Ledger(), key_file.with_name("grower.jwk.state")
    with Client(Line(ledger).gateway(), key_file) as client:
        client.record("movePlants", MOVE, AT)
        old = state.read_bytes()
        client.submit([("movePlants", MOVE, AT)] * 2)
    state.write_bytes(old)
    with Client(Line(ledger, rejected("SEQUENCE_USED")).gateway(), key_file) as client:
        with pytest.raises(Rejected, match="SEQUENCE_USED"):
            client.record("movePlants", MOVE, AT)
        assert client.recover() == 7
        assert client.record("movePlants", MOVE, AT).receipt.index == 9


def test_a_key_that_is_no_file_needs_a_state() -> None:
    with pytest.raises(ValueError, match="state"):
        Client(Line(Ledger()).gateway(), Key.generate())
