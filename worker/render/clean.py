"""The blog's own text, without what could break a message."""

import re
import unicodedata

from worker.channels.base import mark
from worker.gate.characters import FORBIDDEN

_MARKS = re.compile(f"[{mark('')}]")
_UNSEEN = re.compile(
    "[\u00ad\u2060\ufeff\u202a-\u202e\u2066-\u2069]"  # hyphens and joints nobody sees; what would turn the words behind it round
    "|(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b"  # Thai, Lao, Burmese and Khmer part words by it
)


def clean(text: str) -> str:
    """Composed letters; no control characters; nothing unseen; no character that a reader's own words could be mistaken for."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSEEN.sub("", _MARKS.sub("", FORBIDDEN.sub("", text))))
