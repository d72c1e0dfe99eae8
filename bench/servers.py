"""Servers as processes: the gateway as an operator starts it, and the peer; and the load that they get."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.keys import SigningKey

COMMAND = "from api.cli import main; raise SystemExit(main())"
"""The command `ketenboek`, by this very Python."""
LISTENING = "listening on http://127.0.0.1:"


class Failed(Exception):
    """A process did not do what it was started for."""


@contextmanager
def gateway(url: str, key: SigningKey, folder: Path) -> Iterator[int]:
    """`ketenboek serve`; its port."""
    path = folder / f"{key.id}.jwk"
    path.write_text(key.jwk(), encoding="utf-8")
    environment = {**os.environ, "KETENBOEK_CHECKPOINT_KEY": str(path)}
    with _server([sys.executable, "-c", COMMAND, "serve", "--port", "0", "--database", url], environment) as port:
        yield port


@contextmanager
def peer(url: str, *, cached: bool) -> Iterator[int]:
    """The peer, with or without caches; its port."""
    with _server([sys.executable, "-m", "bench.peer", url, "cached" if cached else "plain"], os.environ) as port:
        yield port


def load(port: int, connections: Sequence[Sequence[bytes]], expected: str) -> float:
    """Seconds in which the load's process got its answers. Raises Failed."""
    with tempfile.NamedTemporaryFile() as file:
        pickle.dump(connections, file)
        file.flush()
        command = [sys.executable, "-m", "bench.load", str(port), file.name, expected]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(done.stderr[-2_000:])
    return float(done.stdout)


@contextmanager
def _server(command: list[str], environment: Mapping[str, str]) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(environment)) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith(LISTENING):
                raise Failed(f"{' '.join(command)} says {line!r}")
            yield int(line.removeprefix(LISTENING))
        finally:
            process.terminate()
