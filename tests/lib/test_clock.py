"""One clock, asked in two ways, which never disagree about what has come."""

import pytest

from tests import clocks
from tests.factories import make_blog
from worker.lib.clock import Now
from worker.models import Blog

pytestmark = pytest.mark.django_db


def test_what_is_due_at_once_is_due_within_the_same_millisecond() -> None:
    make_blog()
    for _ in range(50):
        Blog.objects.update(next_look_at=clocks.now())
        assert Blog.objects.filter(next_look_at__lte=Now()).exists()


def test_what_a_query_wrote_is_not_in_the_future() -> None:
    make_blog()
    for _ in range(50):
        Blog.objects.update(next_look_at=Now())
        assert Blog.objects.get().next_look_at <= clocks.now()
