"""Which keys count from when until when, as the entries themselves say: a scan of the few that register or revoke.

No table is believed. What a registration must prove (the key is fit, nobody had it before, its holder has
it) is checked here again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger import canonical, instant, keys
from ledger.audit.faults import Faults
from ledger.entry import Entry, decode_statement
from ledger.errors import Malformed
from ledger.note import Vkey

DEPTH = "signatures"


@dataclass(slots=True)
class KnownKey:
    """A registered key; `registered` and `revoked` are rows of entries, `not_after` milliseconds."""

    public: bytes
    registered: int
    not_after: int | None = None
    revoked: int | None = None


@dataclass(slots=True)
class Registry:
    """What entry 0 and the registry entries say."""

    origin: str | None = None
    vkey: Vkey | None = None
    authority: str = ""
    sandbox: bool = False
    keys: dict[str, KnownKey] = field(default_factory=dict)
    possessions: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    """What is to be proven of each key: row, participant, key id, key, signature."""


def read(entries: Iterable[tuple[int, bytes]]) -> Registry:
    """The registry in these entries, by row; what is not well-formed registers nothing."""
    registry = Registry()
    for row, data in entries:
        try:
            statement = decode_statement(Entry.frame(data).statement)
            assert isinstance(statement, dict)
            _enter(registry, row, statement)
        except (Malformed, KeyError, TypeError, AssertionError):
            continue  # the depths that read every entry say what is wrong with it
    return registry


def _enter(registry: Registry, row: int, statement: dict[str, Any]) -> None:
    action, data = statement["action"], statement["data"]
    if action == "foundLedger" and row == 0:
        registry.origin, registry.authority = statement["ledger"], data["authority"]
        registry.sandbox = data.get("sandbox") is True
        for item in data["keys"]:
            _register(registry, row, registry.authority, item, None)
        registry.vkey = Vkey.parse(data["checkpointKey"])
    elif action == "registerKey":
        not_after = data.get("notAfter")
        _register(registry, row, data["participant"], data, None if not_after is None else instant.millis(not_after))
    elif action == "revokeKey":
        key = registry.keys.get(data["key"])
        if key is not None and key.revoked is None:
            key.revoked = row


def _register(registry: Registry, row: int, participant: str, item: dict[str, Any], not_after: int | None) -> None:
    public = canonical.unb64(item["key"], keys.PUBLIC_BYTES)
    key_id = keys.thumbprint(public)
    registry.possessions.append((row, participant, key_id, item["key"], item["possession"]))
    registry.keys.setdefault(key_id, KnownKey(public, row, not_after))


def check(registry: Registry, faults: Faults) -> None:
    """KEY_UNFIT for every registration that should not have been (ledger format §3, rules 1 and 2)."""
    seen: set[str] = set()
    for row, participant, key_id, key, possession in registry.possessions:
        public = canonical.unb64(key)
        reason = keys.unfit(public)
        if key_id in seen:
            reason = "The key was registered before."
        elif registry.vkey is not None and public == registry.vkey.public:
            reason = "The key is the checkpoint key."
        seen.add(key_id)
        if reason is None:
            try:
                text = keys.possession_text(registry.origin or "", participant, key_id)
                keys.verify(public, text, canonical.unb64(possession, keys.SIGNATURE_BYTES))
            except (Malformed, TypeError):
                reason = "That its holder has the key is not proven."
        if reason is not None:
            faults.add("KEY_UNFIT", row, DEPTH, reason, found=key_id)
