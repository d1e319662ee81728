"""How much a network takes, by the network's own counting."""

from worker.channels.base import Channel, Message
from worker.gate.refused import Refused


def check(message: Message, kind: type[Channel]) -> None:
    if not message.text.strip():
        raise Refused("There is no text.")
    parts = [
        ("text", message.text, kind.limits.text),
        ("title", message.title, kind.limits.title),
        ("description", message.description, kind.limits.description),
        ("picture's description", message.alt, kind.limits.alt),
        ("link", message.link, kind.limits.link),
    ]
    for part, words, limit in parts:
        needed = kind.measure(words) if part == "text" else size(words, kind)
        if limit is not None and needed > limit:
            of_part = "" if part == "text" else f" for the {part}"
            raise Refused(f"{kind.name} takes {limit:,} characters{of_part} and this needs {needed:,}: shorten it by {needed - limit:,}.")


def size(words: str, kind: type[Channel]) -> int:
    """Of a part beside the text: the larger of the plain and the network's count, since X's counts a long link as 23."""
    return max(len(words), kind.measure(words))
