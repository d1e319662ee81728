import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import clocks
from tests.console.conftest import client_of, text_of
from tests.factories import make_blog, make_delivery, make_post, make_staff
from worker.console import filters
from worker.console.access import desk_of
from worker.deliver import staff
from worker.models import Attempt, Delivery
from worker.record.transition import note

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
    sent = make_delivery(make_post(one), "twitter", state="sent", waits_for="nothing", finished_at=clocks.now())
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
        with django_assert_max_num_queries(9):
            answer = office.get(address)
        seen += lines(answer)
        older = answer.content.decode().partition('class="pages"')[2].rpartition('<a href="')[2].partition('">Older')
        address = "/log" + older[0].replace("&amp;", "&") if older[1] else ""
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_what_a_title_finds_stands_post_by_post_and_the_older_ones_are_a_page_away(office, monkeypatch) -> None:
    monkeypatch.setattr("worker.console.log.LINES_A_PAGE", 3)
    blog = make_blog()
    older, newer = make_post(blog, title="Coping with stress"), make_post(blog, title="Coping skills")
    of_the_newer = [make_delivery(newer, channel).pk for channel in ("facebook", "twitter")]
    of_the_older = [make_delivery(older, channel).pk for channel in ("facebook", "twitter")]
    first, _ = of_the_older[::-1]
    assert lines(office.get("/log?find=coping")) == [*of_the_newer[::-1], first]
    assert lines(office.get(f"/log?find=coping&before={first}")) == [of_the_older[0]]


def test_of_very_many_posts_with_that_title_the_newest_are_shown_and_it_says_so(office, monkeypatch) -> None:
    monkeypatch.setattr(filters, "MOST_POSTS", 2)
    blog = make_blog()
    _, *newest = [make_delivery(make_post(blog, title=f"Coping {n}"), "facebook").pk for n in range(3)]
    for address in ("/log?find=coping", "/log?find=coping&print=1", "/log/hold?find=coping"):
        assert "More than 2 posts have that in their title" in text_of(office.get(address)), address
    assert lines(office.get("/log?find=coping")) == newest[::-1]
    assert "More than" not in office.get("/log?find=coping+1").content.decode()
    sheet = b"".join(office.get("/log.csv?find=coping").streaming_content).decode()
    assert len(list(csv.DictReader(io.StringIO(sheet)))) == 3, "a sheet, which can say nothing beside its lines, leaves none out"


def test_the_sheet_is_read_a_page_at_a_time(office, monkeypatch) -> None:
    monkeypatch.setattr("worker.console.log.LINES_OF_A_SHEET", 2)
    blog = make_blog()
    made = [make_delivery(make_post(blog, title="Coping"), "facebook").pk for _ in range(5)]
    for query in ("", "?find=coping", "?state=pending"):
        rows = csv.DictReader(io.StringIO(b"".join(office.get(f"/log.csv{query}").streaming_content).decode()))
        assert [int(row["id"]) for row in rows] == made[::-1], query


FILTERS = [
    {"blog": "mine"},
    {"channel": "twitter"},
    {"state": "failed"},
    {"state": "needs-you"},
    {"since": "2026-01-01", "until": "2026-01-31"},
    {"who": "desk@practice.example"},
    {"find": "coping"},
    {"find": "https://blog.example"},
    {"find": "#1"},
]


