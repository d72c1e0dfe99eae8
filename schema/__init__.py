"""The GraphQL schema: the ways in and out of a ledger for programs (`interface.md` §7)."""

from __future__ import annotations


def sdl() -> str:
    """The schema definition, as committed in `schema/schema.graphql`."""
    from schema import graph  # made on demand: who needs one module need not make the schema

    return graph.sdl()
