"""The GraphQL documents that the client sends, and how it reads outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .errors import Malformed, Problem
from .receipt import Receipt

_PROBLEMS = "problems { code message path unit entry expected }"


def _submit(receipt: str) -> str:
    return f"""
mutation Submit($statements: [CanonicalStatement!]!, $seen: Seen!, $until: Timestamp!, $signature: Base64!,
    $openings: [Opening!]) {{
  submit(statements: $statements, seen: $seen, until: $until, signature: $signature, openings: $openings) {{
    __typename
    ... on Recorded {{ replayed receipts {{ {receipt} }} }}
    ... on Rejected {{ retryAfter {_PROBLEMS} }}
  }}
}}
"""


SUBMIT = _submit("index recorded entryHash entry proof")
SUBMIT_FIRST = _submit("index recorded entryHash entry proof file")
"""With whole files: the first submission of a key learns from them the entry that registered it."""

BEGIN = """
query Begin($key: KeyId!) {
  entry(index: 0) { bytes }
  key(id: $key) { nextSequence seenSize }
}
"""

NEXT = "query Next($key: KeyId!) { key(id: $key) { nextSequence } }"

RECORDED = "query Recorded { ledger { recorded } }"

RECEIPT = "query Receipt($index: Index!) { entry(index: $index) { receipt { file } } }"

PREVIEW = f"""
query Preview($statements: [CanonicalStatement!]!) {{
  previewStatements(statements: $statements) {{
    statement textToSign sequence salt at seenSize seenRoot until {_PROBLEMS}
    flows {{ from to mass pieces kind }}
  }}
}}
"""

NOT_DEFINITE = frozenset({"BUSY", "UNDECIDED", "SHUTTING_DOWN"})
"""The gateway's own codes: they say nothing about the submission but that it should be sent again."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a submission: one verified receipt for each statement, in order."""

    receipts: tuple[Receipt, ...]
    replayed: bool
    """True when it had been recorded before: these are the receipts of the first time."""

    @property
    def receipt(self) -> Receipt:
        """The receipt of a submission of one."""
        (receipt,) = self.receipts
        return receipt


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a client without a state asks for, as the gateway gives it."""

    genesis: str
    next_sequence: int
    seen_size: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> Beginning:
        """The answer to `BEGIN`; a key that is not registered will begin with 1. Raises Malformed."""
        match data:
            case {"entry": {"bytes": str(genesis)}, "key": {"nextSequence": int(number), "seenSize": int(seen)}}:
                return cls(genesis, number, seen)
            case {"entry": {"bytes": str(genesis)}, "key": None}:
                return cls(genesis, 1, 0)
        raise Malformed("the gateway shows no entry 0")


@dataclass(frozen=True, slots=True)
class Preview:
    """What the gateway would say of one statement now. `flows` as in GraphQL, masses in milligrams."""

    statement: str
    sequence: int
    problems: tuple[Problem, ...]
    flows: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, members: dict[str, Any]) -> Preview:
        """The preview of the GraphQL type's members."""
        found = problems(members["problems"])
        return cls(members["statement"], members["sequence"], found, tuple(members["flows"]))


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt as the gateway gives it, nothing of it verified."""

    index: int
    recorded: str
    entry_hash: str
    entry: str
    proof: str
    file: str | None

    @classmethod
    def of(cls, members: dict[str, Any]) -> Given:
        """The receipt of the GraphQL type's members. Raises Malformed if they are of other types."""
        match members:
            case {
                "index": int(index),
                "recorded": str(recorded),
                "entryHash": str(entry_hash),
                "entry": str(entry),
                "proof": str(proof),
            }:
                file = members.get("file")
                return cls(index, recorded, entry_hash, entry, proof, file if isinstance(file, str) else None)
        raise Malformed("receipt")


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of `submit` as the gateway gives it, nothing of it verified."""

    recorded: bool
    replayed: bool
    given: list[Given]
    problems: tuple[Problem, ...]
    retry_after: int | None

    @property
    def codes(self) -> set[str]:
        """The codes of the problems."""
        return {problem.code for problem in self.problems}

    @property
    def definite(self) -> bool:
        """Whether the answer says what became of the submission."""
        return self.recorded or not self.codes or not self.codes <= NOT_DEFINITE

    @classmethod
    def of(cls, data: dict[str, Any]) -> Answer:
        """The outcome in the `data` of a response. Raises Malformed for one of another shape."""
        match data.get("submit"):
            case {"__typename": "Recorded", "replayed": bool(replayed), "receipts": list(receipts)}:
                return cls(True, replayed, [Given.of(members) for members in receipts], (), None)
            case {"__typename": "Rejected", "problems": list(found), "retryAfter": int() | None as seconds}:
                return cls(False, False, [], problems(found), seconds)
        raise Malformed("outcome of submit")


def newest_recorded(data: dict[str, Any]) -> str:
    """The answer to `RECORDED`: the ledger's newest `recorded`. Raises Malformed."""
    match data:
        case {"ledger": {"recorded": str(recorded)}}:
            return recorded
    raise Malformed("newest recorded")


def problems(members: Iterable[Any]) -> tuple[Problem, ...]:
    """The problems of a refusal, codes that this version does not know included."""
    return tuple(
        Problem(
            code=str(problem.get("code")),
            message=str(problem.get("message", "")),
            path=tuple(map(str, problem.get("path") or ())),
            unit=problem.get("unit"),
            entry=problem.get("entry"),
            expected=problem.get("expected"),
        )
        for problem in members
        if isinstance(problem, dict)
    )
