"""Do the documents tell the truth? Generated pages equal the code, each name stands in exactly one table."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from pathlib import Path

import pytest

from api import reference
from api.settings import Settings, variable
from ledger.editions import EDITIONS
from ledger.errors import FAULTS, REFUSALS
from tests.lineages import OF_README, of_readme

ROOT = Path(__file__).parents[1]
PAGES = reference.pages()
TABLES = {path: text for path, text in PAGES.items() if path.endswith(".md")}
PARTS = ("api", "schema", "ledger", "client", "migrations", "bench")
MANIFESTS = {1: "90148e9431d2f760e9d8169b0ade8928feff7ccbc475d9aa606716f83ea77c32"}


@pytest.mark.parametrize("path", PAGES)
def test_what_is_generated_is_committed(path: str) -> None:
    """`make vectors` writes it; the difference is what users will see."""
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path]


def rows(name: str, text: str) -> int:
    """How often a table has a row for a name, or a reference a section."""
    row = re.findall(rf"^\| `{re.escape(name)}` \|", text, re.MULTILINE)
    return len(row) + len(re.findall(rf"^## {re.escape(name)}$", text, re.MULTILINE))


def names() -> list[str]:
    """Everything that has a name to look up."""
    actions = [name for edition in EDITIONS.values() for name in edition.actions]
    settings = [variable(item.name) for item in fields(Settings)]
    commands = re.findall(r"^\| `([a-z]+)` \|", reference.commands(), re.MULTILINE)
    return [*dict.fromkeys(actions), *settings, *commands]


@pytest.mark.parametrize("name", names())
def test_every_name_stands_in_exactly_one_table(name: str) -> None:
    assert sum(rows(name, text) for text in TABLES.values()) == 1


@pytest.mark.parametrize(("codes", "page"), [(REFUSALS, "docs/refusals.md"), (FAULTS, "docs/faults.md")])
def test_every_code_stands_once_in_its_table(codes: dict[str, str], page: str) -> None:
    """Some words are both a refusal and a fault: each has its row in its own table."""
    assert [code for code in codes if rows(code, TABLES[page]) != 1] == []


def test_the_manifest_of_a_released_edition_never_changes() -> None:
    """`adoptEdition` puts this hash on ledgers: a released edition is never edited."""
    found = {
        number: hashlib.sha256((ROOT / f"docs/editions/{number}.json").read_bytes()).hexdigest() for number in EDITIONS
    }
    assert found == MANIFESTS


def test_the_picture_of_the_readme_is_made_by_the_code_of_the_page() -> None:
    assert OF_README.read_text(encoding="utf-8") == of_readme()


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_pages_that_the_code_names_are_there() -> None:
    for path in [ROOT / "README.md", *(file for part in PARTS for file in (ROOT / part).rglob("*.py"))]:
        for name in re.findall(r"`([a-z0-9-]+\.md)`", path.read_text(encoding="utf-8")):
            assert (ROOT / "docs" / name).exists(), f"{path}: {name}"
