"""What nothing passes without: the disclaimer, the network's limits, the link, clean characters.

`render` asks here before a rendition is kept, `deliver` again at the last line before hand-over: automatic, resent, edited
by staff, test or command, every text comes through `check`.
"""

from worker import channels
from worker.channels.base import Message
from worker.gate import characters, disclaimer, image, limits, link
from worker.gate.refused import Refused
from worker.lib.blogs import BlogFile

__all__ = ["Refused", "check"]


def check(message: Message, blog: BlogFile, channel: str) -> None:
    """Refused, with the sentence for staff, unless the message may leave exactly as it is."""
    kind = channels.find(channel)
    characters.check(message)
    disclaimer.check(message, blog, kind)
    link.check(message, kind)
    image.check(message, kind)
    limits.check(message, kind)
