"""What can happen: an action is its fields, who may do it, and the effects that it yields.

From a class here follow the mutation, its input type, the reference page and the JSON Schema. Its
docstring is the description that users read: the first sentence says what is done, then who does it
and the source. An action holds no rule of custody or mass: those are the effects' (`ledger.effects`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_type_hints

from ledger.errors import Problem
from ledger.fields import Member, Spec, Struct

if TYPE_CHECKING:
    from ledger.effects import Effect
    from ledger.scene import Scene


class Action:
    """What all actions share; see `action` for the class variables."""

    name: ClassVar[str]
    who: ClassVar[tuple[str, ...]]
    admin: ClassVar[bool]
    licensed: ClassVar[bool]
    custody: ClassVar[bool]
    struct: ClassVar[Struct]
    members: ClassVar[tuple[str, ...]]
    attributes: ClassVar[dict[str, str]]
    """From the name of a member to that of the attribute, which differs where Python needs the name."""

    def form(self) -> Iterator[Problem]:
        """Problems seen in the bytes alone that no single member shows; paths start below `data`."""
        return iter(())

    def form_seen(self, seen: int) -> Iterator[Problem]:  # noqa: ARG002 - most actions name no entry
        """The same for entries named by index: each lies below `seen` (ledger format §5)."""
        return iter(())

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """What it does, in the order of its fields; may refuse on the scene as well."""
        raise NotImplementedError

    @classmethod
    def of(cls, data: dict[str, Any]) -> Action:
        """The action with these data, which must be well-formed."""
        return cls(**{cls.attributes[name]: value for name, value in data.items()})


A = TypeVar("A", bound=Action)

ANYBODY = (
    "MINISTRY",
    "IJENV",
    "NVWA",
    "MUNICIPALITY",
    "GROWER",
    "COFFEESHOP",
    "CARRIER",
    "LABORATORY",
    "AUDITOR",
    "RESEARCHER",
)


@dataclass_transform(kw_only_default=True)
def action(*who: str, admin: bool = False, licensed: bool = True, custody: bool = True) -> Callable[[type[A]], type[A]]:
    """Declare an action that these kinds of participants may do.

    `admin`: only admin keys sign it (`actions-1.md` §6.1). `licensed`: a grower needs its
    designation and a coffeeshop its admission. `custody`: it moves the time of the newest custody
    act of the units it touches (`actions-1.md` §2, rule 4).
    """

    def declare(cls: type[A]) -> type[A]:
        assert cls.__doc__, f"{cls.__name__} needs a docstring: it is what users read"
        made = dataclass(kw_only=True, slots=True)(cls)
        made.name = made.__name__[0].lower() + made.__name__[1:]
        made.who, made.admin, made.licensed, made.custody = who, admin, licensed, custody
        made.struct = Struct(made.__name__ + "Data", tuple(_members(made)))
        made.members = tuple(member.name for member in made.struct.members)
        made.attributes = {camel(item.name): item.name for item in fields(made)}  # type: ignore[arg-type]
        return made

    return declare


def _members(cls: type[Any]) -> Iterator[Member]:
    """The members of `data`, read off the annotations of an action class."""
    hints = get_type_hints(cls, include_extras=True)
    for item in fields(cls):
        spec = _spec(hints[item.name])
        assert spec is not None, f"{cls.__name__}.{item.name} has no type of ledger.fields"
        yield Member(camel(item.name), spec, required=item.default is MISSING)


def _spec(hint: Any) -> Spec | None:
    """The spec in `Annotated[…, spec]` or `Annotated[…, spec] | None`."""
    for part in (hint, *get_args(hint)):
        for mark in getattr(part, "__metadata__", ()):
            return mark  # type: ignore[no-any-return]
    return None


def camel(name: str) -> str:
    """The one name that a field has in the statement and in GraphQL alike (`interface.md` §7, rule 1)."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


__all__ = ["ANYBODY", "Action", "action", "camel"]
