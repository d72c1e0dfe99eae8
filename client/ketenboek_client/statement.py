"""From an action and its data to the canonical bytes that are signed (format sections 4 and 5).

What a caller may leave to this module: the order of sets, members that are None, and the
sealing of sealed fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from . import instants
from .canonical import Json, Object, b64, encode
from .errors import Malformed
from .sealed import Opening

STATEMENT_BYTES_MAX = 32_768
STATEMENT_DEPTH_MAX = 6
SUBMISSION_COUNT_MAX = 1_000
SUBMISSION_BYTES_MAX = 8_388_608
SALT_BYTES = 18

SEALED = frozenset({"address", "contact", "kvk", "note", "route"})
"""The fields of edition 1 that are sealed. A later one works too, given as an `Opening`."""

Data: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One action to record: `at` is an instant in milliseconds, `data` tidy but for its sealed fields."""

    action: str
    at: int | None
    data: dict[str, Any]

    @classmethod
    def of(cls, action: str, data: Data, at: str | None = None) -> Act:
        """The act of data as a caller has it: any order in sets, None for absent, `at` a timestamp."""
        instant = None if at is None else instants.millis(at)
        return cls(action, instant, {name: tidy(value) for name, value in data.items() if value is not None})

    def seal(self, random: Callable[[int], bytes]) -> tuple[Object, list[Opening]]:
        """The data as the statement holds it, and the openings that travel beside it."""
        sealed: Object = {}
        openings = []
        for name, value in self.data.items():
            if name in SEALED and not _is_hash(value) and not isinstance(value, Opening):
                value = Opening.of(value, random)  # noqa: PLW2901
            if isinstance(value, Opening):
                openings.append(value)
                value = {"sealed": value.sealed}  # noqa: PLW2901
            sealed[name] = value
        return sealed, openings


def tidy(value: Any) -> Any:
    """`value` as JSON would have it: sets sorted, None left out. All lists of edition 1 are sets.

    Codes and names sort by their bytes, objects by their first code (`receiveShipment`).
    """
    if isinstance(value, Mapping):
        return {name: tidy(member) for name, member in value.items() if member is not None}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return sorted((tidy(item) for item in value), key=_order)
    return value


def digest(acts: Iterable[Act]) -> str:
    """Tells whether a caller asks again for what is still unanswered: the acts, before salts are drawn."""
    asked: Json = [
        {"action": act.action, "at": -1 if act.at is None else act.at, "data": _plain(act.data)} for act in acts
    ]
    return sha256(encode(asked)).hexdigest()


def statement(ledger: str, key: str, sequence: int, salt: bytes, at: str, action: str, data: Object) -> bytes:
    """The canonical bytes of one statement. Raises Malformed if they break a limit of format section 2."""
    members: Object = {
        "action": action,
        "at": at,
        "data": data,
        "key": key,
        "ledger": ledger,
        "salt": b64(salt),
        "sequence": sequence,
        "v": 1,
    }
    data_bytes = encode(members)
    if len(data_bytes) > STATEMENT_BYTES_MAX:
        raise Malformed(f"{action}: a statement has at most {STATEMENT_BYTES_MAX} bytes; make it several")
    return data_bytes


def signed_text(
    *,
    origin: str,
    key: str,
    first: int,
    count: int,
    root: bytes,
    seen_size: int,
    seen_root: bytes,
    until: str,
) -> bytes:
    """The nine lines that a key signs for a submission of `count` statements from sequence `first`."""
    lines = (
        "ketenboek submission v1",
        origin,
        key,
        first,
        count,
        b64(root),
        seen_size,
        b64(seen_root),
        until,
    )
    return "".join(f"{line}\n" for line in lines).encode()


def names_entry(acts: Iterable[Act]) -> int:
    """The highest index of an entry that an act names, -1 for none: `seen` must lie above it."""
    named = (act.data.get("suspectedFrom") for act in acts)
    return max((index for index in named if isinstance(index, int)), default=-1)


def _order(item: Any) -> str:
    if isinstance(item, Mapping):
        return str(item.get("package", ""))
    return str(item)


def _is_hash(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"sealed"}


def _plain(data: Mapping[str, Any]) -> Object:
    return {name: {"opening": v.sealed} if isinstance(v, Opening) else v for name, v in data.items()}
