"""The text that a participant's key signs: one header over 1 to 1,000 statements.

The root binds the statements, `seen` the history before them, `until` the time in which they may be recorded.
"""

from __future__ import annotations

from ledger.canonical import b64

STATEMENTS_MAX = 1_000
STATEMENTS_BYTES_MAX = 8_388_608
"""Of all statements of a submission together."""


def signed_text(
    origin: str,
    key_id: str,
    first: int,
    count: int,
    root: bytes,
    seen_size: int,
    seen_root: bytes,
    until: str,
) -> bytes:
    """Nine lines, each with its newline.

    `first` is the first sequence number, `root` the tree hash over the statements in order (`merkle.root` of
    their leaf hashes), `seen_size` and `seen_root` the newest verified checkpoint, `until` a timestamp.
    """
    return (
        f"ketenboek submission v1\n{origin}\n{key_id}\n{first}\n{count}\n{b64(root)}\n"
        f"{seen_size}\n{b64(seen_root)}\n{until}\n"
    ).encode()
