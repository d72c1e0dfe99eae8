"""Does the short road of a mutation answer as graphql-core would, or leave it to graphql-core?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    parse,
)
from graphql.execution.values import get_argument_values, get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import codes
from schema.graph import SCHEMA
from schema.plan import Plan, Unfit, planned
from tests.asking import Desk, opened, proof

MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}
VALUES: dict[str, Any] = {
    "Code": codes.mint("E", bytes),
    "Base64": "AA==",
    "KeyId": "A" * 43,
    "Timestamp": "2026-01-01T00:00:00.000Z",
    "Position": "A/1",
    "Slug": "shop-1",
    "Boolean": True,
}
"""One that fits each scalar; those of numbers take 1, those of texts `Haze`."""
NUMBERS = {
    "Milligrams",
    "Pieces",
    "Index",
    "Sequence",
    "MicrogramsPerKilogram",
    "Centimetres",
    "CfuPerGram",
    "Quantity",
}


def fitting(type_: Any) -> Any:
    """A value of an input type with all its members; of one-of the first."""
    if isinstance(type_, GraphQLNonNull):
        return fitting(type_.of_type)
    if isinstance(type_, GraphQLList):
        return [fitting(type_.of_type)] * 2
    if isinstance(type_, GraphQLInputObjectType):
        members = list(type_.fields.items())[: 1 if type_.is_one_of else None]
        return {name: fitting(field.type) for name, field in members}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return VALUES.get(type_.name, 1 if type_.name in NUMBERS else "Haze")


def document(name: str) -> str:
    """A mutation with all its arguments as variables."""
    arguments = MUTATIONS[name].args
    variables = ", ".join(f"${argument}: {one.type}" for argument, one in arguments.items())
    given = ", ".join(f"{argument}: ${argument}" for argument in arguments)
    return f"mutation ({variables}) {{ {name}({given}) {{ __typename }} }}"


def plan_of(text: str) -> Plan | None:
    parsed = parse(text)
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
    return planned(operations[0], fragments)


def told(text: str, variables: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments that graphql-core makes of variables; None where it refuses them."""
    [operation] = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(SCHEMA, operation.variable_definitions or (), variables)
    if isinstance(values, list):
        return None
    [node] = operation.selection_set.selections
    return get_argument_values(MUTATIONS[node.name.value], node, values)  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_fits_is_taken_as_graphql_core_takes_it(name: str) -> None:
    variables = {argument: fitting(one.type) for argument, one in MUTATIONS[name].args.items()}
    plan = plan_of(document(name))
    assert plan is not None
    assert plan.arguments(variables) == told(document(name), variables) != {}
    del variables["openings"]
    assert plan.arguments(variables) == told(document(name), variables)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """A value in which something, at some depth, is missing, null, of another kind, or too much."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(damaged(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        return [*value[:-1], draw(damaged(value[-1]))]
    if isinstance(value, dict) and draw(st.booleans()):
        keep = draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
        return {**{name: value[name] for name in keep}, **draw(st.sampled_from([{}, {"accepted": True}, {"x": None}]))}
    return draw(
        st.sampled_from([None, [], {}, 0, -1, 1.0, 2**60, True, "", "x", value, [value], [None], {"sealed": 1}])
    )


@pytest.mark.parametrize("name", ["receiveShipment", "recordResult", "setPhase", "submit", "registerKey"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_does_not_fit_is_left_to_graphql_core(name: str, data: st.DataObject) -> None:
    fits = {argument: fitting(one.type) for argument, one in MUTATIONS[name].args.items()}
    variables = data.draw(damaged(fits))
    if not isinstance(variables, dict):
        return
    plan = plan_of(document(name))
    assert plan is not None
    try:
        taken = plan.arguments(variables)
    except Unfit:
        return
    assert taken == told(document(name), variables)


OTHERS = {
    "two fields": "{ a: movePlants(data: $d, proof: $p) { __typename } __typename }",
    "a directive": "{ movePlants(data: $d, proof: $p) @include(if: true) { __typename } }",
    "a directive within": "{ movePlants(data: $d, proof: $p) { __typename @skip(if: false) } }",
    "a value in the text": "{ movePlants(data: {plants: [], height: 1, mass: 1}, proof: $p) { __typename } }",
    "the type": "{ __typename }",
}


@pytest.mark.parametrize("form", OTHERS.values(), ids=OTHERS)
def test_a_document_of_another_form_has_no_plan(form: str) -> None:
    assert plan_of(f"mutation ($d: MovePlantsData!, $p: Proof!) {form}") is None
    assert plan_of("mutation ($d: MovePlantsData!, $p: Proof!) { movePlants(data: $d, proof: $p) { __typename } }")


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("plan")) as made:
        yield made


ANSWERS = (
    "kind: __typename ...Good ... on Rejected { retryAfter problems { ...Why } problems { path unit code } }",
    "... on Outcome { ... on Recorded { receipts { i: index index } replayed } } ... { __typename } ...Good",
    "...Good ... on Rejected { p: problems { expected entry message } retryAfter }",
)
FRAGMENTS = """fragment Good on Recorded { __typename receipts { recorded entryHash entry proof file } }
fragment Why on Problem { code expected }"""


@pytest.mark.parametrize("answers", ANSWERS)
@pytest.mark.parametrize("mass", [9_000, 8_000], ids=["recorded", "rejected"])
def test_the_answer_is_the_one_of_graphql_core(desk: Desk, answers: str, mass: int) -> None:
    data = {"plants": [desk.chain.mother], "height": 40, "mass": 9_000, "position": "A/9"}
    submission = desk.signed("grower-1", ("movePlants", data))
    variables = {"data": {**data, "mass": mass}, "proof": proof(submission)}
    head = "mutation ($data: MovePlantsData!, $proof: Proof!) { m: movePlants(data: $data, proof: $proof)"
    text = f"{head} %s {{ {answers} }} }}"
    used = [part for part in FRAGMENTS.split("\n") if f"...{part.split()[1]}" in answers]
    short, long = (text % way + "\n".join(used) for way in ("", "@include(if: true)"))
    assert plan_of(short) is not None
    assert plan_of(long) is None
    desk.answer(short, variables, by=None)  # from here on all is a replay, if it is recorded
    first, second = (desk.answer(one, variables, by=None).members for one in (short, long))
    assert first == second
    assert "errors" not in first
    assert list(first["data"]["m"]) == list(second["data"]["m"])


def test_what_a_resolver_raises_is_told_as_graphql_core_tells_it(desk: Desk) -> None:
    variables = {"s": [], "seen": {"size": 1, "root": "AA=="}, "until": VALUES["Timestamp"], "signature": "AA=="}
    text = """mutation ($s: [CanonicalStatement!]!, $seen: Seen!, $until: Timestamp!, $signature: Base64!) {
      m: submit(statements: $s, seen: $seen, until: $until, signature: $signature) %s{ __typename } }"""
    short, long = text % "", text % "@include(if: true) "
    answers = [desk.answer(one, variables, by=None).members for one in (short, long)]
    assert answers[0] == answers[1]
    assert answers[0]["data"] is None
    assert answers[0]["errors"][0]["path"] == ["m"]
