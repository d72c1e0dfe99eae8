"""The types that a member of `data` can have: each with one strict check, shared by JSON and GraphQL.

A spec says how a member is checked, never how it is stored: values stay the plain JSON that was
signed. What is checked here is seen in the bytes alone (`actions-1.md` §1), so the only codes are
`FIELD_UNKNOWN`, `FIELD_MISSING` and `FIELD_INVALID`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from ledger import canonical, instant
from ledger.anchor import ORIGIN
from ledger.errors import Malformed, Problem

INTEGER_MAX = 2**53 - 1
CODE = "[PBMECWSZ][0-9A-HJKMNP-TV-Z]{20}[0-9A-Z]"

Path = tuple[str, ...]


class Spec(Protocol):
    """How a member is checked; `name` is its GraphQL type."""

    @property
    def name(self) -> str:
        """The GraphQL type."""
        ...

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """The problems of a value, none when it is well-formed."""
        ...


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without members; `fits` says whether it has the form, `form` says the form to people."""

    name: str
    form: str
    fits: Callable[[Any], bool]

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """FIELD_INVALID unless the value has the form."""
        if not self.fits(value):
            yield Problem("FIELD_INVALID", path, expected=self.form)


def _fits(spec: Spec) -> Callable[[Any], bool]:
    """A quick look at a value that has no members: nearly all are well-formed, and need no path to say so."""
    return spec.fits if isinstance(spec, Scalar) else _unknown


def _unknown(_: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a closed list, UPPER_SNAKE."""

    name: str
    values: tuple[str, ...]

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """FIELD_INVALID unless the value is one of the words."""
        if not (isinstance(value, str) and value in self.values):
            yield Problem("FIELD_INVALID", path, expected=" ".join(self.values))


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list that is not empty; `ordered` sets are ascending by their bytes, without duplicates."""

    item: Spec
    ordered: bool = True
    least: int = 1

    @property
    def name(self) -> str:
        """The GraphQL type."""
        return f"[{self.item.name}!]"

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """FIELD_INVALID for anything but a well-ordered list of well-formed items."""
        if not isinstance(value, list) or len(value) < self.least:
            yield Problem("FIELD_INVALID", path, expected=f"a list of at least {self.least}")
            return
        sound = True
        fits = _fits(self.item)
        for place, item in enumerate(value):
            if fits(item):
                continue
            for problem in self.item.check(item, (*path, str(place))):
                sound = False
                yield problem
        if sound and self.ordered:
            order = [_sort_key(item) for item in value]
            for place in range(1, len(order)):
                if order[place - 1] >= order[place]:
                    yield Problem("FIELD_INVALID", (*path, str(place)), expected="ascending, without duplicates")
                    return


def _sort_key(item: Any) -> str:
    """A text sorts by itself, an object by its first code."""
    return item if isinstance(item, str) else str(next(iter(item.values())))


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object."""

    name: str
    spec: Spec
    required: bool = True


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with exactly the members listed; the first one orders it in a list."""

    name: str
    members: tuple[Member, ...]
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(member.name for member in self.members))

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """Problems of an object and of all its members, in the order of its members."""
        if not isinstance(value, dict):
            yield Problem("FIELD_INVALID", path, expected="an object")
            return
        for name in value:
            if name not in self.names:
                yield Problem("FIELD_UNKNOWN", (*path, name))
        for member in self.members:
            if member.name in value:
                inner = value[member.name]
                # A null is a NULL_MEMBER, found before.
                if inner is not None and not _fits(member.spec)(inner):
                    yield from member.spec.check(inner, (*path, member.name))
            elif member.required:
                yield Problem("FIELD_MISSING", (*path, member.name))


@dataclass(frozen=True, slots=True)
class OneOf:
    """An object with exactly one of the members listed."""

    name: str
    members: tuple[Member, ...]

    def check(self, value: Any, path: Path) -> Iterator[Problem]:
        """FIELD_INVALID unless exactly one member is there, FIELD_UNKNOWN for one not listed."""
        if not isinstance(value, dict) or len(value) != 1:
            yield Problem("FIELD_INVALID", path, expected="an object with exactly one member")
            return
        [(name, inner)] = value.items()
        for member in self.members:
            if member.name == name:
                if inner is not None:
                    yield from member.spec.check(inner, (*path, name))
                return
        yield Problem("FIELD_UNKNOWN", (*path, name))


