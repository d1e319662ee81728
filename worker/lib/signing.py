"""Links that name a reader and cannot be made up, and the keyed hash under which an address is never written to again.

Links are signed with SECRET_KEY and do not expire with time; a key that was replaced reads its links for 60 more days, which
is what the law asks for. Hashes come from ADDRESS_KEY, which is never replaced.
"""

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, Signer, b64_encode

if TYPE_CHECKING:
    from hashlib import _Hash

_SEPARATOR = "."
_UNSUBSCRIBE, _CONFIRM, _COPY, _READING = "postlark.unsubscribe", "postlark.confirm", "postlark.copy", "postlark.read"


class Leaver(NamedTuple):
    """Who leaves which list: the blog's row and the subscriber's."""

    blog: int
    subscriber: int


class Copy(NamedTuple):
    """Whose copy of which delivery."""

    delivery: int
    subscriber: int


def unsubscribe_token(blog: int, subscriber: int) -> str:
    return _sign(_UNSUBSCRIBE, f"{blog}-{subscriber}")


def read_unsubscribe_token(token: str) -> Leaver | None:
    """None for a token that is not ours, or was cut off or changed on its way."""
    try:
        blog, subscriber = _signer(_UNSUBSCRIBE).unsign(token).split("-")
    except BadSignature:
        return None
    return Leaver(int(blog), int(subscriber))


def confirmation_token(pk: int) -> str:
    return _signer(_CONFIRM).sign(str(pk))


def read_confirmation_token(token: str) -> int | None:
    """None for a token that is not ours. Whether it still counts is for its row to say."""
    try:
        return int(_signer(_CONFIRM).unsign(token))
    except BadSignature:
        return None


def copy_id(delivery: int, subscriber: int) -> str:
    """The left side of a copy's Message-ID: always the same for the same copy, and nobody can make one up."""
    return _sign(_COPY, f"{delivery}-{subscriber}")


def read_copy_id(text: str) -> Copy | None:
    """None for one that is not ours, or was changed on its way."""
    try:
        delivery, subscriber = _signer(_COPY).unsign(text).split("-")
    except BadSignature:
        return None
    return Copy(int(delivery), int(subscriber))


def reading_token(delivery: int) -> str:
    """Names a newsletter, and nobody who reads it."""
    return _sign(_READING, str(delivery))


def read_reading_token(token: str) -> int | None:
    """None for a token that is not ours."""
    try:
        return int(_signer(_READING).unsign(token))
    except BadSignature:
        return None


def address_hash(key: str) -> str:
    """Of an `address_key`. Keyed, so that a list of hashes cannot be tried against a list of addresses."""
    return _hmac("postlark.suppression", settings.ADDRESS_KEY, key).hex()


def _signer(salt: str) -> Signer:
    return Signer(salt=salt, sep=_SEPARATOR)


def _sign(salt: str, value: str) -> str:
    """As Django's Signer does, without deriving its key anew each time: a newsletter signs twice for every reader."""
    return f"{value}{_SEPARATOR}{b64_encode(_hmac(salt + 'signer', settings.SECRET_KEY, value)).decode()}"


def _hmac(salt: str, secret: str, value: str) -> bytes:
    """Django's salted_hmac, by SHA-256."""
    inner, outer = _begun(salt, secret)
    inner, outer = inner.copy(), outer.copy()
    inner.update(value.encode())
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=16)
def _begun(salt: str, secret: str) -> "tuple[_Hash, _Hash]":
    """The two hashes of an HMAC with the key taken in (https://www.rfc-editor.org/rfc/rfc2104). `hmac` takes it in anew for every value,
    which costs three times the rest."""
    key = sha256((salt + secret).encode()).digest().ljust(sha256().block_size, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in key)), sha256(bytes(byte ^ 0x5C for byte in key))
