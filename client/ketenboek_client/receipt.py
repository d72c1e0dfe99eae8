"""Receipts: an entry that proves itself offline under the anchor alone (format section 10).

The checks are numbered in the order of the page:

1. the genesis is the one that the anchor names;
2. every checkpoint is signed by the genesis' checkpoint key, all of one origin, size and root;
3. each leaf, hashed from the string before anything in it is decoded, is included at the index
   its proof names;
4. each entry is canonical, its index that of the proof, everything of the anchor's origin;
5. the genesis is `foundLedger` at index 0;
6. the key entry is `registerKey` of the id in the statement, earlier than the entry;
7. the submission's path has its length, and the nine signed lines verify under that key.

Check 0 is the form of the file and of the proofs in it. What no receipt can show: that the
key was not revoked in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar

from .anchor import Anchor
from .canonical import b64, utf8
from .ed25519 import fit_key, verify
from .entry import Entry
from .errors import BadSignature, Malformed, ReceiptError
from .genesis import Genesis
from .keys import thumbprint
from .merkle import check_inclusion, leaf_hash
from .note import Checkpoint, open_signed
from .proof import Proof

TYPE = "ketenboek/receipt/v1"
FILE_MAX = 1_000_000
CACHED = 4096

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that all receipts of one submission have in common, as exact texts."""

    genesis: str
    genesis_proof: str
    key_entry: str | None = None
    key_proof: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. `entry` and `proof` are its own exact texts; `file` is the whole of it."""

    entry: str
    proof: str
    shared: Shared
    index: int
    recorded: str
    entry_hash: str

    @property
    def file(self) -> str:
        """The receipt as a file: one JSON object that anybody can verify who has the anchor."""
        parts = {
            "entry": self.entry,
            "entryProof": self.proof,
            "genesis": self.shared.genesis,
            "genesisProof": self.shared.genesis_proof,
            "keyEntry": self.shared.key_entry,
            "keyProof": self.shared.key_proof,
            "type": TYPE,
        }
        present = {name: text for name, text in parts.items() if text is not None}
        return json.dumps(present, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt that holds proves: this entry, under this checkpoint."""

    receipt: Receipt
    entry: Entry
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Registration:
    """The key that an entry registered."""

    entry: Entry
    id: str
    public: bytes


