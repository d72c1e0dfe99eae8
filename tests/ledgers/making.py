"""Makes the golden ledger of edition 1: chains from seed to sale, and after each something that is refused.

Everything follows from fixed seeds. What is refused is sent between the chains, so that each was sent to another head.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import migrations
from ledger import canonical, instant, manual
from ledger.errors import REFUSALS
from ledger.group import Published
from ledger.keys import SigningKey
from ledger.statement import Submission
from ledger.store import Store
from tests.ledgers import ORIGIN, RESULT, Maker, Secret, play, register
from tests.ledgers.golden import ADOPTED, Golden, Replay, Sent, submissions
from tests.signer import Signer, seed

GATEWAY = ("BUSY", "UNDECIDED", "SHUTTING_DOWN")
"""What `accept` never says."""
CODES = tuple(code for code in REFUSALS if code not in GATEWAY)


@dataclass(frozen=True)
class Wrong:
    """An act of `who` that is refused with a code; times in minutes from the moment at which it is sent."""

    code: str
    who: str
    action: str
    data: dict[str, Any]
    at: int = 0
    until: int = 15
    skip: int = 0
    """Numbers left out, or, if negative, used again."""
    change: Callable[[str], str] | None = None
    """Another text in place of the statement's."""
    seen_root: bytes | None = None
    signed_by: str | None = None


@dataclass
class Stage:
    """Units that stay as they are, for what is refused: grower-1's unless said otherwise."""

    plant: str
    held: str
    wet: str
    dry: str
    passed: str
    packages: list[str]
    fresh: dict[str, list[str]] = field(default_factory=dict)


def set_up(maker: Maker) -> Stage:
    """Make the units, and a shop in a municipality in which no phase is set."""
    plants, [wet, dry, passed] = maker.codes("P", 5), maker.codes("B", 3)
    samples, packages = maker.codes("M", 3), maker.codes("E", 2)
    for name, kind in (("heerlen", "MUNICIPALITY"), ("shop-3", "COFFEESHOP")):
        data = {"participant": name, "kind": kind, "name": name.capitalize()}
        maker.does("ministry", ("registerParticipant", data), maker.key(name, name, admin=True))
        maker.flush()
    maker.do("shop-3", "registerSite", site="counter", municipality="heerlen", address=Secret("Saroleastraat 1"))
    maker.do("heerlen", "admitShop", shop="shop-3", site="counter")
    grown = {"height": 12, "mass": 9_000, "position": "Z/1"}
    maker.do("grower-1", "intakePlants", plants=plants, variety="haze", site="hall-1", **grown)
    maker.do("nvwa", "holdUnits", units=plants[1:2], reason="INVESTIGATION")
    for plant, lot in zip(plants[2:], (wet, dry, passed), strict=True):
        maker.do("grower-1", "harvestPlants", plants=[plant], lot=lot, mass=50_000, position="Z/2")
    for lot in (dry, passed):
        maker.do("grower-1", "dryLot", lot=lot, mass=10_000, moisture=110_000_000, position="Z/3")
    taken = {"samples": samples, "mass": 300, "position": "Z/3", "laboratory": "laboratory-1"}
    maker.do("grower-1", "takeSamples", lot=passed, **taken)
    maker.do("laboratory-1", "recordResult", sample=samples[0], **RESULT)
    maker.do("grower-1", "packLot", lot=passed, packages=packages, mass=1_000, position="Z/4")
    maker.flush()
    fresh = {letter: maker.codes(letter, 3) for letter in "PMES"}
    return Stage(plants[0], plants[1], wet, dry, passed, packages, fresh)


def in_the_bytes() -> Iterator[Wrong]:
    """What is wrong in the bytes, the header, the key and the numbers."""
    variety = {"variety": "bar", "name": "Bar"}

    def wrong(code: str, old: str = "", new: str = "", **more: Any) -> Wrong:
        change = (lambda text: text.replace(old, new)) if old else None
        return Wrong(
            code, more.pop("who", "grower-1"), "registerVariety", more.pop("data", variety), change=change, **more
        )

    yield wrong("TOO_LARGE", '"Bar"', "[" * 5 + "]" * 5)
    yield wrong("NOT_CANONICAL", '"v":1', '"v": 1')
    yield wrong("NULL_MEMBER", '"Bar"', "null")
    yield wrong("VERSION_UNKNOWN", '"v":1', '"v":2')
    yield wrong("WRONG_LEDGER", ORIGIN, "test.example/other")
    yield wrong("ACTION_UNKNOWN", "registerVariety", "growHemp")
    yield wrong("FIELD_UNKNOWN", data={**variety, "colour": "green"})
    yield wrong("FIELD_MISSING", data={"variety": "bar"})
    yield wrong("FIELD_INVALID", data={**variety, "variety": "Bar!"})
    yield wrong("KEY_UNKNOWN", who="nobody")
    yield wrong("KEY_REVOKED", who="grower-1-scale-0")
    yield wrong("SIGNATURE_INVALID", signed_by="grower-2")
    yield wrong("SEQUENCE_USED", skip=-1)
    yield wrong("SEQUENCE_GAP", skip=1)
    yield wrong("SEEN_CONTRADICTED", seen_root=bytes(32))
    yield wrong("EXPIRED", until=-1)
    yield wrong("UNTIL_TOO_FAR", until=7 * 24 * 60 + 1)
    yield wrong("AT_IN_FUTURE", at=6)


