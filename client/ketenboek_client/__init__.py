"""Record on a Ketenboek ledger: keys, signed statements, and receipts that prove themselves.

Written from the format page alone and importing nothing of the ledger's own code: the
second implementation, which proves the page sufficient.
"""

from .actions import Actions, ReceivedPackage, Verdict
from .anchor import Anchor
from .client import Client
from .codes import mint
from .documents import Preview, Recorded
from .errors import (
    BadSignature,
    ClientError,
    Contradiction,
    GatewayError,
    Locked,
    Malformed,
    OtherBatch,
    Problem,
    ReceiptError,
    Rejected,
    Surroundings,
    Unauthenticated,
    Undecided,
    Unreachable,
    Unreadable,
)
from .gateway import Gateway
from .keys import Key
from .note import Checkpoint
from .receipt import Receipt, Verified, Verifier, verify_receipt
from .sealed import Opening

__all__ = [
    "Actions",
    "Anchor",
    "BadSignature",
    "Checkpoint",
    "Client",
    "ClientError",
    "Contradiction",
    "Gateway",
    "GatewayError",
    "Key",
    "Locked",
    "Malformed",
    "Opening",
    "OtherBatch",
    "Preview",
    "Problem",
    "Receipt",
    "ReceiptError",
    "ReceivedPackage",
    "Recorded",
    "Rejected",
    "Surroundings",
    "Unauthenticated",
    "Undecided",
    "Unreachable",
    "Unreadable",
    "Verdict",
    "Verified",
    "Verifier",
    "mint",
    "verify_receipt",
]
