"""Questions: `query`, `lineage`; and what the software says of itself: `schema`, `actions`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ketenboek_client import ClientError, Surroundings

from api.cli import outcome
from api.cli.outcome import client_key, database_flag, gateway, gateway_flags, json_flag, note, object_of, passphrase_of
from api.settings import Settings
from ledger import manual
from ledger.editions import EDITIONS

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


def add(commands: Any, settings: Settings) -> None:
    """The commands of this file."""
    query = commands.add_parser("query", help="a GraphQL query; prints the response")
    query.add_argument("file", metavar="FILE", help="- is stdin")
    gateway_flags(query, settings)
    query.add_argument("--variables", metavar="JSON", default="{}")
    json_flag(query)
    query.set_defaults(run=_query)
    lineage = commands.add_parser("lineage", help="a tree with quantities and dates")
    lineage.add_argument("code", metavar="CODE")
    gateway_flags(lineage, settings)
    database_flag(lineage, settings)
    lineage.set_defaults(database=None)
    lineage.add_argument("--forward", action="store_true", help="to sale instead of to seed")
    lineage.add_argument("--depth", metavar="N", type=int)
    json_flag(lineage)
    lineage.set_defaults(run=_lineage)
    schema = commands.add_parser("schema", help="the GraphQL schema")
    schema.add_argument("--check", action="store_true", help="1 if the committed file is another")
    json_flag(schema)
    schema.set_defaults(run=_schema)
    actions = commands.add_parser("actions", help="reference of the actions")
    actions.add_argument("name", metavar="NAME", nargs="?")
    json_flag(actions)
    actions.set_defaults(run=_actions)


def _query(arguments: argparse.Namespace, _: Settings) -> int:
    document = outcome.text_of(arguments.file)
    variables = object_of(arguments.variables, "--variables")
    key = client_key(arguments.key, passphrase_of(arguments)) if arguments.key else None
    try:
        with gateway(arguments) as asked:
            token = None if key is None else asked.token(key, asked.origin())
            body = asked.answer(document, variables, token)
    except Surroundings as error:
        raise outcome.Surroundings(str(error)) from error
    except ClientError as error:
        raise outcome.Refusal(str(error)) from error
    if arguments.json:
        print(json.dumps(body, ensure_ascii=False))
    else:
        print(json.dumps(body, ensure_ascii=False, indent=2))
    return 1 if body.get("errors") else 0


def _lineage(arguments: argparse.Namespace, settings: Settings) -> int:
    from api.tracing import from_database, from_gateway  # rows or answers to the same drawing

    if arguments.depth is not None and arguments.depth < 0:
        raise outcome.Wrong("--depth is at least 0")

    database = arguments.database or (None if arguments.gateway else settings.database)
    if database is not None:
        found = from_database(outcome.migrated(database), arguments.code, arguments.forward, arguments.depth)
    else:
        key = client_key(arguments.key, passphrase_of(arguments)) if arguments.key else None
        try:
            with gateway(arguments) as asked:
                direction = "TO_SALE" if arguments.forward else "TO_SEED"
                found = from_gateway(asked, arguments.code, direction, arguments.depth, key)
        except Surroundings as error:
            raise outcome.Surroundings(str(error)) from error
        except ClientError as error:
            raise outcome.Refusal(str(error)) from error
    if found is None:
        raise outcome.Refusal(f"{arguments.code}: no such unit, or none that this key may see")
    if arguments.json:
        print(json.dumps(found.answer, ensure_ascii=False))
    else:
        print("\n".join(found.tree()))
    return 0


def _schema(arguments: argparse.Namespace, _: Settings) -> int:
    import schema

    sdl = schema.sdl()
    if arguments.check:
        same = SDL.exists() and SDL.read_text(encoding="utf-8") == sdl
        if not same:
            note("schema/schema.graphql is not this schema: run `make vectors` and look at the difference")
        return 0 if same else 1
    if arguments.json:
        outcome.put({"schema": sdl})
    else:
        sys.stdout.write(sdl)
    return 0


def _actions(arguments: argparse.Namespace, _: Settings) -> int:
    edition = EDITIONS[max(EDITIONS)]
    if arguments.name is not None and arguments.name not in edition.actions:
        raise outcome.Wrong(
            f"{arguments.name} is no action of edition {edition.number}: `ketenboek actions` lists them"
        )
    chosen = [cls for name, cls in edition.actions.items() if arguments.name in (None, name)]
    if arguments.json:
        outcome.put({"edition": edition.number, "actions": [manual.action_described(cls) for cls in chosen]})
    elif arguments.name is None:
        for cls in chosen:
            print(f"{cls.name:20} {manual.description(cls).partition('. ')[0]}.")
    else:
        print(manual.section(chosen[0]))
    return 0
