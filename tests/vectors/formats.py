"""Vectors of the single formats: what comes out, and what must be refused and why."""

from __future__ import annotations

from typing import Any

from ledger import canonical, checkpoint, codes, instant, keys, merkle, note, sealed, tiles
from ledger.canonical import b64, unb64
from ledger.checkpoint import Checkpoint
from ledger.keys import SigningKey
from ledger.note import Vkey
from ledger.proof import TlogProof
from ledger.submission import signed_text
from tests.vectors.example import EXAMPLE, LEAVES, ORIGIN, named_key

CANONICAL: list[canonical.Json] = [
    {},
    [],
    "",
    0,
    -1,
    2**53 - 1,
    1 - 2**53,
    True,
    {"a": 1, "B": 2, "aa": 3, "A": 4, "a1": 5, "": 6},
    {"text": 'quote " backslash \\ slash / newline \n tab \t bell \x07 delete \x7f'},
    {"text": "é e\u0301 € \u2028 \U0001f600"},
    {"nested": {"nested": [[{"nested": [False]}]]}},
]

NOT_CANONICAL = {
    "a space": '{"a": 1}',
    "a newline at the end": '{"a":1}\n',
    "a byte-order mark": '\ufeff{"a":1}',
    "members not in order": '{"b":1,"a":2}',
    "capital letters sort first": '{"a":1,"B":2}',
    "a member twice": '{"a":1,"a":1}',
    "a null": '{"a":null}',
    "null alone": "null",
    "a fraction that is whole": '{"a":1.0}',
    "a fraction": '{"a":0.5}',
    "an exponent": '{"a":1e2}',
    "minus zero": '{"a":-0}',
    "a leading zero": '{"a":01}',
    "a plus": '{"a":+1}',
    "2**53": '{"a":9007199254740992}',
    "-2**53": '{"a":-9007199254740992}',
    "20 digits": '{"a":12345678901234567890}',
    "not a number": '{"a":NaN}',
    "infinity": '{"a":Infinity}',
    "an escaped slash": '{"a":"\\/"}',
    "an escape for what needs none": '{"a":"\\u0041"}',
    "the long escape of a newline": '{"a":"\\u000a"}',
    "an escape with capital digits": '{"a":"\\u001F"}',
    "an escaped letter outside ASCII": '{"a":"\\u00e9"}',
    "an escaped pair of surrogates": '{"a":"\\ud83d\\ude00"}',
    "a lone surrogate": '{"a":"\\ud800"}',
    "a lone surrogate as a name": '{"\\ud800":1}',
    "a name outside ASCII": '{"é":1}',
    "a control character as it is": '{"a":"\x07"}',
    "a comma at the end": '{"a":1,}',
    "a comment": '{"a":1}//',
    "two values": "{}{}",
    "nothing": "",
    "an open text": '{"a":"',
    "an array that is not closed": "[[",
    "seven levels": "[[[[[[[]]]]]]]",
    "seven levels of two kinds": '{"a":[{"b":[{"c":[{}]}]}]}',
}


def canonical_json() -> dict[str, Any]:
    """Format §2: what is canonical, and what only looks so."""
    return {
        "depth_max": 6,
        "accepted": [canonical.encode(value).decode() for value in CANONICAL],
        "refused": NOT_CANONICAL,
        "refused_bytes_hex": {
            "not UTF-8": b'{"a":"\xff"}'.hex(),
            "an overlong encoding": b'{"a":"\xc0\xaf"}'.hex(),
            "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}'.hex(),
            "UTF-16": '{"a":1}'.encode("utf-16-le").hex(),
        },
    }


