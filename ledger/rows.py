"""The rows of the state, each declared once: slotted values for the pure core, and the columns of a table.

`ledger.tables` makes an SQLModel table of every class here; the sequencer, the rules and the audit
use the classes themselves, so that nothing which decides validity imports a database library.

Rows live in three ways:
- `VERSION`: what was true of one entity from entry `since` to the entry before `until` (open: true now);
- `RECORD`: written once, never changed;
- `CELL`: one row per entity, overwritten (nothing is asked of its past).

A row is a value: never assign to its members, make another with `but()`. Times are integer
milliseconds since 1970 UTC, mass is integer milligrams, `since`, `until`, `made` and `entry` are entry indexes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, dataclass_transform


class Life(Enum):
    """How rows of a class change; see the module's first lines."""

    VERSION = "version"
    RECORD = "record"
    CELL = "cell"


Picker: TypeAlias = "Callable[[Any], tuple[Any, ...]]"


@cache
def picker(names: tuple[str, ...]) -> Picker:
    """The function that gives the values of some columns of a row."""
    values = attrgetter(*names)
    return values if len(names) > 1 else lambda row: (values(row),)


class Row:
    """What all rows share: where they are stored, what identifies them, how they are found."""

    __slots__ = ()

    table: ClassVar[str]
    life: ClassVar[Life]
    entity: ClassVar[tuple[str, ...]]
    """The columns that name the entity; the primary key, with `since` added for versions."""
    indexes: ClassVar[dict[str, tuple[str, ...]]]
    """The declared ways to find rows besides `entity`; of versions only the open ones are found."""
    columns: ClassVar[tuple[str, ...]]

    entity_of: ClassVar[Picker]
    keys_of: ClassVar[dict[str, Picker]]
    """The same as functions of a row: the hot path asks nothing else so often."""
    values_of: ClassVar[Picker]

    def but(self, **changes: Any) -> Self:
        """The same row with some members changed."""
        cls = type(self)
        other = cls(*cls.values_of(self))
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    def pick(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        """The values of some columns."""
        return picker(names)(self)


R = TypeVar("R", bound=Row)


@dataclass_transform()
def row(life: Life, *entity: str, **indexes: tuple[str, ...]) -> Callable[[type[R]], type[R]]:
    """Declare a row class: its life, the columns that identify it, and its indexes by name."""

    def declare(cls: type[R]) -> type[R]:
        made = dataclass(slots=True)(cls)
        made.table = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).strip("_")
        made.life = life
        made.entity = entity
        made.indexes = indexes
        made.columns = tuple(made.__slots__)
        made.entity_of = staticmethod(picker(entity))
        made.keys_of = {name: picker(columns) for name, columns in indexes.items()}
        made.values_of = staticmethod(picker(made.columns))
        return made

    return declare


@row(Life.VERSION, "origin")
class Ledger(Row):
    """The ledger itself, one row: what entry 0 said, and the edition in force."""

    origin: str
    since: int
    until: int | None
    name: str
    authority: str
    edition: int
    sandbox: bool
    checkpoint_key: str
    """The signed-note vkey of the gateway."""
    designations: int


@row(Life.VERSION, "participant")
class Participant(Row):
    """An organisation in the registry, with what the law counts of it."""

    participant: str
    since: int
    until: int | None
    kind: str
    name: str
    designations: int
    site: str | None
    """Of a coffeeshop: the site at which it was admitted."""
    municipality: str | None
    """Of an admitted coffeeshop: the municipality that admitted it."""
    intake_plants: int
    intake_first: int | None
    """`at` of the first intake, milliseconds."""


@row(Life.VERSION, "participant", "site")
class Site(Row):
    """A location of a participant; its address is sealed in the entry that registered it."""

    participant: str
    site: str
    since: int
    until: int | None
    municipality: str | None
    designated: bool


@row(Life.RECORD, "participant", "variety")
class Variety(Row):
    """A variety that a grower registered."""

    participant: str
    variety: str
    since: int
    name: str


