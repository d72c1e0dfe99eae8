"""Receipts: an entry that proves itself offline to whoever has the anchor, as one JSON object.

What a receipt cannot show is that its key had not been revoked: only a full audit can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ledger import canonical, keys, merkle, note
from ledger.anchor import Anchor
from ledger.canonical import unb64
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry, decode_statement
from ledger.errors import Malformed
from ledger.merkle import leaf_hash
from ledger.note import Vkey
from ledger.proof import TlogProof
from ledger.submission import signed_text

TYPE = "ketenboek/receipt/v1"
BYTES_MAX = 4_194_304

_MEMBERS = ("genesis", "genesisProof", "entry", "entryProof")
_KEY_MEMBERS = ("keyEntry", "keyProof")


class ReceiptError(Malformed):
    """Check number `step` of the receipt failed (format §10); 0: it is no receipt at all."""

    def __init__(self, step: int, message: str) -> None:
        super().__init__(f"{step}. {message}")
        self.step = step
        self.message = message


def build(
    genesis: bytes,
    genesis_proof: str,
    entry: bytes,
    entry_proof: str,
    key_entry: bytes | None,
    key_proof: str | None,
) -> str:
    """The receipt of an entry: exact bytes of entries, proofs as texts under one checkpoint.

    `key_entry` registered the signing key, with its proof; both None where the genesis did.
    """
    receipt: dict[str, Any] = {
        "type": TYPE,
        "genesis": genesis.decode(),
        "genesisProof": genesis_proof,
        "entry": entry.decode(),
        "entryProof": entry_proof,
    }
    assert (key_entry is None) == (key_proof is None)
    if key_entry is not None:
        receipt |= {"keyEntry": key_entry.decode(), "keyProof": key_proof}
    return canonical.encode(receipt).decode()


def verify(text: str, anchor: Anchor) -> Entry:
    """The entry that the receipt proves under the anchor. Raises ReceiptError for the first failed check."""
    with _check(0, "This is no receipt"):
        entries, proofs = _read(text)
    # Hashes are taken of the strings; nothing in them is decoded before they are known to be the ledger's.
    leaves = [leaf_hash(data) for data in entries]

    with _check(1, "The genesis is not the one that the anchor names"):
        if leaves[0] != anchor.hash:
            raise Malformed("its hash is another")

    with _check(2, "The checkpoints are not one checkpoint of the ledger's key"):
        vkey = Vkey.parse(_data(_statement(Entry.decode(entries[0])), "checkpointKey"))
        checkpoints = [Checkpoint.parse(note.open(proof.checkpoint, [vkey])[0]) for proof in proofs]
        checkpoint = checkpoints[0]
        if any(other != checkpoint for other in checkpoints):
            raise Malformed("they differ")

    with _check(3, "An entry is not in the tree of the checkpoint"):
        for leaf, proof in zip(leaves, proofs, strict=True):
            merkle.check_inclusion(proof.index, checkpoint.size, leaf, proof.path, checkpoint.root)

    with _check(4, "An entry is not as it should be, or of another ledger"):
        decoded = [Entry.decode(data) for data in entries]
        statements = [_statement(entry) for entry in decoded]
        if [entry.index for entry in decoded] != [proof.index for proof in proofs]:
            raise Malformed("it stands at another index than it says")
        origins = {vkey.name, checkpoint.origin, *[_text(statement, "ledger") for statement in statements]}
        if origins != {anchor.origin}:
            raise Malformed("the origin is not that of the anchor")

    with _check(5, "The genesis founds no ledger"):
        if decoded[0].index != 0 or statements[0].get("action") != "foundLedger":
            raise Malformed("it is not foundLedger at index 0")

    entry, statement = decoded[1], statements[1]
    with _check(6, "The signing key is not registered by what the receipt holds"):
        key_id = _text(statement, "key")
        if len(decoded) == 3 and decoded[2].index >= entry.index:
            raise Malformed("it was registered only later")
        public = _registered(key_id, statements[2]) if len(decoded) == 3 else _founding(key_id, statements[0])

    with _check(7, "The statement is not signed by its key"):
        _check_signature(entry, statement, public, anchor.origin)
    return entry


@contextmanager
def _check(step: int, failure: str) -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        raise ReceiptError(step, f"{failure}: {error}.") from error


def _read(text: str) -> tuple[list[bytes], list[TlogProof]]:
    """Genesis, entry and, where it is there, the key's entry; and the proof of each."""
    receipt = canonical.read_object(text, bytes_max=BYTES_MAX)
    names = _MEMBERS + _KEY_MEMBERS if "keyEntry" in receipt else _MEMBERS
    if set(receipt) != {"type", *names} or receipt["type"] != TYPE:
        raise Malformed("it has not exactly the members of a receipt")
    parts = [_text(receipt, name) for name in names]
    try:
        return [part.encode() for part in parts[::2]], [TlogProof.decode(part) for part in parts[1::2]]
    except UnicodeEncodeError as error:
        raise Malformed("a lone surrogate") from error


def _founding(key_id: str, statement: dict[str, Any]) -> bytes:
    """The public key of this id with which the ledger was founded."""
    listed = statement["data"].get("keys")
    return _of_id(key_id, [_text(item, "key") for item in listed] if isinstance(listed, list) else [])


def _registered(key_id: str, statement: dict[str, Any]) -> bytes:
    """The public key of this id that a later statement registers."""
    if statement.get("action") != "registerKey":
        raise Malformed("its entry registers no key")
    return _of_id(key_id, [_data(statement, "key")])


def _of_id(key_id: str, found: list[str]) -> bytes:
    for key64 in found:
        public = unb64(key64, keys.PUBLIC_BYTES)
        if keys.thumbprint(public) == key_id:
            return public
    raise Malformed("its entry registers another key")


def _check_signature(entry: Entry, statement: dict[str, Any], public: bytes, origin: str) -> None:
    envelope = entry.envelope
    sequence = statement.get("sequence")
    if type(sequence) is not int:
        raise Malformed("it has no sequence number")
    leaf = leaf_hash(entry.statement)
    root = merkle.root_from_path(sequence - envelope.first, envelope.count, leaf, entry.path)
    signed = signed_text(
        origin,
        _text(statement, "key"),
        envelope.first,
        envelope.count,
        root,
        envelope.seen_size,
        envelope.seen_root,
        envelope.until,
    )
    keys.verify(public, signed, envelope.signature)


def _statement(entry: Entry) -> dict[str, Any]:
    statement = decode_statement(entry.statement)
    if not isinstance(statement, dict) or not isinstance(statement.get("data"), dict):
        raise Malformed("it holds no statement")
    return statement


def _data(statement: dict[str, Any], name: str) -> str:
    return _text(statement["data"], name)


def _text(members: Any, name: str) -> str:
    value = members.get(name) if isinstance(members, dict) else None
    if not isinstance(value, str):
        raise Malformed(f"`{name}` is missing or no text")
    return value
