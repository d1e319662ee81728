"""The blog's own text, without what could break a message."""

import re
import unicodedata

from worker.lib.text import ILLEGIBLE

_UNSEEN = re.compile(
    "[\ue000-\uf8ff]"  # for private use: our own marks, and the letters of icon fonts, which are boxes in any other
    "|[\u00ad\u2060\ufeff\u202a-\u202e\u2066-\u2069]"  # hyphens and joints nobody sees; what would turn the words behind it round
    "|(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b"  # Thai, Lao, Burmese and Khmer part words by it
)


def clean(text: str) -> str:
    """Composed letters; no control characters; nothing unseen, nothing that a reader's own words could be mistaken for."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSEEN.sub("", ILLEGIBLE.sub("", text)))
