"""Golden vectors of the ledger format, for any implementation in any language.

`python -m tests.vectors` writes them; a test makes them again and compares: a change of bytes is a change of
version. A file says what must come out, and what must be refused under the reason. Bytes are hex or base64 as
the member's name says, else text. What others published stands beside them, see PROVENANCE.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.vectors import formats
from tests.vectors.receipts import receipts

FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "canonical.json": formats.canonical_json,
    "lexical.json": formats.lexical,
    "key.json": formats.key_vectors,
    "tree.json": formats.trees,
    "log.json": formats.log,
    "value.json": formats.values,
    "entry.json": formats.entries,
    "receipt.json": receipts,
}
"""Each golden file and what makes it."""


def render(value: dict[str, Any]) -> str:
    """A golden file's text."""
    return json.dumps(value, ensure_ascii=True, indent=1) + "\n"
