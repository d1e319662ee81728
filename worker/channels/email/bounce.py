"""What a refusal says of a reader's mailbox: https://www.rfc-editor.org/rfc/rfc3463 and the codes that came after it,
https://www.iana.org/assignments/smtp-enhanced-status-codes. Why these: docs/adr/0015-what-comes-back.md
"""

import re

from worker.channels.base import Bounce

_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_BY_SUBJECT = {"1": Bounce.HARD, "2": Bounce.SOFT, "3": Bounce.SOFT, "4": Bounce.SOFT}
"""Addressing, mailbox, mail system, network; the others are about protocol, content and policy."""
_OF_OUR_MAIL = ("1.7", "1.8", "1.9", "2.3", "3.4")
"""Under those subjects, but about who writes, or how large the mail is."""
_SAY_NOTHING = ("1.0", "5.0")
_GONE = re.compile(
    r"(no such|unknown|invalid|non-?existent|unrouteable) (user|recipient|mailbox|address|account)"
    r"|(user|recipient|mailbox|address|account)\b[^.]{0,60}\b(unknown|not found|not exist|doesn't exist|no longer)"
    r"|user doesn't have an? \S+ account",
    re.IGNORECASE,
)
_UNWANTED = re.compile(
    r"\b(spam|blocked|blocklist|blacklist|listed|policy|reputation|denied|spf|dkim|dmarc|rbl|abuse|virus|content)\b", re.IGNORECASE
)


def bounce(status: str, words: str = "") -> Bounce:
    """`status`: the enhanced code; empty: where the words hold one, it counts, else the words themselves.

    Only a clear "there is no such mailbox" is HARD: who is taken off by mistake hears of nothing any more, and one mail
    too many to a dead mailbox harms nobody.
    """
    code = _CODE.search(status) or _CODE.search(words)
    if code is None or code[2] == "0" or f"{code[2]}.{code[3]}" in _SAY_NOTHING:
        return _by_words(words)
    if code[1] != "5":
        return Bounce.SOFT  # tried until somebody gave up
    if f"{code[2]}.{code[3]}" in _OF_OUR_MAIL:
        return Bounce.BLOCKED
    return _BY_SUBJECT.get(code[2], Bounce.BLOCKED)


def _by_words(words: str) -> Bounce:
    if _UNWANTED.search(words):
        return Bounce.BLOCKED
    return Bounce.HARD if _GONE.search(words) else Bounce.SOFT
