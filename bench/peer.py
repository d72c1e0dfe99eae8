"""The peer: what a user would write instead. A Strawberry mutation inserts one row with SQLModel and commits.

No signature, no chain, no rules, no receipt; the same engine, durability and server settings.
`python -m bench.peer URL cached` answers with Strawberry's caches of parsed and validated documents, `plain` without.
"""

import asyncio
import socket
import sys
from typing import Any

import strawberry
import uvicorn
from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from ledger import database


class Act(SQLModel, table=True):
    """The one table."""

    id: int | None = Field(default=None, primary_key=True)
    key: str
    sequence: int
    at: str
    action: str
    data: dict[str, Any] = Field(sa_type=JSON)


@strawberry.input
class Proof:
    """Who acts, and when."""

    key: str
    sequence: int
    at: str


@strawberry.input
class PackLotData:
    """As in our `packLot`."""

    lot: str
    packages: list[str]
    mass: int
    position: str


@strawberry.input
class SellPackagesData:
    """As in our `sellPackages`."""

    packages: list[str]


@strawberry.type
class Recorded:
    """The answer: the number of the row."""

    index: int


def application(url: str, extensions: list[type[SchemaExtension]]) -> GraphQL[Any, None]:
    """The peer on a database without tables."""
    engine = database.engine(url, create=True)
    SQLModel.metadata.create_all(engine)

    def record(action: str, data: PackLotData | SellPackagesData, proof: Proof) -> Recorded:
        act = Act(key=proof.key, sequence=proof.sequence, at=proof.at, action=action, data=strawberry.asdict(data))
        with Session(engine, expire_on_commit=False) as session:
            session.add(act)
            session.commit()
        assert act.id is not None
        return Recorded(index=act.id)

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def pack_lot(self, data: PackLotData, proof: Proof) -> Recorded:
            return record("packLot", data, proof)

        @strawberry.mutation
        def sell_packages(self, data: SellPackagesData, proof: Proof) -> Recorded:
            return record("sellPackages", data, proof)

    @strawberry.type
    class Query:
        ready: bool = True

    return GraphQL(strawberry.Schema(Query, Mutation, extensions=extensions), graphql_ide=None)


def serve(url: str, *, cached: bool) -> None:
    """Serve as the gateway does (`api/process.py`), on a free port, which is printed."""
    caches = [ParserCache, ValidationCache] if cached else []
    config = uvicorn.Config(
        application(url, caches),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve(sys.argv[1], cached=sys.argv[2] == "cached")
