"""The schema put together, and its text."""

from __future__ import annotations

import inspect
from typing import Any

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    print_schema,
)
from strawberry.schema.config import StrawberryConfig

from schema.mutation import Mutation
from schema.plain import BACKREF, loosen
from schema.query import Query
from schema.scalars import SCALARS


def made() -> strawberry.Schema:
    """The schema as Strawberry makes it from the types; docstrings are the descriptions that users read."""
    schema = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
    for type_ in schema._schema.type_map.values():
        definition = type_.extensions.get(BACKREF)
        if definition is None or not isinstance(
            type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType
        ):
            continue
        type_.description = type_.description or _told(definition.origin)
        if not isinstance(type_, GraphQLInputObjectType):
            for field in type_.fields.values():
                resolver = field.extensions[BACKREF].base_resolver
                field.description = field.description or (resolver and _told(resolver.wrapped_func))
    return schema


def _told(documented: Any) -> str | None:
    """A docstring as one paragraph; not the signature that dataclasses write where there is none."""
    text = " ".join((inspect.getdoc(documented) or "").split())
    return None if not text or text.startswith(f"{documented.__name__}(") else text


SCHEMA: GraphQLSchema = loosen(made()._schema)
"""The schema that is executed."""


def sdl() -> str:
    """The schema definition, as committed in `schema/schema.graphql`."""
    return print_schema(SCHEMA) + "\n"
