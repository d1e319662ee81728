"""Signatures, checked by a verifier that others wrote."""

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.email.letters import envelope, template
from worker.channels.carrier import mark
from worker.channels.email import read_signer
from worker.channels.email.copies import Copies

KEYS = {"rsa": rsa.generate_private_key(65537, 2048), "ed25519": ed25519.Ed25519PrivateKey.generate()}


def pem(key) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def published(kind: str) -> bytes:
    """The record in the DNS."""
    public = KEYS[kind].public_key()
    if kind == "rsa":
        raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return b"v=DKIM1; k=%b; p=%b" % (kind.encode(), dkim.base64.b64encode(raw))


def signed(kind: str, letter=None, **words) -> bytes:
    return Copies(letter or template(), read_signer(pem(KEYS[kind]), "2026", "blog.example")).copy(envelope(**words))


def is_good(kind: str, raw: bytes) -> bool:
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: published(kind) if name == b"2026._domainkey.blog.example." else None)


@pytest.mark.parametrize("kind", KEYS)
def test_every_readers_copy_is_signed(kind):
    assert is_good(kind, signed(kind, key=1))
    assert is_good(kind, signed(kind, key=2, why="Vous l’avez demandé."))


@given(subject=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200), own=st.text(alphabet="ab \t.\r\n", max_size=200))
def test_whatever_stands_in_it(subject, own):
    letter = template(headers=(("From", "news@blog.example"), ("Subject", subject), ("X-Own", mark("why"))), text=f"a{mark('why')}b")
    assert is_good("ed25519", signed("ed25519", letter, why=own))


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        (b"List-Unsubscribe: <https://", b"List-Unsubscribe: <http://"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: no"),
        (b"To: ann@", b"To: bob@"),
        (b"Hello", b"Goodbye"),
        (b"Subject: ", b"Subject: Another\r\nSubject: "),
        (b"From: ", b"From: evil@evil.example\r\nFrom: "),
    ],
)
def test_nothing_that_counts_can_be_changed_or_added(was, is_now):
    raw = signed("ed25519")
    assert was in raw
    assert not is_good("ed25519", raw.replace(was, is_now, 1))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("no key", "PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "does not know"),
        (
            KEYS["rsa"].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
            "PEM",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_told_without_showing_it(text, word):
    with pytest.raises(ValueError, match=word) as refused:
        read_signer(text, "2026", "blog.example")
    assert text not in str(refused.value)
