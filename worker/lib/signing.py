"""Links that name a reader and cannot be made up, and the keyed hash under which an address is never written to again.

Links are signed with SECRET_KEY and do not expire with time; a key that was replaced reads its links for 60 more days, which
is what the law asks for. Hashes come from ADDRESS_KEY, which is never replaced.

A newsletter signs twice and hashes once for every reader, so all three are one keyed BLAKE2b, which is a MAC by its design
(https://www.rfc-editor.org/rfc/rfc7693, 2.9) and takes a fifth of the time of Django's Signer. In hexadecimal they survive a
mail server that changes the case of a Message-ID, and a link is short enough for one line of a mail.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from django.conf import settings

_SEPARATOR = "."
_UNSUBSCRIBE, _CONFIRM, _COPY, _READING, _ADDRESS = b"unsubscribe", b"confirm", b"copy", b"read", b"suppression"


class Leaver(NamedTuple):
    """Who leaves which list: the blog's row and the subscriber's."""

    blog: int
    subscriber: int


class Copy(NamedTuple):
    """Whose copy of which delivery."""

    delivery: int
    subscriber: int


def unsubscribe_token(blog: int, subscriber: int) -> str:
    return unsubscribe_tokens(blog)(subscriber)


def unsubscribe_tokens(blog: int) -> Callable[[int], str]:
    """For many of its subscribers: the key is looked up once."""
    return partial(_sign_pair, _ours(_UNSUBSCRIBE), blog)


def read_unsubscribe_token(token: str) -> Leaver | None:
    """None for a token that is not ours, or was cut off or changed on its way."""
    numbers = _read(_UNSUBSCRIBE, token)
    return Leaver(*numbers) if numbers else None


def confirmation_token(pk: int) -> str:
    return _sign(_ours(_CONFIRM), str(pk))


def read_confirmation_token(token: str) -> int | None:
    """None for a token that is not ours. Whether it still counts is for its row to say."""
    numbers = _read(_CONFIRM, token)
    return numbers[0] if numbers else None


def copy_ids(delivery: int) -> Callable[[int], str]:
    """By subscriber, the left side of a copy's Message-ID: always the same for the same copy, and nobody can make one up."""
    return partial(_sign_pair, _ours(_COPY), delivery)


def read_copy_id(text: str) -> Copy | None:
    """None for one that is not ours, or was changed on its way."""
    numbers = _read(_COPY, text)
    return Copy(*numbers) if numbers else None


def reading_token(delivery: int) -> str:
    """Names a newsletter, and nobody who reads it."""
    return _sign(_ours(_READING), str(delivery))


def read_reading_token(token: str) -> int | None:
    """None for a token that is not ours."""
    numbers = _read(_READING, token)
    return numbers[0] if numbers else None


def address_hash(key: str) -> str:
    """Of an `address_key`. Keyed, so that a list of hashes cannot be tried against a list of addresses."""
    return _mac(_keyed(_ADDRESS, settings.ADDRESS_KEY), key)


def address_hashes(keys: Iterable[str]) -> dict[str, str]:
    """Hash -> `address_key`."""
    keyed = _keyed(_ADDRESS, settings.ADDRESS_KEY)
    return {_mac(keyed, key): key for key in keys}


def _ours(purpose: bytes) -> blake2b:
    return _keyed(purpose, settings.SECRET_KEY)


def _sign_pair(keyed: blake2b, first: int, second: int) -> str:
    return _sign(keyed, f"{first}-{second}")


def _sign(keyed: blake2b, value: str) -> str:
    return f"{value}{_SEPARATOR}{_mac(keyed, value)}"


def _read(purpose: bytes, token: str) -> list[int] | None:
    """The numbers that were signed for this purpose."""
    value, _, mac = token.rpartition(_SEPARATOR)
    ours = [_keyed(purpose, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    if not token.isascii() or not any(compare_digest(_mac(keyed, value), mac) for keyed in ours):
        return None
    return [int(number) for number in value.split("-")]


def _mac(keyed: blake2b, value: str) -> str:
    """128 bits."""
    hashing = keyed.copy()
    hashing.update(value.encode())
    return hashing.hexdigest()


@lru_cache(maxsize=16)
def _keyed(purpose: bytes, secret: str) -> blake2b:
    """With the key taken in: what is signed for one purpose is of no use for another. The secret may have any length, BLAKE2b's key 64 bytes at most."""
    return blake2b(digest_size=16, key=blake2b(secret.encode()).digest(), person=purpose)
