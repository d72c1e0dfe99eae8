"""The audit: what it reports, that it never fails on what it finds, and that all ways to run it agree."""

from __future__ import annotations

import ast
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import migrations
from ledger import audit, canonical, instant, merkle
from ledger.audit import Report
from ledger.audit import run as running
from ledger.audit.chain import Walk
from ledger.audit.faults import DEPTHS, Faults
from ledger.audit.links import stretch
from ledger.audit.roots import Roots
from ledger.audit.source import Source
from ledger.editions import EDITIONS
from ledger.errors import FAULTS
from ledger.keys import SigningKey
from ledger.rows import STATE
from ledger.store import Store
from ledger.tables import primary_key
from tests.conforming import SCHEMA, conforms
from tests.forging import Forger, tampered
from tests.ledgers import Made, Maker, make_ledger, play, register
from tests.signer import seed

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    path = tmp_path_factory.mktemp("audit") / "ledger.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path, make_ledger(f"sqlite:///{path}", chains=1)


@pytest.fixture
def made(original: tuple[Path, Made]) -> Made:
    return original[1]


@pytest.fixture
def file(original: tuple[Path, Made], tmp_path: Path) -> Path:
    return Path(shutil.copyfile(original[0], tmp_path / "ledger.db"))


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


# The report


def test_a_sound_ledger_is_intact(database: str) -> None:
    made = make_ledger(database, chains=1)
    report = audit.audit(database, anchor=made.anchor, checkpoints=[("a", made.notes[3][1]), ("b", made.notes[-1][1])])
    assert report.verdict == "intact", report.text()
    assert report.anchored
    assert (report.size, report.origin, report.anchor) == (made.size, made.anchor.origin, made.anchor.text())
    assert [report.depths[name].checked for name in DEPTHS] == [made.size] * 3 + [len(STATE)]
    assert report.editions == [1, 2]
    assert [(judged.source, judged.size) for judged in report.checkpoints] == [
        ("head", made.size), ("checkpoint", made.size), ("a", made.notes[3][0]), ("b", made.size),
    ]  # fmt: skip
    assert made.head is not None
    assert report.root == canonical.b64(made.head.root)
    conforms(report.members(), SCHEMA)


def test_the_schema_names_every_fault_code() -> None:
    assert SCHEMA["properties"]["faults"]["items"]["properties"]["code"]["enum"] == list(FAULTS)


def test_without_an_anchor_it_is_consistent_with_itself_and_nothing_more(url: str, made: Made) -> None:
    report = audit.audit(url)
    assert (report.verdict, report.anchored) == ("intact", False)
    first = report.text().splitlines()[0]
    assert "consistent with itself" in first
    assert "nothing more" in first
    anchored = audit.audit(url, anchor=made.anchor).text().splitlines()
    assert "nothing more" not in anchored[0]
    assert any("anchor" in line and "matches" in line for line in anchored)


def test_a_faulty_ledger_is_told_in_json_and_in_words(url: str, made: Made) -> None:
    with tampered(url, "entry", "act") as driver:
        driver.run('DELETE FROM "entry" WHERE "index" = 50')
        driver.run('DELETE FROM "act" WHERE "entry" < 48')
    report = audit.audit(url, anchor=made.anchor, checkpoints=[("kept", made.notes[-1][1])], faults_max=3)
    conforms(report.members(), SCHEMA)
    assert (report.verdict, report.root, report.state) == ("faulty", report.root, None)
    assert len(report.faults) == 3 < report.faults_total
    indexes = [fault.index for fault in report.faults if fault.index is not None]
    assert indexes == sorted(indexes)
    assert f"first in entry {indexes[0]}" in report.text().splitlines()[0]
    assert f"and {report.faults_total - 3} more" in report.text()


def test_faults_are_kept_in_order_and_bounded() -> None:
    faults = Faults(10)
    order = list(range(100))
    random.Random(1).shuffle(order)
    for index in order:
        faults.add("CHAIN_PREVIOUS", index, "chain", "")
        faults.add("CHECKPOINT_SIGNATURE", None, "chain", "")
    assert [fault.index for fault in faults.ordered()] == list(range(10))
    assert faults.total == 200


def test_the_digest_of_the_state_is_one_line_that_others_can_compute(database: str) -> None:
    """By the words of the interface (§5), from the tables themselves; the same on both engines."""
    make_ledger(database, chains=1)
    store = Store.open(database)
    state = sha256()
    for row in sorted(STATE, key=lambda row: row.table):
        stored = [one for chunk in store.scan(row) for one in chunk]
        for one in sorted(stored, key=lambda one: one.pick(primary_key(type(one)))):
            members = {name: getattr(one, name) for name in row.columns}
            spelled = {n: canonical.b64(v) if isinstance(v, bytes) else v for n, v in members.items() if v is not None}
            state.update(canonical.encode(spelled) + b"\n")
    store.close()
    assert audit.audit(database).state == canonical.b64(state.digest())


def test_only_the_report_looks_at_a_clock() -> None:
    for path in (ROOT / "ledger/audit").glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        named = {a.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names}
        assert path.name == "report.py" or not named & {"time", "datetime"}, path


# Ways to run it


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_depth_brings_those_on_which_it_rests(url: str, depth: str) -> None:
    report = audit.audit(url, depths=[depth])
    assert set(report.depths) == {"chain", depth} | ({"custody"} if depth == "projections" else set())
    assert report.verdict == "intact"
    conforms(report.members(), SCHEMA)


def test_unknown_depths_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="depths are"):
        audit.audit(url, depths=["surface"])


