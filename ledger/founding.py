"""Founding a ledger: entry 0 into an empty, migrated database, and its anchor.

The one action that no gateway records; it goes through `accept()` and the same group as all others.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from ledger import canonical, instant, keys, note
from ledger.anchor import Anchor, check_origin
from ledger.editions import EDITIONS
from ledger.group import Group, Rows
from ledger.keys import SigningKey
from ledger.merkle import EMPTY_ROOT
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree

MINUTES_15 = 900_000


class AlreadyFounded(Exception):
    """The database holds a ledger already."""


def founding(
    *,
    origin: str,
    name: str,
    authority: str,
    founder: SigningKey,
    offline: SigningKey,
    checkpoint_key: SigningKey,
    sandbox: bool,
    at: int,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Submission:
    """The submission that founds a ledger; `at` in milliseconds. Raises Malformed for a bad origin."""
    check_origin(origin)
    first = []
    for key in (founder, offline):
        possession = key.sign(keys.possession_text(origin, authority, key.id))
        first.append({"key": canonical.b64(key.public), "possession": canonical.b64(possession)})
    data = {
        "name": name,
        "authority": authority,
        "keys": first,
        "checkpointKey": note.vkey(origin, checkpoint_key.public),
        "edition": 1,
    }
    if sandbox:
        data["sandbox"] = True
    statement = {
        "v": 1,
        "ledger": origin,
        "key": founder.id,
        "sequence": 1,
        "salt": canonical.b64(random(18)),
        "at": instant.text(at),
        "action": "foundLedger",
        "data": data,
    }
    raws = (canonical.encode(statement),)
    submission = Submission(origin, founder.id, 1, raws, 0, EMPTY_ROOT, instant.text(at + MINUTES_15), b"")
    submission.signature = founder.sign(submission.text)
    return submission


def found(
    url: str,
    *,
    origin: str,
    name: str,
    authority: str,
    founder: SigningKey,
    offline: SigningKey,
    checkpoint_key: SigningKey,
    sandbox: bool = False,
    at: int,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Anchor:
    """Found a ledger in the database at `url` and keep its first checkpoint.

    Raises AlreadyFounded, Refused (a key is unfit, a name has not its form), and what the drivers raise.
    """
    submission = founding(
        origin=origin,
        name=name,
        authority=authority,
        founder=founder,
        offline=offline,
        checkpoint_key=checkpoint_key,
        sandbox=sandbox,
        at=at,
        random=random,
    )
    store = Store.open(url)
    try:
        with store.transaction():
            if store.head(lock=True) is not None or next(store.entries(), None) is not None:
                raise AlreadyFounded("the database holds a ledger already: found into an empty one")
            published = first_group(store, submission, at).write(origin, checkpoint_key)
            store.put_checkpoint(published.size, published.note)
    finally:
        store.close()
    return Anchor(origin, published.hash)


def first_group(store: Store, submission: Submission, at: int) -> Group:
    """The group that holds entry 0 alone, ready to be written."""
    rows = Rows()
    rows.begin(store)
    group = Group(store, rows, Tree(store.tile), None, EDITIONS)
    group.add(submission, at)
    return group
