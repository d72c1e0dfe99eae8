"""What the gateway would say now: the exact bytes and text to sign, problems and flows, without recording.

A preview runs the same `accept()` as the writer, on a state that is thrown away, with the signature
taken as given. What it says may have changed when the real thing arrives.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import strawberry

from ledger import canonical, door, instant, rows
from ledger.accept import Head, Linked, Replayed, accept, edition_of
from ledger.editions import EDITIONS
from ledger.entry import STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX
from ledger.errors import Malformed, Problem, Refused
from ledger.fields import KEY_ID, MOMENT, base64_of, integer
from ledger.state import State
from ledger.statement import Submission
from schema import access, outcome
from schema.limits import RequestError
from schema.lineage import Flow
from schema.mutation import Values, encoded, statement
from schema.scalars import Base64, CanonicalStatement, Index, Sequence, Timestamp
from schema.view import View

MINUTES_15 = 15 * 60_000
DAYS_6 = 6 * 86_400_000
SALT_BYTES = 18

SAID = {"key": KEY_ID.fits, "sequence": integer(1), "salt": base64_of(SALT_BYTES), "at": MOMENT.fits}
"""What a statement must say for a preview to tell it back."""


@strawberry.type
class Preview:
    """A statement that was not recorded."""

    statement: CanonicalStatement
    text_to_sign: str
    sequence: Sequence
    salt: Base64
    at: Timestamp
    seen_size: Index
    seen_root: Base64
    until: Timestamp
    problems: list[dict[str, Any]] = strawberry.field(graphql_type=list[outcome.ProblemType])
    flows: list[Flow]


def of_action(view: View, action: Values, key: str, sequence: int | None, at: str | None) -> Preview:
    """The preview of one action as plain values; left out: the key's next number, the ledger's time."""
    [(name, data)] = action.items()
    trial = Trial(view, key)
    said: Values = {
        "key": key,
        "sequence": trial.next_sequence if sequence is None else sequence,
        "salt": canonical.b64(secrets.token_bytes(SALT_BYTES)),
        "at": instant.text(trial.now) if at is None else at,
    }
    raw = statement(view.context.gateway.origin, name, data, **said)
    [preview] = _previews(trial, [said], (raw,))
    return preview


def of_statements(view: View, statements: list[str]) -> list[Preview]:
    """The previews of statements made elsewhere, for one submission. Raises BAD_REQUEST for what says too little."""
    raws = encoded(statements)
    said = [_said(place, raw) for place, raw in enumerate(raws)]
    return _previews(Trial(view, said[0]["key"]), said, raws)


def _said(place: int, raw: bytes) -> Values:
    try:
        value = canonical.decode(raw, bytes_max=STATEMENT_BYTES_MAX, depth_max=STATEMENT_DEPTH_MAX, nulls=True)
    except Malformed as error:
        raise RequestError("BAD_REQUEST", f"Statement {place} cannot be decoded: {error}.") from None
    if not isinstance(value, dict):
        raise RequestError("BAD_REQUEST", f"Statement {place} is no object.")
    for name, fits in SAID.items():
        if not fits(value.get(name)):
            raise RequestError("BAD_REQUEST", f"Statement {place} has no well-formed `{name}`.")
    return value


def _previews(trial: Trial, said: list[Values], raws: tuple[bytes, ...]) -> list[Preview]:
    """Each statement judged after those before it; the text to sign is that of all of them together."""
    until = trial.until(max(instant.millis(one["at"]) for one in said))
    whole = trial.submission(said[0]["sequence"], raws, until)
    text = whole.text.decode()
    previews = []
    for place, (one, raw) in enumerate(zip(said, raws, strict=True)):
        problems, flows = trial.judge(trial.submission(one["sequence"], (raw,), until))
        numbered = [replace(problem, path=(str(place), *problem.path[1:])) for problem in problems]
        previews.append(
            Preview(
                statement=CanonicalStatement(raw.decode()),
                text_to_sign=text,
                sequence=Sequence(one["sequence"]),
                salt=Base64(one["salt"]),
                at=Timestamp(one["at"]),
                seen_size=Index(whole.seen_size),
                seen_root=Base64(canonical.b64(whole.seen_root)),
                until=Timestamp(until),
                problems=outcome.problems(numbered, trial.view.language),
                flows=flows,
            )
        )
    return previews


class Trial:
    """Statements of one key judged one after another on the newest history, of which nothing is kept."""

    def __init__(self, view: View, key: str) -> None:
        self.view = view
        self._id = key
        self._state = State(view.store.load)
        self._time = view.context.gateway.clock()
        published = view.head
        self._head = Head(published.size, published.hash, published.recorded, view.tree.root, view.bytes)
        found = view.store.load(rows.Key, "id", (key,))
        # A key of somebody else tells what that may see: here it is not known.
        self._key = found[0] if found and access.may_use_key(view.caller, found[0]) else None

    @property
    def next_sequence(self) -> int:
        """The key's next number; of an unknown key 1."""
        cursor = None if self._key is None else self._state.get(rows.Cursor, self._key.number)
        return 1 if cursor is None else cursor.next

    @property
    def now(self) -> int:
        """The ledger's time, milliseconds; a sandbox has none but that of its newest entry."""
        return self._head.recorded if self.view.context.gateway.sandbox else self._time

    def until(self, at: int) -> str:
        """Until when a submission may be recorded, as clients choose it (ledger format §5, §8)."""
        sandbox = self.view.context.gateway.sandbox
        try:
            return instant.text(max(at, self.now) + DAYS_6 if sandbox else self.now + MINUTES_15)
        except Malformed:
            raise RequestError("BAD_REQUEST", "`at` is too late for anything to be signed after it.") from None

    def submission(self, first: int, raws: tuple[bytes, ...], until: str) -> Submission:
        """A submission that saw the newest checkpoint, without a signature."""
        published = self.view.head
        origin = self.view.context.gateway.origin
        return Submission(origin, self._id, first, raws, published.size, published.root, until, b"")

    def judge(self, submission: Submission) -> tuple[list[Problem], list[Flow]]:
        """The problems of a single statement, or the flows that it makes."""
        edition = edition_of(self.view.ledger, EDITIONS)
        # Openings come with the real thing only.
        submission.door = [found for found in door.check(submission, edition) if found.path[0] != "openings"]
        if self._key is None:
            return submission.problems(edition) or [Problem("KEY_UNKNOWN", ("0", "key"))], []
        submission.verified = self._key.public
        state = State(self._state.load)
        try:
            [entry] = accept(submission, self._head, state, self._time, EDITIONS)
        except Replayed:
            return [], []
        except Refused as refused:
            # The next one is judged as if this one had been put right.
            self._state.add(rows.Cursor(self._key.number, submission.first + 1, submission.seen_size))
            return access.mask(self.view.store, self._id, refused.problems), []
        self._state.merge(state)
        self._head = replace(self._head, size=entry.index + 1, hash=entry.hash, recorded=entry.recorded)
        return [], self._flows(entry)

    def _flows(self, entry: Linked) -> list[Flow]:
        found = [row for row in self._state.born.values() if isinstance(row, rows.Flow) and row.entry == entry.index]
        ends = {end for row in found for end in (row.source, row.target) if end is not None}
        units = {end: self._state.get(rows.Unit, end) for end in sorted(ends)}
        codes = {end: unit.code for end, unit in units.items() if unit is not None}
        return [Flow.of(row, codes, recorded=False) for row in found]
