"""What an audit of a tampered ledger says first, and the entries that are tampered with."""

from __future__ import annotations

from ledger import audit
from ledger.audit import Report
from ledger.errors import Fault
from ledger.keys import SigningKey
from tests.forging import Forger, statement_of
from tests.ledgers import Made
from tests.signer import seed

GATEWAY = SigningKey(seed("gateway"))


def first(report: Report) -> Fault:
    assert report.verdict == "faulty", report.text()
    return report.faults[0]


def check(url: str, made: Made, *checkpoints: tuple[str, str]) -> Fault:
    return first(audit.audit(url, anchor=made.anchor, checkpoints=checkpoints))


def of_action(forger: Forger, action: str, number: int = 0, count: int | None = None) -> int:
    """The index of an entry of an action, of a submission of `count` statements if one is given."""
    found = [index for index, entry in enumerate(forger.entries)
             if statement_of(entry)["action"] == action and count in (None, entry.envelope.count)]  # fmt: skip
    return found[number]


def key(name: str) -> SigningKey:
    return SigningKey(seed(name))