@pytest.mark.sqlite  # PostgreSQL reads a table of few rows from end to end, as it should
@pytest.mark.parametrize("one", FILTERS)
@pytest.mark.parametrize("other", FILTERS)
def test_no_filter_and_no_pair_of_them_reads_every_delivery(one, other) -> None:
    blog = make_blog("mine")
    make_delivery(make_post(blog, title="Coping"), "facebook")
    desk = desk_of(make_staff("office"))
    with CaptureQueriesContext(connection) as asked:
        filters.found(desk, filters.chosen(one | other)).first(51)
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            steps = [step for *_, step in cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")]
        assert [step for step in steps if "SCAN worker_delivery" in step and "INDEX" not in step] == []


def test_of_what_somebody_has_touched_all_is_looked_through_until_the_page_is_full(office, monkeypatch) -> None:
    """Theirs, among what others have touched, in more pieces than one; and no line twice, however often they had it in hand."""
    monkeypatch.setattr("worker.console.log.LINES_A_PAGE", 2)
    monkeypatch.setattr(filters, "LARGEST_PIECE", 3)
    blog = make_blog()
    made = [make_delivery(make_post(blog), "twitter" if number % 5 == 0 else "facebook") for number in range(21)]
    for number, delivery in enumerate(made):
        for _ in range(2):
            note("Looked at.", who="desk@practice.example" if number < 16 else "other@practice.example", delivery=delivery)
    theirs = "/log?who=desk%40practice.example&channel=twitter"
    assert lines(office.get(theirs)) == [made[15].pk, made[10].pk]
    assert lines(office.get(f"{theirs}&before={made[10].pk}")) == [made[5].pk, made[0].pk]
    assert lines(office.get(f"{theirs}&before={made[0].pk}")) == []
    assert lines(office.get(f"{theirs}&find=%23{made[10].pk}")) == [made[10].pk]
    assert lines(office.get(f"{theirs}&find=%23{made[20].pk}")) == []


def test_an_empty_record_says_so(office) -> None:
    assert "The record is empty." in office.get("/log").content.decode()
    assert "Nothing in the record is like that." in office.get("/log?state=held").content.decode()


def test_it_can_be_narrowed_by_day_person_and_title() -> None:
    blog, now = make_blog(), clocks.now()
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
        "who=nobody@practice.example": [],
        "who=desk@practice.example&find=reflection": [new],
        "who=desk@practice.example&find=coping": [],
        "find=coping": [old],
        "find=https://blog.example": [new, old],
        f"find=%23{old.pk}": [old],
        "find=100%25_": [],
    }.items():
        assert lines(client.get(f"/log?{query}")) == [delivery.pk for delivery in found], query


def test_it_tells_each_try(office) -> None:
    delivery = make_delivery(make_post(make_blog()), "facebook", attempt=1)
    Attempt.objects.create(delivery=delivery, number=1, started_at=clocks.now(), outcome="unauthorized", holder="desk-1")
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
    page = text_of(office.get("/log?state=held&print=1"))
    assert "Record: Held" in page
    assert "by office0@practice.example" in page
    assert "Coping" in page


def test_on_paper_the_lines_are_read_while_the_page_is_on_its_way(office, monkeypatch) -> None:
    monkeypatch.setattr("worker.console.log.LINES_A_PAGE", 2)
    post = make_post(make_blog(), title="<!-- lines -->")
    made = [make_delivery(post, channel).pk for channel in ("email", "facebook", "twitter", "pinterest", "linkedin")]
    answer = office.get("/log?print=1", headers={"Accept-Language": "fr"})
    begins, *rest = [piece.decode() for piece in answer.streaming_content]
    assert "<h1>Registre" in begins
    assert [piece.count("<tr>") for piece in rest] == [2, 2, 1, 0]
    assert [int(cell) for cell in re.findall(r"<tr><td>(\d+)</td>", "".join(rest))] == made[::-1]
    assert "En attente" in rest[0]
    assert "".join(rest).count("&lt;!-- lines --&gt;") == 5
    assert rest[-1].rstrip().endswith("</html>")


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
        make_delivery(make_post(blog), "email", state="sent", waits_for="nothing", edition="instant", finished_at=clocks.now())
        for _ in range(2)
    ]
    office.post("/log/resend-missing", {"reason": "new readers", "newest": sent[-1].pk})
    made = Delivery.objects.filter(occasion="resend")
    assert {(delivery.post_id, delivery.audience) for delivery in made} == {(delivery.post_id, "missing") for delivery in sent}
    office.post("/log/resend-missing", {"reason": "new readers", "newest": sent[-1].pk})
    assert made.count() == 2
