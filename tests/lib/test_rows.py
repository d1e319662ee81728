import pytest

from tests import clocks
from tests.factories import make_blog
from worker.lib.rows import ready
from worker.models import Subscriber

pytestmark = pytest.mark.django_db


def test_rows_written_at_once_are_as_if_they_had_been_made_one_by_one():
    blog, now = make_blog(), clocks.now()
    ready(
        Subscriber,
        {"blog_id": blog.pk, "created_at": now},
        ("email", "address_key", "topics"),
        [("Ann@a.example", "ann@a.example", ["grief", "é'"])],
    ).insert()
    by_hand = Subscriber.objects.create(
        blog=blog, created_at=now, email="Ann@a.example", address_key="other@a.example", topics=["grief", "é'"]
    )
    at_once = Subscriber.objects.get(address_key="ann@a.example")
    same = [field.attname for field in Subscriber._meta.concrete_fields if field.attname not in ("id", "address_key")]
    assert [getattr(at_once, name) for name in same] == [getattr(by_hand, name) for name in same]


def test_nothing_to_write_is_nothing_written():
    make_blog()
    ready(Subscriber, {}, ("email",), []).insert()
    assert not Subscriber.objects.exists()
