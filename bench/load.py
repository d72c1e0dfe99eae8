"""The load: a process of its own that sends prepared requests over kept connections, as fast as they are answered.

Each connection has one request under way, as a till that waits for its receipt. It does as little as
possible (raw sockets, no parsing beyond the length of an answer), for it runs beside the server on the
same cores. `python -m bench.load PORT FILE EXPECTED` prints the seconds that the requests took.
"""

from __future__ import annotations

import gc
import pickle
import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
RECEIVE = 1 << 20


class Wrong(Exception):
    """A request was not answered as expected."""


class Connection:
    """One connection and the requests that are still to be sent on it."""

    def __init__(self, port: int, requests: Sequence[bytes], expected: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = iter(requests)
        self._expected = expected
        self._received = b""
        self._awaited: int | None = None

    def send(self) -> bool:
        """Send the next request; False when there is none."""
        request = next(self._requests, None)
        if request is not None:
            self.socket.sendall(request)
        return request is not None

    def receive(self) -> bool:
        """Take what has come; True when the answer is complete. Raises Wrong for any but the expected one."""
        data = self.socket.recv(RECEIVE)
        if not data:
            raise Wrong("the server closed the connection")
        self._received += data
        if self._awaited is None:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return False
            length = _LENGTH.search(self._received, 0, head)
            if length is None:
                raise Wrong(f"an answer without length: {self._received[:head]!r}")
            self._awaited = head + 4 + int(length[1])
        if len(self._received) < self._awaited:
            return False
        if self._expected not in self._received:
            raise Wrong(self._received.decode(errors="replace"))
        self._received = b""
        self._awaited = None
        return True


def run(port: int, connections: Sequence[Sequence[bytes]], expected: bytes) -> float:
    """Seconds until all requests of all connections are answered. Raises Wrong."""
    made = [Connection(port, requests, expected) for requests in connections]
    selector = selectors.DefaultSelector()
    for connection in made:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    gc.disable()
    begun = time.perf_counter()
    busy = sum(connection.send() for connection in made)
    while busy:
        for key, _ in selector.select():
            if key.data.receive() and not key.data.send():
                busy -= 1
    took = time.perf_counter() - begun
    for connection in made:
        connection.socket.close()
    return took


if __name__ == "__main__":
    port, path, expected = sys.argv[1:]
    print(run(int(port), pickle.loads(Path(path).read_bytes()), expected.encode()))
