import pytest
from django.utils import timezone

from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post

pytestmark = pytest.mark.django_db


def lines(answer) -> list[int]:
    return [int(part.partition('"')[0]) for part in answer.content.decode().split('id="delivery-')[1:]]


def test_it_lists_every_delivery_newest_first(office) -> None:
    post = make_post(make_blog())
    made = [make_delivery(post, channel).pk for channel in ("email", "facebook", "twitter")]
    assert lines(office.get("/log")) == made[::-1]


def test_it_can_be_narrowed_by_blog_channel_and_state() -> None:
    one, other = make_blog("one"), make_blog("other")
    client = client_of("office")
    held = make_delivery(make_post(one), "facebook", state="held", waits_for="person")
    sent = make_delivery(make_post(one), "twitter", state="sent", waits_for="nothing", finished_at=timezone.now())
    foreign = make_delivery(make_post(other), "facebook")
    for query, found in {
        "blog=one": [sent, held],
        "channel=facebook": [foreign, held],
        "state=needs-you": [held],
        "state=sent": [sent],
        "blog=one&channel=facebook&state=held": [held],
        "blog=nobody": [],
        "state=nonsense": [foreign, sent, held],
        "channel=%00": [],
    }.items():
        assert lines(client.get(f"/log?{query}")) == [delivery.pk for delivery in found], query


def test_older_lines_are_a_page_away_and_none_is_left_out(office, django_assert_max_num_queries) -> None:
    blog = make_blog()
    made = {make_delivery(make_post(blog), "email" if n % 2 else "facebook").pk for n in range(120)}
    seen, address = [], "/log?state=waiting"
    while address:
        with django_assert_max_num_queries(7):
            answer = office.get(address)
        seen += lines(answer)
        older = answer.content.decode().partition('class="pages"')[2].rpartition('<a href="')[2].partition('">Older')
        address = "/log" + older[0].replace("&amp;", "&") if older[1] else ""
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_an_empty_record_says_so(office) -> None:
    assert "The record is empty." in office.get("/log").content.decode()
    assert "Nothing in the record is like that." in office.get("/log?state=held").content.decode()
