"""Write the golden ledger of edition 1: `python -m tests.ledgers`."""

from tests.ledgers.making import made

made().write()