def matching(pattern: str) -> Callable[[Any], bool]:
    """A text that matches a pattern of ASCII characters as a whole."""
    match = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and match(value) is not None


def integer(least: int) -> Callable[[Any], bool]:
    """A JSON integer from `least` to 2^53 - 1; `true` is not 1."""
    return lambda value: type(value) is int and least <= value <= INTEGER_MAX


def base64_of(length: int | None) -> Callable[[Any], bool]:
    """RFC 4648 §4 text that re-encodes to itself, of so many bytes."""

    def fits(value: Any) -> bool:
        try:
            return isinstance(value, str) and bool(canonical.unb64(value, length))
        except Malformed:
            return False

    return fits


def is_timestamp(value: Any) -> bool:
    """Exactly 24 characters, a real moment of the years 2000 to 9999."""
    try:
        return isinstance(value, str) and instant.millis(value) >= 0
    except Malformed:
        return False


def codes(letters: str) -> Scalar:
    """A unit code of one of some kinds."""
    kinds = f"[{letters}]" if len(letters) > 1 else letters
    return Scalar("Code", f"a code {kinds}…", matching(kinds + CODE[CODE.index("]") + 1 :]))


NAME = "[A-Za-z0-9 .,()&'-]{1,80}"
NATURAL = "an integer from 0 to 2^53 - 1"

MASS = Scalar("Milligrams", "an integer of at least 1, milligrams", integer(1))
CONCENTRATION = Scalar("MicrogramsPerKilogram", NATURAL, integer(0))
CFU = Scalar("CfuPerGram", NATURAL, integer(0))
LENGTH = Scalar("Centimetres", NATURAL, integer(0))
AMOUNT = Scalar("Quantity", NATURAL, integer(0))
NUMBER = Scalar("Index", NATURAL, integer(0))
SLUG = Scalar("Slug", "[a-z][a-z0-9-]{1,39}", matching("[a-z][a-z0-9-]{1,39}"))
TRADE_NAME = Scalar("Name", NAME, matching(NAME))
PLACE = Scalar("Position", "[A-Z0-9./-]{1,24}", matching("[A-Z0-9./-]{1,24}"))
MOMENT = Scalar("Timestamp", "YYYY-MM-DDTHH:MM:SS.sssZ", is_timestamp)
KEY_ID = Scalar("KeyId", "43 characters of base64url", matching("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"))
KEY_BYTES = Scalar("Base64", "base64 of 32 bytes", base64_of(32))
SIGNATURE = Scalar("Base64", "base64 of 64 bytes", base64_of(64))
ORIGIN_TEXT = Scalar("String", "an origin", lambda v: matching(ORIGIN)(v) and len(v) <= 255)
VKEY_TEXT = Scalar("String", "a signed-note vkey", matching(r"[!-~]{1,400}"))
ACTION_NAME = Scalar("String", "the name of an action", matching("[a-z][A-Za-z0-9]{0,63}"))
YES = Scalar("Boolean", "true", lambda value: value is True)
SEALED = Struct("Sealed", (Member("sealed", KEY_BYTES),))

