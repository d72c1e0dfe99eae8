"""The ledger's history as far as one client has verified it.

It begins with the genesis, by the anchor or on first use, and grows by checkpoints that the
client has seen to continue each other. What it holds is `seen` of the next submission: so
every submission cosigns the history before it.
"""

from __future__ import annotations

from dataclasses import replace

from .anchor import Anchor
from .canonical import utf8
from .documents import BEGIN, Beginning, Given
from .errors import BadSignature, Contradiction, Malformed, Problem, ReceiptError, Rejected, Unauthenticated, Unreadable
from .gateway import Gateway, data_of
from .genesis import Genesis
from .keys import Key
from .merkle import leaf_hash
from .note import Checkpoint, open_checkpoint
from .proof import Proof
from .receipt import Receipt, Shared, Verified, Verifier, decoded_proof
from .state import Pending, StateFile

UNREGISTERED = "no registered key"
"""Of the sentence with which a gateway refuses a token for its `kid`; all its refusals of tokens have one code."""


class History:
    """One key's verified view of one ledger, kept in its state file."""

    def __init__(self, gateway: Gateway, key: Key, file: StateFile) -> None:
        self._gateway = gateway
        self._key = key
        self._file = file
        self._genesis: Genesis | None = None
        self._newest: Checkpoint | None = None
        self._verifier: Verifier | None = None
        if file.state.genesis is not None:
            self._pin(file.state.genesis)

    @property
    def genesis(self) -> Genesis:
        """Entry 0. Only once begun."""
        assert self._genesis is not None
        return self._genesis

    @property
    def newest(self) -> Checkpoint:
        """The newest checkpoint that was verified. Only once begun."""
        assert self._newest is not None
        return self._newest

    @property
    def verifier(self) -> Verifier:
        """Verifies receipts of this ledger. Only once begun."""
        assert self._verifier is not None
        return self._verifier

    def begin(self) -> None:
        """Take up the ledger: its genesis, a checkpoint that covers it, and the key's next sequence number.

        With an anchor the genesis must be the one it names; without, the first use is trusted
        and pinned. Does nothing once begun. Raises Rejected for a key that the ledger does not know.
        """
        if self._newest is not None and self._file.state.next_sequence is not None:
            return
        note = self._gateway.checkpoint()
        origin = self._gateway.anchor.origin if self._gateway.anchor else note.partition("\n")[0]
        shown = self._beginning(origin)
        self._pin(shown.genesis)
        checkpoint = self._open(note)
        try:
            self._gateway.tree.prove(0, self.genesis.hash, checkpoint)
        except Malformed:
            raise Contradiction("the newest checkpoint does not cover the genesis") from None
        if shown.seen_size > checkpoint.size:
            raise Contradiction(
                f"this key has signed a history of {shown.seen_size} entries, the gateway shows {checkpoint.size}"
            )
        self._file.state.next_sequence = shown.next_sequence
        self._keep(note, checkpoint)
        self._file.save()

    def look(self) -> Checkpoint:
        """Fetch the newest checkpoint and verify that it continues what was seen. Raises Contradiction."""
        note = self._gateway.checkpoint()
        checkpoint = self._open(note)
        if checkpoint.size < self.newest.size:
            self._contradiction(note, "the gateway went back to an earlier checkpoint")
        self._advance(note, checkpoint)
        return checkpoint

    def accept(self, pending: Pending, given: list[Given]) -> tuple[Receipt, ...]:
        """The receipts of a submission, each verified to prove exactly one of the statements sent, in order.

        Raises ReceiptError, Malformed, BadSignature or Contradiction; then nothing of the answer counts.
        """
        if len(given) != len(pending.statements):
            raise ReceiptError(0, f"{len(given)} receipts for {len(pending.statements)} statements")
        proofs = [decoded_proof(one.proof) for one in given]
        note = proofs[0].checkpoint
        checkpoint = self._open(note)
        for one, proof in zip(given, proofs, strict=True):
            leaf = leaf_hash(utf8(one.entry))
            if self._gateway.tree.learn(proof.index, checkpoint.size, leaf, proof.path) != checkpoint.root:
                raise ReceiptError(3, "an entry is not included under its checkpoint")
        shared = self._shared(given[0], note, checkpoint)
        verified = [self.verifier.check(one.entry, one.proof, shared) for one in given]
        _check_sent(pending, given, verified)
        self._advance(note, checkpoint)
        self._file.state.key_entry = shared.key_entry
        return tuple(one.receipt for one in verified)

    def _beginning(self, origin: str) -> Beginning:
        """What the gateway shows to this key.

        To one that is not registered it may show nothing, and whatever that states is refused: so it is
        refused here, in the words that a submission would get.
        """
        token = self._gateway.token(self._key, origin)
        try:
            return Beginning.of(data_of(self._gateway.answer(BEGIN, {"key": self._key.id}, token)))
        except Unauthenticated as error:
            if UNREGISTERED not in str(error):
                raise
            message = f"the key {self._key.id} is not registered: register it first"
            raise Rejected((Problem("KEY_UNKNOWN", message, ("0", "key")),), first=1) from error

    def _pin(self, genesis: str) -> None:
        """Believe in one genesis. Raises Unreadable if state, anchor and gateway are not of one ledger."""
        try:
            self._genesis = Genesis.parse(genesis)
            anchor = self._gateway.anchor or self._genesis.anchor
            if self._genesis.anchor != anchor:
                raise Unreadable(f"{self._file.path}: of ledger {self._genesis.anchor}, not {anchor}")
            self._verifier = Verifier(Anchor(anchor.origin, anchor.hash))
            if self._file.state.checkpoint is not None:
                self._newest = self._open(self._file.state.checkpoint)
        except (Malformed, BadSignature) as error:
            raise Unreadable(f"{self._file.path}: genesis or checkpoint: {error}") from None
        self._file.state.genesis = genesis

    def _open(self, note: str) -> Checkpoint:
        return open_checkpoint(note, self.genesis.checkpoint_key)

    def _keep(self, note: str, checkpoint: Checkpoint) -> None:
        self._newest = checkpoint
        self._file.state.checkpoint = note

    def _advance(self, note: str, checkpoint: Checkpoint) -> None:
        """Take a checkpoint into the history. One below the newest (of a receipt given before) must fit too."""
        older, newer = sorted((checkpoint, self.newest), key=lambda one: one.size)
        try:
            self._gateway.tree.check(older, newer)
        except Malformed as error:
            self._contradiction(note, f"checkpoints {older.size} and {newer.size}: {error}")
        if checkpoint.size > self.newest.size:
            self._keep(note, checkpoint)

    def _contradiction(self, note: str, message: str) -> None:
        evidence = {"message": message, "seen": self._file.state.checkpoint, "shown": note}
        raise Contradiction(message, self._file.keep_evidence(evidence))

    def _shared(self, given: Given, note: str, checkpoint: Checkpoint) -> Shared:
        """Genesis and key entry with their proofs under the checkpoint of the receipts, made from the tree."""

        def prove(index: int, leaf: bytes) -> str:
            return Proof(index, self._gateway.tree.prove(index, leaf, checkpoint), note).encode()

        genesis = self.genesis
        shared = Shared(genesis.text, prove(0, genesis.hash))
        if self._key.id in genesis.keys:
            return shared
        text = self._file.state.key_entry
        if text is None:
            text = self.verifier.verify(given.file or "").receipt.shared.key_entry
            if text is None:
                raise ReceiptError(6, "the receipt does not name the entry that registered the key")
        index = self.verifier.registration(text).entry.index
        return replace(shared, key_entry=text, key_proof=prove(index, leaf_hash(utf8(text))))


def _check_sent(pending: Pending, given: list[Given], verified: list[Verified]) -> None:
    """Raise ReceiptError unless the entries are, in order and without a gap, the statements that were sent."""
    start, before = verified[0].entry.index, verified[0].entry.previous
    for place, (said, one) in enumerate(zip(given, verified, strict=True)):
        entry, receipt = one.entry, one.receipt
        if entry.statement != pending.statements[place].encode():
            raise ReceiptError(4, f"entry {entry.index} does not hold the statement that was sent")
        if (entry.first, entry.count) != (pending.first, len(verified)):
            raise ReceiptError(7, f"entry {entry.index} is of another submission")
        if entry.index != start + place or entry.previous != before:
            raise ReceiptError(4, f"entry {entry.index} does not follow the one before")
        if entry.seen_size > start or entry.recorded > entry.until:
            raise ReceiptError(4, f"entry {entry.index} was recorded against its `seen` or `until`")
        if (said.index, said.recorded, said.entry_hash) != (entry.index, entry.recorded, receipt.entry_hash):
            raise ReceiptError(0, f"entry {entry.index} is described as something else")
        before = leaf_hash(utf8(receipt.entry))
