"""What is answered to a request that is not well-formed, too large, or that nobody expected?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError

from ledger.store import Store
from schema import execution
from schema.graph import SCHEMA
from schema.limits import ALIASES_MAX, Limits
from tests.asking import Desk, key_of, opened

CODE = "P0123456789ABCDEFGHJKQ"
KEY = key_of("grower-1").id
UNIT = "query($c: Code!) { unit(code: $c) { id } }"
PREVIEW = "query($a: ActionInput!, $k: KeyId!) { preview(action: $a, key: $k) { sequence } }"
STATEMENTS = "query($s: [CanonicalStatement!]!) { previewStatements(statements: $s) { sequence } }"


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("requests")) as made:
        yield made


def deep(fields: int) -> str:
    """A query of so many nested fields, at least two."""
    types = "__schema { types { " + "ofType { " * (fields - 3) + "name" + " }" * (fields - 3) + " } }"
    return "{ " + types + " }" if fields > 2 else "{ __schema { description } }"


NEVER_EXECUTED: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "no syntax": ("BAD_REQUEST", "{ ledger", None),
    "empty": ("BAD_REQUEST", "", None),
    "unknown field": ("BAD_REQUEST", "{ nope }", None),
    "unknown argument": ("BAD_REQUEST", "{ ledger(x: 1) { size } }", None),
    "missing variable": ("BAD_REQUEST", UNIT, {}),
    "null variable": ("BAD_REQUEST", UNIT, {"c": None}),
    "variable of another type": ("BAD_REQUEST", UNIT, {"c": 1}),
    "a subscription": ("BAD_REQUEST", "subscription { ledger { size } }", None),
    "two operations, none named": ("BAD_REQUEST", "query a { checkpoint } query b { checkpoint }", None),
    "a fragment that holds itself": ("BAD_REQUEST", "{ ...a } fragment a on Query { ...a }", None),
    "an input with an unknown member": ("BAD_REQUEST", PREVIEW, {"a": {"sellPackages": {"x": 1}}, "k": KEY}),
    "oneOf with two members": ("BAD_REQUEST", PREVIEW, {"a": {"sellPackages": {}, "dryLot": {}}, "k": KEY}),
    "oneOf with none": ("BAD_REQUEST", PREVIEW, {"a": {}, "k": KEY}),
    "oneOf with a null": ("BAD_REQUEST", PREVIEW, {"a": {"sellPackages": None}, "k": KEY}),
    "oneOf literal with a null": ("BAD_REQUEST", f'{{ unit(code: "{CODE}", asOf: {{index: null}}) {{ id }} }}', None),
    "too many tokens": ("TOKENS", "{ " + "checkpoint " * 2_000 + "}", None),
    "too deep": ("DEPTH", deep(16), None),
    "too deep by fragments": (
        "DEPTH",
        deep(14).replace("name", "...a") + " fragment a on __Type { ofType { ofType { name } } }",
        None,
    ),
    "much too deep": ("DEPTH", "{ a" * 900 + " }" * 900, None),
    "very many aliases": (
        "TOO_MANY",
        "{ " + " ".join(f"a{n}: checkpoint" for n in range(ALIASES_MAX + 1)) + " }",
        None,
    ),
}


@pytest.mark.parametrize("row", NEVER_EXECUTED)
def test_what_never_executes(desk: Desk, row: str, caplog: pytest.LogCaptureFixture) -> None:
    code, document, variables = NEVER_EXECUTED[row]
    answer = desk.answer(document, variables)
    assert not answer.executed
    assert "data" not in answer.members
    assert {error["extensions"]["code"] for error in answer.members["errors"]} == {code}
    assert not caplog.records, "bad input is no event"


EXECUTED: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "a page that is too large": ("PAGE_TOO_LARGE", "{ entries(first: 101) { totalCount } }", None),
    "a page of participants that is too large": ("PAGE_TOO_LARGE", "{ participants(first: 101) { totalCount } }", None),
    "a page of nothing": ("BAD_REQUEST", "{ entries(first: 0) { totalCount } }", None),
    "a page of less": ("BAD_REQUEST", "{ entries(first: -1) { totalCount } }", None),
    "a cursor of our own making": ("BAD_REQUEST", '{ entries(after: "x") { totalCount } }', None),
    "a cursor with a sign": ("BAD_REQUEST", '{ entries(after: "LTE") { totalCount } }', None),
    "too many codes": ("TOO_MANY", "{ issueCodes(kind: PLANT, count: 1001) }", None),
    "no codes": ("BAD_REQUEST", "{ issueCodes(kind: PLANT, count: 0) }", None),
    "a proof beyond the end": ("BAD_REQUEST", "{ inclusionProof(index: 9007199254740991) }", None),
    "a proof under a size that nobody kept": ("BAD_REQUEST", "{ inclusionProof(index: 0, size: 3) }", None),
    "no statement": ("BAD_REQUEST", STATEMENTS, {"s": []}),
    "too many statements": ("TOO_MANY", STATEMENTS, {"s": ["{}"] * 1_001}),
    "a statement that is none": ("BAD_REQUEST", STATEMENTS, {"s": ["no"]}),
    "a statement with half a character": ("BAD_REQUEST", STATEMENTS, {"s": ["\ud800"]}),
    "a statement that says nothing": ("BAD_REQUEST", STATEMENTS, {"s": ["{}"]}),
}


@pytest.mark.parametrize("row", EXECUTED)
def test_what_executes_in_vain(desk: Desk, row: str, caplog: pytest.LogCaptureFixture) -> None:
    code, document, variables = EXECUTED[row]
    answer = desk.answer(document, variables)
    assert answer.executed
    [error] = answer.members["errors"]
    assert error["extensions"] == {"code": code}
    assert not caplog.records


def test_a_submission_of_nothing_and_of_too_much(desk: Desk) -> None:
    root, signature = "A" * 43 + "=", "A" * 86 + "=="
    document = (
        f'mutation($s: [CanonicalStatement!]!) {{ submit(statements: $s, seen: {{size: 1, root: "{root}"}}, '
        f'until: "2026-01-01T00:00:00.000Z", signature: "{signature}") {{ __typename }} }}'
    )
    assert desk.code(document, {"s": []}, by=None) == "BAD_REQUEST"
    assert desk.code(document, {"s": ["{}"] * 1_001}, by=None) == "TOO_MANY"


NATURAL_WRONG: list[Any] = [1.0, 0.5, "1", True, -1, 2**53, None, [], {}]
SCALARS: dict[str, tuple[list[Any], list[Any]]] = {
    **{
        name: ([0, 1, 2**31, 2**53 - 1], NATURAL_WRONG)
        for name in (
            "Milligrams", "Index", "Sequence", "MicrogramsPerKilogram", "Centimetres", "CfuPerGram", "Quantity",
        )
    },
    "Timestamp": (
        ["2025-06-01T08:00:00.000Z", "2000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
        ["2025-06-01T08:00:00Z", "2025-02-29T08:00:00.000Z", "1999-12-31T23:59:59.999Z", "2025-06-01T08:00:60.000Z",
         "2025-06-01T08:00:00.000z", 1, ""],
    ),
    "Code": ([CODE], [CODE.lower(), CODE[:-1], CODE + "0", "X" + CODE[1:], "P" + "I" + CODE[2:], 1, f"{CODE}\n"]),
    "KeyId": ([KEY], [KEY[:-1], KEY + "=", KEY[:-1] + "B", 1]),
    "Base64": (["AA==", "AAAA"], ["AA", "AB==", "A-==", "AAAA\n", 1, "é"]),
    "Position": (["A/1", "A" * 24], ["a", "", "A" * 25, "A B", 1]),
    "Slug": (["ab", "a-1"], ["a", "1a", "Ab", "a" * 41, "ab\n", 1]),
    "Name": (["Haze", "B.V. & (1)"], ["", "é", "a" * 81, 1]),
    "CanonicalStatement": (["", "x"], [1, True, {}]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALARS)
def test_scalars_take_their_form_and_nothing_else(name: str) -> None:
    type_: Any = SCHEMA.type_map[name]
    good, bad = SCALARS[name]
    for value in good:
        assert type_.coerce_input_value(value) == value
    for value in bad:
        with pytest.raises(GraphQLError):
            type_.coerce_input_value(value)


LITERALS = [
    (f"unit(code: {CODE}) {{ id }}", "a code without quotation marks"),
    ('entry(index: "1") { id }', "a number in quotation marks"),
    ("entry(index: 1.0) { id }", "a number with a point"),
    ("entry(index: 1e2) { id }", "a number with an exponent"),
    ("entry(index: true) { id }", "a boolean"),
    ("entry(index: -1) { id }", "a negative number"),
    ("entry(index: 9007199254740992) { id }", "a number beyond 2^53 - 1"),
    (f"entry(index: {'9' * 5_000}) {{ id }}", "a number of very many digits"),
    ("entry(index: [1]) { id }", "a list"),
    ("issueCodes(kind: plant, count: 1)", "a word that is not in the enum"),
    ('issueCodes(kind: "PLANT", count: 1)', "an enum in quotation marks"),
    ("participants(filter: {municipality: breda}) { totalCount }", "a slug without quotation marks"),
]


@pytest.mark.parametrize(("field", "what"), LITERALS, ids=[what for _, what in LITERALS])
def test_literals_are_as_strict_as_variables(desk: Desk, field: str, what: str) -> None:
    answer = desk.answer(f"{{ {field} }}")
    assert not answer.executed, what
    assert desk.code(f"{{ {field} }}") == "BAD_REQUEST"


def test_a_document_exactly_at_the_limits_is_answered(desk: Desk) -> None:
    assert "errors" not in desk.answer(deep(15)).members
    aliases = " ".join(f"a{n}: checkpoint" for n in range(ALIASES_MAX))
    assert "errors" not in desk.answer("{ " + aliases + " }").members
    tokens = "{ " + "checkpoint " * 6 + "}"
    assert "errors" not in desk.answer(tokens, limits=Limits(tokens_max=8)).members
    assert desk.code(tokens, limits=Limits(tokens_max=7)) == "TOKENS"


def test_reading_needs_a_token_but_on_a_sandbox(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.data("{ ledger { sandbox } }", by=None) == {"ledger": {"sandbox": True}}
    monkeypatch.setattr(desk.gateway, "sandbox", False)
    answer = desk.answer("{ ledger { size } __typename }", by=None)
    assert answer.unauthenticated
    assert not answer.executed
    assert desk.code("{ ledger { size } }", by=None) == "UNAUTHENTICATED"
    assert desk.code("{ ...a } fragment a on Query { ... { checkpoint } }", by=None) == "UNAUTHENTICATED"
    both = "query a { __typename } query b { checkpoint }"
    assert desk.code(both, by=None, operation="b") == "UNAUTHENTICATED"
    # The schema is public, however it is asked for, and mutations are signed.
    assert "errors" not in desk.answer(both, by=None, operation="a").members
    assert desk.data("{ __schema { queryType { name } } }", by=None)["__schema"]["queryType"] == {"name": "Query"}
    assert desk.does("grower-1", "registerVariety", {"variety": "no-token", "name": "x"})["__typename"] == "Recorded"


def test_a_mutation_needs_the_way_that_mutations_take(desk: Desk) -> None:
    document = "mutation($d: SellPackagesData!, $p: Proof!) { sellPackages(data: $d, proof: $p) { __typename } }"
    assert desk.code(document, mutations=False) == "BAD_REQUEST"


def test_what_nobody_expected_is_logged_and_masked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def torn(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(Store, "head", torn)
    with caplog.at_level(logging.ERROR):
        answer = desk.answer("{ checkpoint }")
    [error] = answer.members["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(answer.members)
    [record] = caplog.records
    assert error["extensions"]["id"] in record.getMessage()
    assert "secret" in str(record.exc_info)


def test_a_request_ends_when_its_time_is_over(desk: Desk) -> None:
    hurried = Limits(request_seconds=0)
    assert desk.code("{ checkpoint }", limits=hurried) == "TIMEOUT"
    with desk.gateway.readers.read(), desk.gateway.readers.read():  # all connections are taken
        assert desk.code("{ checkpoint }", limits=replace(hurried, request_seconds=0.05)) == "TIMEOUT"
    assert desk.data("{ checkpoint }")


def test_prepared_documents_are_kept_by_text_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "DOCUMENTS_MAX", 2)
    documents, limits = execution.Documents(), Limits()
    first = documents.prepared("{ checkpoint }", limits)
    assert documents.prepared("{ checkpoint }", limits) is first
    assert documents.prepared("{ checkpoint }", Limits(depth_max=1)) is not first
    documents.prepared("{ nope }", limits)  # one more than are kept
    assert documents.prepared("{ checkpoint }", limits) is not first
    long = "{ checkpoint }" + " " * execution.LENGTH_MAX
    assert documents.prepared(long, limits) is not documents.prepared(long, limits)


ODD = {
    "half a character in an id": ("query($t: ID!) { node(id: $t) { id } }", "Participant:\ud800"),
    "the same of a unit": ("query($t: ID!) { node(id: $t) { id } }", "Unit:\ud800"),
    "half a character in a filter": (
        "query($t: String!) { entries(filter: {action: $t}) { totalCount } }", "\ud800"
    ),
    "the end of time": (
        'query($t: Timestamp!) { preview(at: $t, key: "%s", action: {movePlants: {plants: [], height: 1, mass: 1, '
        'position: "A"}}) { sequence } }' % ("A" * 43),
        "9999-12-31T00:00:00.000Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ODD)
def test_odd_texts_are_bad_requests(desk: Desk, row: str, caplog: pytest.LogCaptureFixture) -> None:
    document, text = ODD[row]
    assert desk.code(document, {"t": text}) == "BAD_REQUEST"
    assert "Traceback" not in caplog.text
