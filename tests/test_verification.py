"""The verification of a unit: everything holds in a true ledger, and what was changed is named by its check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ledger import checkpoint
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry
from ledger.history import history
from ledger.keys import SigningKey
from ledger.note import Vkey, vkey
from ledger.rows import Act, Hold, Unit
from ledger.store import Store
from ledger.verification import TITLES, Check, Verification, verify
from tests.book import Book, Chain, play
from tests.ledgers import ORIGIN, make_ledger
from tests.signer import seed


@pytest.fixture
def book(database: str) -> Iterator[Book]:
    with closing(Book(database)) as made:
        yield made


@pytest.fixture
def chain(book: Book) -> Chain:
    return play(book)


def verified(book: Book, code: str, **choices: Any) -> Verification:
    with book.store.snapshot():
        return verify(book.store, book.id(code), **choices)


def broken(found: Verification) -> dict[str, int | None]:
    return {check.code: check.entry for check in found.checks if check.outcome == "BROKEN"}


def changed(book: Book, table: str, text: str, *values: Any) -> None:
    """Change rows as no gateway can: past the triggers."""
    with book.store.transaction(), book.store.mutable(table):
        assert book.store.driver.run(text, values) > 0, text


def test_everything_holds_of_every_unit_of_a_true_ledger(book: Book, chain: Chain) -> None:
    units = [
        chain.mother, *chain.cuttings, chain.lot, *chain.samples, *chain.packages, chain.shipment, chain.waste,
    ]  # fmt: skip
    for code in units:
        found = verified(book, code)
        assert [check for check in found.checks if check.outcome != "HOLDS"] == [], code
        assert found.intact
    assert found.size == book.size
    assert [check.code for check in found.checks] == [
        "BYTES", "LINKS", "CHECKPOINT", "SIGNATURES", "KEYS", "ORIGIN", "MASS", "RESULTS", "LIMITS", "TRANSPORT",
        "CUSTODY", "HOLDS",
    ]  # fmt: skip
    assert found.checks[0] == Check("BYTES", TITLES["BYTES"], "HOLDS")
    with pytest.raises(LookupError):
        verify(book.store, book.id(chain.lot) + 1)


def test_everything_holds_of_every_unit_of_a_ledger_with_every_action(database: str) -> None:
    make_ledger(database, chains=1)
    with closing(Store.open(database)) as store:
        units = [unit for chunk in store.scan(Unit) for unit in chunk]
        assert {unit.letter for unit in units} == set("PBMEWS")
        for unit in units:
            assert [check for check in verify(store, unit.id).checks if check.outcome != "HOLDS"] == [], unit


CHANGES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # name: table, statement, whose unit is verified, the entries at which checks are broken
    "a flow weighs more": (
        "flow", "UPDATE flow SET mass = mass + 1 WHERE target = :package", "package", {"MASS": "packed"},
    ),
    "a loss is gone": ("flow", "DELETE FROM flow WHERE source = :lot AND kind = 'LOSS'", "package", {"MASS": "dried"}),
    "a loss is made up": (
        "flow", "INSERT INTO flow VALUES (:sold, 99, :package, NULL, 5, NULL, 'LOSS')", "package", {"MASS": "sold"},
    ),
    "a plant is not of the harvest": (
        "flow", "DELETE FROM flow WHERE source = :plant", "package", {"MASS": "harvested"},
    ),
    "a lot holds more": (
        "version", "UPDATE version SET mass = mass + 9 WHERE unit = :lot AND since = :packed", "package",
        {"MASS": "packed"},
    ),
    "a lot has no result": (
        "version", "UPDATE version SET result = NULL WHERE unit = :lot AND since = :tested", "package",
        {"RESULTS": "tested"},
    ),
    "a limit of results was lower": (
        "parameter", "UPDATE parameter SET value = 50 WHERE name = 'LEAD_MAX'", "package", {"RESULTS": "tested"},
    ),
    "a package may weigh less": (
        "parameter", "UPDATE parameter SET value = 999 WHERE name = 'PACKAGE_MAX'", "package", {"LIMITS": "packed"},
    ),
    "a transport may take no time": (
        "parameter", "UPDATE parameter SET value = 0 WHERE name = 'TRANSPORT_HOURS_MAX'", "package",
        {"TRANSPORT": "taken"},
    ),
    "a shipment departed later": (
        "version", "UPDATE version SET departed = departed + 1 WHERE unit = :shipment AND since = :departed", "package",
        {"TRANSPORT": "departed"},
    ),
    "another one held it": (
        "version", "UPDATE version SET holder = 'grower-2' WHERE unit = :package AND since = :taken", "package",
        {"CUSTODY": "taken"},
    ),
    "a state is left out": (
        "version", "DELETE FROM version WHERE unit = :package AND since = :taken", "package", {"CUSTODY": "taken"},
    ),
    "a state lasts longer": (
        "version", "UPDATE version SET until = until + 1 WHERE unit = :package AND until = :sold", "package",
        {"CUSTODY": "sold"},
    ),
    "the phase was another": (
        "phase", "UPDATE phase SET phase = 'STOPPED'", "package", {"CUSTODY": "ready"},
    ),
    "a hold is made up": (
        "hold", "INSERT INTO hold VALUES (:lot, 'nvwa', :tested, NULL, 0, 'OTHER')", "package", {"HOLDS": "tested"},
    ),
    "a hold has another reason": (
        "hold", "UPDATE hold SET reason = 'OTHER' WHERE unit = :lot", "lot", {"HOLDS": "held"},
    ),
    "a plant has another variety": (
        "unit", "UPDATE unit SET variety = 'kush' WHERE id = :mother", "package", {"ORIGIN": "intake"},
    ),
    "the site was not designated": (
        "site", "UPDATE site SET designated = FALSE", "package", {"ORIGIN": "intake"},
    ),
    "the grower is a laboratory": (
        "participant", "UPDATE participant SET kind = 'LABORATORY' WHERE participant = 'grower-1'", "waste",
        {"ORIGIN": "intake", "KEYS": "cut"},
    ),
    "a key comes from another entry": (
        "key", "UPDATE key SET registered = registered + 2 WHERE participant = 'shop-1'", "package", {"KEYS": "taken"},
    ),
}  # fmt: skip

ACTIONS = {
    "intake": "intakePlants", "cut": "takeCuttings", "harvested": "harvestPlants", "dried": "dryLot",
    "tested": "recordResult", "packed": "packLot", "ready": "readyShipment", "departed": "departShipment",
    "taken": "receiveShipment", "held": "holdUnits", "sold": "sellPackages",
}  # fmt: skip


def entries(book: Book) -> dict[str, int]:
    """The first entry of each action, by a word."""
    acts = [book.store.load(Act, "entity", (index,))[0] for index in range(book.size)]
    return {word: next(act.entry for act in acts if act.action == action) for word, action in ACTIONS.items()}


def test_a_changed_row_breaks_the_check_that_it_belongs_to(book: Book, chain: Chain) -> None:
    codes = {
        "package": chain.packages[0], "lot": chain.lot, "plant": chain.cuttings[0], "mother": chain.mother,
        "shipment": chain.shipment, "waste": chain.waste,
    }  # fmt: skip
    marks = entries(book)
    numbers = marks | {name: book.id(code) for name, code in codes.items()}
    store = book.store
    for change, (table, text, unit, expected) in CHANGES.items():
        store.begin()
        with store.mutable(table):
            assert store.driver.run(re.sub(r":([a-z]+)", lambda name: str(numbers[name[1]]), text)) > 0, change
        found = verify(store, numbers[unit])
        store.rollback()
        assert broken(found) == {code: marks[word] for code, word in expected.items()}, change
        assert not found.intact
    assert verify(store, numbers["package"]).intact


def test_every_check_of_rules_was_broken_by_one_of_these() -> None:
    told = {code for _, _, _, expected in CHANGES.values() for code in expected}
    assert told == set(TITLES) - {"BYTES", "LINKS", "CHECKPOINT", "SIGNATURES"}


def rewritten(book: Book, index: int, old: bytes, new: bytes) -> None:
    data = book.store.entry_bytes(index)
    assert data is not None
    assert data.count(old) == 1
    changed(book, "entry", 'UPDATE entry SET bytes = ? WHERE "index" = ?', data.replace(old, new), index)


def test_changed_bytes_break_links_and_the_checkpoint(book: Book, chain: Chain) -> None:
    packed = chain.entries["packed"]
    data = book.store.entry_bytes(packed)
    assert data is not None
    envelope = Entry.decode(data).envelope
    rewritten(book, packed, envelope.until.encode(), envelope.until.replace("2025", "2026").encode())
    assert broken(verified(book, chain.packages[0])) == dict.fromkeys(["LINKS", "CHECKPOINT", "SIGNATURES"], packed)


def test_another_statement_is_no_longer_the_one_that_was_signed(book: Book, chain: Chain) -> None:
    packed = chain.entries["packed"]
    rewritten(book, packed, b'"mass":1000,', b'"mass":1001,')
    found = broken(verified(book, chain.packages[0]))
    assert found == dict.fromkeys(["LINKS", "CHECKPOINT", "SIGNATURES", "MASS"], packed)


def test_bytes_that_are_no_entry_leave_the_rules_undecided(book: Book, chain: Chain) -> None:
    packed = chain.entries["packed"]
    rewritten(book, packed, b'"mass":1000,', b'"mass":1e3,')
    found = verified(book, chain.packages[0])
    assert broken(found) == dict.fromkeys(["BYTES", "LINKS", "CHECKPOINT"], packed)
    assert {(check.outcome, check.entry) for check in found.checks[3:]} == {("UNDECIDED", packed)}


def test_a_missing_entry_is_named(book: Book, chain: Chain) -> None:
    taken = chain.entries["taken"]
    changed(book, "entry", 'DELETE FROM entry WHERE "index" = ?', taken)
    found = verified(book, chain.packages[0])
    assert broken(found)["BYTES"] == taken
    assert found.checks[-1].outcome == "UNDECIDED"


def test_a_stored_hash_is_that_of_the_bytes(book: Book, chain: Chain) -> None:
    packed = chain.entries["packed"]
    changed(book, "entry", 'UPDATE entry SET hash = ? WHERE "index" = ?', bytes(32), packed)
    found = broken(verified(book, chain.packages[0]))
    assert found["LINKS"] == packed
    assert set(found) == {"LINKS", "CHECKPOINT"}


def test_the_newest_checkpoint_is_the_ledgers_own(book: Book, chain: Chain) -> None:
    head = book.store.head()
    assert head is not None
    own, other = SigningKey(seed("gateway")), SigningKey(seed("founder"))
    signed = checkpoint.open(head.note, Vkey.parse(vkey(ORIGIN, own.public)))
    other_key = checkpoint.sign(signed, other)
    other_root = checkpoint.sign(Checkpoint(ORIGIN, head.size, bytes(32)), own)
    other_size = checkpoint.sign(Checkpoint(ORIGIN, head.size - 1, signed.root), own)
    first = history(book.store, book.id(chain.mother), first=1).indexes[0]
    for note, entry in ((other_key, None), (other_size, None), (other_root, first)):
        changed(book, "head", "UPDATE head SET note = ?", note)
        assert broken(verified(book, chain.mother)) == {"CHECKPOINT": entry}


def test_an_act_under_a_hold_that_a_gateway_let_through_is_found(book: Book, chain: Chain) -> None:
    [package] = chain.packages[4:5]
    held = book.does("nvwa", "holdUnits", units=[chain.lot], reason="RECALL")
    [hold] = book.store.load(Hold, "unit", (book.id(chain.lot),))
    changed(book, "hold", "DELETE FROM hold WHERE since = ?", held)
    sold = book.does("shop-1", "sellPackages", packages=[package])
    with book.store.transaction():
        book.store.write([hold], {}, [])
    found = verified(book, package)
    assert broken(found) == {"HOLDS": sold}
    assert found.checks[-1].detail == f"ON_HOLD data.packages.0 {package}"


def test_an_act_with_a_key_that_was_revoked_is_found(book: Book, chain: Chain) -> None:
    [package] = chain.packages[4:5]
    before = book.does("ministry", "revokeKey", key=book.key("shop-1").id)
    changed(book, "key", "DELETE FROM key WHERE since = ?", before)
    changed(book, "key", "UPDATE key SET until = NULL WHERE until = ?", before)
    book.forget()
    sold = book.does("shop-1", "sellPackages", packages=[package])
    assert verified(book, package).intact  # no row tells of it any more: that is for the audit
    changed(book, "key", "UPDATE key SET revoked = ? WHERE participant = 'shop-1'", before)
    assert broken(verified(book, package)) == {"KEYS": sold}


def test_what_is_too_long_to_be_read_is_undecided(book: Book, chain: Chain) -> None:
    found = verified(book, chain.packages[0], entries_max=3)
    assert not found.intact
    assert {check.outcome for check in found.checks} == {"UNDECIDED"}
    # Read were the intake, the cuttings and their moving.
    assert {check.entry for check in found.checks} == {entries(book)["harvested"]}
    assert verified(book, chain.mother, entries_max=2).intact
