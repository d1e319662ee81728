"""However often and in whatever order a form is used: no mailbox, no network and no blog gets past its share in any stretch of time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests import clocks
from tests.newsletter.people import live_blog
from worker.lib.address import read_address
from worker.models import Blog, Confirmation
from worker.newsletter import sign_up
from worker.newsletter.sign_up import MAILBOX, Limit, TooMany, Wish, ask, drop_old

pytestmark = pytest.mark.django_db
_numbers = count(1)

PEOPLE = (("ann@reader.example", "Ann@READER.example", "a.nn+news@reader.example"), ("bob@reader.example", "bob+2@reader.example"))
MACHINES = (("203.0.113.7", "203.0.113.99", "::ffff:203.0.113.5"), ("2001:db8:0:1::1", "2001:db8:0:1f::9"))
MINUTES = st.sampled_from([0, 1, 9, 10, 11, 59, 60, 61, 719, 1439, 1440])
ASKED = st.tuples(MINUTES, st.integers(0, 1), st.integers(0, 2), st.integers(0, 1), st.integers(0, 2), st.booleans())
FEW = Limit(4, timedelta(hours=1))
FEWER_A_DAY = Limit(6, timedelta(days=1))
OF_A_BLOG = Limit(5, timedelta(hours=1))


def keeps(moments: Iterable[datetime], limits: Iterable[Limit]) -> bool:
    """In no stretch of time more than so many; a stretch has its beginning and not its end."""
    at = sorted(moments)
    return all(sum(begin <= each < begin + limit.within for each in at) <= limit.most for limit in limits for begin in at)


@hypothesis(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ASKED, max_size=25))
def test_nobody_gets_past_their_share(
    settings: object, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[int, int, int, int, int, bool]]
) -> None:
    monkeypatch.setattr(sign_up, "NETWORK", (FEW, FEWER_A_DAY))
    monkeypatch.setattr(sign_up, "BLOG", (OF_A_BLOG,))
    Confirmation.objects.all().delete()
    blogs = [live_blog(slug=f"blog-{next(_numbers)}"), live_blog(slug=f"blog-{next(_numbers)}")]
    mailed: dict[int, list[datetime]] = {0: [], 1: []}
    taken: dict[int, list[datetime]] = {0: [], 1: []}
    of: dict[Blog, list[datetime]] = {blog: [] for blog in blogs}
    with clocks.stopped(datetime(2026, 11, 20, 17, 0, tzinfo=UTC)) as clock:
        for minutes, person, spelling, machine, number, other in asked:
            clock.shift(timedelta(minutes=minutes))
            drop_old()
            blog, now = blogs[other], clocks.now()
            wish = Wish(read_address(PEOPLE[person][spelling % len(PEOPLE[person])]), "en-CA", [], "instant")
            try:
                row = ask(blog, wish, MACHINES[machine][number % len(MACHINES[machine])])
            except TooMany:
                full = [(taken[machine], FEW), (taken[machine], FEWER_A_DAY), (of[blog], OF_A_BLOG)]
                assert any(sum(at > now - limit.within for at in had) >= limit.most for had, limit in full), "nobody is refused for nothing"
                continue
            taken[machine].append(now)
            of[blog].append(now)
            if row.mail_due_at:
                mailed[person].append(now)
    assert all(keeps(moments, MAILBOX) for moments in mailed.values())
    assert all(keeps(moments, (FEW, FEWER_A_DAY)) for moments in taken.values())
    assert all(keeps(moments, (OF_A_BLOG,)) for moments in of.values())
