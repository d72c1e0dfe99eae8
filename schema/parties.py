"""Participants, their sites and keys: the registry, which everybody may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from ledger import instant, listing, rows
from ledger.fields import KINDS
from ledger.query import among
from ledger.query import rows as found_rows
from schema.inputs import words
from schema.node import Node
from schema.page import PageInfo, cursor, page_info
from schema.scalars import Index, KeyId, Name, Sequence, Slug, Timestamp
from schema.view import Info, View

if TYPE_CHECKING:
    from schema.entry import Entry

PARTICIPANT_KIND = words("ParticipantKind", KINDS)


@strawberry.type
class Site:
    """A location of a participant."""

    site: Slug
    municipality_id: strawberry.Private[str | None]

    @strawberry.field
    def municipality(self, info: Info) -> Participant | None:
        """The municipality that it names."""
        return None if self.municipality_id is None else Participant.named(info.context, self.municipality_id)


@strawberry.type
class Participant(Node):
    """An organisation in the registry."""

    id: strawberry.ID
    participant: Slug
    kind: str = strawberry.field(graphql_type=PARTICIPANT_KIND)
    name: Name

    @classmethod
    def of(cls, row: rows.Participant) -> Self:
        """From its row."""
        return cls(
            id=strawberry.ID(f"Participant:{row.participant}"),
            participant=Slug(row.participant),
            kind=row.kind,
            name=Name(row.name),
        )

    @classmethod
    def named(cls, view: View, name: str) -> Self | None:
        """By its id."""
        row = view.participant(name)
        return None if row is None else cls.of(row)

    @strawberry.field
    def sites(self, info: Info) -> list[Site]:
        """In the order of their names."""
        found = found_rows(
            info.context.store,
            rows.Site,
            'WHERE "participant" = ? AND "until" IS NULL ORDER BY "site"',
            (self.participant,),
        )
        return [Site(site=Slug(row.site), municipality_id=row.municipality) for row in found]

    @strawberry.field
    def keys(self, info: Info) -> list[Key]:
        """In the order of their registration."""
        found = info.context.store.load(rows.Key, "participant", (self.participant,))
        return [Key.of(row) for row in sorted(found, key=lambda row: row.number)]


@strawberry.type
class Key(Node):
    """A public key of a participant."""

    id: strawberry.ID
    key: KeyId
    admin: bool
    scope: list[str] | None
    not_after: Timestamp | None
    row: strawberry.Private[rows.Key]

    @classmethod
    def of(cls, row: rows.Key) -> Self:
        """From its row."""
        return cls(
            id=strawberry.ID(f"Key:{row.id}"),
            key=KeyId(row.id),
            admin=row.admin,
            scope=None if row.scope is None else row.scope.split(),
            not_after=None if row.not_after is None else Timestamp(instant.text(row.not_after)),
            row=row,
        )

    @classmethod
    def named(cls, view: View, key: str) -> Self | None:
        """By its key id."""
        found = view.store.load(rows.Key, "id", (key,))
        return cls.of(found[0]) if found else None

    @strawberry.field
    def participant(self, info: Info) -> Participant:
        """Whose it is."""
        found = Participant.named(info.context, self.row.participant)
        assert found is not None
        return found

    @strawberry.field
    def revoked(self, info: Info) -> Annotated[Entry, strawberry.lazy("schema.entry")] | None:
        """The entry that revoked it."""
        from schema.entry import Entry

        return None if self.row.revoked is None else Entry.at_index(info.context, self.row.revoked)

    @strawberry.field
    def next_sequence(self, info: Info) -> Sequence:
        """The number of its next statement, for a client that lost its state."""
        return Sequence(self._cursor(info.context).next)

    @strawberry.field
    def seen_size(self, info: Info) -> Index:
        """The size that it saw last; a submission may not have seen less."""
        return Index(self._cursor(info.context).seen)

    def _cursor(self, view: View) -> rows.Cursor:
        found = view.store.load(rows.Cursor, "entity", (self.row.number,))
        return found[0] if found else rows.Cursor(self.row.number, 1, 0)


@strawberry.type
class ParticipantEdge:
    """A participant on a page."""

    cursor: str
    node: Participant


@strawberry.type
class ParticipantConnection:
    """Participants in the order of their registration."""

    edges: list[ParticipantEdge]
    nodes: list[Participant]
    page_info: PageInfo
    total_count: Index


@strawberry.input
class ParticipantFilter:
    """Which participants: all that is given must hold."""

    kind: str | None = strawberry.field(graphql_type=PARTICIPANT_KIND | None, default=strawberry.UNSET)
    municipality: Slug | None = strawberry.UNSET


def _registered(view: View, participants: list[rows.Participant]) -> list[tuple[int, Participant]]:
    """Each with the entry that registered it."""
    names = [(row.participant,) for row in participants]
    first: dict[str, int] = {}
    for row in among(view.store, rows.Participant, ("participant",), names):
        first[row.participant] = min(row.since, first.get(row.participant, row.since))
    return [(first[row.participant], Participant.of(row)) for row in participants]


def participants(view: View, chosen: ParticipantFilter | None, first: int, after: int | None) -> ParticipantConnection:
    """Who is registered, in the order of their registration."""
    given = {} if chosen is None else {name: value for name, value in vars(chosen).items() if value}
    kind, municipality = given.get("kind"), given.get("municipality")
    roll = listing.participants(
        view.store,
        first=first,
        after=after,
        kind=None if kind is None else kind.value,
        municipality=municipality,
    )
    found = _registered(view, roll.participants)
    return ParticipantConnection(
        edges=[ParticipantEdge(cursor=cursor(place), node=node) for place, node in found],
        nodes=[node for _, node in found],
        page_info=page_info([place for place, _ in found], roll.next is not None),
        total_count=Index(roll.total),
    )
