"""The command line as a person types it: what came out, what was said, and the exit code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from api.cli import main

PROGRAM = Path(sys.executable).with_name("ketenboek")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        assert self.out.count("\n") == 1
        return value


def ketenboek(*arguments: object, stdin: str = "", **settings: Any) -> Done:
    """Run a command in this process; `settings` by the names of their fields."""
    out, err = io.StringIO(), io.StringIO()
    words = [str(word) for word in arguments]
    with (
        mock.patch.dict(os.environ, environment(**settings), clear=True),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(words)
        except SystemExit as ended:  # argparse
            code = int(ended.code or 0)
    assert "Traceback" not in err.getvalue()
    return Done(code, out.getvalue(), err.getvalue())


def started(*arguments: object, **settings: Any) -> subprocess.Popen[str]:
    """Start a command as its own process."""
    words = [str(PROGRAM), *(str(word) for word in arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=environment(**settings), stdout=pipe, stderr=pipe, text=True)


def environment(**settings: Any) -> dict[str, str]:
    """This process' environment with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KETENBOEK_")}
    return kept | {f"KETENBOEK_{name.upper()}": str(value) for name, value in settings.items()}
