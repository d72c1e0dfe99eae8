"""The gateway's life: ready, serving, draining; exit 0 after SIGTERM, 4 when the writer had to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable

import uvicorn

from api import logs
from api.app import application
from api.gateway import Gateway
from api.settings import Settings
from ledger.keys import SigningKey


def run(settings: Settings, key: SigningKey) -> int:
    """Serve until a signal or until the writer stops; the exit code.

    Raises Fatal when the database holds no ledger that the key may continue.
    """
    logs.configure(settings.log)
    with _listen(settings.host, settings.port) as listener:
        return _serve(Gateway(settings, key), listener)


def _serve(gateway: Gateway, listener: socket.socket) -> int:
    settings = gateway.settings
    config = uvicorn.Config(
        application(gateway),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.body_bytes_max,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody asks where a request came from
        timeout_graceful_shutdown=settings.drain_seconds,
        timeout_keep_alive=75,
    )
    server = _Server(
        config,
        ready=lambda: print(f"listening on http://{_address(listener)}", flush=True),
        stopping=gateway.drain,
    )

    def stop(error: Exception) -> None:
        logging.getLogger("ketenboek").critical("the gateway stops: %s", error)
        server.should_exit = True

    gateway.on_fatal(stop)
    # uvicorn raises a signal again once it has drained: found here, it no longer ends the process before
    # the writer has. One that comes before uvicorn listens to signals counts as well.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    gateway.start()
    gc.freeze()  # the schema and all else that was made by now stays: nobody need look through it again
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[listener]))
    gateway.close()
    return 4 if gateway.failed else 0


class _Server(uvicorn.Server):
    """Says when it is ready, and tells the gateway when it begins to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing new; requests under way get their answers."""
        self._stopping()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that port 0 has its number before anything is served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
