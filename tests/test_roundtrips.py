"""Does every format make the round trip, and does every parser refuse what it would not write? By Hypothesis."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger import canonical, checkpoint, codes, instant, keys, merkle, note, receipt, sealed, tiles
from ledger.anchor import Anchor
from ledger.canonical import INTEGER_MAX, b64, unb64
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry, Envelope
from ledger.errors import Malformed
from ledger.keys import SigningKey
from ledger.note import Vkey
from ledger.proof import TlogProof
from tests.vectors.example import ENTRIES, EXAMPLE, ORIGIN, named_key

THOROUGH = settings(deadline=None, max_examples=300)
SLOW = settings(deadline=None, max_examples=50)

names = st.text(st.characters(max_codepoint=127), max_size=12)
integers = st.integers(-INTEGER_MAX, INTEGER_MAX)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)
hashes = st.binary(min_size=32, max_size=32)
indexes = st.integers(0, INTEGER_MAX)
timestamps = st.integers(instant.MILLIS_MIN, instant.MILLIS_MAX).map(instant.text)
origins = st.from_regex(r"[a-z0-9.-]{1,20}(:[0-9]{1,5})?(/[a-z0-9._-]{1,20}){0,3}", fullmatch=True)
paths = st.lists(hashes, max_size=10).map(tuple)
seeds = st.binary(min_size=32, max_size=32)


@THOROUGH
@given(values)
@example({"\x7f": "\x7f\u2028\U0001f600", "a": -INTEGER_MAX})
def test_canonical_json_is_that_of_rfc8785(value: canonical.Json) -> None:
    data = canonical.encode(value)

    assert data == rfc8785.dumps(value)
    assert canonical.decode(data, bytes_max=10**6, depth_max=99) == value


@THOROUGH
@given(values)
def test_depth_is_counted_as_the_format_counts_it(value: canonical.Json) -> None:
    def depth(value: canonical.Json) -> int:
        if isinstance(value, dict):
            return 1 + max(map(depth, value.values()), default=0)
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    data = canonical.encode(value)
    canonical.decode(data, bytes_max=len(data), depth_max=depth(value))
    with pytest.raises(canonical.TooLarge):
        canonical.decode(data, bytes_max=len(data), depth_max=depth(value) - 1)


@THOROUGH
@given(st.binary(max_size=100))
def test_base64(data: bytes) -> None:
    assert unb64(b64(data), len(data)) == data
    assert keys.unb64url(keys.b64url(data), len(data)) == data


@THOROUGH
@given(st.integers(instant.MILLIS_MIN, instant.MILLIS_MAX))
def test_timestamps(millis: int) -> None:
    assert instant.millis(instant.text(millis)) == millis


@THOROUGH
@given(st.sampled_from(sorted(codes.KINDS)), st.binary(min_size=13, max_size=13))
def test_minted_codes_check(letter: str, random: bytes) -> None:
    minted = codes.mint(letter, lambda length: random[:length])

    assert codes.checks(minted)
    assert minted[0] == letter


@SLOW
@given(seeds, origins, st.integers(1, INTEGER_MAX), hashes)
def test_keys_notes_and_checkpoints(seed: bytes, origin: str, size: int, root: bytes) -> None:
    key = SigningKey(seed)
    vkey = Vkey.parse(note.vkey(origin, key.public))
    signed = checkpoint.sign(Checkpoint(origin, size, root), key)

    assert SigningKey.from_jwk(key.jwk()).public == key.public
    assert checkpoint.open(signed, vkey) == Checkpoint(origin, size, root)
    assert Checkpoint.parse(Checkpoint(origin, size, root).text()) == Checkpoint(origin, size, root)


@THOROUGH
@given(origins, hashes)
def test_anchors(origin: str, genesis: bytes) -> None:
    assert Anchor.parse(Anchor(origin, genesis).text()) == Anchor(origin, genesis)


@THOROUGH
@given(st.just("entries") | st.integers(0, 63), indexes, st.integers(1, 256))
def test_tile_paths(level: tiles.Level, number: int, width: int) -> None:
    assert tiles.parse(tiles.path(level, number, width)) == (level, number, width)


@THOROUGH
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=256))
@example([b"a" * 65_535])
def test_bundles(entries: list[bytes]) -> None:
    assert tiles.unbundle(tiles.bundle(entries)) == entries


@THOROUGH
@given(indexes, paths, st.just(EXAMPLE["checkpoint"]))
def test_proofs(index: int, path: tuple[bytes, ...], signed: str) -> None:
    assert TlogProof.decode(TlogProof(index, path, signed).encode()) == TlogProof(index, path, signed)


@THOROUGH
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=1_000), hashes)
def test_sealed_texts(value: str, salt: bytes) -> None:
    opening = sealed.seal(value, salt)

    assert opening.plain() == value
    assert opening.hash == sealed.commitment(salt, rfc8785.dumps(value).decode())


envelopes = st.builds(
    Envelope,
    first=st.integers(1, INTEGER_MAX),
    count=st.integers(1, 1_000),
    seen_size=indexes,
    seen_root=hashes,
    until=timestamps,
    signature=st.binary(min_size=64, max_size=64),
)
statements = st.dictionaries(names, texts | integers, max_size=8).map(canonical.encode)


@THOROUGH
@given(st.builds(Entry, indexes, hashes, timestamps, statements, envelopes, paths))
def test_entries(entry: Entry) -> None:
    data = entry.encode()

    assert Entry.decode(data) == entry
    assert data == rfc8785.dumps(canonical.decode(data, bytes_max=65_535, depth_max=8))
    assert entry.hash == merkle.leaf_hash(data)


@THOROUGH
@given(st.lists(hashes, min_size=1, max_size=300), st.data())
def test_proofs_hold_in_trees_of_any_size(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))

    path = merkle.inclusion_path(index, leaves)
    merkle.check_inclusion(index, size, leaves[index], path, merkle.root(leaves))
    path = merkle.consistency_path(old, leaves)
    merkle.check_consistency(old, size, merkle.root(leaves[:old]), merkle.root(leaves), path)


def as_text(parse: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """A parser of text as one of bytes; what is not UTF-8 becomes lone surrogates."""
    return lambda data: parse(data.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def tile(text: str) -> str:
    return tiles.path(*tiles.parse(text))


def anchor(text: str) -> str:
    """As the line or as the file of it that `text` is."""
    return Anchor.parse(text).text() + "\n" * text.endswith("\n")


def opening(text: str) -> str:
    return canonical.encode(sealed.Opening(bytes(32), text).plain()).decode()


GATEWAY = Vkey.parse(EXAMPLE["vkey"])
PARSERS: dict[str, tuple[Callable[[bytes], bytes], list[bytes]]] = {
    "canonical": (
        lambda data: canonical.encode(canonical.decode(data, bytes_max=65_535, depth_max=8)),
        [*ENTRIES, b'{"a":[1,true,"\\n\\u001f"],"b":-9007199254740991}'],
    ),
    "entry": (lambda data: Entry.decode(data).encode(), ENTRIES),
    "base64": (as_text(lambda text: b64(unb64(text))), [b"AA==", b"AAA=", b"+/+/"]),
    "base64url": (as_text(lambda text: keys.b64url(keys.unb64url(text))), [b"AA", b"_-8", b"AAAA"]),
    "timestamp": (as_text(lambda text: instant.text(instant.millis(text))), [b"2028-02-29T09:03:01.000Z"]),
    "anchor": (as_text(anchor), [EXAMPLE["anchor"].encode(), EXAMPLE["anchor"].encode() + b"\n"]),
    "vkey": (as_text(lambda text: Vkey.parse(text).encode()), [EXAMPLE["vkey"].encode()]),
    "checkpoint": (
        as_text(lambda text: Checkpoint.parse(text).text()),
        [EXAMPLE["checkpoint"].split("\n\n")[0].encode() + b"\n"],
    ),
    "signed checkpoint": (
        as_text(lambda text: checkpoint.sign(checkpoint.open(text, GATEWAY), named_key(EXAMPLE["phrases"]["gateway"]))),
        [EXAMPLE["checkpoint"].encode()],
    ),
    "tile": (as_text(tile), [b"tile/0/x001/x234/067.p/5", b"tile/entries/000"]),
    "bundle": (lambda data: tiles.bundle(tiles.unbundle(data)), [tiles.bundle([b"a", b"bc", b"d" * 300])]),
    "proof": (as_text(lambda text: TlogProof.decode(text).encode()), [EXAMPLE["receipt"]["entryProof"].encode()]),
    "opening": (as_text(opening), ['"Kwekerij € \\n \\" \\\\"'.encode(), b'{"route":["A2"]}']),
}


@st.composite
def mutated(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A sample with a few bytes changed, put in, left out, doubled or moved."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        middle = draw(
            st.sampled_from([b"", data[start:end] * 2, data[start:end][::-1], b"0", b"\n", b" ", b'"'])
            | st.binary(min_size=1, max_size=2)
        )
        data = data[:start] + middle + data[draw(st.sampled_from([start, start + 1, end])) :]
    return data


@pytest.mark.parametrize("name", PARSERS)
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_what_a_parser_takes_it_would_write_the_same(name: str, data: st.DataObject) -> None:
    parse, samples = PARSERS[name]
    sample = data.draw(mutated(samples) | st.binary(max_size=40))

    for untouched in samples:
        assert parse(untouched) == untouched
    try:
        written = parse(sample)
    except Malformed:
        return
    assert written == sample


@settings(deadline=None, max_examples=300)
@given(mutated([canonical.encode(EXAMPLE["receipt"])]))
def test_a_mutated_receipt_is_refused_or_says_the_same(data: bytes) -> None:
    try:
        entry = receipt.verify(data.decode(errors="surrogateescape"), Anchor.parse(EXAMPLE["anchor"]))
    except Malformed:
        return
    assert entry.encode() == ENTRIES[4]


@settings(deadline=None, max_examples=300)
@given(mutated([named_key("any").jwk().encode()]))
def test_a_mutated_key_file_is_refused_or_holds_the_same_key(data: bytes) -> None:
    try:
        key = SigningKey.from_jwk(data.decode(errors="surrogateescape"))
    except Malformed:
        return
    assert key.public == named_key("any").public
    assert key.id == named_key("any").id


def test_the_samples_are_of_one_ledger() -> None:
    assert GATEWAY.name == ORIGIN
