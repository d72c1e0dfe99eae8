"""Entries as they stand in receipts, decoded strictly from their exact bytes (format sections 4 and 6)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from . import instants
from .canonical import check_depth, decode, unb64, unb64url
from .errors import Malformed
from .merkle import leaf_hash, root_from_path
from .statement import SALT_BYTES, STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX, SUBMISSION_COUNT_MAX, signed_text

ENTRY_BYTES_MAX = 65_535
ENTRY_DEPTH_MAX = 8

_ACTION = re.compile(r"[a-z][A-Za-z0-9]{0,63}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted statement and the submission in which it came."""

    index: int
    previous: bytes
    recorded: str
    statement: bytes
    action: str
    at: str
    data: dict[str, Any]
    key: str
    ledger: str
    sequence: int
    first: int
    count: int
    seen_size: int
    seen_root: bytes
    until: str
    signature: bytes
    path: tuple[bytes, ...]

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """The entry of its canonical bytes. Raises Malformed for anything not of sections 2, 4 and 6."""
        entry: Any = decode(data, bytes_max=ENTRY_BYTES_MAX, depth_max=ENTRY_DEPTH_MAX)
        _exactly(entry, ("index", "previous", "recorded", "statement", "submission", "v"))
        said, sent = entry["statement"], entry["submission"]
        _exactly(said, ("action", "at", "data", "key", "ledger", "salt", "sequence", "v"))
        _exactly(sent, ("count", "first", "path", "seen", "signature", "until"))
        _exactly(sent["seen"], ("root", "size"))
        numbers = (entry["index"], sent["first"], sent["count"], sent["seen"]["size"])
        texts = (entry["recorded"], said["action"], said["at"], said["key"], said["ledger"], sent["until"])
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise Malformed("a number of an entry")
        if not all(type(text) is str for text in texts) or not _ACTION.fullmatch(said["action"]):
            raise Malformed("a text of an entry")
        if any(type(version) is not int or version != 1 for version in (entry["v"], said["v"])):
            raise Malformed("version")
        if not isinstance(said["data"], dict) or not isinstance(sent["path"], list):
            raise Malformed("data or path")
        for timestamp in (entry["recorded"], said["at"], sent["until"]):
            instants.millis(timestamp)
        unb64(said["salt"], SALT_BYTES)
        unb64url(said["key"], 32)
        if sent["first"] < 1 or not 1 <= sent["count"] <= SUBMISSION_COUNT_MAX:
            raise Malformed("first or count of a submission")
        return cls(
            index=entry["index"],
            previous=unb64(entry["previous"], 32),
            recorded=entry["recorded"],
            statement=_statement(data),
            action=said["action"],
            at=said["at"],
            data=said["data"],
            key=said["key"],
            ledger=said["ledger"],
            sequence=said["sequence"],
            first=sent["first"],
            count=sent["count"],
            seen_size=sent["seen"]["size"],
            seen_root=unb64(sent["seen"]["root"], 32),
            until=sent["until"],
            signature=unb64(sent["signature"], 64),
            path=tuple(unb64(line, 32) for line in sent["path"]),
        )

    def signed_text(self) -> bytes:
        """The nine lines of section 5, rebuilt from the entry alone. Raises Malformed unless `path` has its length."""
        leaf = leaf_hash(self.statement)
        if type(self.sequence) is not int:  # what is signed has a number; the entry itself is canonical
            raise Malformed("no sequence number")
        return signed_text(
            origin=self.ledger,
            key=self.key,
            first=self.first,
            count=self.count,
            root=root_from_path(self.sequence - self.first, self.count, leaf, self.path),
            seen_size=self.seen_size,
            seen_root=self.seen_root,
            until=self.until,
        )


def _exactly(value: Any, members: Collection[str]) -> None:
    if not isinstance(value, dict) or value.keys() != set(members):
        raise Malformed("members")


def _statement(entry: bytes) -> bytes:
    """The statement's own bytes: a substring of the entry's, since both are canonical.

    Before it stand a number, a hash and a time, behind it no text that could hold the name of a member.
    """
    data = entry[entry.index(b'"statement":') + 12 : entry.rindex(b',"submission":')]
    if len(data) > STATEMENT_BYTES_MAX:
        raise Malformed("a statement that is too long")
    check_depth(data.decode(), STATEMENT_DEPTH_MAX)
    return data
