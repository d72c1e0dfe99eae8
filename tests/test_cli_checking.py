"""Do `audit`, `verify` and `rebuild` tell what holds, what does not, and what could not be decided?"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ledger.store import Store
from tests.command import ketenboek, started
from tests.served import Chain


@pytest.fixture
def copy(chain: Chain, tmp_path: Path) -> str:
    """The address of a copy of a ledger that is being served."""
    path = tmp_path / "copy.db"
    source = sqlite3.connect(chain.database.removeprefix("sqlite:///"))
    with closing(source), closing(sqlite3.connect(path)) as target:
        source.backup(target)
    return f"sqlite:///{path}"


@pytest.fixture
def anchor(chain: Chain, tmp_path: Path) -> Path:
    path = tmp_path / "anchor"
    path.write_text(chain.anchor.text())
    return path


def change(database: str, table: str, statement: str) -> None:
    """Change a copy behind the ledger's back."""
    store = Store.open(database)
    with store.transaction(), store.mutable(table):
        assert store.driver.run(statement) == 1
    store.close()


def falsify(database: str) -> None:
    """One centimetre in entry 45."""
    other = "CAST(replace(CAST(bytes AS TEXT), '\"height\":12', '\"height\":13') AS BLOB)"
    change(database, "entry", f'UPDATE entry SET bytes = {other} WHERE "index" = 45')


