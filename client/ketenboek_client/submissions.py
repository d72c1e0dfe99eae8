"""The submissions of one key: stated and signed, made durable, sent until the answer is definite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from . import instants
from .canonical import b64
from .documents import RECORDED, SUBMIT, SUBMIT_FIRST, Answer, Recorded, newest_recorded
from .errors import ClientError, GatewayError, Malformed, Rejected, Undecided, Unreachable
from .gateway import Gateway, data_of
from .history import History
from .keys import Key
from .merkle import leaf_hash, root
from .place import Mark
from .sealed import Opening
from .state import Pending, StateFile
from .statement import (
    SALT_BYTES,
    SUBMISSION_BYTES_MAX,
    SUBMISSION_COUNT_MAX,
    Act,
    digest,
    names_entry,
    signed_text,
    statement,
)

UNTIL = 15 * instants.MINUTE
UNTIL_SANDBOX = 6 * instants.DAY
SPAN_SANDBOX = instants.DAY
"""In a sandbox an entry is recorded at its `at`, and `until` lies at most 7 days after any of them."""


class Submissions:
    """What one key signs, in the order of its sequence numbers, one submission at a time."""

    def __init__(
        self,
        gateway: Gateway,
        key: Key,
        file: StateFile,
        history: History,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._gateway = gateway
        self._key = key
        self._file = file
        self._history = history
        self._clock = clock
        self._random = random

    def submit(self, acts: Sequence[Act], place: str | None = None, mark: Mark | None = None) -> Recorded:
        """Sign and send 1 to 1,000 acts; or, if just these were left without an answer, send those again.

        In the batch `place` they lead to `mark`. Others that were left so are brought to an end before;
        refused, they raise Rejected with `earlier`.
        """
        if not 1 <= len(acts) <= SUBMISSION_COUNT_MAX:
            raise ValueError(f"a submission has 1 to {SUBMISSION_COUNT_MAX} statements")
        asked = digest(acts)
        pending = self._file.state.pending
        if pending is not None:
            if (pending.asked, pending.place) == (asked, place):
                return self.send()
            try:
                self.send()
            except Rejected as refusal:
                refusal.earlier = True
                raise
        self._history.begin()
        if names_entry(acts) >= self._history.newest.size:
            self._history.look()
        statements, openings, newest = self.state(acts)
        self._file.state.pending = self._sign(
            Pending(
                first=self._next(),
                statements=statements,
                openings=[opening.members() for opening in openings],
                seen={},
                until=self._until(newest),
                signature="",
                asked=asked,
                place=place,
                mark=mark,
            )
        )
        self._file.save()
        return self.send(fresh=True)

    def state(self, acts: Iterable[Act]) -> tuple[list[str], list[Opening], int]:
        """The statements of acts under the next sequence numbers, their openings, and the newest `at`."""
        statements, openings, newest, total = [], [], 0, 0
        origin = self._history.genesis.origin
        for sequence, act in enumerate(acts, self._next()):
            at = self._clock() if act.at is None else act.at
            data, opened = act.seal(self._random)
            salt = self._random(SALT_BYTES)
            made = statement(origin, self._key.id, sequence, salt, instants.text(at), act.action, data)
            statements.append(made.decode())
            openings += opened
            newest, total = max(newest, at), total + len(made)
        if total > SUBMISSION_BYTES_MAX:
            raise Malformed(f"a submission has at most {SUBMISSION_BYTES_MAX} bytes; make it several")
        return statements, openings, newest

    def send(self, *, fresh: bool = False, renewed: bool = False) -> Recorded:
        """Send what is pending, the same bytes each time, until the gateway's answer is definite.

        `fresh`: no attempt can have arrived yet, so that a request which the gateway did not even
        execute is one, too. Raises Rejected; Unreachable, Undecided and what receipts raise leave
        the submission pending.
        """
        pending = self._file.state.pending
        assert pending is not None
        failure: ClientError = Unreachable(self._gateway.url)
        attempts = self._gateway.attempts()
        for number in attempts:
            fresh = fresh and number == 1
            try:
                answer = self._ask(pending)
            except Unreachable as error:
                failure, attempts.asked = error, error.retry_after
                continue
            except GatewayError as error:
                if not error.executed:
                    if fresh:
                        self._drop()
                    raise
                failure, attempts.asked = error, 0.0
                continue
            if answer.recorded:
                return self._keep(pending, answer)
            if answer.definite:
                if "EXPIRED" in answer.codes and not renewed:
                    self._renew(pending)
                    return self.send(renewed=True)
                self._drop()
                raise Rejected(answer.problems, answer.retry_after, pending.first)
            failure, attempts.asked = Undecided(answer.problems), float(answer.retry_after or 0)
        raise failure

    def chunks(self, acts: Iterable[Act], size: int) -> Iterator[list[Act]]:
        """Acts in groups of at most `size`; in a sandbox, which has no wall clock, also of at most a day."""
        self._history.begin()
        sandbox = self._history.genesis.sandbox
        chunk: list[Act] = []
        oldest = newest = 0
        for act in acts:
            at = self._clock() if act.at is None else act.at
            apart = max(newest, at) - min(oldest, at) > SPAN_SANDBOX
            if chunk and (len(chunk) == size or (sandbox and apart)):
                yield chunk
                chunk = []
            oldest, newest = (min(oldest, at), max(newest, at)) if chunk else (at, at)
            chunk.append(act)
        if chunk:
            yield chunk

    def _sign(self, pending: Pending) -> Pending:
        """The submission signed over the newest history that was verified."""
        seen = self._history.newest
        text = signed_text(
            origin=self._history.genesis.origin,
            key=self._key.id,
            first=pending.first,
            count=len(pending.statements),
            root=root([leaf_hash(made.encode()) for made in pending.statements]),
            seen_size=seen.size,
            seen_root=seen.root,
            until=pending.until,
        )
        members = {"size": seen.size, "root": b64(seen.root)}
        return replace(pending, seen=members, signature=b64(self._key.sign(text)))

    def _renew(self, pending: Pending) -> None:
        """Sign the same statements again, under the same numbers, with a new `until`.

        The gateway says that the old one has passed unrecorded; and were it wrong, it is the
        same submission by format section 5, and is recorded once.
        """
        if self._history.genesis.sandbox:
            token = self._gateway.token(self._key, self._history.genesis.origin)
            self._file.state.recorded = newest_recorded(data_of(self._gateway.answer(RECORDED, token=token)))
        newest = max(instants.millis(json.loads(made)["at"]) for made in pending.statements)
        self._file.state.pending = self._sign(replace(pending, until=self._until(newest)))
        self._file.save()

    def _until(self, newest: int) -> str:
        """The last moment to record acts of which the newest was at `newest` (format sections 5 and 8)."""
        if not self._history.genesis.sandbox:
            return instants.text(self._clock() + UNTIL)
        recorded = self._file.state.recorded
        return instants.text(max(newest, instants.millis(recorded) if recorded else 0) + UNTIL_SANDBOX)

    def _next(self) -> int:
        number = self._file.state.next_sequence
        assert number is not None, "known from the beginning of the history on"
        return number

    def _ask(self, pending: Pending) -> Answer:
        first = self._file.state.key_entry is None and self._key.id not in self._history.genesis.keys
        variables = {
            "statements": pending.statements,
            "seen": pending.seen,
            "until": pending.until,
            "signature": pending.signature,
            "openings": pending.openings,
        }
        return Answer.of(data_of(self._gateway.attempt(SUBMIT_FIRST if first else SUBMIT, variables)))

    def _keep(self, pending: Pending, answer: Answer) -> Recorded:
        """Verify the receipts; only then is the submission answered."""
        receipts = self._history.accept(pending, answer.given)
        state = self._file.state
        state.next_sequence = pending.first + len(receipts)
        state.recorded = max(state.recorded or "", receipts[-1].recorded)
        if pending.place is not None and pending.mark is not None:
            state.places[pending.place] = pending.mark
        self._drop()
        return Recorded(receipts, answer.replayed)

    def _drop(self) -> None:
        self._file.state.pending = None
        self._file.save()
