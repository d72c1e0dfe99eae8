"""The generated pages under `docs/`: every action, refusal, fault, setting and command in exactly one table.

`make vectors` writes them (`python -m api.reference`); a test compares what is committed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

import schema
from api.cli import parser
from api.settings import Settings, variable
from ledger import manual
from ledger.editions import EDITIONS
from ledger.errors import BYTES_ALONE, FAULTS, PRECEDENCE, REFUSALS
from schema.messages import message

ROOT = Path(__file__).parents[1]
MADE = "Made from the code by `make vectors`; do not edit.\n"


def pages() -> dict[str, str]:
    """The generated files by their paths."""
    newest = EDITIONS[max(EDITIONS)]
    made = {
        "docs/actions.md": manual.page(newest),
        "docs/refusals.md": refusals(),
        "docs/faults.md": faults(),
        "docs/settings.md": settings(),
        "docs/commands.md": commands(),
        "schema/schema.graphql": schema.sdl(),
    }
    for number, edition in EDITIONS.items():
        text = json.dumps(manual.described(edition), indent=1, ensure_ascii=False)
        made[f"docs/editions/{number}.json"] = text + "\n"
    return made


def refusals() -> str:
    """Refusal codes in order of precedence."""
    lines = [
        "# Refusal codes\n",
        MADE,
        (
            "In order of precedence: of the codes found in the bytes alone all that apply are listed, of the others "
            "only the first. Nothing was recorded and no sequence number used; correct it and send it again under the "
            "same number. Accept codes that you do not know.\n"
        ),
        "| code | found | what to do | wat te doen |",
        "| --- | --- | --- | --- |",
    ]
    for code in REFUSALS:
        rank = PRECEDENCE[code]
        found = "in the bytes" if rank <= BYTES_ALONE else "by the gateway" if code in GATEWAY else "by the rules"
        lines.append(f"| `{code}` | {found} | {message(code, 'en')} | {message(code, 'nl')} |")
    return "\n".join(lines) + "\n"


GATEWAY = ("BUSY", "UNDECIDED", "SHUTTING_DOWN")


def faults() -> str:
    """Fault codes of the audit."""
    lines = ["# Fault codes\n", MADE, "What an audit finds (`docs/audit.md`).\n", "| code | meaning |", "| --- | --- |"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in FAULTS.items()]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """The settings of the gateway."""
    lines = [
        "# Settings\n",
        MADE,
        "Read once, from the environment, in `api/settings.py`; nothing else reads it.\n",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    for item in fields(Settings):
        default = {True: "1", False: "0", "": "–"}.get(item.default, str(item.default))
        lines.append(f"| `{variable(item.name)}` | `{default}` | {item.metadata['meaning']} |")
    lines.append("| `KETENBOEK_TEST_POSTGRES` | `–` | tests: a PostgreSQL server to use instead of the wheel's |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """The commands with their flags."""
    lines = [
        "# Commands\n",
        MADE,
        (
            "Exit codes: `0` done, every check holds · `1` a check failed or an action was refused · `2` wrong use "
            "or setting · `3` undecided · `4` surroundings: database or gateway unreachable, not migrated, key "
            "unreadable. `--json` puts one JSON object on stdout and nothing else.\n"
        ),
        "| command | does | arguments |",
        "| --- | --- | --- |",
    ]
    top = parser(Settings())
    [choices] = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    helps = {action.dest: action.help for action in choices._choices_actions}
    for name, command in choices.choices.items():
        arguments = [_argument(action) for action in command._actions if action.dest != "help"]
        lines.append(f"| `{name}` | {helps[name]} | {' '.join(arguments)} |")
    return "\n".join(lines) + "\n"


def _argument(action: argparse.Action) -> str:
    """A flag or argument as it is typed."""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    text = f"{action.option_strings[-1]} {value}".strip()
    return f"`{text}`" if action.required else f"`[{text}]`"


def write() -> None:
    """Write every generated page."""
    for path, text in pages().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{path}\n")


if __name__ == "__main__":
    write()
