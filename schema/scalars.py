"""The scalars: each name has one strict parser, which is also the one that statements are read with.

GraphQL's own `Int` has 32 bits (2,147 kg in milligrams) and the usual parsers coerce (`"12"` to 12):
here a value has its form or is refused, as a variable and as a literal alike. What a field asks beyond
its scalar (a code of one kind, a mass of at least 1) is a rule and refused with `FIELD_INVALID`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from ledger.fields import (
    CODE,
    KEY_ID,
    MOMENT,
    NATURAL,
    PLACE,
    SLUG,
    TRADE_NAME,
    base64_of,
    integer,
    matching,
)

Milligrams = NewType("Milligrams", int)
Pieces = NewType("Pieces", int)
Index = NewType("Index", int)
Sequence = NewType("Sequence", int)
MicrogramsPerKilogram = NewType("MicrogramsPerKilogram", int)
Centimetres = NewType("Centimetres", int)
CfuPerGram = NewType("CfuPerGram", int)
Quantity = NewType("Quantity", int)
Timestamp = NewType("Timestamp", str)
Code = NewType("Code", str)
KeyId = NewType("KeyId", str)
Base64 = NewType("Base64", str)
Position = NewType("Position", str)
Slug = NewType("Slug", str)
Name = NewType("Name", str)
CanonicalStatement = NewType("CanonicalStatement", str)

DIGITS_MAX = 16
"""Of 2^53 - 1: longer literals are not converted at all."""


def scalar(name: str, description: str, form: str, fits: Callable[[Any], bool]) -> ScalarDefinition:
    """A scalar whose values are those that fit, as they are; `form` tells people what fits."""
    message = f"{name} is {form}"

    def parse(value: Any) -> Any:
        if not fits(value):
            raise GraphQLError(message)
        return value

    def parse_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> Any:
        if isinstance(node, IntValueNode) and len(node.value) <= DIGITS_MAX:
            return parse(int(node.value))
        if isinstance(node, StringValueNode):
            return parse(node.value)
        raise GraphQLError(message, node)

    return strawberry.scalar(
        name=name, description=description, serialize=_unchanged, parse_value=parse, parse_literal=parse_literal
    )


def _unchanged(value: Any) -> Any:
    return value


def _counted(name: str, what: str) -> ScalarDefinition:
    return scalar(name, f"{what}: a JSON integer from 0 to 2^53 - 1, never a float or a string.", NATURAL, integer(0))


SCALARS: dict[object, ScalarDefinition] = {
    Milligrams: _counted("Milligrams", "Mass in milligrams"),
    Pieces: _counted("Pieces", "A count of pieces"),
    Index: _counted("Index", "The index of an entry, or a count of them"),
    Sequence: _counted("Sequence", "The number of a statement of a key: 1, 2, 3, … without gaps"),
    MicrogramsPerKilogram: _counted("MicrogramsPerKilogram", "A concentration; no decimals exist"),
    Centimetres: _counted("Centimetres", "A height"),
    CfuPerGram: _counted("CfuPerGram", "Colony-forming units per gram"),
    Quantity: _counted("Quantity", "A number in the unit that its parameter gives"),
    Timestamp: scalar(
        "Timestamp",
        "A moment in UTC with milliseconds, 24 characters: what JavaScript's `toISOString()` prints.",
        MOMENT.form,
        MOMENT.fits,
    ),
    Code: scalar(
        "Code", "The code of a unit: its kind letter, 20 characters and a check character.", CODE, matching(CODE)
    ),
    KeyId: scalar("KeyId", "The RFC 7638 thumbprint of an Ed25519 key, base64url.", KEY_ID.form, KEY_ID.fits),
    Base64: scalar(
        "Base64",
        "RFC 4648 §4 with padding, accepted only if it re-encodes to itself.",
        "base64 with padding, in its one spelling",
        base64_of(None),
    ),
    Position: scalar("Position", "A place at a site.", PLACE.form, PLACE.fits),
    Slug: scalar("Slug", "The id of a participant, site or variety.", SLUG.form, SLUG.fits),
    Name: scalar("Name", "A trade name or the name of a variety.", TRADE_NAME.form, TRADE_NAME.fits),
    CanonicalStatement: scalar(
        "CanonicalStatement",
        "The exact bytes of a statement, canonical JSON (RFC 8785), as a string.",
        "a string",
        lambda value: isinstance(value, str),
    ),
}
"""Every scalar that is not GraphQL's own, by the type that stands for it in annotations."""

TYPES: dict[str, Any] = {definition.name: mark for mark, definition in SCALARS.items()} | {
    "String": str,
    "Boolean": bool,
}
"""What a scalar's name in `ledger.fields` stands for in annotations."""
