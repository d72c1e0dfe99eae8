"""Ed25519 keys (RFC 8032): ids, fitness, strict verification, and key files.

The only file of the ledger that imports a cryptography library. The library checks [S]B = R + [k]A without
cofactor and refuses S >= L and a non-canonical R; it looks at nothing else, so what the format (§3) asks for
besides is done here: which keys are fit, and which R are of small order.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import pbkdf2_hmac, sha256

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ledger.canonical import encode, read_object
from ledger.errors import BadSignature, Malformed

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_SIGN = 1 << 255

_ORDER_EIGHT = (
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
)
SMALL_ORDER = frozenset(
    (y | sign).to_bytes(32, "little")
    for y in (0, 1, _P - 1, _P, _P + 1, *_ORDER_EIGHT)
    for sign in (0, _SIGN)
)  # fmt: skip
"""The 14 encodings, canonical or not, of the eight points of small order (C2SP CCTV, `ed25519`)."""


def b64url(data: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def unb64url(text: str, length: int | None = None) -> bytes:
    """The bytes that `b64url` spells as `text`, `length` of them where given. Raises Malformed."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Malformed("not base64url") from error
    if b64url(data) != text or length not in (None, len(data)):
        raise Malformed("not base64url of the right length in its one spelling")
    return data


def thumbprint(public: bytes) -> str:
    """The key id: RFC 7638 thumbprint of the key as a JWK (RFC 8037), 43 characters."""
    return b64url(sha256(b'{"crv":"Ed25519","kty":"OKP","x":"%s"}' % b64url(public).encode()).digest())


def possession_text(origin: str, participant: str, key_id: str) -> bytes:
    """What a new key signs, so that nobody can register the key of another."""
    return f"ketenboek key v1\n{origin}\n{participant}\n{key_id}\n".encode()


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises BadSignature unless it is the strict, cofactorless signature of the message by a fit key."""
    nonce_point = signature[:32]
    if len(signature) != SIGNATURE_BYTES or nonce_point in SMALL_ORDER or not _is_canonical(nonce_point):
        raise BadSignature("the signature is not canonical")
    try:
        _loaded(public).verify(signature, message)
    except InvalidSignature as error:
        raise BadSignature("the signature does not verify") from error


@lru_cache(maxsize=65_536)
def _loaded(public: bytes) -> Ed25519PublicKey:
    # The library loads anything; under a key of small order it would accept any message.
    if reason := unfit(public):
        raise BadSignature(reason)
    return Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=4_096)
def unfit(public: bytes) -> str | None:
    """Why these bytes may not be registered as a key, or None (format §3 rule 1). About a millisecond."""
    if len(public) != PUBLIC_BYTES:
        return "A key has 32 bytes."
    if not _is_canonical(public):
        return "The key is not the canonical encoding of a point."
    point = _decode_point(public)
    if point is None:
        return "The key is no point of the curve."
    if point[:2] == (0, 1):
        return "The key is the identity."
    x, y, z, _ = _multiply(_L, point)
    if x != 0 or y != z:
        return "The key is not of prime order."
    return None


def _is_canonical(encoded: bytes) -> bool:
    """y < p, and x = 0 (so y = 1 or -1) without sign bit."""
    number = int.from_bytes(encoded, "little")
    y = number & ~_SIGN
    return y < _P and not (number & _SIGN and y in (1, _P - 1))


Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 §5.1.4)."""


def _decode_point(encoded: bytes) -> Point | None:
    """RFC 8032 §5.1.3, of a canonical encoding, up to the sign of x: A and -A have the same order."""
    y = int.from_bytes(encoded, "little") & ~_SIGN
    u, v = y * y - 1, _D * y * y + 1
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P == -u % _P:
        x = x * _SQRT_MINUS_ONE % _P
    return (x, y, 1, x * y % _P) if v * x * x % _P == u % _P else None


