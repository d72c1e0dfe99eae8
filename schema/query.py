"""The questions that can be asked: each is answered from one snapshot, as far as its caller may see."""

from __future__ import annotations

import secrets
from enum import Enum

import strawberry
from graphql import GraphQLResolveInfo

from ledger import codes, history, instant
from ledger.proof import TlogProof
from ledger.query import tuples
from schema import inputs, parties
from schema import preview as previews
from schema.entry import Entry, EntryConnection, EntryFilter, entries
from schema.limits import CODES_MAX, RequestError, given, page_size
from schema.mutation import Values
from schema.node import Node
from schema.page import place
from schema.parties import Key, Participant, ParticipantConnection, ParticipantFilter
from schema.plain import plain
from schema.preview import Preview
from schema.scalars import CanonicalStatement, Code, Index, KeyId, Name, Sequence, Timestamp
from schema.unit import UNIT_KIND, Unit
from schema.view import Info, View


@strawberry.input(one_of=True)
class AsOf:
    """A moment of the past: when an entry had been recorded, or the last one at or before a time."""

    index: Index | None = strawberry.UNSET
    time: Timestamp | None = strawberry.UNSET


@strawberry.type
class Ledger:
    """The ledger itself."""

    origin: str
    name: Name
    anchor: str
    edition: Index
    sandbox: bool
    size: Index
    recorded: Timestamp


@plain
def preview(
    info: GraphQLResolveInfo[View], *, action: Values, key: str, sequence: int | None = None, at: str | None = None
) -> Preview:
    """What the gateway would say now, with the exact bytes and text to sign. Records nothing."""
    return previews.of_action(info.context, action, key, given(sequence), given(at))


preview.__annotations__ = {
    "info": strawberry.Info,
    "action": inputs.action_input(),
    "key": KeyId,
    "sequence": Sequence | None,
    "at": Timestamp | None,
    "return": Preview,
}
preview.__kwdefaults__ = dict.fromkeys(("sequence", "at"), strawberry.UNSET)


@plain
def issue_codes(_info: GraphQLResolveInfo[View], *, kind: Enum, count: int) -> list[str]:
    """Fresh codes; no reservation is needed."""
    if not 1 <= count <= CODES_MAX:
        raise RequestError("TOO_MANY" if count > CODES_MAX else "BAD_REQUEST", f"`count` is 1 to {CODES_MAX}.")
    letter = next(letter for letter, name in codes.KINDS.items() if name == kind.value)
    return [codes.mint(letter, secrets.token_bytes) for _ in range(count)]


issue_codes.__annotations__ = {"_info": strawberry.Info, "kind": UNIT_KIND, "count": int, "return": list[Code]}


@strawberry.type
class Query:
    """What can be asked."""

    preview = strawberry.field(resolver=preview)
    issue_codes = strawberry.field(resolver=issue_codes)

    @strawberry.field
    def unit(self, info: Info, code: Code, as_of: AsOf | None = strawberry.UNSET) -> Unit | None:
        """Null for what does not exist and for what the caller may not see: no difference can be observed."""
        index = _moment(info.context, as_of)
        return None if index is None else Unit.named(info.context, code, index)

    @strawberry.field
    def preview_statements(self, info: Info, statements: list[CanonicalStatement]) -> list[Preview]:
        """The same for statements that the caller made, each judged after those before it."""
        return previews.of_statements(info.context, list(statements))

    @strawberry.field
    def entry(self, info: Info, index: Index) -> Entry | None:
        """An entry by its index."""
        return Entry.seen(info.context, index)

    @strawberry.field
    def entries(
        self,
        info: Info,
        first: int | None = strawberry.UNSET,
        after: str | None = strawberry.UNSET,
        filter: EntryFilter | None = strawberry.UNSET,  # noqa: A002 - the argument's name
    ) -> EntryConnection:
        """Entries in the order of the ledger."""
        return entries(info.context, given(filter), page_size(first), place(after))

    @strawberry.field
    def participants(
        self,
        info: Info,
        first: int | None = strawberry.UNSET,
        after: str | None = strawberry.UNSET,
        filter: ParticipantFilter | None = strawberry.UNSET,  # noqa: A002 - the argument's name
    ) -> ParticipantConnection:
        """Participants in the order of their registration."""
        return parties.participants(info.context, given(filter), page_size(first), place(after))

    @strawberry.field
    def key(self, info: Info, id: KeyId) -> Key | None:  # noqa: A002 - the argument's name
        """A key, with its `nextSequence` for a client that lost its state."""
        return Key.named(info.context, id)

    @strawberry.field
    def checkpoint(self, info: Info) -> str:
        """The newest issued checkpoint, a signed note."""
        return info.context.head.note

    @strawberry.field
    def inclusion_proof(self, info: Info, index: Index, size: Index | None = strawberry.UNSET) -> str:
        """A tlog-proof of an entry under the newest checkpoint, or under that of a size that was kept."""
        return _inclusion_proof(info.context, index, given(size))

    @strawberry.field
    def ledger(self, info: Info) -> Ledger:
        """The ledger as it is now."""
        view = info.context
        row, head = view.ledger, view.head
        return Ledger(
            origin=row.origin,
            name=Name(row.name),
            anchor=view.context.gateway.anchor.text(),
            edition=Index(row.edition),
            sandbox=row.sandbox,
            size=Index(head.size),
            recorded=Timestamp(instant.text(head.recorded)),
        )

    @strawberry.field
    def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - the argument's name
        """Whatever has an id, found again."""
        return _node(info.context, id)


def _moment(view: View, as_of: AsOf | None) -> int | None:
    """The entry as of which is asked, the newest by default; None where there is none."""
    newest = view.head.size - 1
    as_of = given(as_of)
    if as_of is None:
        return newest
    index, moment = given(as_of.index), given(as_of.time)
    if moment is not None:
        return history.index_at(view.store, instant.millis(moment))
    return index if index is not None and index <= newest else None


def _inclusion_proof(view: View, index: int, size: int | None) -> str:
    head = view.head
    note = head.note
    if size is None:
        size = head.size
    elif size != head.size:
        found = tuples(view.store, 'SELECT "note" FROM "checkpoint" WHERE "size" = ?', (size,))
        if not found:
            raise RequestError("BAD_REQUEST", "No checkpoint of this size was kept.")
        [(note,)] = found
    if not 0 <= index < size:
        raise RequestError("BAD_REQUEST", "The checkpoint covers no entry of this index.")
    return TlogProof(index, tuple(view.tree.inclusion(index, size)), note).encode()


def _node(view: View, id_: str) -> Node | None:
    kind, _, name = id_.partition(":")
    if kind == "Unit":
        return Unit.named(view, name, view.head.size - 1)
    if kind == "Participant":
        return Participant.named(view, name)
    if kind == "Key":
        return Key.named(view, name)
    if kind == "Entry" and name.isascii() and name.isdigit() and len(name) <= 16:
        return Entry.seen(view, int(name))
    return None
