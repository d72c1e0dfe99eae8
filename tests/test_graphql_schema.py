"""Is the schema the page that others rely on, and are the actions in it what they are on the ledger?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
    build_schema,
    get_introspection_query,
    lexicographic_sort_schema,
    print_schema,
    validate_schema,
)

import schema
from ledger import codes, verification
from ledger.actions import Action
from ledger.editions import EDITIONS
from ledger.errors import PRECEDENCE, REFUSALS
from ledger.fields import Choice, ListOf, Member, OneOf, Scalar, Spec, Struct
from ledger.manual import description
from schema import graph
from schema.execution import prepare
from schema.limits import Limits
from schema.messages import DUTCH, message

SDL = Path(__file__).parent.parent / "schema" / "schema.graphql"
ACTIONS = [cls for cls in EDITIONS[max(EDITIONS)].actions.values() if cls.name != "foundLedger"]


def test_the_committed_text_is_the_schema() -> None:
    assert SDL.read_text(encoding="utf-8") == schema.sdl(), "run `make vectors`, and say in the changelog what changed"
    assert not validate_schema(graph.SCHEMA)


def test_what_passes_strawberry_by_changes_no_name_and_no_type() -> None:
    before = build_schema(graph.made().as_str())
    after = build_schema(schema.sdl())
    assert print_schema(lexicographic_sort_schema(before)) == print_schema(lexicographic_sort_schema(after))


def test_every_action_but_the_founding_is_a_mutation() -> None:
    mutation, chosen = graph.SCHEMA.mutation_type, graph.SCHEMA.type_map["ActionInput"]
    assert mutation is not None
    assert isinstance(chosen, GraphQLInputObjectType)
    assert list(mutation.fields) == [*(cls.name for cls in ACTIONS), "submit"]
    assert list(chosen.fields) == [cls.name for cls in ACTIONS]
    assert chosen.is_one_of


@pytest.mark.parametrize("cls", ACTIONS, ids=lambda cls: cls.name)
def test_data_is_spelled_as_in_the_statement(cls: type[Action]) -> None:
    mutation = graph.SCHEMA.mutation_type
    assert mutation is not None
    field = mutation.fields[cls.name]
    assert field.description == description(cls)
    assert {name: str(argument.type) for name, argument in field.args.items()} == {
        "data": f"{cls.__name__}Data!",
        "proof": "Proof!",
        "openings": "[Opening!]",
    }
    assert str(field.type) == "Outcome!"
    same(cls.struct, field.args["data"].type.of_type)


def same(spec: Spec, type_: GraphQLInputType) -> None:
    """Hold a type of `data` against its GraphQL type, all the way down."""
    if isinstance(spec, ListOf):
        assert isinstance(type_, GraphQLList)
        assert isinstance(type_.of_type, GraphQLNonNull)
        same(spec.item, type_.of_type.of_type)
    elif isinstance(spec, Struct | OneOf):
        assert isinstance(type_, GraphQLInputObjectType)
        assert type_.is_one_of == isinstance(spec, OneOf)
        assert list(type_.fields) == [member.name for member in spec.members]
        for member in spec.members:
            same_member(spec, member, type_.fields[member.name])
    elif isinstance(spec, Choice):
        assert isinstance(type_, GraphQLEnumType)
        assert tuple(type_.values) == spec.values
    else:
        assert isinstance(spec, Scalar)
        assert isinstance(type_, GraphQLScalarType)
        assert type_.name == spec.name


def same_member(spec: Spec, member: Member, field: Any) -> None:
    required = member.required and isinstance(spec, Struct)
    assert isinstance(field.type, GraphQLNonNull) == required, member.name
    assert field.default_value is Undefined, "input fields have no default values"
    same(member.spec, field.type.of_type if required else field.type)


def test_words_are_the_ledgers_own() -> None:
    def words(name: str) -> list[str]:
        enum = graph.SCHEMA.type_map[name]
        assert isinstance(enum, GraphQLEnumType)
        return list(enum.values)

    assert words("ProblemCode") == sorted(REFUSALS, key=PRECEDENCE.__getitem__)
    assert words("UnitKind") == list(codes.KINDS.values())
    assert words("CheckOutcome") == [verification.HOLDS, verification.BROKEN, verification.UNDECIDED]


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    assert set(DUTCH) == set(REFUSALS)
    for code, sentence in REFUSALS.items():
        assert message(code, "nl") == DUTCH[code] != sentence
        assert message(code, "en") == message(code, "de") == sentence
        for told in (DUTCH[code], sentence):
            assert told.endswith("."), "a sentence"


def test_the_standard_introspection_is_answered_at_the_default_depth() -> None:
    every = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert not prepare(every, Limits()).errors
    assert prepare(every, Limits(depth_max=14)).errors


def test_introspection_can_be_switched_off() -> None:
    closed = Limits(introspection=False)
    assert prepare("{ __schema { types { name } } }", closed).errors
    assert not prepare("{ __typename }", closed).errors
