"""Door checks: what protects a gateway, may change any day, and is never replayed.

The audit does not import this file (a test holds that). What is found counts as found in the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledger import canonical, codes
from ledger.actions import Action
from ledger.actions.registry import AdoptEdition
from ledger.editions import EDITIONS, Edition
from ledger.entry import STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX
from ledger.errors import Malformed, Problem
from ledger.fields import ListOf, OneOf, Path, Scalar, Spec, Struct
from ledger.statement import Statement, Submission


def check(submission: Submission, edition: Edition, editions: Mapping[int, Edition] = EDITIONS) -> list[Problem]:
    """What the door finds: mistyped codes, openings that are missing or asked for by nobody, an edition
    that this software lacks. Paths start with the statement's number, or with `openings`.
    """
    found: list[Problem] = []
    wanted: set[str] = set()
    whole = True
    for place, statement in enumerate(submission.read(edition)):
        if not isinstance(statement, Statement):
            whole = False
            action, data = _named(submission.raws[place], edition)
            if action is not None:
                found += [problem.under(str(place), "data") for problem in _mistyped(action.struct, data)]
            continue
        wanted.update(statement.sealed)
        found += [problem.under(str(place), "data") for problem in _mistyped(statement.action.struct, statement.data)]
        if isinstance(statement.action, AdoptEdition) and statement.action.edition not in editions:
            found.append(Problem("VERSION_UNKNOWN", (str(place), "data", "edition")))
    return found + list(_openings(submission, wanted, whole))


def _named(raw: bytes, edition: Edition) -> tuple[type[Action] | None, Any]:
    """The action and the data of a statement in which something else is wrong, as far as they can be read."""
    try:
        value = canonical.decode(raw, bytes_max=STATEMENT_BYTES_MAX, depth_max=STATEMENT_DEPTH_MAX, nulls=True)
    except Malformed:
        return None, None
    said = value if isinstance(value, dict) else {}
    name = said.get("action")
    return edition.actions.get(name) if isinstance(name, str) else None, said.get("data")


def _mistyped(struct: Struct, data: Any) -> Iterator[Problem]:
    """FIELD_INVALID for each code whose check character is another (ISO 7064 MOD 37,36)."""
    for value, path in _codes(struct, data, ()):
        if not codes.checks(value):
            expected = codes.check_character(value[:21])
            yield Problem("FIELD_INVALID", path, expected=f"check character {expected}")


def _codes(spec: Spec, value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(spec, Scalar):
        if spec.name == "Code" and spec.fits(value):
            yield value, path
    elif isinstance(spec, ListOf) and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _codes(spec.item, item, (*path, str(place)))
    elif isinstance(spec, Struct | OneOf) and isinstance(value, dict):
        for member in spec.members:
            if member.name in value:
                yield from _codes(member.spec, value[member.name], (*path, member.name))


def _openings(submission: Submission, wanted: set[str], whole: bool) -> Iterator[Problem]:
    """Each sealed value needs its opening, each opening its sealed value (ledger format §7)."""
    brought: set[str] = set()
    for place, opening in enumerate(submission.openings):
        try:
            opening.check()
            digest = canonical.b64(opening.hash)
        except Malformed as error:
            yield Problem("FIELD_INVALID", ("openings", str(place)), expected=str(error))
            whole = False
            continue
        if whole and digest not in wanted:
            yield Problem("FIELD_INVALID", ("openings", str(place)), expected="the opening of a sealed value")
        brought.add(digest)
    if whole and wanted - brought:
        yield Problem("FIELD_MISSING", ("openings",), expected=min(wanted - brought))
