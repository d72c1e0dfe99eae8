"""Waiting on the event loop for what the writer's thread answers: one wake-up brings the answers of a whole group."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

R = TypeVar("R")


async def answered(future: Future[R], seconds: float) -> R:
    """The result of a future that another thread completes. Raises TimeoutError; the future then goes on."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[R] = loop.create_future()
    expiry = loop.call_later(seconds, _expire, waiter)
    try:
        _mailbox(loop).expect(future, waiter)
        return await waiter
    finally:
        expiry.cancel()


class _Mailbox:
    """What came for one event loop and was not handed out yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._called = False

    def expect(self, future: Future[R], waiter: asyncio.Future[R]) -> None:
        """Hand the answer to `future` to `waiter`."""
        future.add_done_callback(lambda answer: self._put(answer, waiter))

    def _put(self, answer: Future[Any], waiter: asyncio.Future[Any]) -> None:
        """In the writer's thread."""
        self._arrived.append((answer, waiter))
        # Waking a loop is a system call: while it has not come, one is enough.
        if not self._called and not self._loop.is_closed():
            self._called = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._called = False  # first: what arrives from here on calls again
        while self._arrived:
            answer, waiter = self._arrived.popleft()
            if waiter.done():
                continue
            error = answer.exception()
            if error is None:
                waiter.set_result(answer.result())
            else:
                waiter.set_exception(error)


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Mailbox] = WeakKeyDictionary()


def _mailbox(loop: asyncio.AbstractEventLoop) -> _Mailbox:
    found = _mailboxes.get(loop)
    if found is None:
        found = _mailboxes[loop] = _Mailbox(loop)
    return found


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
