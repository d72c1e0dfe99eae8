"""A ledger's beginning: `migrate`, `found`."""

from __future__ import annotations

import argparse
import time
from typing import Any

import migrations
from api.cli.outcome import (
    Refusal,
    Surroundings,
    Wrong,
    database_flag,
    json_flag,
    migrated,
    moment_of,
    note,
    put,
    shown,
    signing_key,
)
from api.settings import Settings
from ledger import instant
from ledger.errors import REFUSALS, Malformed, Refused
from ledger.founding import AlreadyFounded, found


def add(commands: Any, settings: Settings) -> None:
    """The commands of this file."""
    migrate = commands.add_parser("migrate", help="bring the database to this software's schema")
    database_flag(migrate, settings)
    migrate.add_argument("--check", action="store_true", help="only look: 4 if behind")
    json_flag(migrate)
    migrate.set_defaults(run=_migrate)
    command = commands.add_parser("found", help="entry 0 into an empty, migrated database; prints the anchor")
    database_flag(command, settings)
    command.add_argument("--origin", metavar="O", required=True, help="a schema-less URL, as ketenboek.example/nl")
    command.add_argument("--name", metavar="N", required=True)
    command.add_argument("--authority", metavar="ID", default="ministry", help="default: %(default)s")
    command.add_argument("--founder", metavar="KEYFILE", required=True, help="signs entry 0")
    command.add_argument("--offline", metavar="KEYFILE", required=True, help="a second admin key, to be kept offline")
    command.add_argument("--checkpoint-key", metavar="KEYFILE", required=True, help="the gateway's key")
    command.add_argument("--sandbox", action="store_true", help="without a wall clock, readable without a token")
    command.add_argument("--at", metavar="T", help="of a sandbox: when it was founded")
    json_flag(command)
    command.set_defaults(run=_found)


def _migrate(arguments: argparse.Namespace, _: Settings) -> int:
    if arguments.check:
        if migrations.behind(arguments.database):
            raise Surroundings(f"{shown(arguments.database)} is behind: run `ketenboek migrate`")
    else:
        migrations.upgrade(arguments.database)
    if arguments.json:
        put({"database": shown(arguments.database), "revision": migrations.revisions()[-1]})
    else:
        note(f"{shown(arguments.database)} is at revision {migrations.revisions()[-1]}")
    return 0


def _found(arguments: argparse.Namespace, _: Settings) -> int:
    if arguments.at is not None and not arguments.sandbox:
        raise Wrong("--at goes with --sandbox: an ordinary ledger has the time of the clock")
    at = moment_of(arguments.at, "--at")
    try:
        anchor = found(
            migrated(arguments.database),
            origin=arguments.origin,
            name=arguments.name,
            authority=arguments.authority,
            founder=signing_key(arguments.founder),
            offline=signing_key(arguments.offline),
            checkpoint_key=signing_key(arguments.checkpoint_key),
            sandbox=arguments.sandbox,
            at=int(time.time() * 1000) if at is None else instant.millis(at),
        )
    except AlreadyFounded as error:
        raise Refusal(str(error)) from error
    except Refused as refused:
        told = [f"{'.'.join(one.path[2:])}: {one.code}: {REFUSALS[one.code]}" for one in refused.problems]
        raise Refusal("; ".join(told)) from refused
    except Malformed as error:
        raise Wrong(str(error)) from error
    if arguments.json:
        put({"anchor": anchor.text(), "origin": anchor.origin})
    else:
        print(anchor.text())
    return 0
