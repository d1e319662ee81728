"""May we write to this person today? Decided from what was recorded and the date, nothing else.

Canada's anti-spam law: express consent holds until it is withdrawn; a purchase or contract gives 24 months, an inquiry 6
(S.C. 2010, c. 23, s. 10(9) and (10)). The period is counted back from the day before the message, so the day on which
it ends is the last one on which we may write. https://laws-lois.justice.gc.ca/eng/acts/E-1.6/page-2.html
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol, TypeVar

from worker.lib.blogs import blog_file
from worker.models import Blog, Consent
from worker.render.words import spoken_day

_MONTHS = {Consent.Basis.PURCHASE: 24, Consent.Basis.INQUIRY: 6}
BASES = {Consent.Basis.EXPRESS: "they asked for it", Consent.Basis.PURCHASE: "a purchase", Consent.Basis.INQUIRY: "an inquiry"}


class Terms(Protocol):
    """As much of a consent as decides: its row, or as many of its values."""

    @property
    def basis(self) -> str: ...
    @property
    def obtained_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


Some = TypeVar("Some", bound=Terms)


def today(blog: Blog, now: datetime) -> date:
    """The date where the blog is: by it consents begin and end."""
    file = blog_file(blog.slug)
    return (file.local(now) if file else now).date()


def ends_on(basis: str, obtained_on: date) -> date | None:
    """The last day on which we may write. None: until it is withdrawn."""
    months = _MONTHS.get(Consent.Basis(basis))
    if months is None:
        return None
    return months_later(obtained_on, months)


def months_later(day: date, months: int) -> date:
    """The same day of that month, or its last where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def in_force(consents: Iterable[Some], today: date) -> Some | None:
    """The one that holds longest; None: we may not write."""
    good = [one for one in consents if one.obtained_on <= today and (one.ends_on is None or today <= one.ends_on)]
    return max(good, key=lambda one: (one.ends_on or date.max, one.obtained_on), default=None)


def why_not(consents: Iterable[Terms], today: date) -> str:
    """The sentence for the record; empty when we may write."""
    consents = list(consents)
    if in_force(consents, today):
        return ""
    ended = [one for one in consents if one.ends_on and one.ends_on < today]
    if not ended:
        return "No consent to write to them is on record."
    last = max(ended, key=lambda one: one.ends_on or date.min)
    ends_on, obtained_on = spoken_day(last.ends_on or date.min, "en"), spoken_day(last.obtained_on, "en")
    return f"Their consent ended on {ends_on}: it came from {BASES[Consent.Basis(last.basis)]} on {obtained_on}."
