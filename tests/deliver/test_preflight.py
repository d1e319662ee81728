"""The post's page is looked at before anything leads there."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import is_due, make_blog, make_delivery, make_post
from tests.fakes.feeds import FeedSite, Reply
from tests.fakes.noticeboard import Noticeboard
from worker.deliver import staff
from worker.deliver.preflight import Page, Trouble, judge
from worker.deliver.send import send
from worker.ingest.page import read
from worker.lib.http import Answer
from worker.models import Delivery, Post, Rendition

HTML = "text/html; charset=utf-8"
HERE = "https://blog.example/a-post/"
TITLE = "Coping with “school” stress"


def page(body: str, status: int = 200, url: str = HERE, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": HTML, **named}, body.encode(), url)


def judged(answer: Answer, *, is_another_post: bool = False) -> Trouble | None:
    return judge(answer, url=HERE, title=TITLE, is_another_post=is_another_post)


# Deciding -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        page("<h1>Coping with &#8220;school&#8221; stress</h1>"),
        page("<p>Nothing but words.</p>"),
        page("<meta name='robots' content='index, follow, max-image-preview:large'>"),
        page('<meta property="og:title" content="Coping with school stress | Example">'),
        page('<meta property="og:title" content="How to cope (SEO)"><h1>Coping <em>with</em> "school" stress</h1>'),
        page('<meta property="og:image" content="http://[no-address">'),
        page("<style>.post-password-form { color: red }</style>"),
        page("", url="http://www.blog.example/a-post"),
        page("", url=f"{HERE}?utm_source=feed"),
        page("<h1>Coping with school stress</h1>", url="https://blog.example/2026/a-post/"),
        Answer(200, {"Content-Type": "application/pdf"}, b"%PDF", HERE),
    ],
)
def test_a_page_in_order_lets_the_post_go(answer: Answer) -> None:
    assert judged(answer) is None


def test_a_page_in_another_encoding_shows_its_title() -> None:
    body = '<meta property="og:title" content="Été à Montréal">'.encode("iso-8859-1")
    answer = Answer(200, {"content-type": "text/html; charset=iso-8859-1"}, body, HERE)
    assert judge(answer, url=HERE, title="Été à Montréal", is_another_post=False) is None


def test_a_picture_that_was_read_before_is_no_other_one_however_its_address_is_written() -> None:
    answer = page('<meta property="og:image" content="/uploads/a calm {path}.jpg">')
    assert Page.read(answer).picture == read(answer).image


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (page("", 404), "The post's page is not there: the blog answers with status 404."),
        (page("", 410), "status 410"),
        (page("", 401), "The post's page asks for a password."),
        (page("", 403), "closed to Postlark: the blog answers with status 403"),
        (page('<form action="/wp-login.php?action=postpass" class="post-password-form" method="post">'), "asks for a password"),
        (page("<meta name='robots' content='noindex, nofollow' />"), "(noindex)"),
        (page('<META CONTENT="none" NAME="Robots">'), "(noindex)"),
        (page("", X_Robots_Tag="googlebot: noindex"), "(noindex)"),
        (page(f"<h1>{TITLE}</h1>", url="https://blog.example/"), "sends its readers on to another one: https://blog.example/."),
        (page("<h1>Another</h1>", url="https://blog.example/another/"), "sends its readers on to another one"),
        (page('<meta property="og:title" content="Another post">'), "The post's page is called “Another post” now"),
        (page('<meta property="og:title" content="Another\0\npost">'), "The post's page is called “Another post” now"),
    ],
)
def test_a_page_not_in_order_holds_it(answer: Answer, says: str) -> None:
    trouble = judged(answer)
    assert trouble is not None
    assert says in trouble.sentence
    assert not trouble.passing


def test_a_redirect_to_a_post_that_is_known_holds_it_whatever_it_shows() -> None:
    assert judged(page(f"<h1>{TITLE}</h1>", url="https://blog.example/another/"), is_another_post=True)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_trouble_of_the_blog_passes(status: int) -> None:
    trouble = judged(page("", status, Retry_After="90"))
    assert trouble is not None
    assert (trouble.passing, trouble.wait) == (True, timedelta(seconds=90))


def test_whatever_the_blog_wishes_it_is_looked_at_again_within_the_hour() -> None:
    trouble = judged(page("", 503, Retry_After="99999999"))
    assert trouble is not None
    assert trouble.wait == timedelta(hours=1)


@pytest.mark.parametrize("markup", ["<form " * 50_000, '<meta name="' * 50_000, "<" * 300_000, "<meta " + "a" * 300_000])
def test_a_page_built_to_be_slow_is_read_all_the_same(markup: str) -> None:
    judged(page(markup))


# On the way ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[FeedSite]:
    with FeedSite() as site:
        site.reply = Reply(200, b"<h1>Welcome</h1>", HTML)
        yield site


@pytest.fixture
def board() -> Iterator[Noticeboard]:
    with Noticeboard() as board:
        yield board


@pytest.fixture
def due(db: None, settings: Any, site: FeedSite, board: Noticeboard) -> Callable[..., Delivery]:
    settings.BLOGS = {}

    def make(mode: str = "live", **values: Any) -> Delivery:
        blog = make_blog(channels={"noticeboard": {"mode": mode, "base_url": board.url}})
        return make_delivery(make_post(blog, url=f"{site.url}a-post/", page_looked_at=None, **values), "noticeboard")

    return make


def sent(delivery: Delivery) -> Delivery:
    send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_it_goes_once_the_page_is_seen(due: Callable[..., Delivery], site: FeedSite) -> None:
    delivery = sent(due())
    assert delivery.state == "sent"
    assert len(site.asked) == 1
    assert Post.objects.get().page_looked_at is not None


def test_a_page_that_is_not_there_holds_it_until_a_person_lets_it_go(
    due: Callable[..., Delivery], site: FeedSite, board: Noticeboard
) -> None:
    site.reply = Reply(404, b"", HTML)
    delivery = sent(due())
    assert (delivery.state, delivery.waits_for, delivery.held_for) == ("held", "person", "page")
    assert delivery.reason.endswith("Mend it on the blog, then release this; or cancel it.")
    assert board.posts == []
    staff.release(delivery, "Ann", "It is meant so")
    assert sent(delivery).state == "sent"


def test_behind_a_wall_against_robots_a_persons_word_is_enough(due: Callable[..., Delivery], site: FeedSite, board: Noticeboard) -> None:
    site.reply = Reply(403, b"<h1>Checking your browser</h1>", HTML)
    delivery = sent(due())
    assert (delivery.state, delivery.held_for) == ("held", "page")
    assert "If people can open it, release this: it goes out without another look." in delivery.reason
    asked = len(site.asked)
    staff.release(delivery, "Ann")
    assert sent(delivery).state == "sent"
    assert len(board.posts) == 1
    assert len(site.asked) == asked


def test_a_blog_in_trouble_is_waited_for(due: Callable[..., Delivery], site: FeedSite, board: Noticeboard) -> None:
    site.reply = Reply(503, b"", HTML)
    delivery = sent(due())
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    assert "the blog answers with status 503. Nothing went out; trying again at" in delivery.reason
    site.reply = Reply(200, b"", HTML)
    is_due(delivery)
    assert sent(delivery).state == "sent"
    assert len(board.posts) == 1


def test_a_private_address_is_looked_at_only_where_that_is_allowed(
    due: Callable[..., Delivery], site: FeedSite, board: Noticeboard
) -> None:
    delivery = due()
    make_blog(channels={"noticeboard": {"mode": "live", "base_url": board.url}}, allow_private_addresses=False)
    assert "goes there only where allow_private_addresses in the blog's file lets it" in sent(delivery).reason
    assert site.asked == []


def test_one_look_serves_all_channels_for_a_minute(due: Callable[..., Delivery], site: FeedSite) -> None:
    first = due()
    again = make_delivery(first.post, "noticeboard", occasion="resend")
    assert (sent(first).state, sent(again).state) == ("sent", "sent")
    assert len(site.asked) == 1
    Post.objects.update(page_looked_at=clocks.now() - timedelta(minutes=2))
    sent(make_delivery(first.post, "noticeboard", occasion="resend"))
    assert len(site.asked) == 2


def test_a_rehearsal_asks_nobody(due: Callable[..., Delivery], site: FeedSite) -> None:
    assert sent(due("rehearsal")).state == "rehearsed"
    assert site.asked == []


def test_a_newsletter_is_held_before_anybody_gets_it(db: None, settings: Any, site: FeedSite) -> None:
    settings.BLOGS = {}
    site.reply = Reply(410, b"", HTML)
    post = make_post(make_blog(channels={"email": {"mode": "live"}}), url=f"{site.url}a-post/", page_looked_at=None)
    delivery = sent(make_delivery(post, "email", edition="instant"))
    assert (delivery.state, delivery.held_for) == ("held", "page")
    assert delivery.batches.count() == 0


def test_a_picture_that_was_changed_on_the_page_is_the_one_that_goes_out(
    due: Callable[..., Delivery], site: FeedSite, board: Noticeboard
) -> None:
    old, new = "https://blog.example/old.jpg", "https://blog.example/new.jpg"
    site.reply = Reply(200, f'<meta property="og:image" content="{new}">'.encode(), HTML)
    delivery = due(image="", page_image=old, text_hash="a", page_read_for="a")
    delivery.rendition.image = old
    delivery.rendition.save()
    assert sent(delivery).state == "sent", delivery.reason
    assert Post.objects.get().page_image == new
    assert delivery.rendition.__class__.objects.get().image != old


def changed_picture(due: Callable[..., Delivery], site: FeedSite) -> Delivery:
    """One whose page has another picture by now, and whose words are other than they were when it was planned."""
    old = "https://blog.example/old.jpg"
    site.reply = Reply(200, b'<meta property="og:image" content="https://blog.example/new.jpg">', HTML)
    delivery = due(image="", page_image=old, text_hash="a", page_read_for="a")
    delivery.rendition.image = old
    delivery.rendition.save()
    return delivery


def test_what_is_kept_as_evidence_after_that_is_what_went_out(due: Callable[..., Delivery], site: FeedSite, board: Noticeboard) -> None:
    delivery = changed_picture(due, site)
    sent(delivery)
    (post,) = board.posts
    assert post.text == Rendition.objects.get().text


def test_what_was_approved_waits_for_a_new_approval_then(due: Callable[..., Delivery], site: FeedSite, board: Noticeboard) -> None:
    delivery = changed_picture(due, site)
    asks = {"channels": {"noticeboard": {"mode": "live", "base_url": board.url}}, "approval": "ann@practice.example"}
    make_blog(**asks)
    Delivery.objects.update(approved_by="ann@practice.example", approved_at=clocks.now())
    delivery = sent(delivery)
    assert (delivery.state, delivery.waits_for, delivery.held_for) == ("held", "person", "approval")
    assert board.posts == []
    staff.release(delivery, "ann@practice.example")
    assert sent(delivery).state == "sent"
