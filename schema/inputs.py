"""Input types derived from the actions: what `data` takes is what the statement holds, name for name."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, EnumMeta
from typing import Any, Optional

import strawberry

from ledger.actions import Action
from ledger.editions import EDITIONS
from ledger.fields import Choice, ListOf, OneOf, Scalar, Spec, Struct
from schema.scalars import TYPES, Base64, Index, KeyId, Sequence, Timestamp

ACTIONS: dict[str, type[Action]] = {
    name: cls for name, cls in EDITIONS[max(EDITIONS)].actions.items() if name != "foundLedger"
}
"""The actions that are mutations: all of the newest edition but the founding, which needs no gateway."""

DESCRIPTIONS = {"Sealed": "A value that is not on the ledger; the statement holds only its salted hash."}

_made: dict[str, tuple[object, Any]] = {}


def words(name: str, values: Iterable[str], description: str | None = None) -> Any:
    """The enum of a closed list of words; in Python, as in JSON, its values are the plain words."""
    return _once(
        name,
        tuple(values),
        lambda: strawberry.enum(_enum(name, values), name=name, description=description),
    )


def _enum(name: str, values: Iterable[str]) -> EnumMeta:
    make: Any = Enum  # mypy wants the words in the source, but they stand in the ledger's
    made: EnumMeta = make(name, {word: word for word in values})
    return made


def input_type(spec: Spec) -> Any:
    """The GraphQL input type of a type of `ledger.fields`, without its nullability."""
    if isinstance(spec, Scalar):
        return TYPES[spec.name]
    if isinstance(spec, Choice):
        return words(spec.name, spec.values)
    if isinstance(spec, ListOf):
        return list[input_type(spec.item)]  # type: ignore[misc]
    assert isinstance(spec, Struct | OneOf)
    optional = {member.name for member in spec.members if isinstance(spec, OneOf) or not member.required}
    members = {member.name: input_type(member.spec) for member in spec.members}
    return _once(spec.name, spec, lambda: _object(spec.name, members, optional, one_of=isinstance(spec, OneOf)))


def data_type(cls: type[Action]) -> Any:
    """The input type of an action's `data`."""
    return input_type(cls.struct)


def action_input() -> Any:
    """One member per action, each named like its mutation."""
    members = {name: data_type(cls) for name, cls in ACTIONS.items()}
    description = "One member per action, each named like its mutation."
    return _once(
        "ActionInput",
        description,
        lambda: _object("ActionInput", members, set(members), one_of=True, description=description),
    )


def _object(
    name: str, members: dict[str, Any], optional: set[str], *, one_of: bool, description: str | None = None
) -> Any:
    """An input type without defaults; the Python names end in `_`, since a member may be called `from`."""
    body: dict[str, Any] = {f"{member}_": strawberry.field(name=member) for member in members}
    body["__annotations__"] = {
        f"{member}_": Optional[kind] if member in optional else kind  # noqa: UP045 - made at run time
        for member, kind in members.items()
    }
    made = type(name, (), body)
    return strawberry.input(made, name=name, one_of=one_of, description=description or DESCRIPTIONS.get(name))


def _once(name: str, of: object, make: Any) -> Any:
    """The type of a name, made once; two types of one name would be a mistake."""
    if name not in _made:
        _made[name] = (of, make())
    assert _made[name][0] == of, f"two types are called {name}"
    return _made[name][1]


@strawberry.input
class Seen:
    """The newest checkpoint that the key's holder has verified."""

    size: Index
    root: Base64


@strawberry.input
class Proof:
    """What makes signed data a statement and a submission: the key, its number, the signature."""

    key: KeyId
    sequence: Sequence
    salt: Base64
    at: Timestamp
    seen: Seen
    until: Timestamp
    signature: Base64


@strawberry.input(
    description="Travels beside the signed data, never in it. `value` is the JCS text of what was sealed."
)
class Opening:
    """What was sealed, and its salt."""

    salt: Base64
    value: str
