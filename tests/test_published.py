"""Do we agree with what others published? Where each file comes from: vectors/PROVENANCE.md."""

from __future__ import annotations

import json
from collections.abc import Iterator

import cryptography_vectors
import pytest

from ledger import canonical, checkpoint, keys, merkle, note
from ledger.canonical import b64, unb64
from ledger.checkpoint import Checkpoint
from ledger.errors import BadSignature, Malformed
from ledger.keys import SigningKey
from ledger.note import COSIGNATURE, Vkey
from tests.vectors.example import ORIGIN, named_key


def rfc_8032() -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Seed, public key, message, signature."""
    with cryptography_vectors.open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
        for line in file:
            secret, public, message, signed, _ = line.split(":")
            yield bytes.fromhex(secret)[:32], bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signed)[:64]


def test_rfc_8032_signatures_are_made_and_verified() -> None:
    count = 0
    for seed, public, message, signature in rfc_8032():
        key = SigningKey(seed)
        assert key.public == public
        assert key.sign(message) == signature
        keys.verify(public, message, signature)
        with pytest.raises(BadSignature):
            keys.verify(public, message + b"\0", signature)
        count += 1
    assert count == 1024


def test_the_14_encodings_of_small_order_are_those_of_the_format_page() -> None:
    listed = ["00…00", "00…80", "0100…00", "0100…80", "ecff…7f", "ecff…ff", "edff…7f", "edff…ff", "eeff…7f", "eeff…ff"]
    found = {
        bytes.fromhex(start + start[-2:] * (32 - len(start + end) // 2) + end)
        for start, end in (text.split("…") for text in listed)
    }
    for start, last, other in (
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc", "05", "85"),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03", "7a", "fa"),
    ):
        found |= {bytes.fromhex(start + last), bytes.fromhex(start + other)}

    assert found == keys.SMALL_ORDER
    assert len(found) == 14
    assert all(keys.unfit(encoding) for encoding in found)


def test_rfc_8785_s_example_of_a_text_is_written_as_published() -> None:
    """§3.2.2.2 and §3.2.4: what is escaped, and how; the rest of that example may not occur here."""
    spelled = r'"\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/"'
    assert canonical.encode(json.loads(spelled)) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize("published", ['[56,{"1":[],"10":null}]', '{"€":"Euro Sign"}', "[333333333.3333333]"])
def test_of_rfc_8785_s_examples_what_may_not_occur_here_is_refused(published: str) -> None:
    with pytest.raises(Malformed):
        canonical.decode(published.encode(), bytes_max=999, depth_max=6)


def test_rfc_6962_roots_are_those_of_certificate_transparency() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [merkle.leaf_hash(bytes.fromhex(digits)) for digits in inputs]

    assert [merkle.root(leaves[:size]).hex() for size in range(9)] == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


PUBLISHED_NOTES = {
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k": (
        "This is an example message.\n\n"
        "— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    ),
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW": (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ),
}
"""By verifier key: the notes of C2SP signed-note and of Go's `note` package."""


@pytest.mark.parametrize("vkey", PUBLISHED_NOTES)
def test_published_notes_verify_and_their_changes_do_not(vkey: str) -> None:
    signed, known = PUBLISHED_NOTES[vkey], Vkey.parse(vkey)

    text, names = note.open(signed, [known])

    assert (text, names) == (signed.split("\n\n")[0] + "\n", (known.name,))
    assert known.encode() == vkey
    for place in range(len(signed)):
        with pytest.raises(Malformed):
            note.open(signed[:place] + "x" * (signed[place] != "x") + signed[place + 1 :], [known])


def test_a_line_of_an_unknown_key_is_ignored_and_one_of_a_known_key_never() -> None:
    (vkey, signed), (other, other_signed) = PUBLISHED_NOTES.items()
    stranger = other_signed.split("\n\n")[1]

    assert note.open(signed + stranger, [Vkey.parse(vkey)])[1] == ("example.com/foo",)
    with pytest.raises(BadSignature):
        note.open(signed + stranger, [Vkey.parse(vkey), Vkey.parse(other)])
    with pytest.raises(BadSignature):
        note.open(signed, [Vkey.parse(other)])
    with pytest.raises(Malformed):
        note.open(signed + stranger * 100, [Vkey.parse(vkey)])


def test_the_checkpoint_of_the_specification_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    read = Checkpoint.parse(text)

    assert (read.origin, read.size, read.text()) == ("example.com/behind-the-sofa", 20852163, text)


def test_rfc_8037_key_has_its_published_id() -> None:
    jwk = (
        '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",'
        '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
    )

    assert SigningKey.from_jwk(jwk).id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_witness_cosigns_with_a_time() -> None:
    """The cosignature of C2SP tlog-cosignature over a checkpoint of size 5, made apart from this code."""
    root = "fKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI="
    signed = (
        f"{ORIGIN}\n5\n{root}\n\n"
        "— ketenboek.example/nl "
        "WWzVL5M8cok/zQdwzliJ//ssiiVYOSvI1e7CvRNeQ1sUVNsR/xDxIqL6+lptOZnMmMasZSKUVQEk4ma45rHw+0jnzgU=\n"
        "— witness.example/w1 "
        "0FgZMgAAAABq/YbAuxg7sX18jnGcUkLOb3pU7U1aKIlRULVAN3m/vDm/fO0nGpCvjuZkshOKvLFc9SJgLwu3U4wAlcCXOc3SWDNiDg==\n"
    )
    log = Vkey.parse("ketenboek.example/nl+596cd52f+AUQM0LQUgu5f+xYijWODO2yF7+z1m2VF4gacQkD5mqp1")
    witness = Vkey.parse("witness.example/w1+d0581932+BMNWZzbqaIGjbA5/Yqb70soWTCiWrqTYzCnbeVy7UXao", COSIGNATURE)

    assert note.open(signed, [witness, log])[1] == (ORIGIN, "witness.example/w1")
    assert checkpoint.open(signed, log).root == unb64(root)
    assert witness == Vkey("witness.example/w1", COSIGNATURE, named_key("ketenboek example witness 1").public)
    assert b64(merkle.root([merkle.leaf_hash(b"entry %d" % number) for number in range(5)])) == root
    for old, new in (("AAAABq", "AAAABr"), ("0FgZM", "0FgZN"), ("/YbAux", "/YbAuy")):
        assert signed.count(old) == 1
        with pytest.raises(BadSignature):
            note.open(signed.replace(old, new), [witness])
