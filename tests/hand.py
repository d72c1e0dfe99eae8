"""A participant's key without a client: it sends what no client would send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger import canonical, instant
from ledger.canonical import b64
from ledger.keys import SigningKey
from ledger.statement import Submission
from tests.signer import seed
from tests.world import Actor, World

SUBMIT = """
mutation(
  $statements: [CanonicalStatement!]!, $seen: Seen!, $until: Timestamp!, $signature: Base64!, $openings: [Opening!]
) {
  submit(statements: $statements, seen: $seen, until: $until, signature: $signature, openings: $openings) {
    ... on Recorded { receipts { index } }
    ... on Rejected { problems { code path unit entry expected message } }
  }
}
"""
NEXT = "query($key: KeyId!) { key(id: $key) { nextSequence } }"


@contextmanager
def audited_after(template: Path, folder: Path) -> Iterator[World]:
    """A world on a fresh database, of which everything is audited once, at the end."""
    path = folder / "ledger.db"
    path.write_bytes(template.read_bytes())
    with World(f"sqlite:///{path}", folder, checks=False) as world:
        yield world
        world.checks = True
        world.check()


class Hand:
    """A participant's key without a client: makes submissions that no client would make."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world = world
        self.key = SigningKey(seed("founder" if actor.name == "ministry" else actor.name))
        self.next: int = world.remote.query(NEXT, {"key": self.key.id})["key"]["nextSequence"]

    def statement(self, action: str, data: Any, /, **members: Any) -> dict[str, Any]:
        """A statement, with some members other than they should be."""
        return {
            "v": 1,
            "ledger": self.world.anchor.origin,
            "key": self.key.id,
            "sequence": self.next,
            "salt": b64(bytes(18)),
            "at": instant.text(self.world.tick()),
            "action": action,
            "data": data,
            **members,
        }

    def problems(self, *statements: Any, sign: bool = True, **header: Any) -> list[dict[str, Any]]:
        """What the gateway answers to statements (objects, or texts as they are)."""
        size = self.world.size
        head = self.world.running.gateway.sequencer.head
        texts = [one if isinstance(one, str) else canonical.encode(one).decode() for one in statements]
        seen_size, seen_root = header.get("seen", (head.size, head.root))
        until = header.get("until", instant.text(max(self.world.now, head.recorded) + instant.DAY))
        raws = tuple(text.encode("utf-8", "surrogatepass") for text in texts)
        first = header.get("first", self.next)
        made = Submission(self.world.anchor.origin, self.key.id, first, raws, seen_size, seen_root, until, b"")
        signature = self.key.sign(made.text) if sign else bytes(64)
        answer = self.world.remote.attempt(
            SUBMIT,
            {
                "statements": texts,
                "seen": {"size": seen_size, "root": b64(seen_root)},
                "until": until,
                "signature": b64(signature),
                "openings": header.get("openings", []),
            },
        )
        assert "errors" not in answer, answer
        assert self.world.size == size, "it was recorded"
        problems: list[dict[str, Any]] = answer["data"]["submit"]["problems"]
        return problems


def codes(problems: list[dict[str, Any]]) -> list[str]:
    """The codes of problems."""
    return [problem["code"] for problem in problems]