KINDS = (
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
PHASES = ("PREPARATION", "STARTUP", "TRANSITION", "EXPERIMENT", "WINDDOWN", "STOPPED")
LOSSES = (
    "MISSING",
    "STOLEN",
    "DAMAGED",
    "SPOILED",
    "QUALITY",
    "LIMITS",
    "DEAD",
    "TRIM",
    "USED",
    "OTHER",
)
REFUSED_FOR = (
    "DAMAGED",
    "UNSEALED",
    "MISLABELLED",
    "SPOILED",
    "QUALITY",
    "NOT_ORDERED",
    "UNSOLD",
    "LATE",
    "RECALL",
    "OTHER",
)
PARAMETERS = (
    "GROWERS_MAX",
    "INTAKE_PLANTS_MAX",
    "INTAKE_HOURS_MAX",
    "SAMPLES_PER_LOT",
    "PACKAGE_MAX",
    "TRANSPORT_HOURS_MAX",
    "SALE_MAX",
    "LEAD_MAX",
    "MERCURY_MAX",
    "CADMIUM_MAX",
    "ARSENIC_MAX",
    "AFLATOXINS_MAX",
    "AEROBIC_MAX",
    "YEASTS_MAX",
    "STAPHYLOCOCCUS_MAX",
)

VERDICT = OneOf(
    "Verdict",
    (
        Member("accepted", YES),
        Member("refused", Choice("RefusalReason", REFUSED_FOR)),
        Member("missing", YES),
    ),
)

# What an action class writes behind the colon. Values are the plain JSON that was signed.
Milligrams = Annotated[int, MASS]
MicrogramsPerKilogram = Annotated[int, CONCENTRATION]
CfuPerGram = Annotated[int, CFU]
Centimetres = Annotated[int, LENGTH]
Quantity = Annotated[int, AMOUNT]
Index = Annotated[int, NUMBER]
Slug = Annotated[str, SLUG]
Slugs = Annotated[list[str], ListOf(SLUG)]
ActionNames = Annotated[list[str], ListOf(ACTION_NAME)]
Name = Annotated[str, TRADE_NAME]
Position = Annotated[str, PLACE]
Timestamp = Annotated[str, MOMENT]
KeyId = Annotated[str, KEY_ID]
Key32 = Annotated[str, KEY_BYTES]
Signature64 = Annotated[str, SIGNATURE]
Manifest = Annotated[str, KEY_BYTES]
Vkey = Annotated[str, VKEY_TEXT]
Yes = Annotated[bool, YES]
Sealed = Annotated[dict[str, str], SEALED]
ParticipantKind = Annotated[str, Choice("ParticipantKind", KINDS)]
Product = Annotated[str, Choice("Product", ("HEMP", "HASHISH"))]
PhaseName = Annotated[str, Choice("Phase", PHASES)]
LossReason = Annotated[str, Choice("LossReason", LOSSES)]
RefusalReason = Annotated[str, Choice("RefusalReason", REFUSED_FOR)]
HoldReason = Annotated[str, Choice("HoldReason", ("RECALL", "QUALITY", "INVESTIGATION", "OTHER"))]
DestructionMethod = Annotated[str, Choice("DestructionMethod", ("BURNED", "COMPOSTED", "CHLORINATED", "OTHER"))]
ParameterName = Annotated[str, Choice("Parameter", PARAMETERS)]
Plant = Annotated[str, codes("P")]
Plants = Annotated[list[str], ListOf(codes("P"))]
Lot = Annotated[str, codes("B")]
Sample = Annotated[str, codes("M")]
Samples = Annotated[list[str], ListOf(codes("M"))]
Packages = Annotated[list[str], ListOf(codes("E"))]
Waste = Annotated[str, codes("W")]
Shipment = Annotated[str, codes("S")]
Losable = Annotated[list[str], ListOf(codes("PBME"))]
Destroyable = Annotated[list[str], ListOf(codes("EW"))]
AnyUnits = Annotated[list[str], ListOf(codes("PBMECWSZ"))]
ReceivedPackages = Annotated[
    list[dict[str, Any]],
    ListOf(Struct("ReceivedPackage", (Member("package", codes("E")), Member("verdict", VERDICT)))),
]
FoundingKeys = Annotated[
    list[dict[str, str]],
    ListOf(
        Struct("FoundingKey", (Member("key", KEY_BYTES), Member("possession", SIGNATURE))),
        ordered=False,
        least=2,
    ),
]
Continues = Annotated[
    dict[str, Any],
    Struct(
        "Continues",
        (Member("origin", ORIGIN_TEXT), Member("size", NUMBER), Member("root", KEY_BYTES)),
    ),
]
