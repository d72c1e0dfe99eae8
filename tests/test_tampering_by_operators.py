"""Whatever an operator records against the rules, or signs anew, is found (ledger format §12)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import migrations
from ledger import audit, canonical, checkpoint, instant, keys
from ledger.editions import EDITIONS
from ledger.entry import Entry
from ledger.errors import FAULTS
from tests.finding import GATEWAY, check, first, key, of_action
from tests.forging import HOUR, Forger, edited, statement_of, tampered
from tests.ledgers import ORIGIN, Made, make_ledger

RANDOM = 200
CAMPAIGN = 10_000
"""Random changes on each engine, in `make test` and in `make campaign`."""
ORDER = 2**252 + 27742317777372353535851937790883648493


def registration(name: str, **more: Any) -> dict[str, Any]:
    new = key(name)
    possession = new.sign(keys.possession_text(ORIGIN, "nvwa", new.id))
    data = {"participant": "nvwa", "key": canonical.b64(new.public), "possession": canonical.b64(possession)}
    return {**data, **more}


def test_a_lapsed_key(forger: Forger, url: str, made: Made) -> None:
    nvwa, lapsed = key("nvwa"), key("lapsed")
    data = registration("lapsed", notAfter=instant.text(forger.now), scope=["holdUnits"])
    forger.entries += forger.made(nvwa, forger.next_of(nvwa), ("registerKey", data), at=forger.now, seen=9)
    held = {"units": ["B" + "0" * 21], "reason": "OTHER"}
    forger.entries += forger.made(lapsed, 1, ("holdUnits", held), at=forger.now + 1)
    forger.write()
    report = audit.audit(url, anchor=made.anchor, depths=["signatures"])
    assert ("KEY_REVOKED", len(forger.entries) - 1) in {(fault.code, fault.index) for fault in report.faults}


@pytest.mark.parametrize("unfit", ["small order", "twice", "not possessed", "checkpoint key"])
def test_an_unfit_key_registered(forger: Forger, url: str, made: Made, unfit: str) -> None:
    data = {
        "small order": registration("new", key=canonical.b64(bytes([1]) + bytes(31))),
        "twice": registration("nvwa"),
        "not possessed": registration("new", possession=canonical.b64(bytes(64))),
        "checkpoint key": registration("gateway"),
    }[unfit]
    nvwa, at = key("nvwa"), len(forger.entries)
    seen = max(e.envelope.seen_size for e in forger.entries)
    forger.entries += forger.made(nvwa, forger.next_of(nvwa), ("registerKey", data), at=forger.now, seen=seen)
    forger.write()
    report = audit.audit(url, anchor=made.anchor)
    assert (first(report).code, first(report).index) == ("KEY_UNFIT", at)
    assert ("RULE_BROKEN", at, "KEY_UNFIT") in {(f.code, f.index, f.rule) for f in report.faults}


@pytest.mark.parametrize("late", [-1, 8 * 24 * HOUR])
def test_recorded_outside_its_time(forger: Forger, url: str, made: Made, late: int) -> None:
    nvwa, at = key("nvwa"), len(forger.entries)
    seen = max(e.envelope.seen_size for e in forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    now = forger.now
    forger.entries += forger.made(nvwa, forger.next_of(nvwa), act, at=now, seen=seen, until=now + late)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("EXPIRED", at)


def test_a_signer_who_saw_another_history(forger: Forger, url: str, made: Made) -> None:
    nvwa, at = key("nvwa"), len(forger.entries)
    seen = max(e.envelope.seen_size for e in forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    forged = forger.made(nvwa, forger.next_of(nvwa), act, at=forger.now, seen=seen)
    was, forger.entries[5] = forger.entries[5], edited(forger.entries[5], lambda s: s.update(salt="A" * 24))
    forged = forger.made(nvwa, forger.next_of(nvwa), act, at=forger.now, seen=seen)
    forger.entries[5] = was
    forger.entries += forged
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SEEN_CONTRADICTED", at)


def test_a_signer_who_saw_less_than_before(forger: Forger, url: str, made: Made) -> None:
    nvwa, at = key("nvwa"), len(forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    forger.entries += forger.made(nvwa, forger.next_of(nvwa), act, at=forger.now, seen=2)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("SEEN_CONTRADICTED", at)


def test_time_runs_backwards(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "sellPackages", 2)
    before = instant.text(instant.millis(forger.entries[at - 1].recorded) - 1)
    forger.entries[at] = replace(forger.entries[at], recorded=before)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("CHAIN_TIME", at)


def test_a_time_that_a_sandbox_cannot_have(forger: Forger, url: str, made: Made) -> None:
    at = of_action(forger, "sellPackages", 2)
    later = instant.text(instant.millis(forger.entries[at].recorded) + 1)
    forger.entries[at] = replace(forger.entries[at], recorded=later)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("CHAIN_TIME", at)


def test_bytes_that_are_not_canonical(forger: Forger, url: str, made: Made) -> None:
    nvwa, at = key("nvwa"), len(forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    forged = forger.made(nvwa, forger.next_of(nvwa), act, at=forger.now, spell=lambda s: json.dumps(s).encode())
    forger.entries += forged
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("ENTRY_BYTES", at)


def test_a_rule_broken_by_a_true_signature(forger: Forger, url: str, made: Made) -> None:
    till, at = key("shop-1-till"), len(forger.entries)
    sold = statement_of(forger.entries[of_action(forger, "sellPackages")])["data"]["packages"]
    seen = max(e.envelope.seen_size for e in forger.entries)
    forger.entries += forger.made(
        till, forger.next_of(till), ("sellPackages", {"packages": sold}), at=forger.now, seen=seen
    )
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index, fault.depth) == ("RULE_BROKEN", at, "custody")
    assert (fault.rule, fault.unit) == ("NOT_HOLDER", sold[0])


def test_what_follows_from_a_broken_rule_is_not_called_broken_again(forger: Forger, url: str, made: Made) -> None:
    """A lot made of plants of another grower, dried and sampled: one fault, and what comes after is judged."""
    grower, at = key("grower-1"), len(forger.entries)
    intakes = [s for e in forger.entries if (s := statement_of(e))["action"] == "intakePlants"]
    [plants] = [s["data"]["plants"] for s in intakes if s["key"] == key("grower-2").id][-1:]
    lot = "B" + "0" * 21
    seen = max(e.envelope.seen_size for e in forger.entries)
    for number, act in enumerate((
        ("harvestPlants", {"plants": plants, "lot": lot, "mass": 9, "position": "A"}),
        ("dryLot", {"lot": lot, "mass": 8, "moisture": 1, "position": "A"}),
        ("recordLoss", {"units": [lot], "reason": "TRIM", "mass": 1}),
    )):  # fmt: skip
        forger.entries += forger.made(grower, forger.next_of(grower), act, at=forger.now + number, seen=seen)
    forger.write()
    report = audit.audit(url, anchor=made.anchor)
    broken = [fault for fault in report.faults if fault.depth == "custody"]
    assert [(fault.code, fault.index, fault.rule) for fault in broken] == [("RULE_BROKEN", at, "NOT_HOLDER")]


def test_an_act_dated_in_the_future(forger: Forger, url: str, made: Made) -> None:
    """A sandbox has no wall clock: its time follows the acts, so that only `recorded` can be wrong."""
    nvwa, at = key("nvwa"), len(forger.entries)
    seen = max(e.envelope.seen_size for e in forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    now = forger.now
    forger.entries += forger.made(nvwa, forger.next_of(nvwa), act, at=now + HOUR, seen=seen, recorded=now)
    forger.write()
    fault = check(url, made)
    assert (fault.code, fault.index) == ("CHAIN_TIME", at)


# Evidence from outside


def test_another_genesis_under_the_same_name(url: str, made: Made, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    migrations.upgrade(f"sqlite:///{path}")
    other = make_ledger(f"sqlite:///{path}", 2, chains=0, adopt=False)
    assert other.anchor.origin == made.anchor.origin
    report = audit.audit(url, anchor=other.anchor)
    assert (first(report).code, first(report).index) == ("GENESIS_OTHER", 0)
    assert not report.anchored


def test_a_history_replaced_and_signed_by_the_gateway(forger: Forger, url: str, made: Made) -> None:
    """All that the last signer did vanishes: only who kept a checkpoint knows."""
    size, note = made.notes[-1]
    cut = of_action(forger, "recordLoss", -1)
    forger.entries = forger.entries[:cut]
    nvwa = key("nvwa")
    seen = max(e.envelope.seen_size for e in forger.entries)
    act = ("registerKey", registration("new", scope=["holdUnits"]))
    while len(forger.entries) < size:
        forger.entries += forger.made(nvwa, forger.next_of(nvwa), act, at=forger.now, seen=seen)
        act = ("registerKey", registration(f"new {len(forger.entries)}", scope=["holdUnits"]))
    forger.write()
    audit.rebuild(url)
    assert audit.audit(url, anchor=made.anchor).verdict == "intact"
    report = audit.audit(url, anchor=made.anchor, checkpoints=[("kept", note)])
    fault = first(report)
    assert fault.code == "CHECKPOINT_SPLIT"
    assert fault.index is not None
    assert fault.index <= cut
    assert next(j for j in report.checkpoints if j.source == "kept").verdict == "faulty"


def test_a_tail_cut_off_below_a_known_checkpoint(forger: Forger, url: str, made: Made) -> None:
    """With all that the operator holds rolled back, nothing inside the database tells."""
    cut = made.size - 9
    forger.entries = forger.entries[:cut]
    forger.write()
    audit.rebuild(url)
    assert audit.audit(url, anchor=made.anchor).verdict == "intact"
    fault = check(url, made, ("kept", made.notes[-1][1]))
    assert (fault.code, fault.index) == ("TAIL_MISSING", cut)


def test_a_tail_cut_off_below_a_kept_checkpoint(url: str, made: Made) -> None:
    with tampered(url, "entry") as driver:
        driver.run('DELETE FROM "entry" WHERE "index" >= ?', (made.size - 3,))
    fault = check(url, made)
    assert (fault.code, fault.index) == ("TAIL_MISSING", made.size - 3)


def test_a_checkpoint_forged(forger: Forger, url: str, made: Made) -> None:
    forged = forger.note(made.size, key=key("forger"))
    report = audit.audit(url, anchor=made.anchor, checkpoints=[("forged", forged)])
    assert (first(report).code, first(report).index) == ("CHECKPOINT_SIGNATURE", None)
    assert [j.verdict for j in report.checkpoints if j.source == "forged"] == ["faulty"]


def test_two_roots_of_one_size(forger: Forger, url: str, made: Made) -> None:
    size = forger.notes[-2]
    fork = forger.leaves()
    fork[size - 1] = bytes(32)
    with tampered(url, "checkpoint") as driver:
        driver.run('UPDATE "checkpoint" SET "note" = ? WHERE "size" = ?', (forger.note(size, fork), size))
    fault = check(url, made)
    assert fault.code == "CHECKPOINT_SPLIT"
    assert fault.index is not None
    assert fault.index < size


def test_a_head_rolled_back(url: str, made: Made) -> None:
    size, note = made.notes[-3]
    with tampered(url, "head", "checkpoint") as driver:
        driver.run('UPDATE "head" SET "size" = ?, "note" = ?', (size, note))
        driver.run('DELETE FROM "checkpoint" WHERE "size" > ?', (size,))
    fault = check(url, made)
    assert (fault.code, fault.index) == ("CHECKPOINT_ROLLBACK", size)


def test_a_checkpoint_of_another_ledger(url: str, made: Made) -> None:
    note = checkpoint.sign(checkpoint.Checkpoint("test.example/other", 5, bytes(32)), GATEWAY)
    fault = check(url, made, ("other", note))
    assert (fault.code, fault.index) == ("ORIGIN_OTHER", None)


def test_an_edition_that_this_software_lacks(new_database: Callable[..., str]) -> None:
    """Chain, tree and signatures are checked to the end, the rest is undecided from there."""
    url = new_database("sqlite")
    made = make_ledger(url, chains=1)
    forger = Forger(url, GATEWAY)
    ministry, at = key("founder"), len(forger.entries)
    seen = max(e.envelope.seen_size for e in forger.entries)
    act = ("setParameter", {"parameter": "SALE_MAX", "from": "2025-01-01T00:00:00.000Z"})
    forger.entries += forger.made(ministry, forger.next_of(ministry), act, at=forger.now, seen=seen)
    forger.write()
    report = audit.audit(url, anchor=made.anchor, editions={1: EDITIONS[1]})
    assert report.verdict == "undecided"
    assert [(fault.code, fault.index) for fault in report.faults] == [("EDITION_UNKNOWN", at)]
    assert {name: depth.verdict for name, depth in report.depths.items()} == {
        "chain": "intact", "signatures": "intact", "custody": "undecided", "projections": "undecided",
    }  # fmt: skip
    assert report.depths["signatures"].checked == at + 1


def test_every_fault_code_is_met() -> None:
    """Each is asserted above, spelled out."""
    files = (Path(__file__), Path(__file__).with_name("test_tampering.py"))
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert {code for code in FAULTS if f'"{code}"' in source} == set(FAULTS)


def test_entries_stay_what_they_are(forger: Forger, url: str, made: Made) -> None:
    """The forger changes nothing by itself: what the tests find is what they did."""
    assert all(isinstance(entry, Entry) for entry in forger.entries)
    forger.write()
    kept = [("kept", made.notes[-1][1])]
    assert audit.audit(url, anchor=made.anchor, checkpoints=kept).verdict == "intact"