def lexical() -> dict[str, Any]:
    """Format §2: base64, timestamps, codes, origins and anchors."""
    times = [
        "2000-01-01T00:00:00.000Z", "2000-02-29T12:00:00.001Z", "2026-01-05T09:03:01.000Z",
        "2027-02-28T23:59:59.999Z", "2028-02-29T00:00:00.000Z", "2100-03-01T00:00:00.000Z",
        "2400-02-29T00:00:00.000Z", "9999-12-31T23:59:59.999Z",
    ]  # fmt: skip
    firsts = [code[:21] for code in EXAMPLE["codes"]]
    firsts += [letter + "0" * 20 for letter in codes.KINDS] + ["P" + "Z" * 20, "BVWXYZ0123456789ABCDE"]
    made = [codes.code(first[0], first[1:]) for first in firsts]
    return {
        "base64_hex": {b64(data): data.hex() for data in (b"", b"\0", b"\0\1", b"\0\1\2", b"\xfb\xff\xfe")},
        "base64_refused": ["AA", "AA=", "AB==", "AAB=", "A===", "AA==\n", "AA ==", "-_8=", "AAAAA", "=", "é"],
        "milliseconds": {text: instant.millis(text) for text in times},
        "timestamps_refused": [
            "1999-12-31T23:59:59.999Z", "2026-02-29T00:00:00.000Z", "2100-02-29T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-00-01T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z",
            "2026-01-01T00:00:60.000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.00Z",
            "2026-01-01T00:00:00.000+00:00", "2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00.000z",
            "2026-01-01T00:00:00.000Z\n", "+2026-01-01T00:00:00.000Z", "10000-01-01T00:00:00.000Z",
            "２026-01-01T00:00:00.000Z", "",
        ],
        "codes": made,
        "codes_refused": [
            made[0][:21] + "R", made[0][:21], made[0] + "0", "X" + made[0][1:], made[0].lower(),
            "P0123456789ABCDEFGHIJQ", "P1023456789ABCDEFGHJKQ", made[0] + "\n", "",
        ],
        "origins": ["a", "ketenboek.example/nl", "localhost:8000", "a.b-c/d_e/.f", "a" * 255],
        "origins_refused": [
            "", "https://ketenboek.example", "Ketenboek.example", "a/", "/a", "a//b", "a b", "a+b", "a:b",
            "a\n", "é", "a" * 256,
        ],
        "anchors": [EXAMPLE["anchor"]],
        "anchors_refused": [
            EXAMPLE["anchor"] + " ", EXAMPLE["anchor"].replace(" ", "  "), EXAMPLE["anchor"][:-1],
            EXAMPLE["anchor"].replace("0=", "1="), EXAMPLE["anchor"] + "\n\n", ORIGIN, "",
        ],
    }  # fmt: skip


UNFIT = {
    "31 bytes": "00" * 31,
    "y = p + 2, which is not below p": (2**255 - 17).to_bytes(32, "little").hex(),
    "y = 2 is on no point": "02" + "00" * 31,
    "the identity": "01" + "00" * 31,
    "x = 0 with sign bit": "01" + "00" * 30 + "80",
    "order 2": "ec" + "ff" * 30 + "7f",
    "order 4": "00" * 32,
    "order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "mixed order": "",
}


def key_vectors() -> dict[str, Any]:
    """Format §3: ids, possession, fitness, and signatures that libraries accept."""
    signer = named_key(EXAMPLE["phrases"]["grower"])
    text = keys.possession_text(ORIGIN, "grower-1", signer.id)
    signature = signer.sign(text)
    order = 2**252 + 27742317777372353535851937790883648493
    malleated = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    identity = bytes([1]) + bytes(31)
    unfit = UNFIT | {"mixed order": mixed_order(signer.public).hex()}
    return {
        "keys": [
            {
                "phrase": phrase,
                "public_hex": named_key(phrase).public.hex(),
                "id": named_key(phrase).id,
                "jwk": named_key(phrase).jwk(),
            }
            for phrase in EXAMPLE["phrases"].values()
        ],
        "possession": {"participant": "grower-1", "text": text.decode(), "signature": b64(signature)},
        "unfit_hex": unfit,
        "small_order_hex": sorted(encoding.hex() for encoding in keys.SMALL_ORDER),
        "signatures_refused_hex": {
            "S + L": (signature[:32] + malleated).hex(),
            "another R": (bytes([signature[0] ^ 1]) + signature[1:]).hex(),
            "R of small order": (identity + signature[32:]).hex(),
            "R not canonical": ((2**255 - 18).to_bytes(32, "little") + signature[32:]).hex(),
            "63 bytes": signature[:63].hex(),
            "65 bytes": (signature + b"\0").hex(),
            "nothing": "",
        },
        "universal_forgery_hex": {"public": identity.hex(), "signature": (identity + bytes(32)).hex()},
    }