def test_an_audit_that_finds_nothing_is_0(chain: Chain, copy: str, anchor: Path, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    kept.write_text(httpx.get(f"{chain.served.url}/checkpoint").text)
    done = ketenboek("audit", "--database", copy, "--anchor", anchor, "--checkpoint", kept)
    assert done.code == 0
    assert done.out.startswith("INTACT: this is the ledger that the anchor names")
    assert "chain: " in done.err
    told = ketenboek("audit", "--database", copy, "--anchor", anchor, "--checkpoint", kept, "--json").object
    assert (told["type"], told["verdict"], told["anchored"]) == ("ketenboek/audit/v1", "intact", True)
    assert list(told["depths"]) == ["chain", "signatures", "custody", "projections"]
    assert {"size": told["size"], "source": str(kept), "verdict": "intact"} in told["checkpoints"]


def test_without_an_anchor_the_first_line_says_what_that_means(copy: str) -> None:
    done = ketenboek("audit", "--database", copy)
    assert done.code == 0
    assert "consistent with itself" in done.out.splitlines()[0]
    assert ketenboek("audit", "--json", database=copy).object["anchored"] is False


def test_an_audit_takes_depths_jobs_and_a_folder(copy: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    words = ["audit", "--database", copy, "--json", "--jobs", 2, "--workdir", folder]
    assert list(ketenboek(*words, "--depth", "chain").object["depths"]) == ["chain"]
    assert list(ketenboek(*words, "--depth", "signatures,chain").object["depths"]) == ["chain", "signatures"]
    assert list(folder.iterdir()) == []


def test_a_false_entry_is_1_and_named(copy: str, anchor: Path) -> None:
    falsify(copy)
    done = ketenboek("audit", "--database", copy, "--anchor", anchor)
    assert (done.code, "entry 45" in done.out.splitlines()[0]) == (1, True)
    told = ketenboek("audit", "--database", copy, "--json", "--max-faults", 1)
    assert told.code == 1
    assert (told.object["verdict"], told.object["faults"][0]["index"], len(told.object["faults"])) == ("faulty", 45, 1)


def test_evidence_from_outside_convicts(chain: Chain, copy: str, tmp_path: Path) -> None:
    other, kept = tmp_path / "other", tmp_path / "kept"
    other.write_text(f"{chain.anchor.origin} {'A' * 43}=\n")
    done = ketenboek("audit", "--database", copy, "--anchor", other, "--json")
    assert (done.code, done.object["faults"][0]["code"]) == (1, "GENESIS_OTHER")
    kept.write_text(httpx.get(f"{chain.served.url}/checkpoint").text.replace("—", "-"))
    assert ketenboek("audit", "--database", copy, "--checkpoint", kept).code == 1


def test_what_cannot_be_audited(copy: str, tmp_path: Path, new_database: Callable[..., str]) -> None:
    empty = new_database("sqlite")
    assert ketenboek("audit", "--database", empty).code == 3
    assert ketenboek("audit", "--database", new_database("sqlite", migrated=False)).code == 4
    assert ketenboek("audit", "--database", f"sqlite:///{tmp_path}/none.db").code == 4
    assert ketenboek("audit", "--database", copy, "--anchor", tmp_path / "none").code == 4
    assert ketenboek("audit", "--database", copy, "--checkpoint", tmp_path / "none").code == 4
    assert ketenboek("audit", "--database", copy, "--workdir", tmp_path / "none").code == 4
    (tmp_path / "text").write_text("no anchor")
    for wrong in (
        ["--anchor", tmp_path / "text"],
        ["--depth", "chain,roof"],
        ["--depth", ""],
        ["--jobs", 0],
        ["--max-faults", 0],
    ):
        assert ketenboek("audit", "--database", copy, *wrong).code == 2


def test_an_audit_runs_as_its_own_process_with_a_quiet_stdout(copy: str, anchor: Path) -> None:
    process = started("audit", "--database", copy, "--anchor", anchor, "--json")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["verdict"]) == (0, "intact")
    assert "projections: " in err
    assert "\r" not in err, "a bar only on a terminal"


@pytest.fixture
def receipt(chain: Chain) -> str:
    """The receipt of the sale, as the gateway gives it."""
    index = chain.size - 1
    return httpx.get(f"{chain.served.url}/console/receipt/{index}").text


def test_verify_tells_files_apart_by_their_form(chain: Chain, anchor: Path, receipt: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(receipt)
    done = ketenboek("verify", path, "--anchor", anchor)
    assert (done.code, "sellPackages" in done.out) == (0, True)
    told = ketenboek("verify", "-", "--anchor", anchor, "--json", stdin=receipt).object
    assert (told["verdict"], told["kind"], told["index"]) == ("intact", "receipt", chain.size - 1)
    parts = json.loads(receipt)
    note = httpx.get(f"{chain.served.url}/checkpoint").text
    for undecided in (parts["entryProof"], note):
        path.write_text(undecided)
        done = ketenboek("verify", path, "--anchor", anchor, "--json")
        assert (done.code, done.object["verdict"]) == (3, "undecided")
        assert done.object["message"]


def test_what_does_not_prove_itself_is_1(chain: Chain, anchor: Path, receipt: str, tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_text(f"other.example {'A' * 43}=\n")
    note = httpx.get(f"{chain.served.url}/checkpoint").text
    proof = json.loads(receipt)["entryProof"]
    for text in (
        "",
        "{}",
        "[]",
        "hello",
        receipt[:-1],
        receipt.replace("sellPackages", "sellpackages"),
        note[:40],
        proof[:40],
    ):
        path.write_text(text)
        done = ketenboek("verify", path, "--anchor", anchor, "--json")
        assert (done.code, done.object["verdict"]) == (1, "faulty"), text[:50]
        assert ketenboek("verify", path, "--anchor", anchor).out == ""
    for text in (receipt, note, proof):
        path.write_text(text)
        assert ketenboek("verify", path, "--anchor", other).code == 1, text[:50]


def test_what_cannot_be_verified(anchor: Path, receipt: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(receipt)
    assert ketenboek("verify", tmp_path / "none", "--anchor", anchor).code == 4
    assert ketenboek("verify", path, "--anchor", tmp_path / "none").code == 4
    assert ketenboek("verify", path, "--anchor", path).code == 2
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert ketenboek("verify", tmp_path / "bytes", "--anchor", anchor).code == 4


def test_rebuild_mends_the_projections_and_check_only_compares(copy: str) -> None:
    assert ketenboek("rebuild", "--check", database=copy).code == 0
    change(copy, "participant", "UPDATE participant SET name = 'Other' WHERE participant = 'shop-1' AND until IS NULL")
    found = ketenboek("rebuild", "--check", "--json", database=copy)
    assert (found.code, found.object["verdict"]) == (1, "faulty")
    assert ketenboek("audit", "--database", copy).code == 1
    mended = ketenboek("rebuild", "--database", copy, "--json")
    assert (mended.code, mended.object["verdict"]) == (0, "intact")
    assert ketenboek("rebuild", "--check", database=copy).code == 0
    assert ketenboek("audit", "--database", copy).code == 0


def test_nothing_is_rebuilt_from_false_entries_or_none(copy: str, new_database: Callable[..., str]) -> None:
    falsify(copy)
    assert ketenboek("rebuild", "--database", copy).code == 1
    assert ketenboek("rebuild", "--database", new_database("sqlite")).code == 3
    assert ketenboek("rebuild", "--database", new_database("sqlite", migrated=False)).code == 4
