"""Every setting of the gateway, read once, here: nothing else reads the environment.

The table of `docs/settings.md` is made from this file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

PORT_MAX = 65_535


class WrongSetting(ValueError):
    """A setting has a value that it cannot have; the command exits with 2."""


def setting(default: Any, meaning: str, least: int = 0) -> Any:
    """A setting with its default, what it means to an operator, and the least that a number may be."""
    return field(default=default, metadata={"meaning": meaning, "least": least})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can choose; a field `pool_size` is read from `KETENBOEK_POOL_SIZE`."""

    database: str = setting("sqlite:///ketenboek.db", "`sqlite:///…` or `postgresql://…`")
    host: str = setting("127.0.0.1", "address to listen on")
    port: int = setting(8000, "port to listen on; 0: a free one")
    checkpoint_key: str = setting("", "file of the gateway's checkpoint key (JWK)")
    checkpoint_seconds: int = setting(
        2, "how often the newest note is kept in the table `checkpoint` while entries arrive"
    )
    queue_max: int = setting(10_000, "statements that may wait; more is answered `BUSY`", 1)
    group_max: int = setting(2_000, "statements in one commit; a submission is never split", 1)
    body_bytes_max: int = setting(16_777_216, "bytes of a request's body", 1)
    request_seconds: int = setting(10, "how long a request may take", 1)
    drain_seconds: int = setting(30, "how long a stop waits for what was taken")
    pool_size: int = setting(10, "database connections for reading", 1)
    depth_max: int = setting(15, "depth of a GraphQL document, inclusive", 1)
    tokens_max: int = setting(2_000, "tokens of a GraphQL document", 1)
    cost_max: int = setting(10_000, "cost of a GraphQL document; enforced later")
    explorer: bool = setting(True, "an explorer for browsers at `/graphql`")
    introspection: bool = setting(True, "whether the schema may be asked for")
    log: str = setting("text", "`text` or `json`")
    gateway: str = setting("", "default of `--gateway`")
    key: str = setting("", "default of `--key`")

    def __post_init__(self) -> None:
        """Raises WrongSetting for a port that no system has, wherever it comes from."""
        if not 0 <= self.port <= PORT_MAX:
            raise WrongSetting(f"the port is 0 to {PORT_MAX}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings in the environment. Raises WrongSetting with the name and what it takes."""
        values: dict[str, Any] = {}
        for item in fields(cls):
            name = variable(item.name)
            if name in environ:
                values[item.name] = _parse(name, environ[name], item.default, item.metadata["least"])
        settings = cls(**values)
        if settings.log not in ("text", "json"):
            raise WrongSetting("KETENBOEK_LOG is `text` or `json`")
        return settings


def variable(name: str) -> str:
    """The environment variable of a field."""
    return "KETENBOEK_" + name.upper()


def _parse(name: str, text: str, default: Any, least: int) -> Any:
    if isinstance(default, bool):
        if text not in ("0", "1"):
            raise WrongSetting(f"{name} is 0 or 1, not {text!r}")
        return text == "1"
    if isinstance(default, int):
        if not (text.isascii() and text.isdigit()):
            raise WrongSetting(f"{name} is a whole number, not {text!r}")
        if int(text) < least:
            raise WrongSetting(f"{name} is at least {least}")
        return int(text)
    return text