def mixed_order(public: bytes) -> bytes:
    """The key plus the point of order 2: (x, y) becomes (-x, -y)."""
    number = int.from_bytes(public, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    return (2**255 - 19 - y | (1 - sign) << 255).to_bytes(32, "little")


def trees() -> dict[str, Any]:
    """RFC 6962 trees: every root, inclusion path and consistency path up to nine leaves."""
    data = [f"entry {number}" for number in range(9)]
    leaves = [merkle.leaf_hash(text.encode()) for text in data]
    spelled = [[*map(b64, leaves[:size])] for size in range(10)]
    assert spelled[0] == []
    return {
        "data": data,
        "leaves": spelled[9],
        "roots": [b64(merkle.root(leaves[:size])) for size in range(10)],
        "inclusion": [
            {"size": size, "index": index, "path": [*map(b64, merkle.inclusion_path(index, leaves[:size]))]}
            for size in range(1, 10)
            for index in range(size)
        ],
        "consistency": [
            {"old": old, "size": size, "path": [*map(b64, merkle.consistency_path(old, leaves[:size]))]}
            for size in range(1, 10)
            for old in range(size + 1)
        ],
    }


def log() -> dict[str, Any]:
    """Notes, checkpoints, tiles and proofs over the tree of `tree.json` at size 5."""
    gateway = named_key(EXAMPLE["phrases"]["gateway"])
    tree = trees()
    signed = checkpoint.sign(Checkpoint(ORIGIN, 5, unb64(tree["roots"][5])), gateway)
    text, line = signed.split("\n\n")
    proof = next(item for item in tree["inclusion"] if (item["size"], item["index"]) == (5, 2))
    paths: list[tuple[tiles.Level, int, int]] = [
        (0, 0, 256), (0, 999, 256), (0, 1000, 256), (0, 1234067, 256), (1, 0, 1), (0, 273, 112), (2, 0, 1),
        ("entries", 0, 6), ("entries", 1234067, 256), (63, 0, 255),
    ]  # fmt: skip
    root = tree["roots"][5]
    proven = TlogProof(2, tuple(map(unb64, proof["path"])), signed).encode()
    return {
        "vkey": note.vkey(ORIGIN, gateway.public),
        "vkeys_refused": {
            "another key id": note.vkey(ORIGIN, gateway.public).replace("+596cd52f+", "+596cd52e+"),
            "the key id in capitals": note.vkey(ORIGIN, gateway.public).replace("+596cd52f+", "+596CD52F+"),
            "another spelling of the key": note.vkey(ORIGIN, gateway.public)[:-1] + "2",
            "a cosigner's key": Vkey(ORIGIN, note.COSIGNATURE, gateway.public).encode(),
            "an unfit key": note.vkey(ORIGIN, bytes([1]) + bytes(31)),
            "no name": note.vkey("", gateway.public),
            "a name with a space": note.vkey("a b", gateway.public),
        },
        "checkpoint": signed,
        "checkpoints_refused": {
            "no signature": text + "\n\n",
            "an extension line": checkpoint_note(f"{ORIGIN}\n5\n{root}\nmore\n", gateway),
            "size 0": checkpoint_note(f"{ORIGIN}\n0\n{root}\n", gateway),
            "a leading zero": checkpoint_note(f"{ORIGIN}\n05\n{root}\n", gateway),
            "a root of 31 bytes": checkpoint_note(f"{ORIGIN}\n5\n{b64(bytes(31))}\n", gateway),
            "another spelling of the root": checkpoint_note(f"{ORIGIN}\n5\n{root[:-2]}J=\n", gateway),
            "another origin than the key name": checkpoint_note(f"other.example\n5\n{root}\n", gateway),
            "the line of another size": signed.replace("\n5\n", "\n6\n"),
            "an unknown key alone": f"{text}\n\n{line.replace('WWz', 'WWy')}",
            "a hyphen for the dash": signed.replace("—", "-"),
            "a stranger's line whose name has a plus": f"{signed}— a+b AAAAAAA=\n",
            "a stranger's line whose name has a wide space": f"{signed}— a\u3000b AAAAAAA=\n",
            "a stranger's line without name": f"{signed}—  AAAAAAA=\n",
            "a stranger's line of three bytes": f"{signed}— a AAAA\n",
            "a stranger's line that is not base64": f"{signed}— a AAAAAA\n",
            "no newline at the end": signed[:-1],
            "CRLF": signed.replace("\n", "\r\n"),
        },
        "tiles": [{"level": level, "number": n, "width": w, "path": tiles.path(level, n, w)} for level, n, w in paths],
        "tiles_refused": [
            "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/0/x000/000", "tile/0/001/000",
            "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "/tile/0/000", "tile/0/000/", "tile/0/x001", "",
        ],
        "bundle_hex": tiles.bundle([text.encode() for text in tree["data"][:5]]).hex(),
        "bundles_refused_hex": ["", "0000", "00", "0001", "000161ff", "0001610000", "000161" * 257],
        "proof": proven,
        "proofs_refused": no_proofs(proven, proof["path"][0]),
    }  # fmt: skip


def no_proofs(proven: str, sibling: str) -> dict[str, str]:
    """The proof, spoiled; `sibling` is its first hash."""
    return {
        "an extra line": proven.replace("\nindex", "\nextra AA==\nindex"),
        "another version": proven.replace("@v1", "@v2"),
        "no index": proven.replace("index 2\n", ""),
        "a leading zero": proven.replace("index 2", "index 02"),
        "an index beyond 2**53 - 1": proven.replace("index 2", "index 9007199254740992"),
        "no checkpoint": proven.partition("\n\n")[0],
        "a hash of 31 bytes": proven.replace(sibling, b64(bytes(31))),
        "64 hashes": proven.replace(sibling, "\n".join([sibling] * 62)),
        "CRLF": proven.replace("\n", "\r\n"),
    }


def checkpoint_note(text: str, key: SigningKey) -> str:
    """A validly signed note under the gateway's name, whatever it says."""
    return f"{text}\n{note.sign(text, ORIGIN, key)}"


def values() -> dict[str, Any]:
    """Format §5 and §7: a signed text, openings that are good and openings that are not."""
    salt = unb64(EXAMPLE["sealed"]["salt"])
    texts = ["", "Kwekerij Voorbeeld", 'a "b" \\ c\nd', "é e\u0301 \U0001f600", "\xa0", "é" * 2048]
    return {
        "signed_text": signed_text(
            ORIGIN, EXAMPLE["keyIds"]["grower"], 1, 3, LEAVES[0], 3, LEAVES[1], "2026-01-05T09:18:02.000Z"
        ).decode(),
        "salt": b64(salt),
        "openings": [
            {"value": opening.value, "hash": b64(opening.hash)}
            for opening in [sealed.seal(text, salt) for text in texts]
        ],
        "openings_refused": {
            "no quotation marks": "Kwekerij Voorbeeld",
            "a space before": ' "a"',
            "null": "null",
            "a tab": '"\\t"',
            "delete": '"\x7f"',
            "a C1 control": '"\x85"',
            "a null character": '"\\u0000"',
            "a lone surrogate": '"\\ud800"',
            "4,097 bytes": f'"{"a" * 4097}"',
        },
    }


def entries() -> dict[str, Any]:
    """Format §6: entry 4 of the worked example, changed in ways that a lenient parser lets pass."""
    entry = EXAMPLE["entries"][4]
    changes = {
        "another version": ('"v":1}', '"v":2}', -1),
        "a version that equals 1": ('"v":1}', '"v":true}', -1),
        "a member more": ('"v":1}', '"v":1,"w":1}', -1),
        "a member less": (',"v":1}', "}", -1),
        "members not in order": ('"count":3,"first":1', '"first":1,"count":3', 0),
        "a leading zero": ('"index":4', '"index":04', 0),
        "an index beyond 2**53 - 1": ('"index":4', '"index":9007199254740992', 0),
        "a sequence beyond 2**53 - 1": ('"first":1', '"first":9007199254740992', 0),
        "a size beyond 2**53 - 1": ('"size":3', '"size":9007199254740992', 0),
        "a negative index": ('"index":4', '"index":-4', 0),
        "another spelling of a hash": ('C7k="', 'C7l="', 0),
        "a hash of 33 bytes": ('C7k="', 'C7kA"', 0),
        "a signature of 63 bytes": ('RCA=="', 'RC="', 0),
        "a date that is none": ('"recorded":"2026-01-05', '"recorded":"2026-02-30', 0),
        "an until that is no date": ('"until":"2026-01-05', '"until":"2026-02-30', 0),
        "a time without milliseconds": ('"until":"2026-01-05T09:18:02.000Z"', '"until":"2026-01-05T09:18:02Z"', 0),
        "a submission of 1,001": ('"count":3', '"count":1001', 0),
        "a submission of none": ('"count":3', '"count":0', 0),
        "a first sequence of 0": ('"first":1', '"first":0', 0),
        "a path that is a text": ('"path":["', '"path":"["', 0),
        "a statement that is no object": (entry[entry.index('{"action"') : entry.index(',"submission"')], '"x"', 0),
        "a statement with a space": ('{"action":', '{"action": ', 0),
        "a statement with a null": ('"data":{', '"data":{"a":null,', 0),
        "a statement with a number that is no integer": ('"sequence":2', '"sequence":2.0', 0),
        "a statement of seven levels": ('"data":{', '"data":{"a":[[[[[]]]]],', 0),
        "a statement of more than 32,768 bytes": ('"data":{', '"data":{"a":"' + "b" * 32_768 + '",', 0),
    }  # fmt: skip
    refused = {}
    for reason, (old, new, place) in changes.items():
        before, after = entry.rsplit(old, 1) if place else entry.split(old, 1)
        refused[reason] = before + new + after
    return {
        "accepted": EXAMPLE["entries"],
        "refused": refused | {"a space before": " " + entry, "a newline after": entry + "\n", "nothing": ""},
    }
