"""The audit: everything that a ledger says, computed again from its entries, in four depths.

    chain        links, leaves, roots and checkpoints        every entry's bytes, none of them parsed
    signatures   who said so, once, and in time              every submission, on all cores
    custody      every rule, by the `accept()` that recorded every submission, into a temporary database
    projections  what queries are answered from              every row against that database

Nothing of the gateway's door is used, and nothing that the tables say is believed.
"""

from ledger.audit.rebuilding import Rebuilt, rebuild
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import Unreadable

__all__ = ["Rebuilt", "Report", "Unreadable", "audit", "rebuild"]
