"""An agency's pages: they ask the database as often for many blogs as for two."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from tests.newsletter.people import make_subscriber
from worker.models import Connection

pytestmark = pytest.mark.django_db
NETWORKS = ("facebook", "twitter", "pinterest", "linkedin")


def add_blogs(*slugs: str) -> None:
    for slug in slugs:
        blog = make_blog(slug, channels={"email": {}, **{channel: {} for channel in NETWORKS}})
        for channel in NETWORKS:
            Connection.objects.create(blog=blog, channel=channel)
        make_delivery(make_post(blog), "facebook")
        make_subscriber(blog)


@pytest.mark.parametrize("address", ["/", "/log", "/record", "/subscribers", "/connections", "/health"])
def test_it_asks_as_often_for_seven_blogs_as_for_two(address) -> None:
    add_blogs("one", "two")
    owner = client_of("owner")
    owner.get(address)
    with CaptureQueriesContext(connection) as of_two:
        owner.get(address)
    add_blogs("three", "four", "five", "six", "seven")
    with CaptureQueriesContext(connection) as of_seven:
        owner.get(address)
    assert len(of_seven) == len(of_two)
