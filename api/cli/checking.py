"""Checks: `audit`, `verify`, `rebuild`. What they find is the exit code: 0 intact, 1 faulty, 3 undecided."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from api.cli.outcome import Surroundings, Wrong, anchor_of, database_flag, json_flag, migrated, note, put, text_of
from api.settings import Settings
from ledger import audit, checkpoint
from ledger.anchor import Anchor
from ledger.errors import Malformed
from ledger.proof import TlogProof
from ledger.receipt import ReceiptError, verify

DEPTHS = ("chain", "signatures", "custody", "projections")
CODES = {"intact": 0, "faulty": 1, "undecided": 3}
EVERY = 0.1
"""Of a depth: how often progress is said."""


def add(commands: Any, settings: Settings) -> None:
    """The commands of this file."""
    command = commands.add_parser("audit", help="verify the whole ledger, trusting nobody")
    database_flag(command, settings)
    command.add_argument("--anchor", metavar="FILE", help="origin and hash of entry 0, from somebody you trust")
    command.add_argument("--checkpoint", metavar="FILE", action="append", default=[], help="one kept elsewhere")
    command.add_argument("--depth", metavar="D,…", default=",".join(DEPTHS), help="default: %(default)s")
    command.add_argument("--jobs", metavar="N", type=int, help="processes; default: all cores")
    command.add_argument("--workdir", metavar="DIR", help="where the replay keeps its temporary database")
    command.add_argument("--max-faults", metavar="N", type=int, default=100, help="default: %(default)s")
    json_flag(command)
    command.set_defaults(run=_audit)
    check = commands.add_parser("verify", help="a receipt, proof or checkpoint, told apart by its form")
    check.add_argument("file", metavar="FILE")
    check.add_argument("--anchor", metavar="FILE", required=True)
    json_flag(check)
    check.set_defaults(run=_verify)
    rebuild = commands.add_parser("rebuild", help="projections from the entries")
    database_flag(rebuild, settings)
    rebuild.add_argument("--check", action="store_true", help="only compare")
    json_flag(rebuild)
    rebuild.set_defaults(run=_rebuild)


def _audit(arguments: argparse.Namespace, _: Settings) -> int:
    depths = tuple(arguments.depth.split(","))
    if not depths or not set(depths) <= set(DEPTHS):
        raise Wrong(f"--depth is some of {','.join(DEPTHS)}")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise Wrong("--jobs is at least 1")
    if arguments.max_faults < 1:
        raise Wrong("--max-faults is at least 1")
    if arguments.workdir is not None and not Path(arguments.workdir).is_dir():
        raise Surroundings(f"--workdir {arguments.workdir} is no folder")
    report = audit.audit(
        migrated(arguments.database),
        anchor=None if arguments.anchor is None else anchor_of(arguments.anchor),
        checkpoints=[(path, text_of(path)) for path in arguments.checkpoint],
        depths=depths,
        jobs=arguments.jobs,
        workdir=arguments.workdir,
        faults_max=arguments.max_faults,
        progress=_Progress(),
    )
    if arguments.json:
        put(report.members())
    else:
        print(report.text())
    return CODES[report.verdict]


class _Progress:
    """How far each depth is: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._said = ("", -1.0)

    def __call__(self, depth: str, done: int, total: int) -> None:
        share = done / total if total else 1.0
        if depth == self._said[0] and (share < min(1.0, self._said[1] + EVERY) or self._said[1] == 1.0):
            return
        self._said = (depth, share)
        if sys.stderr.isatty():
            filled = int(30 * share)
            end = "\n" if done >= total else ""
            print(f"\r{depth:12} [{'#' * filled}{'.' * (30 - filled)}] {done:,} of {total:,}", end=end, file=sys.stderr)
        else:
            note(f"{depth}: {done:,} of {total:,}")


def _verify(arguments: argparse.Namespace, _: Settings) -> int:
    anchor = anchor_of(arguments.anchor)
    text = text_of(arguments.file)
    try:
        kind, said = _verified(text, anchor)
    except (ReceiptError, Malformed) as error:
        if arguments.json:
            put({"verdict": "faulty", "message": str(error)})
        else:
            note(f"ketenboek: {arguments.file} does not prove itself: {error}")
        return 1
    except Undecided as error:
        if arguments.json:
            put({"verdict": "undecided", "message": str(error)})
        else:
            note(f"ketenboek: {error}")
        return 3
    if arguments.json:
        put({"verdict": "intact", "kind": kind, **said})
    else:
        print(f"{kind}: holds under {anchor.origin}; " + ", ".join(f"{name} {value}" for name, value in said.items()))
    return 0


class Undecided(Exception):
    """The file is well-formed, but proves nothing by itself."""


def _verified(text: str, anchor: Anchor) -> tuple[str, dict[str, Any]]:
    """What a file is, and what of it was verified. Raises ReceiptError, Malformed, Undecided."""
    if text.lstrip().startswith("{"):
        entry = verify(text.removesuffix("\n"), anchor)
        statement = json.loads(entry.statement)
        return "receipt", {
            "index": entry.index,
            "recorded": entry.recorded,
            "action": statement["action"],
            "key": statement["key"],
        }
    if text.startswith("c2sp.org/tlog-proof@v1\n"):
        proof = TlogProof.decode(text)
        if proof.checkpoint.partition("\n")[0] != anchor.origin:
            raise Malformed("the proof is of another ledger")
        raise Undecided(
            "a proof alone names neither its entry nor the genesis: verify a receipt, which holds all three"
        )
    first = text.partition("\n")[0]
    if first != anchor.origin:
        raise Malformed("neither a receipt nor a checkpoint of this ledger")
    body, gap, _ = text.rpartition("\n\n")
    if not gap:
        raise Malformed("a checkpoint has a signature after an empty line")
    checkpoint.Checkpoint.parse(body + "\n")
    raise Undecided(
        "a checkpoint is signed by the key in the genesis, which the anchor names only by its hash: "
        "give it to `ketenboek audit --checkpoint`, or verify a receipt"
    )


def _rebuild(arguments: argparse.Namespace, _: Settings) -> int:
    done = audit.rebuild(migrated(arguments.database), check=arguments.check, progress=_Progress())
    if arguments.json:
        put(done.members())
    else:
        print(done.text())
    return CODES[done.verdict]
