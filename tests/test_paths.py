"""Is what is answered beside `/graphql` right, and may it be kept as long as it says?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from ketenboek_client import Client, Key

from api.explorer import PAGE
from ledger import checkpoint, merkle, note, tiles
from ledger.checkpoint import Checkpoint
from ledger.keys import SigningKey
from ledger.receipt import verify
from tests.served import ORIGIN, Chain, Nursery, Served
from tests.signer import seed

VKEY = note.Vkey.parse(note.vkey(ORIGIN, SigningKey(seed("gateway")).public))
FOREVER = "max-age=604800, immutable"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def served(nursery: Nursery) -> Iterator[Served]:
    """A gateway on a ledger that is no sandbox, with more entries than one tile holds."""
    with nursery.serve() as made:
        with nursery.remote(made) as remote, Client(remote, nursery.growers[0].key_file) as client:
            recorded = client.submit(nursery.growers[0].moves(2 * tiles.WIDTH + 20))
            nursery.growers[0].done(recorded.receipts)
        yield made
    assert "Traceback" not in made.logged()


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


@pytest.fixture(scope="module")
def town(chain: Chain) -> Iterator[httpx.Client]:
    """The gateway of a sandbox with packages."""
    with httpx.Client(base_url=chain.served.url) as client:
        yield client


def bearer(key: Key) -> dict[str, str]:
    return {"authorization": f"Bearer {key.token(ORIGIN)}"}


def newest(http: httpx.Client) -> Checkpoint:
    response = http.get("/checkpoint")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return checkpoint.open(response.text, VKEY)


def root(hashes: list[bytes]) -> bytes:
    """The Merkle tree hash of leaf hashes (RFC 9162 §2.1.1), by its definition."""
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return merkle.node_hash(root(hashes[:middle]), root(hashes[middle:]))


def hashes(response: httpx.Response) -> list[bytes]:
    """The hashes of a tile, which may be kept for ever."""
    assert response.status_code == 200, response.url
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["cache-control"] == f"public, {FOREVER}"
    return [response.content[place : place + 32] for place in range(0, len(response.content), 32)]


def widths(count: int) -> list[tuple[int, int]]:
    """Number and width of the tiles that hold so many hashes."""
    full, rest = divmod(count, tiles.WIDTH)
    return [(number, tiles.WIDTH) for number in range(full)] + ([(full, rest)] if rest else [])


def test_the_tiles_hold_the_tree_of_the_checkpoint(http: httpx.Client) -> None:
    size = newest(http).size
    leaves = [one for at in widths(size) for one in hashes(http.get("/" + tiles.path(0, *at)))]
    assert len(leaves) == size
    assert root(leaves) == newest(http).root
    full = size // tiles.WIDTH
    assert full >= 2
    above = hashes(http.get("/" + tiles.path(1, 0, full)))
    assert above == [root(leaves[number * 256 : number * 256 + 256]) for number in range(full)]
    for width in (1, 7, 255):
        assert hashes(http.get("/" + tiles.path(0, 0, width))) == leaves[:width]
    assert hashes(http.get("/" + tiles.path(1, 0, 1))) == above[:1]


def test_the_bundles_hold_the_entries_of_the_tree_for_those_who_may_read_all(http: httpx.Client) -> None:
    ministry, size = bearer(Key(seed("founder"))), newest(http).size
    entries = []
    for at in widths(size):
        response = http.get("/" + tiles.path("entries", *at), headers=ministry)
        assert response.status_code == 200
        assert response.headers["cache-control"] == f"private, {FOREVER}"
        assert response.headers["vary"] == "Authorization"
        entries += tiles.unbundle(response.content)
    assert root([merkle.leaf_hash(entry) for entry in entries]) == newest(http).root
    assert [json.loads(entry)["index"] for entry in entries] == list(range(size))


def test_nobody_else_is_given_entries(http: httpx.Client, nursery: Nursery) -> None:
    grower = bearer(Key.load(nursery.growers[0].key_file))
    for headers, status in (({}, 401), (grower, 404), ({"authorization": "Bearer x"}, 401)):
        for path in (tiles.path("entries", 0), tiles.path("entries", 0, 1)):
            response = http.get(f"/{path}", headers=headers)
            assert (response.status_code, response.headers["cache-control"]) == (status, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "0/000.p/256", "0/000.p/0", "0/000.p/01", "0/0", "0/00", "0/0000", "00/000", "0/x000/000", "0/000/", "0/000.p/",
        "0/-01", "64/000", "1/000", "1/000.p/3", "0/002", "0/003", "0/003.p/1", "0/x001/000", "2/000.p/1", "x/000",
        "entry/000", "0/x999/x999/x999/x999/x999/999", "0/000.p/1/..", "0", "",
    ],
)  # fmt: skip
def test_what_is_no_tile_yet_or_never_is_404_and_not_kept(http: httpx.Client, path: str) -> None:
    response = http.get(f"/tile/{path}")
    assert (response.status_code, response.headers.get("cache-control")) == (404, "no-store")


def test_health_and_metrics(http: httpx.Client, nursery: Nursery) -> None:
    http.headers.update(bearer(Key.load(nursery.growers[0].key_file)))
    for path in ("/health/live", "/health/ready"):
        assert http.get(path).status_code == 200
    before = counted(http)
    http.post("/graphql", json={"query": "{"}, headers={"accept": "application/graphql-response+json"})
    assert counted(http) == before + 1
    metrics = http.get("/metrics")
    del http.headers["authorization"]
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert f"ketenboek_entries {newest(http).size}\n" in metrics.text
    assert 'ketenboek_outcomes_total{outcome="recorded"} 532\n' in metrics.text
    for line in metrics.text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[A-Za-z0-9_]+"\})? [0-9]+', line), line


def counted(http: httpx.Client) -> int:
    """How many requests were answered with 400."""
    found = re.search(r'ketenboek_requests_total\{status="400"\} (\d+)', http.get("/metrics").text)
    return int(found[1]) if found else 0


def test_the_schema_is_the_committed_one(http: httpx.Client) -> None:
    response = http.get("/schema.graphql")
    committed = Path(__file__).parent.parent / "schema/schema.graphql"
    assert response.text == committed.read_text(encoding="utf-8")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/checkpoint", "/tile/0/000.p/1", "/metrics", "/health/live", "/schema.graphql"])
def test_nothing_but_graphql_is_written_to(http: httpx.Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert http.request(method, path).status_code == 405


@pytest.mark.parametrize("path", ["/nothing", "/tiles/0/000", "/u", "/console/unit", "/.env", "/%00"])
def test_where_nothing_stands_is_404(http: httpx.Client, path: str) -> None:
    assert http.get(path, headers=BROWSER).status_code == 404
    assert http.get(path, headers={"accept": "application/json"}).text == "not found\n"


class Addresses(HTMLParser):
    """Every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "ping")
        self.found += [value or "" for name, value in attrs if name in names]


