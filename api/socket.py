"""GraphQL over WebSocket, protocol `graphql-transport-ws`: queries and mutations, many on one connection.

There are no subscriptions in this edition; each operation answers once and is complete.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gateway import Gateway
from api.graphql import Bad, checked, context_of
from schema.context import Context
from schema.execution import execute

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10
OPERATIONS_MAX = 100
"""Under way at once on one connection."""


GONE = (WebSocketDisconnect, RuntimeError)
"""What Starlette raises where the other side has left."""
REASON_BYTES_MAX = 123
"""Of the reason in a close frame (RFC 6455 §5.5)."""


class Closed(Exception):
    """The connection ends with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


async def socket(websocket: WebSocket) -> None:
    """One connection, from its first message to its last."""
    if PROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.close(4406)
        return
    await websocket.accept(PROTOCOL)
    conversation = Conversation(websocket)
    with suppress(*GONE):
        try:
            await conversation.run()
        except Closed as closed:
            await websocket.close(closed.code, closed.reason)
        finally:
            conversation.cancel()


class Conversation:
    """What is under way on a connection, by the ids that its client chose."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._gateway: Gateway = websocket.app.state.gateway
        self._authorization: str | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Answer messages until the client leaves. Raises Closed, WebSocketDisconnect."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                first = await self._message()
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        if first["type"] != "connection_init":
            raise Closed(4401, "Unauthorized")
        await self._introduced(first.get("payload"))
        await self._send("connection_ack")
        while True:
            message = await self._message()
            if message["type"] == "ping":
                await self._send("pong")
            elif message["type"] == "subscribe":
                self._begin(message)
            elif message["type"] == "complete":
                task = self._operations.pop(str(message.get("id")), None)
                if task is not None:
                    task.cancel()
            elif message["type"] == "connection_init":
                raise Closed(4429, "Too many initialisation requests")
            elif message["type"] != "pong":
                raise Closed(4400, "Unknown message")

    def cancel(self) -> None:
        """The client has left; what the writer has taken still runs to its end."""
        for task in self._operations.values():
            task.cancel()

    async def _introduced(self, payload: Any) -> None:
        """Keep the token that came with the first message, if it counts. Raises Closed."""
        members = payload if isinstance(payload, dict) else {}
        given = members.get("authorization") or members.get("Authorization")
        self._authorization = str(given) if given else self._websocket.headers.get("authorization")
        try:
            await self._context()
        except Bad as bad:
            raise Closed(4403, str(bad)) from bad

    async def _context(self) -> Context:
        """Who asks, now: a connection may last longer than its token. Raises Bad."""
        return await context_of(self._gateway, self._authorization, self._websocket.headers.get("accept-language"))

    def _begin(self, message: dict[str, Any]) -> None:
        name = message.get("id")
        try:
            members = checked(message.get("payload"))
        except Bad as bad:
            raise Closed(4400, str(bad)) from bad
        if not isinstance(name, str) or name.encode(errors="replace").decode() != name:
            raise Closed(4400, "`subscribe` has an `id`, a whole text")
        if name in self._operations:
            raise Closed(4409, f"Subscriber for {name} already exists")
        if len(self._operations) >= OPERATIONS_MAX:
            raise Closed(4429, "Too many operations")
        self._operations[name] = asyncio.create_task(self._operation(name, members))

    async def _operation(self, name: str, members: dict[str, Any]) -> None:
        with suppress(*GONE):
            try:
                answer = await execute(
                    members["query"], members.get("variables"), members.get("operationName"), await self._context()
                )
            except Bad as bad:
                await self._send("error", name, bad.errors)
            else:
                if answer.executed:
                    await self._send("next", name, answer.members)
                    await self._send("complete", name)
                else:
                    await self._send("error", name, answer.members["errors"])
        self._operations.pop(name, None)

    async def _message(self) -> dict[str, Any]:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        try:
            message = json.loads(received.get("text") or "")
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "Messages are JSON objects with a `type`")
        return message

    async def _send(self, kind: str, name: str | None = None, payload: Any = None) -> None:
        message: dict[str, Any] = {"type": kind}
        if name is not None:
            message["id"] = name
        if payload is not None:
            message["payload"] = payload
        await self._websocket.send_text(json.dumps(message, ensure_ascii=False))
