"""Who asks over plain HTTP: the bearer token's key, or, on a sandbox ledger, a newcomer who looks around."""

from __future__ import annotations

from api import tokens
from api.gateway import Gateway
from ledger.entry import recorded_of
from ledger.group import stored_bytes
from ledger.rows import Participant
from ledger.state import ENTITY
from ledger.store import Store
from schema.access import SEES_EVERYTHING
from schema.context import VISITOR, Caller


def authenticated(gateway: Gateway, authorization: str | None) -> Caller | None:
    """The caller behind an `Authorization` header; without one None, or an inspector's eyes on a sandbox.

    Raises Unauthenticated for a token that does not count.
    """
    if authorization is None:
        return VISITOR if gateway.sandbox else None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise tokens.Unauthenticated("The `Authorization` header is `Bearer <token>`.")
    with gateway.readers.read() as store:
        moment = gateway.clock()
        key = tokens.caller(token.strip(), gateway.origin, store, moment, _recorded(gateway, store, moment))
        [participant] = store.load(Participant, ENTITY, (key.participant,))
    return Caller(participant.kind, participant.participant, key.id)


def _recorded(gateway: Gateway, store: Store, moment: int) -> int:
    """The ledger's time; a sandbox has none but that of its newest entry."""
    head = store.head() if gateway.sandbox else None
    return moment if head is None else recorded_of(stored_bytes(store, head.size - 1))


def reads_all(caller: Caller | None) -> bool:
    """Whether somebody may read every entry whole."""
    return caller is not None and caller.kind in SEES_EVERYTHING
