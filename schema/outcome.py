"""What a mutation answers: recorded with receipts, or rejected with problems.

The types are read from plain values (`schema.plain`): a mutation is the hot path. Proofs and files
are made only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import strawberry

from ledger import canonical, instant
from ledger.accept import Linked
from ledger.errors import REFUSALS, Problem, Refused
from ledger.receipts import Receipt as Proven
from ledger.sequencer import Recorded as Done
from schema import messages
from schema.inputs import words
from schema.plain import from_values
from schema.scalars import Base64, Code, Index, Timestamp

PROBLEM_CODE = words("ProblemCode", REFUSALS, "Why something was refused, in order of precedence.")


@from_values
@strawberry.type(name="Receipt", description="Complete on its own: proves the entry offline under the anchor.")
class Receipt:
    """A receipt of one entry."""

    index: Index
    recorded: Timestamp
    entry_hash: Base64
    entry: str = strawberry.field(description="The entry's exact bytes.")
    proof: str = strawberry.field(description="A tlog-proof with its checkpoint.")
    file: str = strawberry.field(description="The receipt as a file, complete for offline verification.")


@from_values
@strawberry.type(name="Problem")
class ProblemType:
    """One reason for a refusal."""

    code: str = strawberry.field(graphql_type=PROBLEM_CODE)
    message: str = strawberry.field(
        description="What to do, in the language asked for (nl, en). Not stable; `code` is."
    )
    path: list[str] = strawberry.field(
        description="Statement number, then `data`, then member names and list positions."
    )
    unit: Code | None
    entry: Index | None
    expected: str | None = strawberry.field(
        description="For SIGNATURE_INVALID and NOT_CANONICAL: the text or bytes that the gateway verified; "
        "for LIMIT_EXCEEDED the parameter and its value."
    )


@from_values
@strawberry.type(name="Recorded")
class Recorded:
    """All of it is on the ledger, durably."""

    replayed: bool = strawberry.field(
        description="True when these bytes had been recorded before; the receipts are those of the first time."
    )
    receipts: list[Receipt]


@from_values
@strawberry.type(
    name="Rejected",
    description="Nothing was recorded and no sequence number used: correct it and send it again under the same "
    "number. (`UNDECIDED`: it may have been; send the same bytes again.)",
)
class Rejected:
    """Nothing was recorded."""

    problems: list[ProblemType]
    retry_after: int | None


Outcome = Annotated[Recorded | Rejected, strawberry.union("Outcome")]


def recorded(done: Done) -> dict[str, Any]:
    """The plain values of `Recorded`."""
    receipts = [proven(receipt) for receipt in done.receipts] or [bare(entry) for entry in done.entries]
    return {"__typename": "Recorded", "replayed": done.replayed, "receipts": receipts}


def rejected(refused: Refused, language: str) -> dict[str, Any]:
    """The plain values of `Rejected`."""
    problems = [problem(found, language) for found in refused.problems]
    return {"__typename": "Rejected", "problems": problems, "retryAfter": refused.retry_after}


def problem(found: Problem, language: str) -> dict[str, Any]:
    """The plain values of `Problem`."""
    return {
        "code": found.code,
        "message": messages.message(found.code, language),
        "path": list(found.path),
        "unit": found.unit,
        "entry": found.entry,
        "expected": found.expected,
    }


def problems(found: Iterable[Problem], language: str) -> list[dict[str, Any]]:
    """The plain values of several problems."""
    return [problem(one, language) for one in found]


def bare(entry: Linked) -> dict[str, Any]:
    """The plain values of a receipt of which nobody asked for proofs."""
    return {
        "index": entry.index,
        "recorded": instant.text(entry.recorded),
        "entryHash": canonical.b64(entry.hash),
        "entry": entry.data.decode(),
    }


def proven(receipt: Proven) -> dict[str, Any]:
    """The plain values of a receipt; its texts are made when they are read."""
    return {
        "index": receipt.entry.index,
        "recorded": receipt.recorded_text,
        "entryHash": canonical.b64(receipt.hash),
        "entry": receipt.entry.data.decode(),
        "proof": receipt.proof,
        "file": receipt.file,
    }
