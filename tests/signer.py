"""Submissions made with the ledger's own formats, for tests that stand closer to the writer than a client does."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ledger import canonical, instant
from ledger.group import Published
from ledger.keys import SigningKey
from ledger.statement import Submission

MINUTES_15 = 15 * instant.MINUTE


def seed(name: str) -> bytes:
    """The seed of a key in tests."""
    return sha256(f"ketenboek test {name}".encode()).digest()


class Signer:
    """A key that states actions; `sequence` is its next number, salts count up."""

    def __init__(self, origin: str, key: SigningKey, sequence: int = 1) -> None:
        self.origin = origin
        self.key = key
        self.sequence = sequence
        self._salts = 0

    def submission(
        self,
        seen: Published,
        at: int,
        *acts: tuple[str, dict[str, Any]],
        until: int | None = None,
        first: int | None = None,
    ) -> Submission:
        """Statements from `first` on (the key's next number) at a moment, signed; the number is used up."""
        start = self.sequence if first is None else first
        raws = []
        for number, (action, data) in enumerate(acts, start=start):
            self._salts += 1
            statement = {
                "v": 1,
                "ledger": self.origin,
                "key": self.key.id,
                "sequence": number,
                "salt": canonical.b64(self._salts.to_bytes(18, "big")),
                "at": instant.text(at),
                "action": action,
                "data": data,
            }
            raws.append(canonical.encode(statement))
        self.sequence = start + len(acts)
        moment = instant.text(at + MINUTES_15 if until is None else until)
        made = Submission(self.origin, self.key.id, start, tuple(raws), seen.size, seen.root, moment, b"")
        made.signature = self.key.sign(made.text)
        return made
