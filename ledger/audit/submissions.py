"""Entries read back into the submissions that they came in: the unit of signatures and of rules.

This is the inner loop of depth 2. So an entry is matched from both ends towards its statement, hashes stay
spelled as long as nobody asks for their bytes, and of a submission only the first header is read: those
of its other entries are compared with it.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from ledger import instant
from ledger.audit.links import HASH
from ledger.audit.source import Rows
from ledger.entry import ENTRY_BYTES_MAX, STATEMENT_BYTES_MAX, STATEMENT_DEPTH_MAX, Entry, decode_statement
from ledger.errors import Malformed
from ledger.submission import STATEMENTS_MAX

_SUBMISSION = b',"submission":{"count":'
_AFTER_PATH = b'],"seen":{"root":"'
_NUMBER = rb"(0|[1-9][0-9]{0,15})"
_HEAD = re.compile(rb'\{"index":%b,"previous":"%b","recorded":"([0-9T:.Z-]{24})","statement":' % (_NUMBER, HASH))
_HEADER = re.compile(rb',"submission":\{"count":N,"first":N,"path":\['.replace(b"N", _NUMBER))
_TAIL = re.compile(
    rb'\],"seen":\{"root":"(%b)","size":%b\},"signature":"([A-Za-z0-9+/]{85}[AQgw]==)","until":"([0-9T:.Z-]{24})"\},"v":1\}'
    % (HASH, _NUMBER)
)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS = b"0" * 16


@dataclass(slots=True)
class Header:
    """What all entries of a submission say of it, as in `ledger.entry.Envelope`, at a third of its price."""

    first: int
    count: int
    seen_size: int
    seen_root: bytes
    until: str
    signature: bytes


class Part(NamedTuple):
    """One entry of a submission, in row `row`; `path` as it is spelled, `value` what the statement says."""

    row: int
    data: bytes
    number: int
    recorded: str
    statement: bytes
    value: dict[str, Any]
    key: str
    sequence: int
    envelope: Header
    header: bytes
    """From the statement to the path: spells count and first number."""
    path: bytes
    tail: bytes
    """From the path to the end: spells what was seen, the signature and `until`."""

    @property
    def siblings(self) -> tuple[bytes, ...]:
        """The hashes of the path."""
        return Entry.frame(self.data).path

    def alike(self, other: Part) -> bool:
        """Whether both are under one header."""
        return self.tail == other.tail and self.header == other.header

    def continues(self, other: Part) -> bool:
        """Whether it can only stand behind the other one, in the same submission."""
        return (
            self.header == other.header
            and self.key == other.key
            and other.sequence + 1 == self.sequence < self.envelope.first + self.envelope.count
        )


class Broken(NamedTuple):
    """A row that holds no entry."""

    row: int
    message: str


Run = list[Part]
"""What stands together of one submission, in order; whole or torn."""


def part_of(row: int, data: Any, before: Part | None = None) -> Part:
    """The entry in a row. Raises Malformed unless its bytes are the canonical ones of an entry.

    `before`: the entry before it, whose header it probably has.
    """
    start = _HEAD.match(data) if isinstance(data, bytes) else None
    if start is None or len(data) > ENTRY_BYTES_MAX:
        raise Malformed("not an entry")
    begin = start.end()
    after = data.rfind(_AFTER_PATH)
    behind = data.rfind(_SUBMISSION, begin, after)
    if behind < 0:
        raise Malformed("not an entry")
    tail = data[after:]
    path_at = data.find(b"[", behind) + 1
    header, path, statement = data[behind:path_at], data[path_at:after], data[begin:behind]
    recorded = start[2].decode()
    if before is None or recorded != before.recorded:
        instant.millis(recorded)
    same = before is not None and tail == before.tail and header == before.header
    envelope = before.envelope if before is not None and same else _envelope(header, tail)
    value = _said(statement)
    key, sequence = value["key"], value["sequence"]
    return Part(row, data, int(start[1]), recorded, statement, value, key, sequence, envelope, header, path, tail)


def _envelope(header: bytes, tail: bytes) -> Header:
    numbers, rest = _HEADER.fullmatch(header), _TAIL.fullmatch(tail)
    if numbers is None or rest is None:
        raise Malformed("not the header of a submission")
    root, size, signature, until = rest.groups()
    count, first = int(numbers[1]), int(numbers[2])
    if not 1 <= count <= STATEMENTS_MAX or first == 0:
        raise Malformed("not the header of a submission")
    text = until.decode()
    instant.millis(text)
    return Header(first, count, int(size), a2b_base64(root), text, a2b_base64(signature))


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


_DECODE = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).raw_decode
spelled = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode
"""The canonical JSON of what is known to have one (`ledger.canonical`)."""


def _said(statement: bytes) -> dict[str, Any]:
    """What a canonical statement says, with what tells whose it is. Raises Malformed."""
    # Most are plain: ASCII, short, shallow, without large numbers. Then two calls in C tell the same as `decode`.
    plain = statement.isascii() and len(statement) <= STATEMENT_BYTES_MAX and b"null" not in statement
    if (
        plain
        and statement.count(b"{") + statement.count(b"[") <= STATEMENT_DEPTH_MAX
        and _MANY_DIGITS not in statement.translate(_DIGITS)
    ):
        text = statement.decode()
        try:
            value, _ = _DECODE(text)
        except ValueError as error:
            raise Malformed("not JSON") from error
        if spelled(value) != text:
            raise Malformed("not canonical")
    else:
        value = decode_statement(statement)
    if type(value) is not dict or type(value.get("data")) is not dict or type(value.get("ledger")) is not str:
        raise Malformed("not a statement")
    if type(value.get("key")) is not str or type(value.get("sequence")) is not int:
        raise Malformed("a statement without key or number")
    return value


def runs(rows: Rows, skipped: frozenset[int] = frozenset()) -> Iterator[Run | Broken]:
    """The submissions in some rows, in order; rows that are `skipped` are taken for absent."""
    run: Run = []
    for row, data, _ in rows:
        if row in skipped:
            continue
        try:
            part = part_of(row, data, run[-1] if run else None)
        except Malformed as error:
            if run:
                yield run
                run = []
            yield Broken(row, str(error))
            continue
        if run and not part.continues(run[-1]):
            yield run
            run = []
        run.append(part)
        if part.sequence + 1 == part.envelope.first + part.envelope.count:
            yield run
            run = []
    if run:
        yield run
