"""The composition root: settings and a ledger become one ASGI application, readable from top to bottom."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from api import console, graphql, routes
from api.gateway import Gateway
from api.socket import socket
from ledger.database import ERRORS
from schema.limits import RequestError


class Application(Starlette):
    """Starlette, but for the one road that is used all the time: it needs no routing and no layers of errors."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hold a WebSocket."""
        if scope["type"] == "http" and scope["path"] == "/graphql" and scope["method"] == "POST":
            scope["app"] = self
            response = await graphql.post(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def application(gateway: Gateway) -> Starlette:
    """The gateway as an ASGI application."""
    app = Application(
        routes=[
            Route("/graphql", graphql.get, methods=["GET"]),
            WebSocketRoute("/graphql", socket),
            Route("/schema.graphql", graphql.sdl),
            Route("/checkpoint", routes.checkpoint),
            Route("/tile/{path:path}", routes.tile),
            Route("/", RedirectResponse("/console", 303), methods=["GET"]),
            Route("/u/{code}", console.label),
            Route("/console", console.console),
            Route("/console/unit/{code}", console.unit),
            Route("/console/receipt/{index}", console.receipt),
            Route("/health/live", routes.live),
            Route("/health/ready", routes.ready),
            Route("/metrics", routes.metrics),
        ],
        exception_handlers={
            404: console.missing,
            RequestError: console.overlong,
            **dict.fromkeys(ERRORS, routes.unavailable),
        },
    )
    app.state.gateway = gateway
    return app
