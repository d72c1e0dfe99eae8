"""The shortest road of a mutation: its variables and its answer as functions, made once per document.

graphql-core decides anew in each request what has which type; for the operations that are sent all the
time that is a fifth of the work. What cannot be done exactly alike is left to it: documents of another
form have no plan, and variables that do not fit are `Unfit`, so that errors are told in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    is_leaf_type,
    type_from_ast,
)

from schema.context import Context
from schema.graph import SCHEMA
from schema.plain import is_plain, is_plain_field

Function = Callable[[Any], Any]
Fragments = Mapping[str, FragmentDefinitionNode]


class Unfit(Exception):
    """Variables that are not of their types."""


class _Other(Exception):
    """A form of document that is left to graphql-core."""


class Info(NamedTuple):
    """What a plain resolver asks of graphql-core's `info`."""

    context: Context


@dataclass(frozen=True, slots=True)
class Plan:
    """A mutation of one plain field, all of whose arguments are variables; `key`: its name in the answer."""

    node: FieldNode
    key: str
    resolve: Callable[..., Any]
    give: Function
    """From what the resolver returns to what is answered."""
    _required: frozenset[str]
    _variables: tuple[tuple[str, Function], ...]
    _arguments: tuple[tuple[str, str], ...]

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The resolver's arguments. Raises Unfit."""
        if not variables.keys() >= self._required:
            raise Unfit
        try:
            values = {name: take(variables[name]) for name, take in self._variables if name in variables}
        except Exception as error:  # whatever a parser of values raises
            raise Unfit from error
        return {argument: values[name] for argument, name in self._arguments if name in values}


def planned(operation: OperationDefinitionNode, fragments: Fragments) -> Plan | None:
    """The plan of a valid mutation; None where it is of another form."""
    try:
        return _plan(operation, fragments)
    except _Other:
        return None


def _plan(operation: OperationDefinitionNode, fragments: Fragments) -> Plan:
    [node, *more] = operation.selection_set.selections
    assert SCHEMA.mutation_type is not None
    if more or not isinstance(node, FieldNode) or node.directives or operation.directives:
        raise _Other
    field = SCHEMA.mutation_type.fields.get(node.name.value)
    if field is None or field.resolve is None or not is_plain_field(field):
        raise _Other
    variables, required = [], set()
    for definition in operation.variable_definitions or ():
        if definition.default_value is not None or definition.directives:
            raise _Other
        type_ = type_from_ast(SCHEMA, definition.type)
        variables.append((definition.variable.name.value, _taker(type_)))
        if isinstance(type_, GraphQLNonNull):
            required.add(definition.variable.name.value)
    arguments = []
    for argument in node.arguments or ():
        if not isinstance(argument.value, VariableNode):
            raise _Other
        name = argument.name.value
        arguments.append((field.args[name].out_name or name, argument.value.name.value))
    key = node.alias.value if node.alias else node.name.value
    give = _giver(field.type, [node], fragments)
    return Plan(node, key, field.resolve, give, frozenset(required), tuple(variables), tuple(arguments))


def _taker(type_: Any) -> Function:
    """From a JSON value to what graphql-core makes of it; raises where that refuses it."""
    if isinstance(type_, GraphQLNonNull):
        take = _taker(type_.of_type)

        def present(value: Any) -> Any:
            if value is None:
                raise Unfit
            return take(value)

        return present
    take = _taker_of_list(type_) if isinstance(type_, GraphQLList) else _taker_of_one(type_)
    return lambda value: None if value is None else take(value)


