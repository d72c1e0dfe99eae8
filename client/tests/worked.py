"""The worked example of the format page, and how its ledger goes on: what the network answers in these tests.

The seeds of its keys are published, so entries 6 and later can be made and signed here, by
formulas written out once more and slowly.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ketenboek_client import Anchor, Gateway, Key

VECTORS = Path(__file__).parents[2] / "tests" / "vectors"
EXAMPLE: dict[str, Any] = json.loads((VECTORS / "format-example.json").read_text())
ORIGIN: str = EXAMPLE["origin"]
ANCHOR = Anchor.parse(EXAMPLE["anchor"])

ADDRESS = "http://gateway.example"
AT = "2026-01-05T09:04:00.000Z"
MOVE = {"plants": [EXAMPLE["codes"][0]], "position": "B/1"}


def vectors(name: str) -> Any:
    """Golden vectors that every implementation of the format reads."""
    return json.loads((VECTORS / f"{name}.json").read_text())


def key(name: str) -> Key:
    """A key of the example: founder, offline, grower."""
    return Key(sha256(EXAMPLE["phrases"][name].encode()).digest())


def text64(data: bytes) -> str:
    return b64encode(data).decode()


def leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    k = middle(len(leaves))
    return sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def tree_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    if len(leaves) < 2:
        return []
    k = middle(len(leaves))
    if m < k:
        return [*tree_path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*tree_path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def middle(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


EXAMPLE_SUBMISSION = {"seen": {"size": 6, "root": EXAMPLE["roots"]["6"]}, "until": AT, "signature": text64(bytes(64))}


def later_statement(at: str) -> str:
    """A statement of somebody else."""
    return json.dumps({**json.loads(EXAMPLE["statements"][1]), "sequence": 4, "at": at})


class Ledger:
    """The example's ledger from its six entries on; `answers` what a gateway would, over `transport`."""

    def __init__(self) -> None:
        self.entries = [entry.encode() for entry in EXAMPLE["entries"]]
        self.sent: list[dict[str, Any]] = []
        self.paths: list[str] = []

    @property
    def leaves(self) -> list[bytes]:
        return [leaf(entry) for entry in self.entries]

    def note(self, size: int | None = None) -> str:
        """The checkpoint of a size, signed."""
        leaves = self.leaves[:size]
        body = f"{ORIGIN}\n{len(leaves)}\n{text64(tree_hash(leaves))}\n"
        gateway = Ed25519PrivateKey.from_private_bytes(sha256(EXAMPLE["phrases"]["gateway"].encode()).digest())
        payload = bytes.fromhex(EXAMPLE["vkey"].split("+")[1]) + gateway.sign(body.encode())
        return f"{body}\n— {ORIGIN} {text64(payload)}\n"

    def proof(self, index: int) -> str:
        lines = [text64(node) for node in tree_path(index, self.leaves)]
        return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines, "", self.note()])

    def append(self, variables: dict[str, Any]) -> None:
        """Record a submission as sent, believing all of it: a gateway would check."""
        statements = variables["statements"]
        hashes = [leaf(statement.encode()) for statement in statements]
        for place, statement in enumerate(statements):
            said = json.loads(statement)
            before = json.loads(self.entries[-1])["recorded"]
            entry = {
                "v": 1,
                "index": len(self.entries),
                "previous": text64(leaf(self.entries[-1])),
                "recorded": max(before, said["at"]),
                "statement": said,
                "submission": {
                    "first": json.loads(statements[0])["sequence"],
                    "count": len(statements),
                    "seen": variables["seen"],
                    "until": variables["until"],
                    "signature": variables["signature"],
                    "path": [text64(node) for node in tree_path(place, hashes)],
                },
            }
            self.entries.append(canonical(entry).encode())

    def receipts(self, first: int, count: int) -> list[dict[str, Any]]:
        """The members of GraphQL receipts for entries of the grower, under the newest checkpoint."""
        shared = {
            "type": "ketenboek/receipt/v1",
            "genesis": self.entries[0].decode(),
            "genesisProof": self.proof(0),
            "keyEntry": self.entries[2].decode(),
            "keyProof": self.proof(2),
        }
        given = []
        for index in range(first, first + count):
            entry, proof = self.entries[index].decode(), self.proof(index)
            given.append(
                {
                    "index": index,
                    "recorded": json.loads(entry)["recorded"],
                    "entryHash": text64(leaf(entry.encode())),
                    "entry": entry,
                    "proof": proof,
                    "file": json.dumps({**shared, "entry": entry, "entryProof": proof}),
                }
            )
        return given

    def recorded(self, variables: dict[str, Any]) -> dict[str, Any]:
        """The answer to a submission: recorded now, or with the first receipts if these statements were before."""
        self.sent.append(variables)
        statements = self.said()
        sent = [json.loads(statement) for statement in variables["statements"]]
        replayed = sent[0] in statements
        if not replayed:
            self.append(variables)
            statements += sent
        receipts = self.receipts(statements.index(sent[0]), len(sent))
        return {"data": {"submit": {"__typename": "Recorded", "replayed": replayed, "receipts": receipts}}}

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the network brings back."""
        self.paths.append(request.url.path)
        if request.url.path == "/checkpoint":
            return httpx.Response(200, text=self.note())
        if request.url.path.startswith("/tile/0/000"):
            return httpx.Response(200, content=b"".join(self.leaves))
        asked = json.loads(request.content)
        if "mutation" in asked["query"]:
            return httpx.Response(200, json=self.recorded(asked["variables"]))
        return httpx.Response(200, json={"data": self.data(asked["query"], asked["variables"])})

    def data(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The few queries that a client asks by itself."""
        if "ledger" in query:
            newest = json.loads(self.entries[-1])["recorded"]
            return {"ledger": {"name": "Example ledger", "size": len(self.entries), "recorded": newest}}
        if "receipt" in query:
            return {"entry": {"receipt": self.receipts(variables["index"], 1)[0]} if variables["index"] > 2 else None}
        if "previewStatements" in query:
            return {"previewStatements": [preview(statement) for statement in variables["statements"]]}
        used = [said["sequence"] for said in self.said() if said["key"] == key("grower").id]
        return {
            "entry": {"bytes": self.entries[0].decode()},
            "key": {"nextSequence": max(used, default=3) + 1, "seenSize": 3},
        }

    def said(self) -> list[Any]:
        """The statements of all entries."""
        return [json.loads(entry)["statement"] for entry in self.entries]


