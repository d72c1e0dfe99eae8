"""What passes Strawberry by at run time: resolvers that take and types that give plain values.

The types stay Strawberry's, so the schema is too; but converting arguments into objects and results
out of them costs a quarter of a mutation. After the schema is made, `loosen` puts the functions marked
here in the place of Strawberry's wrappers. A test holds that the SDL is the same before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=type)

BACKREF = "strawberry-definition"
"""Under which Strawberry keeps its definition in what it makes for graphql-core."""

_resolvers: set[Callable[..., Any]] = set()
_types: set[type] = set()


def plain(resolver: F) -> F:
    """Mark a resolver `(info, **arguments)` that takes arguments as graphql-core gives them: plain values."""
    _resolvers.add(resolver)
    return resolver


def from_values(cls: T) -> T:
    """Mark a type whose fields are read from a dict by their names; what can be called is called when read."""
    _types.add(cls)
    return cls


def loosen(schema: GraphQLSchema) -> GraphQLSchema:
    """Put what is marked into a schema that Strawberry made; `@oneOf` becomes graphql-core's own."""
    for type_ in schema.type_map.values():
        definition = type_.extensions.get(BACKREF)
        if isinstance(type_, GraphQLInputObjectType) and definition is not None and definition.is_one_of:
            type_.is_one_of = True
            type_.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]
        elif isinstance(type_, GraphQLUnionType):
            type_.resolve_type = lambda value, _info, _type: value["__typename"]
        elif isinstance(type_, GraphQLObjectType) and definition is not None:
            _loosen_fields(type_, is_plain(type_))
    return schema


def is_plain(type_: GraphQLObjectType) -> bool:
    """Whether the fields of a type are read from plain values."""
    definition = type_.extensions.get(BACKREF)
    return definition is not None and definition.origin in _types


def is_plain_field(field: GraphQLField) -> bool:
    """Whether what resolves a field takes plain values."""
    resolver = field.extensions[BACKREF].base_resolver
    return resolver is not None and resolver.wrapped_func in _resolvers


def _loosen_fields(type_: GraphQLObjectType, of_values: bool) -> None:
    for name, field in type_.fields.items():
        if of_values:
            field.resolve = _reader(name)
        elif is_plain_field(field):
            field.resolve = _caller(field.extensions[BACKREF].base_resolver.wrapped_func)


def _caller(resolver: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _root, info, **arguments: resolver(info, **arguments)


def _reader(name: str) -> Callable[[dict[str, Any], Any], Any]:
    def read(source: dict[str, Any], _info: Any) -> Any:
        value = source[name]
        return value() if callable(value) else value

    return read
