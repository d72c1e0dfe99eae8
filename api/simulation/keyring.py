"""The keys of a simulation, by the names of their files: each follows from the seed and its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from ledger.canonical import b64
from ledger.keys import SigningKey, possession_text

FOUNDING = ("founder", "offline", "gateway")
"""The keys with which a ledger is founded."""


class Keyring:
    """Keys by name: `grower-1`, `shop-2-till-1`, …; `held` are those that somebody has already.

    Keys that follow from a seed protect nothing: they are for sandbox ledgers.
    """

    def __init__(self, seed: int, origin: str, held: Mapping[str, SigningKey] | None = None) -> None:
        self.origin = origin
        self._seed = seed
        self._keys = dict(held or {})

    def __getitem__(self, name: str) -> SigningKey:
        """The key of a name."""
        key = self._keys.get(name)
        if key is None:
            text = f"ketenboek simulation key v1\n{self._seed}\n{name}\n"
            key = self._keys[name] = SigningKey(sha256(text.encode()).digest())
        return key

    def drawn(self, purpose: str) -> Callable[[int], bytes]:
        """Random bytes that follow from the seed, for one purpose."""
        count = 0

        def draw(length: int) -> bytes:
            nonlocal count
            count += 1
            return sha256(f"ketenboek simulation\n{self._seed}\n{purpose}\n{count}\n".encode()).digest()[:length]

        return draw

    @property
    def names(self) -> list[str]:
        """The names of all keys that were asked for."""
        return list(self._keys)

    def registration(self, name: str, participant: str) -> dict[str, str]:
        """What `registerKey` needs to know of a key: its bytes, and the proof that its owner has it."""
        key = self[name]
        possession = key.sign(possession_text(self.origin, participant, key.id))
        return {"participant": participant, "key": b64(key.public), "possession": b64(possession)}

    def file(self, name: str, folder: Path) -> Path:
        """The file of a key, as a JWK with mode 0600; made where it is missing, never overwritten."""
        path = folder / f"{name}.jwk"
        text = self[name].jwk()
        if path.exists():
            if SigningKey.from_jwk(path.read_text(encoding="utf-8")).public != self[name].public:
                raise FileExistsError(f"{path} holds another key")
            return path
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text + "\n")
        return path


def held_in(folder: Path) -> dict[str, SigningKey]:
    """The keys in a folder, by the names of their files. Raises Malformed for a file that is none."""
    return {path.stem: SigningKey.from_jwk(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.jwk"))}