def against_the_rules(stage: Stage) -> Iterator[Wrong]:
    """What custody, mass, state and limits do not allow."""
    fresh = stage.fresh
    grown = {"height": 12, "mass": 9_000, "position": "Z/1"}
    move = {"plants": [stage.plant], **grown}
    packed = {"packages": fresh["E"], "mass": 1_000, "position": "Z/4"}
    taken = {"samples": fresh["M"], "mass": 4_000, "position": "Z/3", "laboratory": "laboratory-1"}
    small = {"participant": "grower-1", "key": canonical.b64(bytes(32)), "possession": canonical.b64(bytes(64))}
    dried = {"mass": 10_000, "moisture": 1, "position": "Z/3"}
    sent = {"shipment": fresh["S"][0], "to": "shop-3", "packages": stage.packages, "position": "Z/5"}
    intake = {"plants": fresh["P"], "variety": "unknown", "site": "hall-1", **grown}
    grower = "grower-1"
    yield Wrong("NOT_ALLOWED", grower, "sellPackages", {"packages": stage.packages})
    yield Wrong("UNIT_UNKNOWN", grower, "movePlants", {**move, "plants": fresh["P"]})
    yield Wrong("CODE_USED", grower, "takeCuttings", {"mother": stage.plant, "plants": [stage.held], **grown})
    yield Wrong("NAME_UNKNOWN", grower, "intakePlants", intake)
    yield Wrong("NAME_USED", grower, "registerVariety", {"variety": "haze", "name": "Haze"})
    yield Wrong("KEY_UNFIT", grower, "registerKey", small)
    yield Wrong("NOT_HOLDER", "grower-2", "movePlants", move)
    yield Wrong("AT_BEFORE_UNIT", grower, "movePlants", move, at=-60 * 24 * 365)
    yield Wrong("ON_HOLD", grower, "movePlants", {**move, "plants": [stage.held]})
    yield Wrong("WRONG_STATE", grower, "dryLot", {"lot": stage.dry, **dried})
    yield Wrong("WRONG_PHASE", grower, "readyShipment", sent)
    yield Wrong("RESULT_MISSING", grower, "packLot", {"lot": stage.dry, **packed})
    yield Wrong("LIMIT_EXCEEDED", grower, "packLot", {"lot": stage.passed, **packed, "mass": 5_001})
    yield Wrong("NOT_ENOUGH", grower, "takeSamples", {"lot": stage.dry, **taken})
    yield Wrong("MASS_CREATED", grower, "dryLot", {"lot": stage.wet, **dried, "mass": 50_001})


def send(maker: Maker, wrong: Wrong) -> Sent:
    """What the gateway gets: a submission on the head as it is, a minute after the last."""
    maker.flush()
    head, now = maker.made.head, maker.now + instant.MINUTE
    assert head is not None
    signer = maker.signers[wrong.who]
    number = signer.sequence
    until = now + wrong.until * instant.MINUTE
    at = now + wrong.at * instant.MINUTE
    made = signer.submission(head, at, (wrong.action, wrong.data), until=until, first=number + wrong.skip)
    signer.sequence = number
    _spoil(made, head, wrong, maker.signers[wrong.signed_by or wrong.who].key)
    return Sent(
        wrong.code, [], head.size, instant.text(now), made.key, made.first, [raw.decode() for raw in made.raws],
        made.seen_size, canonical.b64(made.seen_root), made.until, canonical.b64(made.signature),
    )  # fmt: skip


def _spoil(made: Submission, head: Published, wrong: Wrong, key: SigningKey) -> None:
    """Change the text of the statement and what was seen, and sign that."""
    raws = tuple(raw if wrong.change is None else wrong.change(raw.decode()).encode() for raw in made.raws)
    seen = head.root if wrong.seen_root is None else wrong.seen_root
    spoiled = Submission(made.origin, made.key, made.first, raws, made.seen_size, seen, made.until, b"")
    made.raws, made.seen_root, made.signature = raws, seen, key.sign(spoiled.text)


def made() -> Golden:
    """The golden ledger of edition 1, made anew."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/golden.db"
        migrations.upgrade(url)
        maker = Maker(url, 1, 7, ADOPTED, sandbox=False)
        register(maker)
        maker.signers["nobody"] = Signer(ORIGIN, SigningKey(seed("nobody")))
        stage = set_up(maker)
        wrongs = {wrong.code: wrong for wrong in (*in_the_bytes(), *against_the_rules(stage))}
        assert tuple(wrongs) == CODES
        sent = []
        for place, wrong in enumerate(wrongs.values()):
            play(maker, "grower-1", "shop-1", 2 * place)
            play(maker, "grower-2", "shop-2", 2 * place + 1)
            sent.append(send(maker, wrong))
        maker.flush()
        manifest = sha256(canonical.encode(manual.described(ADOPTED[2]))).digest()
        maker.do("ministry", "adoptEdition", edition=2, manifest=canonical.b64(manifest))
        maker.flush()
        play(maker, "grower-1", "shop-2", 2 * len(wrongs))
        anchor = canonical.b64(maker.close().anchor.hash)
        store = Store.open(url)
        entries = [data for chunk in store.entries() for _, data, _ in chunk]
        store.close()
    return _judged(anchor, entries, sent)


def _judged(anchor: str, entries: list[bytes], sent: list[Sent]) -> Golden:
    """With root, state and the places at which the refusals point, from a replay."""
    replay, refusals = Replay(), []
    for submission, time in submissions(ORIGIN, entries):
        for one in sent:
            if one.size == len(replay.entries):
                problem = replay.problem(one.submission(ORIGIN), one.moment)
                assert problem is not None, f"{one.code} is accepted"
                assert problem.code == one.code, f"{one.code} is {problem}"
                refusals.append(replace(one, path=list(problem.path)))
        replay.add(submission, time)
    assert len(refusals) == len(sent)
    return Golden(ORIGIN, len(entries), replay.root, anchor, replay.digest(), entries, refusals)
