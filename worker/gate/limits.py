"""How much a network takes, by the network's own counting."""

from typing import NamedTuple

from worker.channels.base import Channel, Message
from worker.gate.refused import Refused
from worker.models import Rendition


class Count(NamedTuple):
    """A part of what is said, how long it is, and how long the network lets it be."""

    part: str
    length: int
    limit: int


def check(message: Message, kind: type[Channel]) -> None:
    if not message.text.strip():
        raise Refused("There is no text.")
    for part, length, limit in counts(message, kind):
        if length > limit:
            of_part = "" if part == "text" else f" for the {part}"
            raise Refused(f"{kind.name} takes {limit:,} characters{of_part} and this needs {length:,}: shorten it by {length - limit:,}.")


def counts(said: Message | Rendition, kind: type[Channel]) -> list[Count]:
    """Of each part that is there and that the network limits; the text first."""
    beside = [
        ("title", said.title, kind.limits.title),
        ("description", said.description, kind.limits.description),
        ("picture's description", said.alt, kind.limits.alt),
        ("link", said.link, kind.limits.link),
    ]
    found = [Count(part, size(words, kind), limit) for part, words, limit in beside if words and limit is not None]
    return [Count("text", kind.measure(said.text), kind.limits.text), *found]


def size(words: str, kind: type[Channel]) -> int:
    """Of a part beside the text: the larger of the plain and the network's count, since X's counts a long link as 23."""
    return max(len(words), kind.measure(words))
