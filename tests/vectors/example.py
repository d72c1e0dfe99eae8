"""The worked example of the format page (§13), and what follows from it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger import merkle
from ledger.keys import SigningKey

FOLDER = Path(__file__).parent
EXAMPLE: dict[str, Any] = json.loads((FOLDER / "format-example.json").read_text(encoding="utf-8"))
ORIGIN: str = EXAMPLE["origin"]
ENTRIES = [entry.encode() for entry in EXAMPLE["entries"]]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


def named_key(phrase: str) -> SigningKey:
    """The key whose seed is the SHA-256 of a phrase."""
    return SigningKey(sha256(phrase.encode()).digest())
