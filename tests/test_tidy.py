"""Taste, held by tests: layers, what the pure core may reach, sizes, words, decisions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("api", "bench", "client", "ledger", "migrations", "schema", "tests")
LAYERS = {
    "ledger": {"ledger"},
    "migrations": {"ledger", "migrations"},
    "schema": {"ledger", "schema"},
    "api": {"api", "ketenboek_client", "ledger", "migrations", "schema"},
    "client/ketenboek_client": {"ketenboek_client"},
    "client/tests": {"client", "ketenboek_client", "tests"},
}
"""Which of our packages a folder may import: api -> schema -> ledger; the client nothing of ours.

The command line and the simulation speak to a gateway as participants do, through the client.
"""
WEB = {"graphql", "httpx", "starlette", "strawberry", "uvicorn", "websockets"}

PURE_ALLOWED = {
    "__future__", "base64", "binascii", "collections", "collections.abc", "dataclasses", "enum", "functools",
    "hashlib", "json", "operator", "re", "typing", "cryptography",
}  # fmt: skip
"""What accept() and all it reaches may import: no clock, locale, environment, database."""

SOURCES = sorted(
    path.relative_to(ROOT) for top in OURS for path in (ROOT / top).rglob("*.py") if "__pycache__" not in path.parts
)


def dotted(path: Path) -> str:
    """The name by which others import a file."""
    return ".".join(path.with_suffix("").parts).removeprefix("client.").removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def module_path(name: str) -> Path | None:
    """The file of one of our modules, None for a module that is not ours."""
    for base in ("", "client/"):
        stem = Path(base + name.replace(".", "/"))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if (ROOT / path).is_file():
                return path
    return None


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def nodes(root: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run: what stands under `if TYPE_CHECKING` does not."""
    for child in ast.iter_child_nodes(root):
        if not for_types_only(child):
            yield child
            yield from nodes(child)


def imports(path: Path, *, types_too: bool = True) -> set[str]:
    """Full names of the modules that a file imports; `from x import y` is both x and, if a module, x.y."""
    found = set()
    package = ".".join(path.parts[:-1]).removeprefix("client.")
    for node in ast.walk(tree(path)) if types_too else nodes(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            name = ".".join([*above, *([node.module] if node.module else [])])
            found.add(name)
            found |= {f"{name}.{alias.name}" for alias in node.names if module_path(f"{name}.{alias.name}")}
    return found


def reached(*start: str) -> dict[str, Path]:
    """Our modules that importing `start` runs, by name, with what their packages' __init__ import."""
    seen: dict[str, Path] = {}
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        path = module_path(name)
        if path is None or name in seen:
            continue
        seen[name] = path
        waiting += imports(path, types_too=False)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return seen


@pytest.mark.parametrize("folder", LAYERS)
def test_imports_go_one_way(folder: str) -> None:
    ours = {*OURS, "ketenboek_client"}
    for path in SOURCES:
        if path.as_posix().startswith(folder + "/"):
            assert {name.partition(".")[0] for name in imports(path)} & ours <= LAYERS[folder], path


def test_the_ledger_knows_no_web_framework() -> None:
    for path in SOURCES:
        if path.parts[0] in {"ledger", "migrations"}:
            assert not {name.partition(".")[0] for name in imports(path)} & WEB, path


def test_the_pure_core_reaches_only_what_is_allowed() -> None:
    modules = reached("ledger.accept")
    assert "ledger.accept" in modules
    for name, path in modules.items():
        foreign = {used for used in imports(path, types_too=False) if module_path(used) is None}
        foreign -= {used for used in foreign if used.partition(".")[0] == "cryptography"}
        assert foreign <= PURE_ALLOWED, name


def test_only_one_file_knows_the_signature_library() -> None:
    users = {
        path.as_posix()
        for path in SOURCES
        for name in imports(path)
        if path.parts[0] == "ledger" and name.partition(".")[0] == "cryptography"
    }
    assert users == {"ledger/keys.py"}


def test_the_audit_reaches_no_door() -> None:
    audit = [dotted(path) for path in SOURCES if path.parts[:2] == ("ledger", "audit")]
    assert audit
    for name, path in reached(*audit).items():
        assert name != "ledger.door", path
        assert path.parts[0] == "ledger", path


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_file_is_short_and_opens_by_saying_what_it_is_for(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not text.strip() or ast.get_docstring(tree(path)), "no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_nothing_is_left_for_later(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for first, rest in ("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"):
        assert not re.search(rf"\b{first}{rest}\b", text)


def test_names_say_what_a_module_is() -> None:
    vague = {"base", "common", "handler", "helper", "helpers", "manager", "misc", "service", "util", "utils"}
    assert not [path for path in SOURCES if path.stem.rpartition("_")[2] in vague]


def test_only_the_settings_read_the_environment() -> None:
    for path in SOURCES:
        if path.as_posix() != "api/settings.py" and not {"bench", "tests"} & set(path.parts):
            for node in ast.walk(tree(path)):
                name = getattr(node, "attr", getattr(node, "id", getattr(node, "name", "")))
                assert name not in {"environ", "environb", "getenv"}, path


def test_every_module_is_read_by_another_or_run() -> None:
    """A module that nothing imports and nothing starts is dead."""
    started = {"api.cli", "api.simulation.demo", "bench.load", "bench.peer", "ledger.accept", "migrations.env"}
    started |= {"tests.vectors"}
    used = {name for path in SOURCES for name in imports(path)} | started
    for path in SOURCES:
        runs = path.stem in {"__init__", "__main__", "conftest"} or path.stem.startswith("test_")
        by_alembic = path.parts[:2] == ("migrations", "versions")
        assert runs or by_alembic or dotted(path) in used, path


def test_every_decision_has_its_four_parts_and_a_line_in_the_table() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("0*.md"))
    table = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. ")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Held by.**"):
            assert part in text, page
        assert f"({page.name})" in table, page


def test_the_allowed_list_is_no_longer_than_needed() -> None:
    """A name on the list that nothing imports is an open door."""
    used = {name for path in reached("ledger.accept").values() for name in imports(path, types_too=False)}
    used |= {name.partition(".")[0] for name in used}
    assert used >= PURE_ALLOWED