class Verifier:
    """Verifies receipts of one ledger. Texts that many receipts share are verified once, by their exact text."""

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self._genesis = lru_cache(1)(self._check_genesis)
        self._checkpoint = lru_cache(CACHED)(open_signed)
        self._shared_leaf = lru_cache(CACHED)(self._check_leaf)
        self._registration = lru_cache(CACHED)(self._read_registration)
        self._signature = lru_cache(CACHED)(verify)

    def verify(self, text: str) -> Verified:
        """Run all checks on a receipt file. Raises ReceiptError with the number of the check that failed."""
        entry, proof, shared = _step(0, _parts, text)
        return self.check(entry, proof, shared)

    def check(self, text: str, proof: str, shared: Shared) -> Verified:
        """Run the checks on the parts of one receipt."""
        proofs = [
            _step(0, decoded_proof, one) for one in (proof, shared.genesis_proof, shared.key_proof) if one is not None
        ]
        genesis = _step(1, self._genesis, shared.genesis)
        checkpoint = _step(2, self._one_checkpoint, genesis, proofs)
        _step(3, self._shared_leaf, shared.genesis, shared.genesis_proof, checkpoint)
        if shared.key_entry is not None and shared.key_proof is not None:
            _step(3, self._shared_leaf, shared.key_entry, shared.key_proof, checkpoint)
        leaf = _step(3, self._check_leaf, text, proof, checkpoint)
        if not genesis.checkpoint_key.name == checkpoint.origin == self.anchor.origin:
            raise ReceiptError(4, "the checkpoint or its key is of another ledger")
        _step(4, self._check_place, genesis.entry, proofs[1])
        entry = _step(4, self._placed, text, proofs[0])
        if genesis.entry.action != "foundLedger" or genesis.entry.index != 0:
            raise ReceiptError(5, "the genesis is not foundLedger at index 0")
        public = self._public(genesis, shared, entry)
        _step(7, self._signature, public, _step(7, entry.signed_text), entry.signature)
        receipt = Receipt(text, proof, shared, entry.index, entry.recorded, b64(leaf))
        return Verified(receipt, entry, checkpoint)

    def _check_genesis(self, text: str) -> Genesis:
        if leaf_hash(utf8(text)) != self.anchor.hash:
            raise Malformed("the genesis is not the one that the anchor names")
        return Genesis.parse(text)

    def _one_checkpoint(self, genesis: Genesis, proofs: list[Proof]) -> Checkpoint:
        found = {self._checkpoint(proof.checkpoint, genesis.checkpoint_key) for proof in proofs}
        if len(found) != 1:
            raise Malformed("the checkpoints differ")
        return found.pop()

    @staticmethod
    def _check_leaf(text: str, proof: str, checkpoint: Checkpoint) -> bytes:
        leaf, opened = leaf_hash(utf8(text)), decoded_proof(proof)
        check_inclusion(opened.index, checkpoint.size, leaf, opened.path, checkpoint.root)
        return leaf

    def registration(self, text: str) -> Registration:
        """What an entry says that registered a key. Raises ReceiptError if it did not."""
        return self._registration(text)

    def _placed(self, text: str, proof: Proof) -> Entry:
        entry = Entry.decode(utf8(text))
        self._check_place(entry, proof)
        return entry

    def _check_place(self, entry: Entry, proof: Proof) -> None:
        if entry.index != proof.index:
            raise Malformed("the entry has another index than its proof")
        if entry.ledger != self.anchor.origin:
            raise Malformed("the entry is of another ledger")

    def _public(self, genesis: Genesis, shared: Shared, entry: Entry) -> bytes:
        """The 32 bytes of the signing key, from the genesis or from the entry that registered it."""
        if shared.key_entry is None or shared.key_proof is None:
            if entry.key not in genesis.keys:
                raise ReceiptError(6, "the genesis does not register the signing key")
            return genesis.keys[entry.key]
        key = self._registration(shared.key_entry)
        _step(4, self._check_place, key.entry, decoded_proof(shared.key_proof))
        if key.id != entry.key or key.entry.index >= entry.index:
            raise ReceiptError(6, "the key entry does not register the signing key before the entry")
        return key.public

    def _read_registration(self, text: str) -> Registration:
        entry = _step(4, Entry.decode, utf8(text))
        if entry.action != "registerKey":
            raise ReceiptError(6, "the key entry is not registerKey")
        public = _step(6, fit_key, entry.data.get("key"))
        return Registration(entry, thumbprint(public), public)


def verify_receipt(text: str, anchor: Anchor) -> Verified:
    """Verify one receipt file under the anchor. Raises ReceiptError."""
    return Verifier(anchor).verify(text)


def _parts(text: str) -> tuple[str, str, Shared]:
    if len(text) > FILE_MAX:
        raise Malformed("too long")
    members = json.loads(text, object_pairs_hook=_once)
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise Malformed("not an object of texts")
    names = {"type", "genesis", "genesisProof", "entry", "entryProof"}
    if members.keys() not in (names, names | {"keyEntry", "keyProof"}) or members["type"] != TYPE:
        raise Malformed(f"not the members of {TYPE}")
    shared = Shared(members["genesis"], members["genesisProof"], members.get("keyEntry"), members.get("keyProof"))
    return members["entry"], members["entryProof"], shared


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member twice")
    return members


@lru_cache(CACHED)
def decoded_proof(text: str) -> Proof:
    """`Proof.decode`, remembered: each proof is looked at several times."""
    return Proof.decode(text)


def _step(number: int, check: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run one check; whatever it finds is a failure of check `number`, so is any failure to decode."""
    try:
        return check(*args, **kwargs)
    except ReceiptError:
        raise
    except (Malformed, BadSignature, ValueError, RecursionError) as error:
        raise ReceiptError(number, str(error)) from None
