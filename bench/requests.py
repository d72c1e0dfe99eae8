"""Requests as bytes, ready to be sent: truly different submissions, signed beforehand."""

from __future__ import annotations

import json
from typing import Any

from ledger import canonical
from ledger.statement import Submission

RECEIPTS = "index recorded entryHash entry proof"
"""What a client asks for: with less it could not verify what it was told (as `ketenboek_client` does)."""

OUTCOME = (
    "{ __typename ... on Recorded { replayed receipts { " + RECEIPTS + " } } "
    "... on Rejected { retryAfter problems { code message path unit entry expected } } }"
)


def typed(submission: Submission) -> bytes:
    """The mutation of the one action of a submission."""
    [raw] = submission.raws
    said = json.loads(raw)
    name = said["action"]
    head = f"mutation Act($data: {name[0].upper()}{name[1:]}Data!, $proof: Proof!)"
    proof = {member: said[member] for member in ("key", "sequence", "salt", "at")}
    return _post(
        f"{head} {{ {name}(data: $data, proof: $proof) {OUTCOME} }}",
        {"data": said["data"], "proof": {**proof, **_signed(submission)}},
    )


def submit(submission: Submission) -> bytes:
    """The mutation `submit`."""
    return _post(
        "mutation Submit($statements: [CanonicalStatement!]!, $seen: Seen!, $until: Timestamp!, $signature: Base64!) "
        f"{{ submit(statements: $statements, seen: $seen, until: $until, signature: $signature) {OUTCOME} }}",
        {"statements": [raw.decode() for raw in submission.raws], **_signed(submission)},
    )


def peer(submission: Submission) -> bytes:
    """The peer's mutation for the one action of a submission."""
    [raw] = submission.raws
    said = json.loads(raw)
    name = said["action"]
    head = f"mutation Act($data: {name[0].upper()}{name[1:]}Data!, $proof: Proof!)"
    proof = {member: said[member] for member in ("key", "sequence", "at")}
    return _post(f"{head} {{ {name}(data: $data, proof: $proof) {{ index }} }}", {"data": said["data"], "proof": proof})


def _signed(submission: Submission) -> dict[str, Any]:
    return {
        "seen": {"size": submission.seen_size, "root": canonical.b64(submission.seen_root)},
        "until": submission.until,
        "signature": canonical.b64(submission.signature),
    }


def _post(query: str, variables: dict[str, Any]) -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    return (
        b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"accept: application/graphql-response+json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )
