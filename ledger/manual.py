"""An edition described from its code: for `docs/actions.md`, `ketenboek actions`, and the published manifest.

`docs/editions/<n>.json` is the description whose SHA-256 `adoptEdition` puts on the ledger.
"""

from __future__ import annotations

import inspect
from typing import Any

from ledger.actions import Action
from ledger.editions import Edition
from ledger.errors import PRECEDENCE, REFUSALS
from ledger.fields import INTEGER_MAX, PARAMETERS, Choice, ListOf, Member, OneOf, Scalar, Spec, Struct

INTEGERS = {
    "Milligrams": 1,
    "MicrogramsPerKilogram": 0,
    "CfuPerGram": 0,
    "Centimetres": 0,
    "Quantity": 0,
    "Index": 0,
}
"""Scalars that are integers, with the least value of each."""


def described(edition: Edition) -> dict[str, Any]:
    """The whole edition as one JSON value: actions with their JSON Schemas, refusals, parameters."""
    return {
        "type": "ketenboek/edition/v1",
        "edition": edition.number,
        "actions": [action_described(cls) for cls in edition.actions.values()],
        "refusals": sorted(REFUSALS, key=lambda code: PRECEDENCE[code]),
        "parameters": list(PARAMETERS),
    }


def action_described(cls: type[Action]) -> dict[str, Any]:
    """One action: what it is, who does it, and the JSON Schema (2020-12) of its `data`."""
    return {
        "action": cls.name,
        "description": description(cls),
        "who": ["the founder"] if cls.name == "foundLedger" else list(cls.who),
        "adminKey": cls.admin,
        "custodyAct": cls.custody,
        "data": json_schema(cls.struct),
    }


def description(cls: type[Action]) -> str:
    """The docstring of an action, as one paragraph."""
    return " ".join(inspect.getdoc(cls).split()) if cls.__doc__ else ""  # type: ignore[union-attr]


def json_schema(spec: Spec) -> dict[str, Any]:
    """The JSON Schema of a type of `data`."""
    if isinstance(spec, Struct):
        required = [member.name for member in spec.members if member.required]
        schema = {"type": "object", "properties": _properties(spec.members), "additionalProperties": False}
        return schema | ({"required": required} if required else {})
    if isinstance(spec, OneOf):
        return {
            "type": "object",
            "properties": _properties(spec.members),
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
    if isinstance(spec, ListOf):
        return {"type": "array", "items": json_schema(spec.item), "minItems": spec.least} | (
            {"uniqueItems": True} if spec.ordered else {}
        )
    if isinstance(spec, Choice):
        return {"enum": list(spec.values)}
    assert isinstance(spec, Scalar)
    if spec.name == "Boolean":
        return {"const": True}
    if spec.name in INTEGERS:
        return {"type": "integer", "minimum": INTEGERS[spec.name], "maximum": INTEGER_MAX}
    return {"type": "string", "description": spec.form}


def _properties(members: tuple[Member, ...]) -> dict[str, Any]:
    return {member.name: json_schema(member.spec) for member in members}


def page(edition: Edition) -> str:
    """The reference of all actions of an edition, Markdown."""
    head = (
        f"# Actions of edition {edition.number}\n\n"
        "Made from the code by `make vectors`; do not edit. A member with `?` may be left out. "
        "Mass is integer milligrams, of each unit in a list; sets are sorted, without duplicates.\n"
    )
    return head + "".join("\n" + section(cls) for cls in edition.actions.values())


def section(cls: type[Action]) -> str:
    """The reference of one action, Markdown."""
    who = "the founder" if cls.name == "foundLedger" else ", ".join(cls.who)
    lines = [f"## {cls.name}", "", description(cls), "", f"Signed by: {who}{' (admin keys)' if cls.admin else ''}.", ""]
    lines += ["| member | type | form |", "| --- | --- | --- |"]
    lines += [
        f"| `{member.name}{'' if member.required else '?'}` | `{member.spec.name}` | {_form(member.spec)} |"
        for member in cls.struct.members
    ]
    return "\n".join(lines) + "\n"


def _form(spec: Spec) -> str:
    """What a type takes, in one cell of a table."""
    if isinstance(spec, ListOf):
        order = "ascending, " if spec.ordered else "in order, "
        return f"a list, {order}at least {spec.least}: {_form(spec.item)}"
    if isinstance(spec, Choice):
        return " ".join(spec.values)
    if isinstance(spec, Struct):
        members = ", ".join(f"`{m.name}{'' if m.required else '?'}`: {_form(m.spec)}" for m in spec.members)
        return f"an object: {members}"
    if isinstance(spec, OneOf):
        return "one of " + ", ".join(f"`{m.name}`: {_form(m.spec)}" for m in spec.members)
    assert isinstance(spec, Scalar)
    return f"`{spec.form}`" if any(sign in spec.form for sign in "[<|") else spec.form
