"""The ways in: one mutation per action, derived from its class, and `submit` for statements made elsewhere.

Both end in a `Submission`. The typed road makes the statement's bytes itself, so who signs only has to
say the same; the other takes exact bytes. What is well-typed but refused is an answer, not an error.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Optional

import strawberry
from graphql import GraphQLResolveInfo
from strawberry.tools import create_type

from ledger import canonical, door, keys
from ledger.actions import Action
from ledger.editions import EDITIONS
from ledger.entry import STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX
from ledger.errors import BadSignature, Malformed, Problem, Refused
from ledger.manual import description
from ledger.sealed import Opening
from ledger.statement import Submission
from ledger.submission import STATEMENTS_MAX
from schema import access, inputs, outcome
from schema.context import Context
from schema.limits import RequestError
from schema.plain import plain
from schema.scalars import Base64, CanonicalStatement, Timestamp
from schema.waiting import answered

Values = dict[str, Any]

PUBLICS_MAX = 10_000
_publics: dict[str, bytes] = {}
"""Public keys that signed something that was recorded, by their ids."""

OPENINGS = Optional[list[inputs.Opening]]  # noqa: UP045 - Strawberry reads it at run time


def statement(origin: str, action: str, data: Values, *, key: str, sequence: int, salt: str, at: str) -> bytes:
    """The canonical bytes of a statement (ledger format §4); `data` as GraphQL gives it.

    Raises BAD_REQUEST for texts that have none.
    """
    value = {
        "v": 1,
        "ledger": origin,
        "key": key,
        "sequence": sequence,
        "salt": salt,
        "at": at,
        "action": action,
        "data": signed(data),
    }
    try:
        return canonical.encode(value)
    except Malformed as error:
        raise RequestError("BAD_REQUEST", f"This has no canonical form: {error}.") from None


def signed(value: Any) -> Any:
    """What GraphQL gives, as it is signed: null means absent, words are plain text."""
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is dict:
        return {name: signed(member) for name, member in value.items() if member is not None}
    if kind is list:
        return [signed(item) for item in value]
    return value.value


def derived(cls: type[Action]) -> Any:
    """The mutation of an action."""
    action = cls.name

    @plain
    async def resolve(
        info: GraphQLResolveInfo[Context], *, data: Values, proof: Values, openings: list[Values] | None = None
    ) -> Values:
        context = info.context
        raw = statement(
            context.gateway.origin,
            action,
            data,
            key=proof["key"],
            sequence=proof["sequence"],
            salt=proof["salt"],
            at=proof["at"],
        )
        return await recorded(context, proof["key"], proof["sequence"], (raw,), proof, openings)

    # Strawberry names a field by its function before it looks at `name`: all would be one.
    resolve.__name__ = action
    resolve.__annotations__ = {
        "info": strawberry.Info,
        "data": inputs.data_type(cls),
        "proof": inputs.Proof,
        "openings": OPENINGS,
        "return": outcome.Outcome,
    }
    resolve.__kwdefaults__ = {"openings": strawberry.UNSET}
    return strawberry.mutation(resolver=resolve, name=action, description=description(cls))


@plain
async def submit(
    info: GraphQLResolveInfo[Context],
    *,
    statements: list[str],
    seen: Values,
    until: str,
    signature: str,
    openings: list[Values] | None = None,
) -> Values:
    """Record 1 to 1,000 statements of one key under one signature, all or none."""
    raws = encoded(statements)
    key, first = _signer(raws)
    proof = {"seen": seen, "until": until, "signature": signature}
    return await recorded(info.context, key, first, raws, proof, openings)


submit.__annotations__ = {
    "info": strawberry.Info,
    "statements": list[CanonicalStatement],
    "seen": inputs.Seen,
    "until": Timestamp,
    "signature": Base64,
    "openings": OPENINGS,
    "return": outcome.Outcome,
}
submit.__kwdefaults__ = {"openings": strawberry.UNSET}


def encoded(statements: list[str]) -> tuple[bytes, ...]:
    """The bytes of 1 to 1,000 statements; a lone surrogate stays what it is, for the rules to refuse."""
    if not statements:
        raise RequestError("BAD_REQUEST", "There is no statement.")
    if len(statements) > STATEMENTS_MAX:
        raise RequestError("TOO_MANY", f"At most {STATEMENTS_MAX} statements under one signature.")
    return tuple([text.encode("utf-8", "surrogatepass") for text in statements])


def _signer(raws: tuple[bytes, ...]) -> tuple[str, int]:
    """Key and sequence of the first statement that says them; where none does, all have other problems."""
    for raw in raws:
        try:
            value = canonical.decode(raw, bytes_max=STATEMENT_BYTES_MAX, depth_max=STATEMENT_DEPTH_MAX, nulls=True)
        except Malformed:
            continue
        if isinstance(value, dict) and type(value.get("key")) is str and type(value.get("sequence")) is int:
            return value["key"], value["sequence"]
    return "", 0


async def recorded(
    context: Context, key: str, first: int, raws: tuple[bytes, ...], proof: Values, openings: list[Values] | None
) -> Values:
    """Offer a submission to the writer and wait for its answer, `Recorded` or `Rejected`."""
    seen = proof["seen"]
    submission = Submission(
        context.gateway.origin,
        key,
        first,
        raws,
        seen["size"],
        canonical.unb64(seen["root"]),
        proof["until"],
        canonical.unb64(proof["signature"]),
        tuple([Opening(canonical.unb64(opening["salt"]), opening["value"]) for opening in openings or ()]),
    )
    try:
        sequencer = context.gateway.sequencer
        submission.door = door.check(submission, EDITIONS[sequencer.ledger.edition])
        _verify_here(submission)
        future = sequencer.offer(submission, context.proofs, context.files)
        try:
            done = await answered(future, context.limits.request_seconds)
        except TimeoutError:
            # What the writer has not taken yet can be withdrawn; the rest runs to its end.
            code = "BUSY" if future.cancel() else "UNDECIDED"
            raise Refused(Problem(code), retry_after=1) from None
        except asyncio.CancelledError:
            future.cancel()  # its client has left
            raise
    except Refused as refused:
        told = await access.masked(context, key, refused)
        context.outcomes.append(told.problems[0].code)
        return outcome.rejected(told, context.language)
    if submission.verified is not None:
        _remember(key, submission.verified)
    context.outcomes.extend(["replayed" if done.replayed else "recorded"] * len(raws))
    return outcome.recorded(done)


def _verify_here(submission: Submission) -> None:
    """Check the signature on the event loop if the key signed before: it overlaps with the writer's work.

    What does not hold is left to the writer, who finds it in its order and says so.
    """
    public = _publics.get(submission.key)
    if public is not None:
        with contextlib.suppress(BadSignature):
            keys.verify(public, submission.text, submission.signature)
            submission.verified = public


def _remember(key: str, public: bytes) -> None:
    """A key id is the hash of its public key: what one means never changes, on any ledger."""
    if len(_publics) >= PUBLICS_MAX:
        _publics.clear()
    _publics[key] = public


Mutation = create_type(
    "Mutation",
    [*[derived(cls) for cls in inputs.ACTIONS.values()], strawberry.mutation(resolver=submit)],
    description="One mutation per action, and one for many statements.",
)
