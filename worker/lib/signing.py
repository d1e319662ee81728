"""Links that name a reader and cannot be made up, and the keyed hash under which an address is never written to again.

Links are signed with SECRET_KEY and do not expire with time; a key that was replaced reads its links for 60 more days, which
is what the law asks for. Hashes come from ADDRESS_KEY, which is never replaced.
"""

from typing import NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

_SEPARATOR = "."


class Leaver(NamedTuple):
    """Who leaves which list: the blog's row and the subscriber's."""

    blog: int
    subscriber: int


def unsubscribe_token(blog: int, subscriber: int) -> str:
    return _unsubscribe().sign(f"{blog}-{subscriber}")


def read_unsubscribe_token(token: str) -> Leaver | None:
    """None for a token that is not ours, or was cut off or changed on its way."""
    try:
        blog, subscriber = _unsubscribe().unsign(token).split("-")
    except BadSignature:
        return None
    return Leaver(int(blog), int(subscriber))


def confirmation_token(pk: int) -> str:
    return _confirmation().sign(str(pk))


def read_confirmation_token(token: str) -> int | None:
    """None for a token that is not ours. Whether it still counts is for its row to say."""
    try:
        return int(_confirmation().unsign(token))
    except BadSignature:
        return None


def address_hash(key: str) -> str:
    """Of an `address_key`. Keyed, so that a list of hashes cannot be tried against a list of addresses."""
    return salted_hmac("postlark.suppression", key, secret=settings.ADDRESS_KEY, algorithm="sha256").hexdigest()


def _confirmation() -> Signer:
    return Signer(salt="postlark.confirm", sep=_SEPARATOR)


def _unsubscribe() -> Signer:
    return Signer(salt="postlark.unsubscribe", sep=_SEPARATOR)
