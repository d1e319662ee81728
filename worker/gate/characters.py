"""Characters that no network and no mail header may be given."""

import unicodedata

from worker.channels.base import Message
from worker.gate.refused import Refused

_LINES = {"text", "html", "description"}
_PARTS = ("subject", "title", "text", "html", "description", "alt", "link", "image")


def check(message: Message) -> None:
    for part in _PARTS:
        allowed = "\n\t" if part in _LINES else ""
        for character in getattr(message, part):
            if character not in allowed and forbidden(character):
                raise Refused(_sentence(part, character))


def forbidden(character: str) -> bool:
    """Control characters, halves of surrogate pairs, and code points that are no characters."""
    return unicodedata.category(character) in ("Cc", "Cs") or ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF


def _sentence(part: str, character: str) -> str:
    if character in "\r\n":
        return f"The {part} must be one line; take the line break out."
    return f"The {part} holds a character that cannot be shown (U+{ord(character):04X}); take it out."
