"""The command `ketenboek`: what is asked for, and the exit code that tells how it ended.

`0` done, every check holds; `1` a check failed or an action was refused; `2` wrong use or setting;
`3` undecided; `4` surroundings: database or gateway unreachable, not migrated, key unreadable.
With `--json` one JSON object goes to stdout and nothing else; progress and prose go to stderr.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from api.cli import asking, checking, founding, minting, recording, serving, simulating
from api.cli.outcome import UNREACHABLE, Refusal, Surroundings, Wrong, put
from api.settings import Settings, WrongSetting
from ledger.database import UnknownDatabase
from ledger.errors import Fatal

YOUNG_MAX = 50_000
"""Objects between two looks for cycles (Python: 700 to 2,000). Rows and statements have none, and come by
the hundred an entry: looking as often as Python does costs a writer a quarter of its time."""

MODULES = (minting, founding, serving, recording, asking, checking, simulating)


def parser(settings: Settings) -> argparse.ArgumentParser:
    """The command line: every command with its flags, in the order of `interface.md` §1."""
    top = argparse.ArgumentParser(prog="ketenboek", description="The open seed-to-sale ledger.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in MODULES:
        module.add(commands, settings)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    gc.set_threshold(YOUNG_MAX)
    arguments = argparse.Namespace(json=False)
    try:
        settings = Settings.from_env()
        arguments = parser(settings).parse_args(argv)
        code: int = arguments.run(arguments, settings)
        return code
    except Refusal as error:
        return _say(error, 1, arguments)
    except (Wrong, WrongSetting, UnknownDatabase) as error:
        return _say(error, 2, arguments)
    except BrokenPipeError:  # who read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or it is told again at the end
        return 0
    except (Surroundings, Fatal, OSError) as error:
        return _say(error, 4, arguments)
    except UNREACHABLE as error:
        return _say(error, 4, arguments)
    except KeyboardInterrupt:
        return 130


def _say(error: BaseException, code: int, arguments: argparse.Namespace) -> int:
    """Why there is no result, on stderr; with `--json` as the one object, too."""
    message = str(error).strip()
    print(f"ketenboek: {message}", file=sys.stderr)
    if getattr(arguments, "json", False):  # `serve` has no such flag
        put({"error": message})
    return code
