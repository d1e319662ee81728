"""The way back to the blog."""

from urllib.parse import urlsplit

from worker.channels.base import Channel, Message
from worker.gate.refused import Refused


def check(message: Message, kind: type[Channel]) -> None:
    if not message.link:
        raise Refused("There is no link to the post; the blog's feed must give its address.")
    if not is_web(message.link):
        raise Refused(f"The link {message.link!r} is not a web address; it must begin with https:// or http://.")
    if kind.limits.link_in_text and kind.escape(message.link) not in message.text:
        raise Refused(f"The link to the post is not in the text, and {kind.name} shows none beside it; put it back.")


def is_web(address: str) -> bool:
    """http(s), with a host, in one piece."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and address.split() == [address]
    except ValueError:
        return False
