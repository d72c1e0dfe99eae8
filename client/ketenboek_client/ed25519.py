"""Ed25519 as strict as format section 3 wants it, so that no two verifiers ever disagree.

RFC 8032 leaves open what to do with points of small order and with odd encodings; over
the edge-case vectors of C2SP CCTV libraries differ in 165 cases. The rules here take
those away before the library's own cofactorless check is asked.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .canonical import unb64
from .errors import BadSignature, Malformed

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "00" * 31 + "80",
        "01" + "00" * 31,
        "01" + "00" * 30 + "80",
        "ec" + "ff" * 30 + "7f",
        "ec" + "ff" * 31,
        "ed" + "ff" * 30 + "7f",
        "ed" + "ff" * 31,
        "ee" + "ff" * 30 + "7f",
        "ee" + "ff" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)


@lru_cache(4096)
def unfit(public: bytes) -> str | None:
    """Why these 32 bytes are no key under rule 1, or None for a fit key. About a millisecond, once per key."""
    if len(public) != 32:
        return "not 32 bytes"
    y = int.from_bytes(public, "little") & (2**255 - 1)
    sign = public[31] >> 7
    if y >= P:
        return "y is not below p"
    x = _root(y)
    if x is None:
        return "not a point of the curve"
    if x == 0 and sign:
        return "x = 0 with a sign bit"
    if x & 1 != sign:
        x = P - x
    if (x, y) == (0, 1):
        return "the identity"
    if not _in_prime_group(x, y):
        return "not of prime order"
    return None


def fit_key(text: object) -> bytes:
    """The 32 bytes of a key in base64. Raises Malformed for an unfit one."""
    public = unb64(text, 32)
    if reason := unfit(public):
        raise Malformed(f"unfit key: {reason}")
    return public


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature under rules 1, 3 and 4. Raises BadSignature; returns nothing that could be ignored."""
    if unfit(public) is not None:
        raise BadSignature("the key is unfit")
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        raise BadSignature("S is not below L")
    point = signature[:32]
    if point in SMALL_ORDER or int.from_bytes(point, "little") & (2**255 - 1) >= P:
        raise BadSignature("R is not canonical or of small order")
    try:
        _loaded(public).verify(signature, message)
    except InvalidSignature:
        raise BadSignature("the signature does not belong to these bytes and this key") from None


@lru_cache(4096)
def _loaded(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


def _root(y: int) -> int | None:
    """The x of RFC 8032 section 5.1.3, its sign still open; None where no point has this y."""
    u = (y * y - 1) % P
    v = (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == u:
        return x
    if v * x * x % P == P - u:
        return x * SQRT_MINUS_1 % P
    return None


def _in_prime_group(x: int, y: int) -> bool:
    """Whether [L]A is the identity: double and add in the coordinates of RFC 8032 section 5.1.4."""
    total = (0, 1, 1, 0)
    point = (x, y, 1, x * y % P)
    for bit in range(L.bit_length()):
        if L >> bit & 1:
            total = _add(total, point)
        point = _add(point, point)
    return total[0] == 0 and total[1] == total[2]


def _add(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a = (first[1] - first[0]) * (second[1] - second[0]) % P
    b = (first[1] + first[0]) * (second[1] + second[0]) % P
    c = 2 * first[3] * second[3] * D % P
    d = 2 * first[2] * second[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