def page(response: httpx.Response, status: int = 200) -> str:
    """A page that brings all that it shows, names no other host, and may run nothing that is not in it."""
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    addresses = Addresses()
    addresses.feed(response.text)
    for address in addresses.found:
        assert re.match(r"/(?!/)|[#?]|data:", address), address
    assert not re.search(r"url\(|@import", response.text)
    assert set(re.findall(r"https?://[^\s\"'<]+", response.text)) <= {"http://www.w3.org/2000/svg"}
    return response.text


def test_a_browser_is_given_an_explorer(town: httpx.Client) -> None:
    assert page(town.get("/graphql", headers=BROWSER)) == PAGE


def test_the_console_leads_from_a_code_to_its_lineage(town: httpx.Client, chain: Chain) -> None:
    [sold, *_] = chain.packages
    assert "<form" in page(town.get("/console"))
    found = town.get("/console", params={"code": f" {sold[:4].lower()} {sold[4:]}"})
    assert (found.status_code, found.headers["location"]) == (303, f"/console/unit/{sold}")
    shown = page(town.get(found.headers["location"]))
    assert "<svg" in shown
    assert shown.count(sold) > 1
    assert "BROKEN" not in re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    assert "sellPackages" in shown
    back = page(town.get(f"/console/unit/{sold}", params={"direction": "TO_SALE", "lang": "en"}))
    assert 'lang="en"' in back


@pytest.mark.parametrize("code", ["E" * 22, "nonsense", "<script>alert(1)</script>", '"><b>', "<b>"])
def test_a_code_that_does_not_exist_is_404_and_is_no_markup(town: httpx.Client, code: str) -> None:
    for path in ("/console/unit/", "/u/"):
        shown = page(town.get(path + quote(code, safe=""), headers=BROWSER), 404)
        assert "<script>alert" not in shown
        assert "<b>" not in shown
    assert "<script>alert" not in page(town.get("/console", params={"code": code}))


def test_the_label_shows_the_package_and_nothing_of_the_shop(town: httpx.Client, chain: Chain) -> None:
    for code in chain.packages:
        shown = page(town.get(f"/u/{code}"))
        for public in (code, "Haze", "Grower-1", "test.example/nl"):
            assert public in shown
        for private in ("shop-1", "Shop-1", "Breda", "breda", *(other for other in chain.packages if other != code)):
            assert private not in shown


def test_the_console_gives_receipts_as_files(town: httpx.Client, chain: Chain) -> None:
    response = town.get("/console/receipt/7")
    assert response.headers["content-disposition"] == 'attachment; filename="receipt-7.json"'
    assert verify(response.text, chain.anchor).index == 7
    for path in ("999999999", "99999999999999999999", "-1", "x"):
        assert town.get(f"/console/receipt/{path}").status_code == 404
