"""The blog's own text, without what could break a message."""

import re
import unicodedata

from worker.channels.base import mark
from worker.gate.characters import FORBIDDEN

_MARKS = re.compile(f"[{mark('')}]")


def clean(text: str) -> str:
    """Composed letters; no control characters; no character that a reader's own words could be mistaken for."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _MARKS.sub("", FORBIDDEN.sub("", text)))
