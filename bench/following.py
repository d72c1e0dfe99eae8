"""How long it takes to follow a lineage through GraphQL, both ways, on ledgers of two sizes."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median

from bench import servers
from ledger.keys import SigningKey
from ledger.query import tuples
from ledger.store import Store

UNITS = 60
"""Units of which a lineage is asked for, of each kind."""
ROUNDS = 3

QUERY = (
    "query Lineage($code: Code!, $direction: Direction!) { unit(code: $code) { lineage(direction: $direction) "
    "{ totalUnits complete units { code kind status } flows { from to mass pieces kind } } } }"
)


class Ledger:
    """A simulated ledger, and units of it that are followed."""

    def __init__(self, url: str, key: SigningKey) -> None:
        self.url = url
        self.key = key
        store = Store.open(url)
        [[size]] = tuples(store, 'SELECT "size" FROM "head"')
        random = Random("ketenboek lineage")
        sold = 'SELECT "source" FROM "flow" WHERE "entry" >= ? AND "kind" = \'SOLD\' ORDER BY "entry" LIMIT 1'
        units = [tuples(store, sold, (random.randrange(size),)) for _ in range(3 * UNITS)]
        self.packages = [_code(store, unit) for [(unit,), *_] in filter(None, units)][:UNITS]
        lots = 'SELECT "source", COUNT(*) FROM "unit" WHERE "letter" = \'E\' GROUP BY "source"'
        self._lots = dict(tuples(store, lots))
        store.close()

    @property
    def usual(self) -> float:
        """How many packages a lot has in the middle."""
        return float(median(self._lots.values()))

    def lots(self, packages: float) -> list[str]:
        """Lots that have about so many packages: only such are comparable."""
        near = sorted(self._lots, key=lambda lot: (abs(self._lots[lot] - packages), lot))[:UNITS]
        store = Store.open(self.url)
        found = [_code(store, lot) for lot in near]
        store.close()
        return found


def _code(store: Store, unit: int) -> str:
    [[code]] = tuples(store, 'SELECT "code" FROM "unit" WHERE "id" = ?', (unit,))
    return str(code)


def compare(small: Ledger, large: Ledger, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds to the seed and to the sale on each of both ledgers, medians over units; rounds alternate."""
    packages = small.usual
    with servers.gateway(small.url, small.key, folder) as one, servers.gateway(large.url, large.key, folder) as other:
        times: list[tuple[list[float], list[float]]] = [([], []), ([], [])]
        for warm in range(ROUNDS + 1):
            for place, (ledger, port) in enumerate(((small, one), (large, other))):
                seed = _asked(port, ledger.packages, "TO_SEED")
                sale = _asked(port, ledger.lots(packages), "TO_SALE")
                if warm:
                    times[place][0].extend(seed)
                    times[place][1].extend(sale)
    (seed_small, sale_small), (seed_large, sale_large) = times
    return [median(seed_small), median(seed_large)], [median(sale_small), median(sale_large)]


def _asked(port: int, codes: Sequence[str], direction: str) -> list[float]:
    """Milliseconds of one query after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for code in codes:
        body = json.dumps({"query": QUERY, "variables": {"code": code, "direction": direction}})
        begun = time.perf_counter()
        connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        answer = connection.getresponse().read()
        took.append(1_000 * (time.perf_counter() - begun))
        if json.loads(answer)["data"]["unit"]["lineage"]["totalUnits"] < 2:
            raise servers.Failed(answer.decode())
    connection.close()
    return took
