"""Characters that no network and no mail header may be given."""

import re

from worker.channels.base import Message
from worker.gate.refused import Refused
from worker.lib.text import ILLEGIBLE

_FORBIDDEN = re.compile(f"{ILLEGIBLE.pattern}|\r")
_BREAKS = re.compile("[\t\n\u2028\u2029]")
_ONE_LINE = ("subject", "title", "alt", "link", "image")


def check(message: Message) -> None:
    for part in ("text", "html", "description", *_ONE_LINE):
        found = _FORBIDDEN.search(getattr(message, part))
        if found:
            raise Refused(f"The {part} holds a character that cannot be shown (U+{ord(found[0]):04X}); take it out.")
    for part in _ONE_LINE:
        if _BREAKS.search(getattr(message, part)):
            raise Refused(f"The {part} must be one line; take the line break out.")
