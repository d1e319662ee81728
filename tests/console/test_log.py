import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.deliver import staff
from worker.models import Attempt, Delivery

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
        "channel=%00": [foreign, sent, held],
        "channel=nonsense": [],
    }.items():
        assert lines(client.get(f"/log?{query}")) == [delivery.pk for delivery in found], query


def test_older_lines_are_a_page_away_and_none_is_left_out(office, django_assert_max_num_queries) -> None:
    blog = make_blog()
    made = {make_delivery(make_post(blog), "email" if n % 2 else "facebook").pk for n in range(120)}
    seen, address = [], "/log?state=pending"
    while address:
        with django_assert_max_num_queries(8):
            answer = office.get(address)
        seen += lines(answer)
        older = answer.content.decode().partition('class="pages"')[2].rpartition('<a href="')[2].partition('">Older')
        address = "/log" + older[0].replace("&amp;", "&") if older[1] else ""
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_an_empty_record_says_so(office) -> None:
    assert "The record is empty." in office.get("/log").content.decode()
    assert "Nothing in the record is like that." in office.get("/log?state=held").content.decode()


def test_it_can_be_narrowed_by_day_person_and_title() -> None:
    blog, now = make_blog(), timezone.now()
    client = client_of("office")
    old = make_delivery(make_post(blog, title="Coping Skills"), "facebook", created_at=now - timedelta(days=9))
    new = make_delivery(make_post(blog, title="Practicing Reflection"), "facebook")
    staff.hold(new, "desk@practice.example", "a typo")
    day = (now - timedelta(days=5)).date().isoformat()
    for query, found in {
        f"since={day}": [new],
        f"until={day}": [old],
        "since=nonsense&until=2026-99-99": [new, old],
        "who=desk@practice.example": [new],
        "who=Postlark": [],
        "find=coping": [old],
        "find=https://blog.example": [new, old],
        f"find=%23{old.pk}": [old],
        "find=100%25_": [],
    }.items():
        assert lines(client.get(f"/log?{query}")) == [delivery.pk for delivery in found], query


def test_it_tells_each_try(office) -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", attempt=1)
    Attempt.objects.create(delivery=delivery, number=1, started_at=timezone.now(), outcome="unauthorized", holder="desk-1")
    assert "not let in" in office.get("/log").content.decode()


def test_the_sheet_holds_what_is_filtered_of_ones_own_blogs_and_runs_nothing() -> None:
    mine, other = make_blog("mine"), make_blog("other")
    make_delivery(make_post(mine, title="=HYPERLINK(1)"), "facebook", state="failed", waits_for="person")
    make_delivery(make_post(mine), "twitter")
    make_delivery(make_post(other), "facebook", state="failed", waits_for="person")
    answer = client_of("reader", mine).get("/log.csv?state=failed")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["blog"], row["state"], row["post_title"]) for row in rows] == [("mine", "failed", "'=HYPERLINK(1)")]


def test_on_paper_it_says_what_was_filtered_and_who_printed_it(office) -> None:
    make_delivery(make_post(make_blog(), title="Coping"), "facebook", state="held", waits_for="person")
    page = office.get("/log?state=held&print=1").content.decode()
    assert "Record: Held" in page
    assert "by office0@practice.example" in page
    assert "Coping" in page


def test_what_is_filtered_is_held_at_once_after_a_page_that_says_how_many(office) -> None:
    blog = make_blog()
    waiting = [make_delivery(make_post(blog), "facebook") for _ in range(3)]
    make_delivery(make_post(blog), "twitter")
    page = office.get("/log/hold?channel=facebook").content.decode()
    assert "Hold 3 deliveries back?" in page
    later = make_delivery(make_post(blog), "facebook")
    given = {"channel": "facebook", "newest": waiting[-1].pk, "reason": ""}
    assert office.post("/log/hold", given).status_code == 422
    assert office.post("/log/hold", given | {"reason": "the week is full"}).status_code == 302
    assert set(Delivery.objects.filter(state="held").values_list("pk", flat=True)) == {delivery.pk for delivery in waiting}
    later.refresh_from_db()
    assert later.state == "pending"
    assert "There is nothing to do." in office.get("/log/hold?channel=linkedin").content.decode()


@pytest.mark.parametrize("key", ["hold", "release", "cancel", "resend-missing"])
def test_nobody_acts_on_lines_of_blogs_that_are_not_theirs(key) -> None:
    mine, other = make_blog("mine"), make_blog("other")
    theirs = make_delivery(make_post(other), "email", edition="instant")
    client_of("office", mine).post(f"/log/{key}", {"reason": "mine now", "newest": theirs.pk})
    assert client_of("reader").post(f"/log/{key}", {"reason": "mine now"}).status_code == 403
    theirs.refresh_from_db()
    assert theirs.state == "pending"
    assert Delivery.objects.count() == 1


def test_newsletters_go_to_who_misses_them_all_at_once(office) -> None:
    blog = make_blog()
    sent = [
        make_delivery(make_post(blog), "email", state="sent", waits_for="nothing", edition="instant", finished_at=timezone.now())
        for _ in range(2)
    ]
    office.post("/log/resend-missing", {"reason": "new readers", "newest": sent[-1].pk})
    made = Delivery.objects.filter(occasion="resend")
    assert {(delivery.post_id, delivery.audience) for delivery in made} == {(delivery.post_id, "missing") for delivery in sent}
    office.post("/log/resend-missing", {"reason": "new readers", "newest": sent[-1].pk})
    assert made.count() == 2