def _multiply(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    for bit in f"{scalar:b}":
        result = _double(result)
        if bit == "1":
            result = _add(result, point)
    return result


def _add(first: Point, second: Point) -> Point:
    """RFC 8032 §5.1.4; complete: it holds for equal points and the identity too."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: Point) -> Point:
    x, y, z, _ = point
    a, b = x * x % _P, y * y % _P
    h = a + b
    e, g = h - (x + y) * (x + y), a - b
    f = 2 * z * z + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


_FILE_BYTES_MAX = 4_096


class SigningKey:
    """A private key: 32 bytes of seed, of which everything else follows."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise Malformed("a seed has 32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()
        self.id = thumbprint(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same for the same message."""
        return self._private.sign(message)

    def jwk(self) -> str:
        """The private key as a JWK (RFC 8037 §2), canonical JSON."""
        seed = b64url(self._private.private_bytes_raw())
        return encode({"crv": "Ed25519", "d": seed, "kty": "OKP", "x": b64url(self.public)}).decode()

    @classmethod
    def from_jwk(cls, text: str) -> SigningKey:
        """The key of a JWK with the members crv, d, kty and x, in any spelling as JSON. Raises Malformed."""
        jwk = read_object(text, bytes_max=_FILE_BYTES_MAX)
        if set(jwk) != {"crv", "d", "kty", "x"} or (jwk["crv"], jwk["kty"]) != ("Ed25519", "OKP"):
            raise Malformed("not a private Ed25519 key as JWK")
        key = cls(unb64url(_text(jwk["d"]), 32))
        if key.public != unb64url(_text(jwk["x"]), PUBLIC_BYTES):
            raise Malformed("x is not the public key of d")
        return key


PBKDF2_ROUNDS = 210_000
"""OWASP's number for PBKDF2-HMAC-SHA512."""
_PBKDF2_ROUNDS_MAX = 10_000_000
_ALGORITHM = "PBES2-HS512+A256KW"


def seal_jwk(key: SigningKey, passphrase: str, random_bytes: Callable[[int], bytes]) -> str:
    """The key as a JWK under a passphrase (RFC 7517 §7): a compact JWE, PBES2-HS512+A256KW and A256GCM.

    `random_bytes` is a source such as `secrets.token_bytes`.
    """
    salt, content_key, nonce = random_bytes(16), random_bytes(32), random_bytes(12)
    algorithms = {"alg": _ALGORITHM, "cty": "jwk+json", "enc": "A256GCM"}
    header = b64url(encode({**algorithms, "p2c": PBKDF2_ROUNDS, "p2s": b64url(salt)}))
    wrapped = aes_key_wrap(_wrapping_key(passphrase, salt, PBKDF2_ROUNDS), content_key)
    sealed = AESGCM(content_key).encrypt(nonce, key.jwk().encode(), header.encode())
    return ".".join([header, *map(b64url, (wrapped, nonce, sealed[:-16], sealed[-16:]))])


def open_jwk(text: str, passphrase: str) -> SigningKey:
    """The key that `seal_jwk`, or another implementation of these algorithms, encrypted.

    Raises Malformed, for a wrong passphrase too.
    """
    if len(text) > _FILE_BYTES_MAX or text.count(".") != 4:
        raise Malformed("not a compact JWE")
    header64, *parts = text.split(".")
    wrapped, nonce, ciphertext, tag = map(unb64url, parts)
    header = read_object(_decoded(unb64url(header64)), bytes_max=_FILE_BYTES_MAX)
    if not {"alg", "enc", "p2c", "p2s"} <= set(header) <= {"alg", "cty", "enc", "p2c", "p2s"}:
        raise Malformed("not the members of the header that are known here")
    algorithms = (header["alg"], header["enc"], header.get("cty", "jwk+json"))
    if algorithms != (_ALGORITHM, "A256GCM", "jwk+json"):
        raise Malformed("another algorithm or content")
    salt, rounds = unb64url(_text(header["p2s"])), header["p2c"]
    if type(rounds) is not int or not 1_000 <= rounds <= _PBKDF2_ROUNDS_MAX:
        raise Malformed("too few or too many rounds")
    if len(nonce) != 12 or len(tag) != 16:
        raise Malformed("no nonce or tag of A256GCM")
    try:
        content_key = aes_key_unwrap(_wrapping_key(passphrase, salt, rounds), wrapped)
        jwk = AESGCM(content_key).decrypt(nonce, ciphertext + tag, header64.encode())
    except (InvalidUnwrap, InvalidTag, ValueError) as error:
        raise Malformed("another passphrase, or the file is damaged") from error
    return SigningKey.from_jwk(_decoded(jwk))


def _wrapping_key(passphrase: str, salt: bytes, rounds: int) -> bytes:
    return pbkdf2_hmac("sha512", passphrase.encode(), _ALGORITHM.encode() + b"\x00" + salt, rounds, 32)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("not a text")
    return value


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
