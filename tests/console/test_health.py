from datetime import timedelta

import pytest

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.ingest import bell
from worker.models import Blog, Connection

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return answer.content.decode()


def test_it_tells_how_each_blog_is_and_where_its_web_site_rings(office) -> None:
    make_blog()
    Blog.objects.update(sentence="The feed is fine.", last_good_at=clocks.now())
    page = text(office.get("/health"))
    assert "The feed is fine." in page
    assert bell.address("example") in page


def test_it_says_what_happens_next_and_notices_silence(office) -> None:
    make_blog()
    now = clocks.now()
    Blog.objects.update(state="ok", sentence="The feed is fine.", last_good_at=now, next_look_at=now + timedelta(minutes=10))
    assert "The feed is fine. Postlark looks again at" in text(office.get("/health"))
    Blog.objects.update(last_good_at=now - timedelta(hours=7, minutes=1))
    assert "There was no good look for 7 hours, and none that failed either" in text(office.get("/health"))


def test_the_front_desk_is_told_of_a_blog_once_it_has_lasted(office) -> None:
    make_blog()
    Blog.objects.update(state="trouble", sentence="The web site asks us to come back later.")
    assert "needs you" not in text(office.get("/"))
    Blog.objects.update(told="The web site asks us to come back later.")
    assert "One thing needs you." in text(office.get("/"))


def test_the_address_that_rings_is_not_for_readers() -> None:
    make_blog()
    assert bell.address("example") not in text(client_of("reader").get("/health"))


def test_look_now_makes_the_next_look_due(office) -> None:
    make_blog()
    Blog.objects.update(next_look_at=clocks.now() + timedelta(hours=1))
    assert "Postlark looks at Example Psychotherapy now." in text(office.post("/health/example/look", follow=True))
    assert Blog.objects.get().next_look_at <= clocks.now()


def test_a_channel_is_paused_and_goes_on(office) -> None:
    blog = make_blog()
    delivery = make_delivery(make_post(blog), state="pending", waits_for="person", reason="Facebook is paused.")
    assert "Facebook of Example Psychotherapy is paused by office0@practice.example" in text(
        office.post("/health/example/pause/facebook", follow=True)
    )
    assert Connection.objects.get(channel="facebook").paused_by == "office0@practice.example"
    assert 'action="/health/example/resume/facebook"' in text(office.get("/health"))
    office.post("/health/example/resume/facebook")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")


def test_the_whole_blog_is_paused_and_goes_on(office) -> None:
    make_blog()
    office.post("/health/example/pause")
    assert Blog.objects.get().paused_by == "office0@practice.example"
    assert "Paused by office0@practice.example" in text(office.get("/"))
    page = text(office.get("/health"))
    assert 'action="/health/example/resume"' in page
    assert "/health/example/pause/" not in page, "a channel's own button would change nothing now"
    office.post("/health/example/resume")
    assert Blog.objects.get().paused_by == ""


def test_a_broken_connection_is_mended_where_the_connections_are(office) -> None:
    blog = make_blog(channels={"facebook": {"mode": "live"}, "linkedin": {"mode": "live"}, "pinterest": {}})
    Connection.objects.create(blog=blog, channel="linkedin", credentials="x", broken="LinkedIn no longer accepts the connection.")
    page = text(office.get("/health"))
    assert page.count('href="/connections#example">Mend the connection…') == 2
    assert 'action="/health/example/resume/linkedin"' in page, "what was wrong at the network may be over"
    assert 'action="/health/example/pause/facebook"' in page


def test_a_channel_the_blog_does_not_have_cannot_be_paused(office) -> None:
    make_blog("example", channels={"facebook": {}})
    assert office.post("/health/example/pause/nonsense").status_code == 404


def test_a_blog_whose_file_is_gone_says_so(office, settings) -> None:
    make_delivery(make_post(make_blog()))
    settings.BLOGS = {}
    assert "The file of this blog is gone" in text(office.get("/health"))
    for address in ("/", "/log"):
        assert office.get(address).status_code == 200