Answer = httpx.Response | httpx.TransportError | dict[str, Any]


class Line:
    """A line to the example's ledger on which submissions meet `trouble` first, then go through."""

    def __init__(self, ledger: Ledger, *trouble: Answer) -> None:
        self.ledger, self.trouble = ledger, list(trouble)
        self.bodies: list[bytes] = []
        self.pauses: list[float] = []
        self.change: Callable[[dict[str, Any]], Any] = lambda answer: answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        if b"mutation" not in request.content:
            return self.ledger.answer(request)
        self.bodies.append(request.content)
        if not self.trouble:
            response = self.ledger.answer(request)
            return httpx.Response(200, text=json.dumps(self.change(response.json())))
        trouble = self.trouble.pop(0)
        if isinstance(trouble, httpx.TransportError):
            raise trouble
        return trouble if isinstance(trouble, httpx.Response) else httpx.Response(200, json=trouble)

    def gateway(self, anchor: Anchor | None = ANCHOR) -> Gateway:
        transport = httpx.MockTransport(self.answer)
        return Gateway(ADDRESS, anchor, transport=transport, sleep=self.pauses.append, patience=30)


def preview(statement: str) -> dict[str, Any]:
    """The preview of a statement that would be refused."""
    problems = [{"code": "ON_HOLD", "message": "held", "path": ["0", "data", "plants"], "unit": "P", "entry": 5}]
    sequence = json.loads(statement)["sequence"]
    return {"statement": statement, "sequence": sequence, "problems": problems, "flows": [{"mass": 5}]}


def rejected(*codes: str, retry_after: int | None = None) -> dict[str, Any]:
    """The answer of a gateway that refuses."""
    problems = [{"code": code, "message": f"about {code}", "path": ["0"]} for code in codes]
    return {"data": {"submit": {"__typename": "Rejected", "retryAfter": retry_after, "problems": problems}}}


def raw(text: str) -> bytes:
    return b64decode(text, validate=True)
