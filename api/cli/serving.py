"""The gateway as a process: `serve`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from api.cli.outcome import Wrong, database_flag, migrated, signing_key
from api.settings import Settings


def add(commands: Any, settings: Settings) -> None:
    """The command of this file."""
    serve = commands.add_parser("serve", help="the gateway; prints `listening on http://H:P` when ready")
    serve.add_argument("--host", metavar="H", default=settings.host, help="default: %(default)s")
    serve.add_argument("--port", metavar="P", type=int, default=settings.port, help="0: a free one")
    database_flag(serve, settings)
    serve.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from api.process import run  # the web stack is loaded by this command only

    if not settings.checkpoint_key:
        raise Wrong("KETENBOEK_CHECKPOINT_KEY names the file of the gateway's checkpoint key")
    chosen = replace(settings, host=arguments.host, port=arguments.port, database=arguments.database)
    migrated(chosen.database)
    return run(chosen, signing_key(chosen.checkpoint_key))
