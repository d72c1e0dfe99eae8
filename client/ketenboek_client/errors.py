"""Everything that this package raises on purpose, as one tree.

ClientError
  Malformed           bytes or text that are not in the form the format page gives
  BadSignature        a signature, or a key, that the strict rules refuse
  ReceiptError        a receipt that does not prove what it says; `step` names the check
  Contradiction       the gateway showed two histories; the evidence is on disk
  Rejected            the gateway refused: nothing was recorded, no number used
  OtherBatch          a place file that counts other actions, or those of another key or ledger
  Undecided           no definite answer within patience: what was signed is kept
  GatewayError        the gateway answered a request with errors; `code` is theirs
    Unauthenticated   it did not take the token
  Surroundings        not about the ledger: the command line leaves with 4
    Unreachable       no answer within patience; what was signed is kept and can be resumed
    Locked            another process works with this key
    Unreadable        a key or state file that cannot be read or written
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ClientError(Exception):
    """The root of the tree."""


class Malformed(ClientError):
    """Not in the form that the format page gives. Says no more: a parser owes an attacker no detail."""


class BadSignature(ClientError):
    """A signature or a public key that the rules of format section 3 refuse."""


class ReceiptError(ClientError):
    """A receipt fails check `step`, numbered in the order of format section 10."""

    def __init__(self, step: int, message: str) -> None:
        super().__init__(f"check {step}: {message}")
        self.step = step


class Contradiction(ClientError):
    """Two checkpoints of one ledger of which neither continues the other.

    `evidence` is the file in which both signed notes are kept: whoever holds it can
    convict the gateway. Nothing that came with the contradiction counts.
    """

    def __init__(self, message: str, evidence: Path | None = None) -> None:
        super().__init__(message + (f" (evidence: {evidence})" if evidence else ""))
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason of a refusal. `code` is stable, `message` is for people. Unknown codes are normal."""

    code: str
    message: str
    path: tuple[str, ...] = ()
    unit: str | None = None
    entry: int | None = None
    expected: str | None = None

    def __str__(self) -> str:
        expected = f" (expected {self.expected})" if self.expected else ""
        return f"{self.code} at {'.'.join(self.path) or 'the submission'}: {self.message}{expected}"


class Rejected(ClientError):
    """The gateway refused the submission whole; correct it and record it again.

    `first` is the sequence number of its first statement; `earlier` is True where not the call's own
    submission was refused but one that had been left without an answer; `offset` is the number of
    actions that `batch()` had recorded before.
    """

    def __init__(self, problems: tuple[Problem, ...], retry_after: int | None = None, first: int = 0) -> None:
        super().__init__(problems, retry_after, first)
        self.problems = problems
        self.retry_after = retry_after
        self.first = first
        self.earlier = False
        self.offset = 0

    def __str__(self) -> str:
        told = "; ".join(map(str, self.problems)) or "refused without a reason"
        return f"an earlier act, which was still without an answer: {told}" if self.earlier else told

    @property
    def code(self) -> str:
        """The code of the first problem: by the order of precedence the one to act on."""
        return self.problems[0].code if self.problems else ""


class OtherBatch(ClientError):
    """The place file is not of the batch that was given: nothing was sent, and no action passed over."""


class Undecided(ClientError):
    """The gateway would not say within patience. What was signed is kept: it may be recorded."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class GatewayError(ClientError):
    """The gateway answered with GraphQL errors. `executed` is False when it says that nothing ran."""

    def __init__(self, code: str, message: str, *, executed: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.executed = executed


class Unauthenticated(GatewayError):
    """The token was refused: the key is not registered, or revoked, or the clock is off."""


class Surroundings(ClientError):
    """Not the ledger's doing: network, files, another process."""


class Unreachable(Surroundings):
    """No answer within patience. A signed submission stays in the state file and is sent again by `resume()`.

    `retry_after`: the seconds that the gateway asked for, 0 if it did not.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Locked(Surroundings):
    """Another process holds the state of this key: the statements of one key are serial."""


class Unreadable(Surroundings):
    """A key or state file is not there, not what it should be, or cannot be written."""
