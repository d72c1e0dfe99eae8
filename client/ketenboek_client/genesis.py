"""Entry 0 as a client needs it (format section 9)."""

from __future__ import annotations

from dataclasses import dataclass

from .anchor import Anchor
from .canonical import utf8
from .ed25519 import fit_key
from .entry import Entry
from .errors import Malformed
from .keys import thumbprint
from .merkle import leaf_hash
from .note import Vkey


@dataclass(frozen=True, slots=True)
class Genesis:
    """What everybody needs of entry 0: the checkpoint key, the first keys, and whether it is a sandbox."""

    text: str
    hash: bytes
    entry: Entry
    checkpoint_key: Vkey
    keys: dict[str, bytes]
    sandbox: bool

    @classmethod
    def parse(cls, text: str) -> Genesis:
        """The genesis of its exact text, hashed before it is decoded. Raises Malformed."""
        data = utf8(text)
        entry = Entry.decode(data)
        keys, vkey = entry.data.get("keys"), entry.data.get("checkpointKey")
        if not isinstance(keys, list) or not isinstance(vkey, str):
            raise Malformed("genesis")
        publics = [fit_key(key.get("key") if isinstance(key, dict) else None) for key in keys]
        return cls(
            text=text,
            hash=leaf_hash(data),
            entry=entry,
            checkpoint_key=Vkey.parse(vkey),
            keys={thumbprint(public): public for public in publics},
            sandbox=entry.data.get("sandbox") is True,
        )

    @property
    def origin(self) -> str:
        """The ledger's name."""
        return self.entry.ledger

    @property
    def anchor(self) -> Anchor:
        """The anchor that names this genesis."""
        return Anchor(self.origin, self.hash)
