"""What a request carries into the schema: who asks, in which language, and the gateway's parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ledger.anchor import Anchor
from ledger.readers import Readers
from ledger.sequencer import Sequencer
from schema.limits import Limits


class Gateway(Protocol):
    """The parts of a gateway that the schema uses; `clock` gives milliseconds since 1970 UTC."""

    @property
    def origin(self) -> str:
        """The ledger's origin."""

    @property
    def sandbox(self) -> bool:
        """Whether the ledger has no wall clock, and may be read without a token."""

    @property
    def anchor(self) -> Anchor:
        """Origin and hash of entry 0."""

    @property
    def sequencer(self) -> Sequencer:
        """The writer."""

    @property
    def readers(self) -> Readers:
        """Snapshots to read from."""

    @property
    def clock(self) -> Callable[[], int]:
        """The gateway's time."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a kind of participant; without `participant` a visitor of a sandbox."""

    kind: str
    participant: str | None = None
    key: str | None = None


VISITOR = Caller("IJENV")
"""Whoever reads a sandbox ledger without a token is answered as an inspector (`interface.md` §3)."""
NOBODY = Caller("NOBODY")
"""Whoever asks without a token elsewhere: only about the schema, so that nothing is seen."""


@dataclass(frozen=True, slots=True)
class Context:
    """One request. `caller` None: no token, so that only mutations and the schema itself are answered."""

    gateway: Gateway
    limits: Limits
    caller: Caller | None
    language: str
    proofs: bool = True
    files: bool = True
    """Whether the document asks for proofs of receipts, whether for files."""
    outcomes: list[str] = field(default_factory=list)
    """What became of statements and submissions, for whoever counts."""

    @property
    def reader(self) -> Caller | None:
        """As whom queries are answered; None where they need a token."""
        return VISITOR if self.caller is None and self.gateway.sandbox else self.caller
