"""A chain that behaves like the real one: `simulate`."""

from __future__ import annotations

import argparse
from typing import Any

from ketenboek_client import ClientError
from ketenboek_client import Surroundings as ClientSurroundings

from api.cli.outcome import Refusal, Surroundings, Wrong, json_flag, migrated, note, put
from api.settings import Settings
from ledger.founding import AlreadyFounded


def add(commands: Any, _: Settings) -> None:
    """The command of this file."""
    simulate = commands.add_parser("simulate", help="the same seed gives the same ledger")
    simulate.add_argument("--seed", metavar="N", type=int, required=True)
    simulate.add_argument("--growers", metavar="G", type=int, default=3)
    simulate.add_argument("--shops", metavar="S", type=int, default=10)
    simulate.add_argument("--days", metavar="D", type=int, default=21, help="of trade, after a season of growing")
    simulate.add_argument("--entries", metavar="N", type=int, help="stop after about so many entries")
    simulate.add_argument("--database", metavar="URL", help="empty and migrated: founded and filled without HTTP")
    simulate.add_argument("--out", metavar="DIR", default=".", help="for anchor, checkpoint and keys/*.jwk")
    simulate.add_argument("--gateway", metavar="URL", help="record through a gateway instead")
    simulate.add_argument("--keys", metavar="DIR", help="the keys of a founded ledger, for --gateway")
    json_flag(simulate)
    simulate.set_defaults(run=_simulate)


def _simulate(arguments: argparse.Namespace, settings: Settings) -> int:
    from api import simulation

    if arguments.database is not None and arguments.gateway is not None:
        raise Wrong("either --database URL or --gateway URL --keys DIR")
    if arguments.gateway is not None and arguments.keys is None:
        raise Wrong("--gateway needs --keys DIR")
    counts = (arguments.growers, arguments.shops, arguments.days, arguments.entries)
    if min(count for count in counts if count is not None) < 1:
        raise Wrong("--growers, --shops, --days and --entries are at least 1")
    plan = {"seed": arguments.seed, "growers": arguments.growers, "shops": arguments.shops}
    plan |= {"days": arguments.days, "entries": arguments.entries}
    try:
        if arguments.gateway is None:
            database = migrated(arguments.database or settings.database)
            done = simulation.into_database(database, arguments.out, **plan, progress=note)
        else:
            done = simulation.through_gateway(arguments.gateway, arguments.keys, **plan, progress=note)
    except simulation.Unsuitable as error:
        raise Wrong(str(error)) from error
    except AlreadyFounded as error:
        raise Refusal(str(error)) from error
    except ClientSurroundings as error:
        raise Surroundings(str(error)) from error
    except ClientError as error:
        raise Refusal(str(error)) from error
    if arguments.json:
        put(done)
    else:
        print(f"{done['entries']:,} entries of ledger {done['origin']}")
    return 0