def test_progress_is_told(url: str, made: Made) -> None:
    told: list[tuple[str, int, int]] = []
    audit.audit(url, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(step[0] for step in told)) == list(DEPTHS)
    for depth in DEPTHS:
        done = [step[1:] for step in told if step[0] == depth]
        assert done == sorted(done)
        assert done[-1][0] == done[-1][1] == (len(STATE) if depth == "projections" else made.size)


def test_an_open_connection_is_read_as_it_stands(database: str) -> None:
    made = make_ledger(database, chains=0)
    with Source.open(database) as source:
        report = audit.audit(source._connection, anchor=made.anchor)
        assert report.verdict == "intact"
        assert source.last() == made.size - 1, "it stays open"


def test_the_temporary_database_is_gone_afterwards(url: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    audit.audit(url, workdir=work)
    assert list(work.iterdir()) == []


def bulk(url: str, count: int) -> Made:
    """A ledger of more than `count` entries, most of them one plant that is moved and moved again."""
    maker = Maker(url, 3, 300, EDITIONS)
    register(maker)
    maker.flush()
    maker.does(
        "ministry",
        ("setParameter", {"parameter": "INTAKE_PLANTS_MAX", "value": 9, "from": "2025-01-02T00:00:00.000Z"}),
    )
    [plant] = maker.codes("P", 1)
    grown = {"height": 12, "mass": 9_000, "position": "A/1"}
    maker.do("grower-1", "intakePlants", plants=[plant], variety="haze", site="hall-1", **grown)
    for number in range(count // 99 + 1):
        maker.does("grower-1", *[("movePlants", {"plants": [plant], **grown, "height": number})] * 99)
    return maker.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Made]:
    path = tmp_path_factory.mktemp("large") / "ledger.db"
    migrations.upgrade(f"sqlite:///{path}")
    return f"sqlite:///{path}", bulk(f"sqlite:///{path}", 2_200)


def told(report: Report) -> dict[str, Any]:
    """Everything but when."""
    members = report.members()
    for depth in members["depths"].values():
        del depth["seconds"]
    return {name: value for name, value in members.items() if name not in ("started", "ended")}


def test_processes_find_what_one_finds(
    large: tuple[str, Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, made = large
    alone = audit.audit(url, anchor=made.anchor, jobs=1)
    assert alone.verdict == "intact", alone.text()
    monkeypatch.setattr(running, "PARALLEL_MIN", 0)
    monkeypatch.setattr(running, "STRETCH", 1024)
    monkeypatch.setattr(running, "SUBMISSIONS", 50)
    assert told(audit.audit(url, anchor=made.anchor, jobs=2)) == told(alone)
    file = Path(shutil.copyfile(url.removeprefix("sqlite:///"), tmp_path / "copy.db"))
    copy = f"sqlite:///{file}"
    for at in (1023, 1024, 2100):
        with tampered(copy, "entry") as driver:
            driver.run('UPDATE "entry" SET "hash" = ? WHERE "index" = ?', (bytes(32), at))
    report = audit.audit(copy, anchor=made.anchor, jobs=2)
    assert [(fault.code, fault.index) for fault in report.faults] == [("TREE_ROOT", at) for at in (1023, 1024, 2100)]
    monkeypatch.undo()
    assert told(audit.audit(copy, anchor=made.anchor, jobs=1)) == told(report)


def test_processes_read_either_engine(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_ledger(database, chains=1)
    monkeypatch.setattr(running, "PARALLEL_MIN", 0)
    monkeypatch.setattr(running, "SUBMISSIONS", 20)
    report = audit.audit(database, anchor=made.anchor, jobs=2)
    assert (report.verdict, report.depths["signatures"].checked) == ("intact", made.size), report.text()


def test_submissions_are_split_between_ranges_at_their_borders(
    large: tuple[str, Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, made = large
    for width in (50, 99, 100):
        monkeypatch.setattr(running, "SUBMISSIONS", width)
        report = audit.audit(url, depths=["signatures"])
        assert (report.verdict, report.depths["signatures"].checked) == ("intact", made.size)


def test_the_chain_row_by_row_is_the_chain_by_stretches(large: tuple[str, Made]) -> None:
    url, made = large
    with Source.open(url) as source:
        whole = stretch(source, None, 0, made.size)
        careful = Walk(source, Faults(1), None)
        careful._fast = lambda _: False  # type: ignore[assignment, method-assign]
        careful.run()
        chain = careful.finish()
        assert whole is not None
        assert (whole.tops, whole.last, whole.registry) == (chain.leaves.tops, chain.last, chain.registry)
        leaves = [stored for _, stored in sorted(source.hashes(0, made.size).items())]
        roots = Roots(chain.leaves, source)
        for size in [*range(0, made.size, 97), 255, 256, 257, 1024, made.size]:
            assert roots.at(size) == merkle.root(leaves[:size])
        assert roots.at(made.size + 1) is None


def test_a_ledger_with_a_wall_clock(new_database: Callable[..., str]) -> None:
    url = new_database("sqlite")
    maker = Maker(url, 5, 7, EDITIONS, sandbox=False)
    register(maker)
    play(maker, "grower-1", "shop-1", 0)
    made = maker.close()
    assert audit.audit(url, anchor=made.anchor).verdict == "intact"
    forger = Forger(url, SigningKey(seed("gateway")))
    at = next(i for i, e in enumerate(forger.entries) if e.envelope.count > 2 and e.path) + 1
    later = instant.text(instant.millis(forger.entries[at].recorded) + 1)
    forger.entries[at:] = [e if e.recorded > later else _recorded(e, later) for e in forger.entries[at:]]
    forger.write()
    report = audit.audit(url, anchor=made.anchor)
    assert ("CHAIN_TIME", at) in {(fault.code, fault.index) for fault in report.faults}, report.text()
    assert report.faults[0].index == at


def _recorded(entry: Any, recorded: str) -> Any:
    return replace(entry, recorded=recorded)
