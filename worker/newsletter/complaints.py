"""How many readers report our mail as spam. Google and Yahoo want under 0.1 %, and from 0.3 % on they turn mail away:
https://support.google.com/a/answer/81126"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from worker.models import Batch, Return

LATELY = timedelta(days=30)
AT_LEAST = 3
"""One angry reader on a short list is no pattern."""
TOO_MANY = 0.003


def warning(taken: int, complained: int) -> str:
    """Empty while all is well."""
    if complained < AT_LEAST or complained < TOO_MANY * taken:
        return ""
    return (
        f"{complained} readers reported the newsletter as spam in the last 30 days, of {taken:,} copies. Mailbox providers turn mail away"
        " from a sender with 3 in 1,000. Look at who is on the list and why, and at how often you write."
    )


def warnings(blogs: Iterable[int], now: datetime) -> dict[int, str]:
    """Blog -> sentence, where there is one."""
    lately = Return.objects.filter(kind=Return.Kind.COMPLAINED, at__gte=now - LATELY, delivery__blog__in=blogs)
    complained = dict(lately.values_list("delivery__blog").annotate(number=Count("pk")).order_by())
    many = [blog for blog, number in complained.items() if number >= AT_LEAST]
    if not many:
        return {}
    sent = Batch.objects.filter(delivery__blog__in=many, delivery__created_at__gte=now - LATELY)
    taken = dict(sent.values_list("delivery__blog").annotate(number=Sum("sent")).order_by())
    return {blog: told for blog in many if (told := warning(taken.get(blog, 0), complained[blog]))}
