"""A connection was mended: what waited for that goes, and nothing else does."""

from typing import Any

import pytest

from tests.factories import make_blog, make_delivery, make_post
from worker.deliver.mend import mended
from worker.models import Connection, Delivery

pytestmark = pytest.mark.django_db
BROKEN = {"state": "pending", "waits_for": "person", "due_at": None}


def mends(connection: Connection) -> list[int]:
    connection.refresh_from_db()
    return mended(connection, "Ann")


def test_only_what_waited_for_this_connection_goes(settings: Any) -> None:
    settings.BLOGS = {}
    blog, other = make_blog(), make_blog("other")
    its = make_delivery(make_post(blog), "facebook", **BROKEN)
    others = [
        make_delivery(make_post(blog), "twitter", **BROKEN),
        make_delivery(make_post(other), "facebook", **BROKEN),
        make_delivery(make_post(blog), "facebook", **BROKEN | {"state": "held"}),
        make_delivery(make_post(blog), "facebook", **BROKEN | {"state": "unknown"}),
    ]
    connection = Connection.objects.create(blog=blog, channel="facebook", broken="The login has ended.", refusals=2)
    assert mends(connection) == [its.pk]
    assert dict(Delivery.objects.values_list("pk", "waits_for")) == {its.pk: "clock", **{each.pk: "person" for each in others}}
    connection.refresh_from_db()
    assert (connection.broken, connection.refusals) == ("", 0)


@pytest.mark.parametrize("paused", ["the channel", "the blog"])
def test_what_a_person_has_paused_stays_so(settings: Any, paused: str) -> None:
    settings.BLOGS = {}
    blog = make_blog()
    connection = Connection.objects.create(blog=blog, channel="facebook", broken="The login has ended.")
    make_delivery(make_post(blog), "facebook", **BROKEN)
    which = connection if paused == "the channel" else blog
    type(which).objects.filter(pk=which.pk).update(paused_by="Ann")
    assert mends(Connection.objects.select_related("blog").get()) == []
    assert Connection.objects.get().broken == ""
