"""A gateway on a ledger with a whole chain, asked in GraphQL by any participant; without HTTP around it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.gateway import Gateway
from api.settings import Settings
from ledger import canonical, instant
from ledger.keys import SigningKey
from ledger.statement import Submission
from schema.context import Caller, Context
from schema.execution import Answer, execute
from schema.limits import Limits
from tests.book import Book, Chain, play
from tests.ledgers import ORIGIN, PARTIES
from tests.signer import Signer, seed

DAYS_6 = 6 * 86_400_000
ROLES = {"ministry": "MINISTRY", **PARTIES, "researcher": "RESEARCHER"}
"""Who asks, by name; no researcher is registered, but a token shows one."""
OUTCOME = """__typename ... on Recorded { replayed receipts { index recorded entryHash entry proof file } }
  ... on Rejected { retryAfter problems { code message path unit entry expected } }"""


def key_of(name: str) -> SigningKey:
    """The admin key of a participant."""
    return SigningKey(seed("founder" if name == "ministry" else name))


def caller(name: str) -> Caller:
    """A participant as its token shows it."""
    return Caller(ROLES[name], name, key_of(name).id)


class Desk:
    """A sandbox ledger on which `play` has run, and its gateway."""

    def __init__(self, database: str) -> None:
        self.book = Book(database)
        self.chain: Chain = play(self.book)
        self.gateway = Gateway(Settings(database=database, pool_size=2), SigningKey(seed("gateway")))
        self.gateway.start()
        self.limits = Limits()
        self._signers: dict[str, Signer] = {}

    def close(self) -> None:
        """Stop the gateway."""
        self.gateway.close()
        self.book.close()

    def answer(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        by: str | None = "ijenv",
        language: str = "en",
        limits: Limits | None = None,
        **more: Any,
    ) -> Answer:
        """The answer to one request."""
        who = None if by is None else caller(by)
        context = Context(gateway=self.gateway, limits=limits or self.limits, caller=who, language=language)
        name = more.pop("operation", None)
        return asyncio.run(execute(document, variables, name, context, **more))

    def data(self, document: str, variables: dict[str, Any] | None = None, *, by: str | None = "ijenv") -> Any:
        """The data of an answer without errors."""
        answer = self.answer(document, variables, by=by)
        assert "errors" not in answer.members, answer.members["errors"]
        return answer.members["data"]

    def code(self, document: str, variables: dict[str, Any] | None = None, **more: Any) -> str:
        """The code of the one error of an answer."""
        [error] = self.answer(document, variables, **more).members["errors"]
        return str(error["extensions"]["code"])

    def signed(self, name: str, *acts: tuple[str, dict[str, Any]], at: int | None = None) -> Submission:
        """Statements of a participant, signed with its next number."""
        signer = self._signers.setdefault(name, Signer(ORIGIN, key_of(name)))
        signer.sequence = self.data("query($k: KeyId!) { key(id: $k) { nextSequence } }", {"k": signer.key.id})["key"][
            "nextSequence"
        ]
        head = self.gateway.sequencer.head
        moment = head.recorded + instant.MINUTE if at is None else at
        return signer.submission(head, moment, *acts, until=moment + DAYS_6)

    def does(self, name: str, action: str, data: dict[str, Any], *, sent: Any = None, **more: Any) -> Any:
        """The outcome of a typed mutation; `sent` is given as its data instead of what was signed."""
        submission = self.signed(name, (action, data))
        return self.sends(action, sent or data, submission, **more)

    def sends(self, action: str, data: dict[str, Any], submission: Submission, **more: Any) -> Any:
        """The outcome of a typed mutation with the proof of a submission."""
        kind = action[0].upper() + action[1:]
        document = (
            f"mutation($data: {kind}Data!, $proof: Proof!) {{ {action}(data: $data, proof: $proof) {{ {OUTCOME} }} }}"
        )
        answer = self.answer(document, {"data": data, "proof": proof(submission)}, by=None, **more)
        assert "errors" not in answer.members, answer.members["errors"]
        return answer.members["data"][action]

    def submits(self, submission: Submission) -> Any:
        """The outcome of `submit`."""
        document = (
            "mutation($s: [CanonicalStatement!]!, $seen: Seen!, $until: Timestamp!, $signature: Base64!) "
            f"{{ submit(statements: $s, seen: $seen, until: $until, signature: $signature) {{ {OUTCOME} }} }}"
        )
        variables = {"s": [raw.decode("utf-8", "surrogatepass") for raw in submission.raws]}
        answer = self.answer(document, variables | header(submission), by=None)
        assert "errors" not in answer.members, answer.members["errors"]
        return answer.members["data"]["submit"]


@contextmanager
def opened(template: Path, folder: Path) -> Iterator[Desk]:
    """A desk on a copy of an empty, migrated SQLite database."""
    path = folder / "ledger.db"
    shutil.copyfile(template, path)
    desk = Desk(f"sqlite:///{path}")
    yield desk
    desk.close()


def proof(submission: Submission) -> dict[str, Any]:
    """The `Proof` of a submission of one statement."""
    said: Any = canonical.decode(submission.raws[0], bytes_max=32_768, depth_max=6, nulls=True)
    return {
        "key": submission.key,
        "sequence": submission.first,
        "salt": said["salt"],
        "at": said["at"],
        **header(submission),
    }


def header(submission: Submission) -> dict[str, Any]:
    """What is signed beside the statements, and the signature."""
    return {
        "seen": {"size": submission.seen_size, "root": canonical.b64(submission.seen_root)},
        "until": submission.until,
        "signature": canonical.b64(submission.signature),
    }
