"""A gateway as a process of its own: the command `ketenboek serve` on a free port, for as long as it is needed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DRAIN_SECONDS = 60


class NotServed(Exception):
    """The gateway did not start, or did not end as it should."""


def ketenboek(*arguments: str) -> list[str]:
    """The command line of `ketenboek`, as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("ketenboek")), *arguments]


@contextmanager
def served(database: str, checkpoint_key: Path, log: Path) -> Iterator[str]:
    """The address of a gateway on a founded ledger; it ends, with exit code 0, when the context does.

    Raises NotServed.
    """
    # `env`, not the environment of this process: only api/settings.py reads that.
    setting = f"KETENBOEK_CHECKPOINT_KEY={checkpoint_key}"
    command = ["env", setting, *ketenboek("serve", "--port", "0", "--database", database)]
    with log.open("w", encoding="utf-8") as errors:
        gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert gateway.stdout is not None
    with gateway.stdout as out:
        try:
            ready = out.readline()
            if not ready.startswith("listening on "):
                raise NotServed(f"the gateway did not start; {log} tells why")
            yield ready.split()[-1]
        finally:
            gateway.send_signal(signal.SIGTERM)
            code = gateway.wait(DRAIN_SECONDS)
    if code:
        raise NotServed(f"the gateway ended with {code}; {log} tells why")
