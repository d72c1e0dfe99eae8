"""Do the README's own commands work, in its order? On a small ledger laid out like `demo/`, by a real gateway."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import cli
from api.simulation.tampering import settle, tampered_copy
from ledger.query import rows
from ledger.receipts import stored
from ledger.rows import Flow, Unit
from ledger.store import Store

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PORT = 8000
SCRIPTS = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """The code of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's folder as `make demo` leaves it, with a smaller ledger."""
    root = tmp_path_factory.mktemp("readme")
    demo = root / "demo"
    demo.mkdir()
    (root / ".venv").mkdir()
    (root / ".venv" / "bin").symlink_to(SCRIPTS)
    url = f"sqlite:///{demo}/ketenboek.db"
    plan = ["--seed", "1", "--growers", "2", "--shops", "2", "--days", "3"]
    assert cli.main(["migrate", "--database", url]) == 0
    assert cli.main(["simulate", *plan, "--database", url, "--out", str(demo)]) == 0
    store = Store.open(url)
    [sale, *_] = rows(store, Flow, 'WHERE "kind" = ? ORDER BY "entry" DESC LIMIT 1', ("SOLD",))
    [unit] = store.load(Unit, "entity", (sale.source,))
    (demo / "sold").write_text(unit.code + "\n")
    (demo / "receipt.json").write_text(stored(store, sale.entry).file())
    [packed] = rows(store, Flow, 'WHERE "target" = ? LIMIT 1', (unit.id,))
    store.close()
    settle(demo / "ketenboek.db")
    tampered_copy(demo / "ketenboek.db", demo / "tampered.db", packed.entry)
    return root


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    """The address of a gateway on that ledger, as `make serve` starts it but for the port."""
    command = [str(SCRIPTS / "ketenboek"), "serve", "--port", "0", "--database", "sqlite:///demo/ketenboek.db"]
    environment = {**os.environ, "KETENBOEK_CHECKPOINT_KEY": "demo/keys/gateway.jwk"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        yield gateway.stdout.readline().removeprefix("listening on ").strip()
        gateway.terminate()


def run(command: list[str], folder: Path, served: str, text: str, code: int = 0) -> str:
    """What a block prints, run where the README says, with the address of this gateway in it."""
    text = text.replace(f"http://127.0.0.1:{PORT}", served)
    done = subprocess.run([*command, text], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def test_a_first_record_and_a_first_question(folder: Path, served: str) -> None:
    """The shell's blocks in order; the last is the auditors'."""
    first, question, audit = blocks("sh")
    said = run(["bash", "-ec"], folder, served, first + question)
    sold = (folder / "demo" / "sold").read_text().strip()
    assert "recorded as entry" in said
    assert '"intact": true' in said
    assert f"package {sold}" in said
    found = run(["bash", "-ec"], folder, served, audit)
    assert "INTACT" in found
    assert "receipt: holds" in found
    assert "tampering found, exit code 1" in found


def test_a_mutation_by_hand(folder: Path, served: str) -> None:
    """Preview, sign, send: what a program in any language does. A second time it tells why not."""
    [program] = blocks("python")
    command = [str(SCRIPTS / "python"), "-c"]
    assert "recorded as entry" in run(command, folder, served, program)
    assert re.match(r"rejected: .*NAME_USED", run(command, folder, served, program, code=1))


def test_the_two_commands_are_the_makefiles() -> None:
    targets = re.findall(r"^\$ make ([a-z]+)", "".join(blocks("console")), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets == ["demo", "test", "serve"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
