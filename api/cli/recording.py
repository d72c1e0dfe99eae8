"""Acts, signed and sent: `record`, `submit`. Exactly once, whatever breaks on the way."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ketenboek_client import Client, ClientError, OtherBatch, Problem, Rejected, Surroundings
from ketenboek_client.receipt import Receipt

from api.cli import outcome
from api.cli.outcome import (
    gateway,
    gateway_flags,
    json_flag,
    key_path,
    moment_of,
    note,
    object_of,
    passphrase_of,
    put,
)
from api.settings import Settings

SIZE_MAX = 1_000

T = TypeVar("T")

Action: TypeAlias = tuple[str, dict[str, Any], str | None]
"""Its name, its data, and when it happened: left out, now."""


def add(commands: Any, settings: Settings) -> None:
    """The commands of this file."""
    record = commands.add_parser("record", help="one action, signed and sent; prints the outcome")
    record.add_argument("action", metavar="ACTION")
    record.add_argument("data", metavar="JSON", help="the action's data; a sealed field may be given plain")
    gateway_flags(record, settings)
    record.add_argument("--at", metavar="T", help="when it happened; left out: now")
    record.add_argument("--preview", action="store_true", help="ask what the gateway would say; records nothing")
    json_flag(record)
    record.set_defaults(run=_record)
    submit = commands.add_parser("submit", help="many actions, in order, resumable, exactly once")
    submit.add_argument("file", metavar="FILE.jsonl", help='a line each: {"action":…,"at":…,"data":…}')
    gateway_flags(submit, settings)
    submit.add_argument("--size", metavar="N", type=int, default=100, help="actions to a signature, 1 to 1,000")
    submit.add_argument("--preview", action="store_true", help="ask what the gateway would say; records nothing")
    json_flag(submit)
    submit.set_defaults(run=_submit)


def _record(arguments: argparse.Namespace, _: Settings) -> int:
    data, at = object_of(arguments.data, "the data"), moment_of(arguments.at, "--at")
    with _client(arguments) as client:
        try:
            if arguments.preview:
                return _previewed(client, [(arguments.action, data, at)], arguments)
            recorded = _asked(lambda: client.record(arguments.action, data, at))
        except Rejected as refusal:
            return _rejected(refusal, arguments)
    [receipt] = recorded.receipts
    if arguments.json:
        put({"outcome": "recorded", "replayed": recorded.replayed, "receipts": [_receipt(receipt)]})
    else:
        print(f"recorded as entry {receipt.index} at {receipt.recorded}")
    return 0


def _submit(arguments: argparse.Namespace, _: Settings) -> int:
    if not 1 <= arguments.size <= SIZE_MAX:
        raise outcome.Wrong(f"--size is 1 to {SIZE_MAX}")
    acts = dict(_acts(arguments.file))
    lines = list(acts)
    receipts: list[dict[str, Any]] = []
    with _client(arguments) as client:
        count = 0
        try:
            if arguments.preview:
                return _previewed(client, list(acts.values()), arguments, lines)
            place = None if arguments.file == "-" else f"{arguments.file}.state"
            for receipt in _each(client.batch(acts.values(), arguments.size, place)):
                count += 1
                if arguments.json:
                    receipts.append(_receipt(receipt))
                elif count % arguments.size == 0:
                    note(f"{count:,} recorded, up to entry {receipt.index}")
        except Rejected as refusal:
            return _rejected(refusal, arguments, lines)
    if arguments.json:
        put({"outcome": "recorded", "replayed": False, "receipts": receipts})
    else:
        print(f"{count:,} of {len(acts):,} actions recorded now, the others before")
    return 0


@contextmanager
def _client(arguments: argparse.Namespace) -> Iterator[Client]:
    """The client of `--key` at `--gateway`; what keeps it from starting is surroundings."""
    path, passphrase = key_path(arguments), passphrase_of(arguments)
    with gateway(arguments) as asked, _asked(lambda: Client(asked, path, passphrase=passphrase)) as client:
        yield client


def _asked(ask: Callable[[], T]) -> T:
    """What a call to the gateway gives; its surroundings' errors become the command's."""
    try:
        return ask()
    except Rejected:
        raise
    except OtherBatch as error:
        raise outcome.Wrong(str(error)) from error
    except Surroundings as error:
        raise outcome.Surroundings(str(error)) from error
    except ClientError as error:
        raise outcome.Refusal(str(error)) from error


def _each(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
    """The same for each step of a walk."""
    while (receipt := _asked(lambda: next(receipts, None))) is not None:
        yield receipt


def _acts(path: str) -> Iterator[tuple[str, Action]]:
    """The actions in a file, each with its line as a person finds it. Raises Wrong with the line that is none."""
    # Not splitlines(): a text in JSON may hold what Unicode takes for the end of a line.
    for number, text in enumerate(outcome.text_of(path).split("\n"), start=1):
        if text.strip():
            line = f"{path}, line {number}"
            act = object_of(text, line)
            if not {"action", "data"} <= set(act) <= {"action", "data", "at"}:
                raise outcome.Wrong(f"{line} holds `action`, `data` and perhaps `at`")
            action, data = act["action"], act["data"]
            if not isinstance(action, str) or not isinstance(data, dict):
                raise outcome.Wrong(f"{line}: `action` is a text, `data` an object")
            yield line, (action, data, moment_of(act.get("at"), f"{line}: `at`"))


def _receipt(receipt: Receipt) -> dict[str, Any]:
    """The members of the GraphQL type, and the receipt as a file."""
    return {
        "index": receipt.index,
        "recorded": receipt.recorded,
        "entryHash": receipt.entry_hash,
        "entry": receipt.entry,
        "proof": receipt.proof,
        "file": receipt.file,
    }


def _rejected(refusal: Rejected, arguments: argparse.Namespace, lines: Sequence[str] = ()) -> int:
    """Tell of a refusal; `lines` name the actions that were to be sent."""
    problems = [{**asdict(problem), "path": list(problem.path)} for problem in refusal.problems]
    if refusal.earlier:
        note("refused is what had been left without an answer before; what was asked now was not sent: ask again")
    if arguments.json:
        put({"outcome": "rejected", "problems": problems, "retryAfter": refusal.retry_after})
    else:
        _tell(refusal.problems, () if refusal.earlier else lines[refusal.offset :])
        if refusal.offset:
            note(f"{refusal.offset:,} actions before it are recorded")
    return 1


def _previewed(client: Client, acts: list[Action], arguments: argparse.Namespace, lines: Sequence[str] = ()) -> int:
    """Tell what the gateway would say of actions, which `lines` name."""
    parts = [acts[first : first + SIZE_MAX] for first in range(0, len(acts), SIZE_MAX)]
    previews = [preview for part in parts for preview in _asked(partial(client.previews, part))]
    refused = [preview for preview in previews if preview.problems]
    if arguments.json:
        members = [
            {"statement": p.statement, "problems": [asdict(q) for q in p.problems], "flows": p.flows} for p in previews
        ]
        put({"outcome": "rejected" if refused else "previewed", "preview": True, "previews": members})
    else:
        for number, preview in enumerate(previews):
            _tell(preview.problems, lines[number - number % SIZE_MAX :])
        print(f"{len(previews) - len(refused)} of {len(previews)} would be accepted now; nothing was recorded")
    return 1 if refused else 0


def _tell(problems: Sequence[Problem], lines: Sequence[str]) -> None:
    """A line for each problem; before it the one of `lines` on which the action stands, which its path counts."""
    for problem in problems:
        place = problem.path[0] if problem.path else ""
        known = place.isdecimal() and int(place) < len(lines)
        note(f"{lines[int(place)]}: {problem}" if known else str(problem))
