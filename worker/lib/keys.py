"""How signing keys are written down: the one in use on the first line, behind it each older one with the day it was replaced.

An older key goes on reading links for 60 days, as long as the law wants an unsubscribe link to work (CASL, 11 (2)).
"""

from datetime import date, timedelta

READ_FOR = timedelta(days=60)


def in_use(text: str) -> str:
    return text.splitlines()[0].strip() if text.strip() else ""


def older(text: str, today: date) -> list[str]:
    """Keys behind the first, newest first, but for those replaced more than 60 days ago."""
    return [key for line in text.splitlines()[1:] if (key := still_read(line, today))]


def still_read(line: str, today: date) -> str:
    """The key of a line `KEY DATE` or `KEY`; empty when its days are over."""
    key, _, replaced = line.strip().rpartition(" ")
    try:
        replaced_on = date.fromisoformat(replaced)
    except ValueError:
        return line.strip()
    return key.strip() if today - replaced_on <= READ_FOR else ""


def with_new(text: str, new: str, today: date) -> str:
    """`new` in front of what was in use until today; what is too old falls out."""
    kept = [line.strip() for line in text.splitlines()[1:] if still_read(line, today)]
    return "\n".join([new, f"{in_use(text)} {today.isoformat()}", *kept]) + "\n"
