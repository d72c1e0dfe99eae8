"""GraphQL over WebSocket, protocol `graphql-transport-ws`: queries and mutations, many on one connection.

There are no subscriptions in this edition; each operation answers once and is complete.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from schema.execution import execute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.gateway import Gateway
from api.graphql import Bad, context_of
from schema.context import Context

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10
OPERATIONS_MAX = 100
"""Under way at once on one connection."""


class Closed(Exception):
    """The connection ends with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


async def socket(websocket: WebSocket) -> None:
    """One connection, from its first message to its last."""
    if PROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.close(4406)
        return
    await websocket.accept(PROTOCOL)
    conversation = Conversation(websocket)
    try:
        await conversation.run()
    except Closed as closed:
        await websocket.close(closed.code, str(closed))
    except WebSocketDisconnect:
        pass
    finally:
        conversation.cancel()


class Conversation:
    """What is under way on a connection, by the ids that its client chose."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._gateway: Gateway = websocket.app.state.gateway
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
        context = await self._context(first.get("payload"))
        await self._send("connection_ack")
        while True:
            message = await self._message()
            if message["type"] == "ping":
                await self._send("pong")
            elif message["type"] == "subscribe":
                self._begin(message, context)
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

    async def _context(self, payload: Any) -> Context:
        members = payload if isinstance(payload, dict) else {}
        headers = self._websocket.headers
        authorization = members.get("authorization") or members.get("Authorization") or headers.get("authorization")
        try:
            return await context_of(self._gateway, authorization, headers.get("accept-language"))
        except Bad as bad:
            raise Closed(4403, str(bad)) from bad

    def _begin(self, message: dict[str, Any], context: Context) -> None:
        name, payload = message.get("id"), message.get("payload")
        if not isinstance(name, str) or not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            raise Closed(4400, "`subscribe` has an `id` and a `payload` with a `query`")
        if name in self._operations:
            raise Closed(4409, f"Subscriber for {name} already exists")
        if len(self._operations) >= OPERATIONS_MAX:
            raise Closed(4429, "Too many operations")
        self._operations[name] = asyncio.create_task(self._operation(name, payload, context))

    async def _operation(self, name: str, payload: dict[str, Any], context: Context) -> None:
        variables = payload.get("variables")
        answer = await execute(
            payload["query"],
            variables if isinstance(variables, dict) else None,
            payload.get("operationName"),
            context,
            mutations=True,
        )
        if answer.executed:
            await self._send("next", name, answer.members)
            await self._send("complete", name)
        else:
            await self._send("error", name, answer.members["errors"])
        self._operations.pop(name, None)

    async def _message(self) -> dict[str, Any]:
        text = await self._websocket.receive_text()
        try:
            message = json.loads(text)
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
