"""Entries: what stands on the ledger, decoded for reading, and its receipt."""

from __future__ import annotations

import json
from typing import Any, Self, cast

import strawberry

from ledger import canonical, instant, listing, merkle
from ledger.entry import recorded_of, statement_slice
from ledger.query import among, tuples
from ledger.rows import Act, Unit
from schema import access, outcome
from schema.limits import given
from schema.node import Node
from schema.page import PageInfo, cursor, page_info
from schema.parties import Participant
from schema.scalars import Base64, Code, Index, KeyId, Sequence, Slug, Timestamp
from schema.view import Info, View


@strawberry.type(description="`data` is the JCS text of the statement's data, `bytes` the entry's exact bytes.")
class Entry(Node):
    """A statement that was accepted, numbered and linked."""

    id: strawberry.ID
    index: Index
    hash: Base64
    recorded: Timestamp
    at: Timestamp
    action: str
    key: KeyId
    sequence: Sequence
    data: str
    bytes: str
    act: strawberry.Private[Act]

    @classmethod
    def at_index(cls, view: View, index: int) -> Self:
        """A stored entry; whether the caller may see it was asked before."""
        data = view.bytes(index)
        statement: dict[str, Any] = json.loads(statement_slice(data))
        return cls(
            id=strawberry.ID(f"Entry:{index}"),
            index=Index(index),
            hash=Base64(canonical.b64(merkle.leaf_hash(data))),
            recorded=Timestamp(instant.text(recorded_of(data))),
            at=Timestamp(statement["at"]),
            action=statement["action"],
            key=KeyId(statement["key"]),
            sequence=Sequence(statement["sequence"]),
            data=canonical.encode(statement["data"]).decode(),
            bytes=data.decode(),
            act=view.act(index),
        )

    @classmethod
    def seen(cls, view: View, index: int) -> Self | None:
        """An entry, None where there is none or none that the caller may see."""
        if not 0 <= index < view.head.size:
            return None
        if access.sees_act(view.sight, view.act(index)) or view.saw(_named_in(view, index), index):
            return cls.at_index(view, index)
        return None

    @strawberry.field
    def participant(self, info: Info) -> Participant:
        """Who stated it."""
        found = Participant.named(info.context, self.act.participant)
        assert found is not None
        return found

    @strawberry.field
    def receipt(self, info: Info) -> outcome.Receipt:
        """The receipt under the newest checkpoint."""
        view = info.context
        data = view.bytes(self.index)
        registered = view.key(self.act.key).registered
        proven = view.prover.receipt(self.index, merkle.leaf_hash(data), recorded_of(data), registered)
        return cast(outcome.Receipt, outcome.proven(proven))


def _named_in(view: View, index: int) -> list[Unit]:
    """The units whose codes stand in an entry: texts of 22 characters."""
    codes = {part.decode() for part in view.bytes(index).split(b'"') if len(part) == 22 and part.isalnum()}
    return among(view.store, Unit, ("code",), [(code,) for code in sorted(codes)])


@strawberry.type
class EntryEdge:
    """An entry on a page."""

    cursor: str
    node: Entry


@strawberry.type
class EntryConnection:
    """Entries in the order of the ledger."""

    edges: list[EntryEdge]
    nodes: list[Entry]
    page_info: PageInfo
    total_count: Index

    @classmethod
    def of(cls, view: View, indexes: list[int], total: int, *, more: bool) -> Self:
        """A page of entries that the caller may see."""
        view.soon(indexes)
        nodes = [Entry.at_index(view, index) for index in indexes]
        return cls(
            edges=[EntryEdge(cursor=cursor(node.index), node=node) for node in nodes],
            nodes=nodes,
            page_info=page_info(indexes, more),
            total_count=Index(total),
        )

    @classmethod
    def cut(cls, view: View, indexes: list[int], first: int, after: int | None) -> Self:
        """The page of a list that is known whole."""
        rest = [index for index in indexes if after is None or index > after]
        return cls.of(view, rest[:first], len(indexes), more=len(rest) > first)


@strawberry.input
class EntryFilter:
    """Which entries: all that is given must hold; `first` and `last` are indexes, inclusive."""

    participant: Slug | None = strawberry.UNSET
    key: KeyId | None = strawberry.UNSET
    action: str | None = strawberry.UNSET
    unit: Code | None = strawberry.UNSET
    first: Index | None = strawberry.UNSET
    last: Index | None = strawberry.UNSET


def entries(view: View, chosen: EntryFilter | None, first: int, after: int | None) -> EntryConnection:
    """The entries that a filter lets through and the caller may see, with their exact number."""
    filled = {} if chosen is None else {name: given(value) for name, value in vars(chosen).items()}
    asked = {name: value for name, value in filled.items() if value is not None}
    unit = None
    if "unit" in asked:
        found = view.store.load(Unit, "code", (asked.pop("unit"),))
        if not found:
            return EntryConnection.cut(view, [], first, after)
        unit = found[0]
    if view.sight.everything:
        wanted = listing.EntryFilter(unit=None if unit is None else unit.id, **asked)
        page = listing.entries(view.store, wanted, first=first, after=after)
        return EntryConnection.of(view, page.indexes, page.total, more=page.next is not None)
    if unit is None:
        return _own_entries(view, asked, first, after)
    story = view.story(unit, view.head.size - 1)
    view.soon(story)
    return EntryConnection.cut(view, [one for one in story if _fits(view, view.act(one), asked)], first, after)


def _fits(view: View, act: Act, asked: dict[str, Any]) -> bool:
    """Whether an act passes a filter."""
    return bool(
        act.participant == asked.get("participant", act.participant)
        and act.action == asked.get("action", act.action)
        and ("key" not in asked or view.key(act.key).id == asked["key"])
        and asked.get("first", act.entry) <= act.entry <= asked.get("last", act.entry)
    )


def _own_entries(view: View, asked: dict[str, Any], first: int, after: int | None) -> EntryConnection:
    """The acts that the caller may see whatever they touch."""
    condition, values = access.acts_seen(view.sight)
    tests = {
        "participant": "act.participant = ?",
        "key": 'act.key = (SELECT "number" FROM "key" WHERE "id" = ? AND "until" IS NULL)',
        "action": "act.action = ?",
        "first": "act.entry >= ?",
        "last": "act.entry <= ?",
    }
    of = " AND ".join(["FROM act WHERE " + condition, *[tests[name] for name in asked]])
    values = [*values, *asked.values()]
    [(total,)] = tuples(view.store, f"SELECT COUNT(*) {of}", values)
    text = f"SELECT act.entry {of} AND act.entry > ? ORDER BY act.entry LIMIT ?"
    found = [index for (index,) in tuples(view.store, text, [*values, -1 if after is None else after, first + 1])]
    return EntryConnection.of(view, found[:first], total, more=len(found) > first)
