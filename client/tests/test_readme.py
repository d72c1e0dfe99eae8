"""The page's code runs as it stands, at a gateway that answers as the worked example's would."""

from __future__ import annotations

import re
from pathlib import Path

import ketenboek_client
import pytest

from .worked import EXAMPLE, Ledger, Line, key

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
PRINTS = [r"entry 6, recorded at 20.*Z", r"Example ledger: 6 entries", r"movePlants 2026-01-05T09:03:01.000Z {.*}"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page supposes to be in the working folder, and a gateway at its address."""
    line = Line(Ledger())
    monkeypatch.setattr(ketenboek_client, "Gateway", lambda _url: line.gateway())
    monkeypatch.chdir(tmp_path)
    key("grower").save("grower-1.jwk")
    (tmp_path / "anchor").write_text(EXAMPLE["anchor"] + "\n")
    (tmp_path / "receipt.json").write_text(Ledger().receipts(4, 1)[0]["file"])
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("block", BLOCKS, ids=PRINTS)
def test_the_code_on_the_page_runs(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, str(README), "exec"), {})

    assert re.fullmatch(PRINTS[BLOCKS.index(block)] + "\n", capsys.readouterr().out)


def test_every_error_is_on_the_page() -> None:
    text = README.read_text()
    for name in ketenboek_client.__all__:
        error = getattr(ketenboek_client, name)
        if isinstance(error, type) and issubclass(error, ketenboek_client.ClientError):
            assert f"`{name}`" in text, name


def test_what_is_exported_is_sorted_and_there() -> None:
    assert sorted(ketenboek_client.__all__, key=lambda name: (name.islower(), name)) == ketenboek_client.__all__
    assert all(hasattr(ketenboek_client, name) for name in ketenboek_client.__all__)
