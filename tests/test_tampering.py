"""Whatever is changed in a ledger is found, and the right entry named (ledger format §12, interface §5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger import audit, canonical, instant
from tests.campaign.tampering import ATTACKS, Change, side_by_side
from tests.finding import check, first, key, of_action
from tests.forging import HOUR, Forger, edited, statement_of, tampered
from tests.ledgers import Made, make_ledger

RANDOM = 200
CAMPAIGN = 10_000
"""Random changes on each engine, in `make test` and in `make campaign`."""
ORDER = 2**252 + 27742317777372353535851937790883648493


def play(new_database: Callable[..., str], engine: str, count: int) -> list[Change]:
    urls = [new_database(engine), new_database(engine)]
    made = [make_ledger(url, chains=5) for url in urls]
    assert made[0].size > 256
    assert made[0].anchor == made[1].anchor
    played = side_by_side(urls, made[0].anchor, range(count))
    assert audit.audit(urls[0], anchor=made[0].anchor).verdict == "intact", "the ledger is left as it was"
    return played


def test_random_changes_are_found(new_database: Callable[..., str], engine: str) -> None:
    """What the audit must say of each stands in `tests.campaign.tampering`, which raises where it does not."""
    played = play(new_database, engine, RANDOM)
    assert len(played) == RANDOM
    assert {change.found for change in played} == {True, False}
    assert {change.kind for change in played} == {kind.__name__ for kind in ATTACKS}


@pytest.mark.campaign
def test_ten_thousand_random_changes_are_found(new_database: Callable[..., str], engine: str) -> None:
    assert len(play(new_database, engine, CAMPAIGN)) == CAMPAIGN


# One ledger, copied for each test


# Who can only write in the database


def test_one_gram_changed_in_an_entry(url: str, made: Made, forger: Forger) -> None:
    at = of_action(forger, "packLot", 1)
    data = forger.entries[at].encode().replace(b'"mass":1004', b'"mass":1005')
    with tampered(url, "entry") as driver:
        driver.run('UPDATE "entry" SET "bytes" = ? WHERE "index" = ?', (data, at))
    report = audit.audit(url, anchor=made.anchor)
    assert [(f.code, f.index) for f in report.faults if f.depth == "chain"] == [("CHAIN_PREVIOUS", at)]
    assert first(report).index == at


def test_an_entry_removed(url: str, made: Made) -> None:
    with tampered(url, "entry") as driver:
        driver.run('DELETE FROM "entry" WHERE "index" = 70')
    report = audit.audit(url, anchor=made.anchor, checkpoints=[("kept", made.notes[-1][1])])
    assert [(f.code, f.index) for f in report.faults if f.depth == "chain"] == [("CHAIN_INDEX", 70)]
    assert {depth.verdict for depth in report.depths.values()} >= {"faulty", "undecided"}
    assert [judged.verdict for judged in report.checkpoints if judged.source == "kept"] == ["faulty"]


def test_a_stored_hash_changed(url: str, made: Made) -> None:
    with tampered(url, "entry") as driver:
        driver.run('UPDATE "entry" SET "hash" = ? WHERE "index" = 70', (bytes(32),))
    report = audit.audit(url, anchor=made.anchor)
    assert [(f.code, f.index) for f in report.faults] == [("TREE_ROOT", 70)]


def test_a_mass_changed_in_the_state(url: str, made: Made) -> None:
    with tampered(url, "version") as driver:
        [(unit, since)] = driver.all('SELECT "unit", "since" FROM "version" WHERE "status" = \'SOLD\' LIMIT 1')
        driver.run('UPDATE "version" SET "mass" = 7 WHERE "unit" = ? AND "since" = ?', (unit, since))
    report = audit.audit(url, anchor=made.anchor)
    assert [(f.code, f.index, f.found) for f in report.faults] == [("PROJECTION_DIFFERS", since, "mass 7")]


def test_an_opening_destroyed(url: str, made: Made, forger: Forger) -> None:
    at = of_action(forger, "registerParticipant", 4)
    sealed = statement_of(forger.entries[at])["data"]["kvk"]["sealed"]
    with tampered(url, "opening") as driver:
        driver.run('DELETE FROM "opening" WHERE "hash" = ?', (canonical.unb64(sealed),))
    report = audit.audit(url, anchor=made.anchor)
    assert [(f.code, f.index) for f in report.faults] == [("OPENING_DIFFERS", at)]


# The operator rewrites history and signs it with the gateway's key


def test_an_edited_statement_is_not_signed(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "packLot", 2)
    forger.entries[at] = edited(forger.entries[at], lambda s: s["data"].update(mass=s["data"]["mass"] + 1_000))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_only_the_edited_statement_of_a_submission_is_named(forger: Forger, url: str, made: Made, place: str) -> None:
    start = of_action(forger, "movePlants")
    count = forger.entries[start].envelope.count
    at = start + {"first": 0, "middle": 2, "last": count - 1}[place]
    forger.entries[at] = edited(forger.entries[at], lambda s: s["data"].update(position="Z/9"))
    forger.write()
    report = audit.audit(url, anchor=made.anchor)
    assert [f.index for f in report.faults if f.code == "SIGNATURE_INVALID"] == [at]
    assert first(report).index == at


def test_a_registry_entry_altered(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "registerKey", 3)
    forger.entries[at] = edited(forger.entries[at], lambda s: s["data"].update(participant="shop-9"))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


def test_an_edited_header_is_named(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "movePlants") + 1
    entry = forger.entries[at]
    until = instant.text(instant.millis(entry.envelope.until) + HOUR)
    forger.entries[at] = replace(entry, envelope=replace(entry.envelope, until=until))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


def test_a_signature_swapped(forger: Forger, url: str, made: Made) -> None:
    one, other = of_action(forger, "sellPackages"), of_action(forger, "sellPackages", 1)
    entry, its = forger.entries[one], forger.entries[other].envelope.signature
    forger.entries[one] = replace(entry, envelope=replace(entry.envelope, signature=its))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", one)


def test_a_signature_malleated(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "sellPackages")
    entry = forger.entries[at]
    half = int.from_bytes(entry.envelope.signature[32:], "little") + ORDER
    signature = entry.envelope.signature[:32] + half.to_bytes(32, "little")
    forger.entries[at] = replace(entry, envelope=replace(entry.envelope, signature=signature))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


def test_a_wrong_path(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "movePlants") + 1
    entry = forger.entries[at]
    forger.entries[at] = replace(entry, path=(bytes(32), *entry.path[1:]))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


def test_a_path_with_a_hash_too_many(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "takeCuttings")
    forger.entries[at] = replace(forger.entries[at], path=(bytes(32),))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SIGNATURE_INVALID", at)


def test_a_torn_submission(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "movePlants") + 1
    del forger.entries[at]
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SEQUENCE_GAP", at)


def test_a_submission_without_its_beginning(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "movePlants")
    del forger.entries[at]
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SEQUENCE_GAP", at)


def test_a_submission_left_out(forger: Forger, url: str, made: Made) -> None:
    """Later ones saw it, or follow its number; whoever comes first says so."""
    at = of_action(forger, "holdUnits")
    del forger.entries[at]
    forger.write()
    report = audit.audit(url, anchor=made.anchor)
    assert first(report).index is not None
    assert first(report).index >= at  # type: ignore[operator]
    assert {"SEEN_CONTRADICTED", "SEQUENCE_GAP"} <= {fault.code for fault in report.faults}


def test_a_statement_replayed(forger: Forger, url: str, made: Made) -> None:
    at = len(forger.entries)
    again = forger.entries[of_action(forger, "sellPackages")]
    forger.entries.append(replace(again, recorded=forger.entries[-1].recorded))
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SEQUENCE_REPEATED", at)


def test_a_statement_moved_here_from_another_ledger(forger: Forger, url: str, made: Made) -> None:
    carrier = key("carrier-1")
    forged = forger.made(carrier, 1, ("revokeKey", {"key": carrier.id}), at=forger.now, origin="test.example/other")
    at = len(forger.entries)
    forger.entries += forged
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("ORIGIN_OTHER", at)


def test_an_unknown_key(forger: Forger, url: str, made: Made) -> None:
    at = len(forger.entries)
    forger.entries += forger.made(key("nobody"), 1, ("revokeKey", {"key": key("nobody").id}), at=forger.now)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("KEY_UNKNOWN", at)


def test_a_key_before_it_is_registered(forger: Forger, url: str, made: Made) -> None:
    shop = key("shop-1")
    at = 3
    forged = forger.made(shop, 1, ("revokeKey", {"key": shop.id}), at=instant.millis(forger.entries[2].recorded))
    forger.entries[at:at] = forged
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("KEY_NOT_YET", at)


def test_a_revoked_key(forger: Forger, url: str, made: Made) -> None:
    revoked = statement_of(forger.entries[of_action(forger, "revokeKey")])["data"]["key"]
    device = next(k for name, k in made.keys.items() if k.id == revoked)
    at = len(forger.entries)
    dry = {"lot": "B" + "0" * 21, "mass": 1, "moisture": 1, "position": "A"}
    forger.entries += forger.made(device, forger.next_of(device), ("dryLot", dry), at=forger.now)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("KEY_REVOKED", at)