@row(Life.VERSION, "number", id=("id",), participant=("participant",))
class Key(Row):
    """A public key of a participant. `number` is its place in the ledger (`numbered()`)."""

    number: int
    since: int
    until: int | None
    id: str
    """RFC 7638 thumbprint, 43 characters."""
    participant: str
    public: bytes
    admin: bool
    scope: str | None
    """Names of actions joined by a space."""
    not_after: int | None
    registered: int
    revoked: int | None
    """The entry that revoked it."""


@row(Life.CELL, "key")
class Cursor(Row):
    """How far a key has come: its next sequence number and the size it saw last."""

    key: int
    next: int
    seen: int


@row(Life.RECORD, "entry", place=("municipality", "product"))
class Phase(Row):
    """From `begins` on (by `at`) a product is in this phase in a municipality."""

    entry: int
    municipality: str
    product: str
    phase: str
    begins: int


@row(Life.RECORD, "entry", name=("name",))
class Parameter(Row):
    """From `begins` on (by `at`) a parameter has this value; without one it limits nothing."""

    entry: int
    name: str
    value: int | None
    begins: int


@row(Life.RECORD, "entry", sequence=("key", "sequence"))
class Act(Row):
    """What an entry is, without opening it: one row per entry."""

    entry: int
    key: int
    sequence: int
    participant: str
    action: str
    at: int
    first: int
    """Index of the first entry of its submission."""


@row(Life.RECORD, "id", code=("code",))
class Unit(Row):
    """What carries a code, as it was made. `id` is its place in the ledger (`numbered()`)."""

    id: int
    code: str
    letter: str
    """The kind letter of its code."""
    made: int
    grower: str | None
    """The participant that grew or packed it (not of a shipment)."""
    variety: str | None
    site: str | None
    product: str | None
    source: int | None
    """Of a sample or package: the lot."""
    laboratory: str | None
    sender: str | None
    addressee: str | None


@row(Life.VERSION, "unit", shipment=("shipment",))
class Version(Row):
    """A unit from one entry to the next; each act on it makes one."""

    unit: int
    since: int
    until: int | None
    status: str
    holder: str | None
    mass: int
    """What is in it now, milligrams; of a growing plant 0: plants are counted in pieces."""
    lost: int
    """Of a lot: what was lost but is still there, milligrams."""
    position: str | None
    at: int
    """`at` of its newest custody act, milliseconds."""
    shipment: int | None
    """The shipment that it is in, or came by."""
    result: str | None
    """Of a lot: `PASSED` or `EXCEEDED`."""
    exceeded: str | None
    """Of a lot: the limit that a value was above, `NAME value`."""
    thc: int | None
    cbd: int | None
    carrier: str | None
    departed: int | None
    """Of a shipment: `at` of its departure, milliseconds."""
    underway: int
    """Of a shipment: packages in it that are still UNDERWAY."""


@row(Life.VERSION, "unit", "authority", unit=("unit",))
class Hold(Row):
    """A hold of one authority on a unit; closed by its release."""

    unit: int
    authority: str
    since: int
    until: int | None
    at: int
    reason: str


@row(Life.RECORD, "entry", "place")
class Flow(Row):
    """An edge of lineage with its quantity; `place` is its position within the entry.

    `source` None: it comes into the books here; `target` None: it leaves them.
    """

    entry: int
    place: int
    source: int | None
    target: int | None
    mass: int | None
    pieces: int | None
    kind: str
    """`INTO`, `LOSS`, `WASTE`, `SOLD` or `DESTROYED`."""


STATE: tuple[type[Row], ...] = (
    Act,
    Cursor,
    Flow,
    Hold,
    Key,
    Ledger,
    Parameter,
    Participant,
    Phase,
    Site,
    Unit,
    Variety,
    Version,
)
"""All row classes in the order of their tables' names: the order of the state digest."""

PLACES = 2048
"""Ids are `index * PLACES + place`: a statement of 32,768 bytes holds fewer codes than that."""


def numbered(index: int, place: int) -> int:
    """The integer id of the `place`-th thing that entry `index` brings into being."""
    assert 0 <= place < PLACES
    return index * PLACES + place
