"""Logs on stderr: text for people, one JSON object a line for machines; never data of a statement."""

from __future__ import annotations

import json
import logging
import sys


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(form: str) -> None:
    """Send all logs to stderr; `form` is `text` or `json`."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(_Json() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[stream], force=True)
    logging.getLogger("uvicorn.access").disabled = True
