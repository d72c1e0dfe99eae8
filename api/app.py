"""The composition root: settings and a ledger become one ASGI application, readable from top to bottom."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api import console, graphql, routes
from api.gateway import Gateway
from api.socket import socket


def application(gateway: Gateway) -> Starlette:
    """The gateway as an ASGI application."""
    app = Starlette(
        routes=[
            Route("/graphql", graphql.post, methods=["POST"]),
            Route("/graphql", graphql.get, methods=["GET"]),
            WebSocketRoute("/graphql", socket),
            Route("/schema.graphql", graphql.sdl),
            Route("/checkpoint", routes.checkpoint),
            Route("/tile/{path:path}", routes.tile),
            Route("/u/{code}", console.label),
            Route("/console", console.console),
            Route("/console/unit/{code}", console.unit),
            Route("/console/receipt/{index:int}", console.receipt),
            Route("/health/live", routes.live),
            Route("/health/ready", routes.ready),
            Route("/metrics", routes.metrics),
        ],
        exception_handlers={404: console.missing},
    )
    app.state.gateway = gateway
    return app
