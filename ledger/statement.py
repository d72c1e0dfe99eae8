"""Statements and submissions: what a participant signs, read from exact bytes.

What is wrong in the bytes alone is found here, all of it that applies, before any rule is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger import canonical, instant, merkle
from ledger.actions import Action
from ledger.editions import Edition
from ledger.entry import STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX, Envelope
from ledger.errors import Malformed, Problem
from ledger.fields import KEY_ID, MOMENT, NATURAL, Scalar, base64_of, integer
from ledger.sealed import Opening
from ledger.submission import STATEMENTS_BYTES_MAX, STATEMENTS_MAX, signed_text

_SALT = Scalar("Base64", "base64 of 18 bytes", base64_of(18))
_SEQUENCE = Scalar("Sequence", NATURAL + ", at least 1", integer(1))
_MEMBERS = ("v", "ledger", "key", "sequence", "salt", "at", "action", "data")
_NAMES = frozenset(_MEMBERS)


@dataclass(frozen=True, slots=True)
class Statement:
    """One action as one key states it; `raw` are its exact bytes, `at` is in milliseconds."""

    raw: bytes
    key: str
    sequence: int
    at: int
    action: Action
    data: dict[str, Any]
    sealed: tuple[str, ...]
    """Base64 hashes of its sealed values."""


def read(raw: bytes, origin: str, edition: Edition, seen: int | None = None) -> Statement | list[Problem]:
    """The statement in these bytes, or everything that is wrong with them (`interface.md` §7, rule 5).

    `seen` is the size that its submission saw, None where there is none yet (a preview).
    """
    try:
        value = canonical.decode(raw, bytes_max=STATEMENT_BYTES_MAX, depth_max=STATEMENT_DEPTH_MAX, nulls=True)
    except canonical.TooLarge:
        return [Problem("TOO_LARGE", expected=f"{STATEMENT_BYTES_MAX} bytes, nesting {STATEMENT_DEPTH_MAX}")]
    except Malformed:
        return [Problem("NOT_CANONICAL", expected=_canonized(raw))]
    if not isinstance(value, dict):
        return [Problem("FIELD_INVALID", expected="an object")]
    problems = list(_nulls(value, ())) if b"null" in raw else []
    problems += _envelope(value, origin)
    name, data = value.get("action"), value.get("data")
    cls = edition.actions.get(name) if isinstance(name, str) else None
    if cls is None and isinstance(name, str):
        problems.append(Problem("ACTION_UNKNOWN", ("action",)))
    if "data" in value and data is not None and not isinstance(data, dict):
        problems.append(Problem("FIELD_INVALID", ("data",), expected="an object"))
    if cls is not None and isinstance(data, dict):
        found = list(cls.struct.check(data, ("data",)))
        if not found:
            action = cls.of(data)
            found += [problem.under("data") for problem in action.form()]
            if seen is not None:
                found += [problem.under("data") for problem in action.form_seen(seen)]
            if not found and not problems:
                at = instant.millis(value["at"])
                sealed = tuple(_sealed(data))
                return Statement(raw, value["key"], value["sequence"], at, action, data, sealed)
        problems += found
    return sorted(problems, key=lambda problem: problem.rank)


def _canonized(raw: bytes) -> str | None:
    """What the canonical bytes would be, to be compared with; None where there are none."""
    try:
        return canonical.encode(json.loads(raw)).decode()
    except (ValueError, RecursionError):
        return None


def _nulls(value: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        if member is None:
            yield Problem("NULL_MEMBER", (*path, str(name)))
        elif isinstance(member, dict | list):
            yield from _nulls(member, (*path, str(name)))


def _envelope(value: dict[str, Any], origin: str) -> Iterator[Problem]:
    """Problems of the members that all statements have (ledger format §4)."""
    if value.keys() != _NAMES:
        for name in value:
            if name not in _NAMES:
                yield Problem("FIELD_UNKNOWN", (name,))
        for name in _MEMBERS:
            if name not in value:
                yield Problem("FIELD_MISSING", (name,))
    if value.get("v") is not None and not (type(value["v"]) is int and value["v"] == 1):
        yield Problem("VERSION_UNKNOWN", ("v",), expected="1")
    if value.get("ledger") is not None and value["ledger"] != origin:
        yield Problem("WRONG_LEDGER", ("ledger",), expected=origin)
    for name, spec in (("key", KEY_ID), ("sequence", _SEQUENCE), ("salt", _SALT), ("at", MOMENT)):
        given = value.get(name)
        if given is not None and not spec.fits(given):
            yield from spec.check(given, (name,))
    if value.get("action") is not None and not isinstance(value["action"], str):
        yield Problem("FIELD_INVALID", ("action",), expected="the name of an action")


def _sealed(data: dict[str, Any]) -> Iterator[str]:
    for value in data.values():
        if isinstance(value, dict) and set(value) == {"sealed"}:
            yield value["sealed"]


@dataclass(slots=True)
class Submission:
    """1 to 1,000 statements of one key under one signature, as they arrived or as they are stored."""

    origin: str
    key: str
    first: int
    raws: tuple[bytes, ...]
    seen_size: int
    seen_root: bytes
    until: str
    signature: bytes
    openings: tuple[Opening, ...] = ()
    door: list[Problem] = field(default_factory=list)
    """What the door found beside the rules; never part of a replay."""
    verified: bytes | None = None
    """The public key under which the signature was found to hold."""
    _leaves: list[bytes] | None = None
    _root: bytes | None = None
    _read: tuple[int, list[Statement | list[Problem]]] | None = None

    @property
    def count(self) -> int:
        """How many statements there are."""
        return len(self.raws)

    @property
    def leaves(self) -> list[bytes]:
        """The statement hashes, in order."""
        if self._leaves is None:
            self._leaves = [merkle.leaf_hash(raw) for raw in self.raws]
        return self._leaves

    @property
    def root(self) -> bytes:
        """The tree hash over the statements: with key, first and count what makes it the same submission."""
        if self._root is None:
            self._root = merkle.root(self.leaves)
        return self._root

    @property
    def text(self) -> bytes:
        """The nine lines that the key signs (ledger format §5)."""
        return signed_text(
            self.origin,
            self.key,
            self.first,
            self.count,
            self.root,
            self.seen_size,
            self.seen_root,
            self.until,
        )

    @property
    def envelope(self) -> Envelope:
        """What every entry of it holds."""
        return Envelope(self.first, self.count, self.seen_size, self.seen_root, self.until, self.signature)

    def read(self, edition: Edition) -> list[Statement | list[Problem]]:
        """Each statement, or what is wrong with its bytes, under an edition."""
        if self._read is None or self._read[0] != edition.number:
            seen = self.seen_size
            self._read = (edition.number, [read(raw, self.origin, edition, seen) for raw in self.raws])
        return self._read[1]

    def problems(self, edition: Edition) -> list[Problem]:
        """All that is wrong in the bytes of the submission and its statements, in order of precedence."""
        found = list(_limits(self.raws)) + list(self.door)
        for place, statement in enumerate(self.read(edition)):
            if isinstance(statement, list):
                found += [problem.under(str(place)) for problem in statement]
            elif statement.key != self.key:
                found.append(Problem("FIELD_INVALID", (str(place), "key"), expected=self.key))
        return sorted(found, key=lambda problem: problem.rank)


def _limits(raws: Sequence[bytes]) -> Iterator[Problem]:
    if len(raws) > STATEMENTS_MAX or sum(map(len, raws)) > STATEMENTS_BYTES_MAX:
        yield Problem("TOO_LARGE", expected=f"{STATEMENTS_MAX} statements, {STATEMENTS_BYTES_MAX} bytes")
