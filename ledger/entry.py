"""Entries: a statement that the gateway accepted, numbered and linked to the entry before.

    {"index":N,"previous":"…","recorded":"…","statement":{…},"submission":{…},"v":1}

An entry is written from a template, because the statement's bytes are canonical already, and read by
matching the same template and writing it again. Its hash is the link of the chain and the leaf of the tree.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from dataclasses import dataclass

from ledger import canonical, instant
from ledger.canonical import INTEGER_MAX, Json, TooLarge, unb64
from ledger.errors import Malformed
from ledger.merkle import PATH_MAX, leaf_hash
from ledger.submission import STATEMENTS_MAX

STATEMENT_BYTES_MAX = 32_768
STATEMENT_DEPTH_MAX = 6
ENTRY_BYTES_MAX = 65_535
"""A tlog-tiles entry bundle prefixes each entry with a uint16."""
FIRST_PREVIOUS = bytes(32)
"""What entry 0 links to."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an entry keeps of its submission: the header that was signed, without what the statements tell.

    `first` and `count` are sequence numbers of the key, `until` is a timestamp.
    """

    first: int
    count: int
    seen_size: int
    seen_root: bytes
    until: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    `recorded` is a timestamp, `statement` the exact bytes, `path` their proof under the submission's root.
    """

    index: int
    previous: bytes
    recorded: str
    statement: bytes
    envelope: Envelope
    path: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The entry's canonical bytes."""
        envelope = self.envelope
        return (
            b'{"index":%d,"previous":"%s","recorded":"%s","statement":%s,'
            b'"submission":{"count":%d,"first":%d,"path":[%s],"seen":{"root":"%s","size":%d},'
            b'"signature":"%s","until":"%s"},"v":1}'
        ) % (
            self.index,
            _b64(self.previous),
            self.recorded.encode(),
            self.statement,
            envelope.count,
            envelope.first,
            b",".join([b'"%s"' % _b64(sibling) for sibling in self.path]),
            _b64(envelope.seen_root),
            envelope.seen_size,
            _b64(envelope.signature),
            envelope.until.encode(),
        )

    @property
    def hash(self) -> bytes:
        """The entry hash, 32 bytes."""
        return leaf_hash(self.encode())

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """The entry whose canonical bytes these are. Raises TooLarge, else Malformed.

        Of the statement only the lexical rules are asked: its members are the edition's.
        """
        entry = cls.frame(data)
        decode_statement(entry.statement)
        return entry

    @classmethod
    def frame(cls, data: bytes) -> Entry:
        """`decode` for a caller that decodes the statement itself: everything but the statement's bytes."""
        if len(data) > ENTRY_BYTES_MAX:
            raise TooLarge("an entry has at most 65,535 bytes")
        match = _ENTRY.fullmatch(data)
        if match is None:
            raise Malformed("not an entry")
        index, previous, recorded, statement, *rest = match.groups()
        count, first, path, root, size, signature, until = rest
        envelope = Envelope(
            first=int(first),
            count=int(count),
            seen_size=int(size),
            seen_root=_unb64(root, 32),
            until=until.decode(),
            signature=_unb64(signature, 64),
        )
        siblings = tuple([_unb64(sibling, 32) for sibling in _HASH.findall(path)])
        entry = cls(int(index), _unb64(previous, 32), recorded.decode(), statement, envelope, siblings)
        if max(entry.index, envelope.first, envelope.seen_size) > INTEGER_MAX:
            raise Malformed("an integer above 2**53 - 1")
        if not 1 <= envelope.count <= STATEMENTS_MAX or envelope.first == 0 or len(siblings) > PATH_MAX:
            raise Malformed("not the header of a submission")
        instant.millis(entry.recorded)
        instant.millis(envelope.until)
        return entry


def decode_statement(data: bytes) -> Json:
    """What a statement's canonical bytes say. Raises TooLarge, else Malformed."""
    return canonical.decode(data, bytes_max=STATEMENT_BYTES_MAX, depth_max=STATEMENT_DEPTH_MAX)


def prefix(index: int, previous: bytes) -> bytes:
    """The bytes with which entry `index` after the entry of hash `previous` starts, up to its time.

    Who compares them has checked number and link without parsing.
    """
    return b'{"index":%d,"previous":"%s","recorded":"' % (index, _b64(previous))


def statement_slice(data: bytes) -> bytes:
    """The statement's bytes out of an entry's, by their place.

    Raises Malformed where the place is missing; whether the rest is an entry is not looked at.
    """
    start = data.find(_BEFORE) + len(_BEFORE)
    # What follows the statement holds no text in which these bytes could stand; the statement might.
    end = data.rfind(_AFTER)
    if not len(_BEFORE) <= start <= end:
        raise Malformed("not an entry")
    return data[start:end]


def recorded_of(data: bytes) -> int:
    """When an entry was recorded, in milliseconds, read off its bytes by their place. Raises Malformed."""
    start = data.find(_RECORDED) + len(_RECORDED)
    if start < len(_RECORDED):
        raise Malformed("not an entry")
    return instant.millis(data[start : start + 24].decode("ascii", "replace"))


_RECORDED = b',"recorded":"'
_BEFORE = b',"statement":'
_AFTER = b',"submission":{"count":'
_NUMBER = rb"(0|[1-9][0-9]{0,15})"
_HASH = re.compile(rb"[A-Za-z0-9+/]{43}=")
_TIME = rb"([0-9T:.Z-]{24})"
_ENTRY = re.compile(
    rb'\{"index":N,"previous":"(H)","recorded":"T","statement":(\{.*\}),'
    rb'"submission":\{"count":N,"first":N,"path":\[((?:"H"(?:,"H")*)?)\],"seen":\{"root":"(H)","size":N\},'
    rb'"signature":"([A-Za-z0-9+/]{86}==)","until":"T"\},"v":1\}'.replace(b"N", _NUMBER)
    .replace(b"H", _HASH.pattern)
    .replace(b"T", _TIME),
    re.DOTALL,
)


def _b64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)


def _unb64(text: bytes, length: int) -> bytes:
    return unb64(text.decode(), length)