def _taker_of_list(type_: GraphQLList[Any]) -> Function:
    take = _taker(type_.of_type)

    def items(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Unfit  # one value counts as a list of one: rare, and not ours
        return [take(item) for item in value]

    return items


def _taker_of_one(type_: Any) -> Function:
    if isinstance(type_, GraphQLInputObjectType):
        return _taker_of_object(type_)
    coerce = type_.coerce_input_value

    def leaf(value: Any) -> Any:
        made = coerce(value)
        if made is Undefined:
            raise Unfit
        return made

    return leaf


def _taker_of_object(type_: GraphQLInputObjectType) -> Function:
    if type_.out_type is not GraphQLInputObjectType.out_type or any(
        field.default_value is not Undefined for field in type_.fields.values()
    ):
        raise _Other
    members = {name: (field.out_name or name, _taker(field.type)) for name, field in type_.fields.items()}
    required = {name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)}
    one_of = type_.is_one_of

    def members_of(value: Any) -> dict[str, Any]:
        if type(value) is not dict or not required <= value.keys():
            raise Unfit
        made = {}
        for name in members if len(value) > 1 else value:  # in the order of the type
            if name in value:
                out, take = members[name]
                made[out] = take(value[name])
        if len(made) != len(value) or (one_of and (len(made) != 1 or None in made.values())):
            raise Unfit
        return made

    return members_of


def _giver(type_: Any, nodes: list[FieldNode], fragments: Fragments) -> Function:
    """From a plain value to what is answered, for the fields that nodes select."""
    if isinstance(type_, GraphQLNonNull):
        give = _giver(type_.of_type, nodes, fragments)

        def present(value: Any) -> Any:
            if value is None:
                raise TypeError(f"nothing for {type_}")
            return give(value)

        return present
    if isinstance(type_, GraphQLList):
        one = _giver(type_.of_type, nodes, fragments)
        return lambda value: None if value is None else [one(item) for item in value]
    if isinstance(type_, GraphQLUnionType):
        ways = {found.name: _giver(found, nodes, fragments) for found in type_.types}
        return lambda value: ways[value["__typename"]](value)
    if isinstance(type_, GraphQLObjectType):
        return _giver_of_object(type_, nodes, fragments)
    if not is_leaf_type(type_):
        raise _Other
    coerce = type_.coerce_output_value
    return lambda value: None if value is None else coerce(value)


def _giver_of_object(type_: GraphQLObjectType, nodes: list[FieldNode], fragments: Fragments) -> Function:
    if not is_plain(type_):
        raise _Other
    grouped: dict[str, list[FieldNode]] = {}
    for node in nodes:
        assert node.selection_set is not None
        _collect(type_, node.selection_set, fragments, grouped, set())
    members: list[tuple[str, Callable[..., Any], Function]] = []
    for key, same in grouped.items():
        name = same[0].name.value
        if name == "__typename":
            members.append((key, lambda _value, _info: type_.name, lambda value: value))
            continue
        field = type_.fields[name]
        if field.resolve is None or same[0].arguments:
            raise _Other
        members.append((key, field.resolve, _giver(field.type, same, fragments)))
    return lambda value: None if value is None else {key: give(read(value, None)) for key, read, give in members}


def _collect(
    type_: GraphQLObjectType,
    selections: SelectionSetNode,
    fragments: Fragments,
    grouped: dict[str, list[FieldNode]],
    spread: set[str],
) -> None:
    """The fields selected of an object by their names in the answer, in order (GraphQL §6.3.2)."""
    for node in selections.selections:
        if node.directives:
            raise _Other
        if isinstance(node, FieldNode):
            grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        elif isinstance(node, InlineFragmentNode):
            if node.type_condition is None or type_.name in _members(node.type_condition.name.value):
                _collect(type_, node.selection_set, fragments, grouped, spread)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            fragment = fragments[node.name.value]
            if type_.name in _members(fragment.type_condition.name.value):
                _collect(type_, fragment.selection_set, fragments, grouped, spread)


def _members(name: str) -> Iterable[str]:
    """The object types that a type condition lets through."""
    type_ = SCHEMA.type_map[name]
    return [found.name for found in type_.types] if isinstance(type_, GraphQLUnionType) else [name]
