"""A digest in the console and at the command line: a delivery like any other, of several posts."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import clocks
from tests.console.conftest import client_of
from tests.deliver.test_issues import a_blog, got, its_time_comes, published, the_issue
from tests.fakes.relay import Relay
from tests.newsletter.people import make_subscriber, send_to_the_end
from worker.deliver.send import send
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_settings(settings: Any) -> None:
    settings.RELAYS, settings.BLOGS = {}, {}


@pytest.fixture
def weekly() -> Delivery:
    blog = a_blog(editions=["weekly mon 09:00"])
    make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    published(blog, "On joy")
    return the_issue()


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_its_page_names_its_posts_and_whom_a_mail_program_asks(weekly: Delivery) -> None:
    page = client_of("office").get(f"/deliveries/{weekly.pk}").content.decode()
    assert f"<title>{weekly.title}, E-mail" in page
    for post in Post.objects.all():
        assert f'<a href="/posts/{post.pk}">{post.title}</a>' in page
    assert "asks no host for anything" in page
    assert "/read/" not in page  # it has not gone out


def test_once_it_is_out_everybody_can_read_it_in_the_browser() -> None:
    with Relay() as relay:
        blog = a_blog(relay, ["weekly mon 09:00"])
        make_subscriber(blog, edition="weekly")
        published(blog, "On grief")
        weekly = its_time_comes(the_issue())
    assert "/read/" in client_of("office").get(f"/deliveries/{weekly.pk}").content.decode()


def test_the_grid_and_a_posts_page_lead_to_it(weekly: Delivery) -> None:
    office, post = client_of("office"), weekly.posts()[0]
    assert office.get("/").content.decode().count(f'href="/deliveries/{weekly.pk}"') == 2
    assert weekly.reason in office.get(f"/posts/{post.pk}").content.decode()


def test_the_record_and_every_act_know_it(weekly: Delivery) -> None:
    office = client_of("office")
    assert weekly.title in office.get("/log").content.decode()
    for act in ("hold", "cancel", "release"):
        assert weekly.title in office.get(f"/deliveries/{weekly.pk}/{act}").content.decode()
    office.post(f"/deliveries/{weekly.pk}/hold", {"reason": "One more look."})
    assert the_issue().state == "held"
    assert weekly.title in office.get("/").content.decode()


def test_in_json_posts_stand_in_place_of_post(weekly: Delivery) -> None:
    [row] = json.loads(run("log", "--json"))
    assert "post" not in row
    assert [post["title"] for post in row["posts"]] == ["On joy", "On grief"]
    assert set(row["posts"][0]) == {"id", "guid", "url", "title"}
    shown = json.loads(run("show", str(weekly.pk), "--json"))
    assert len(shown["posts"]) == 2
    assert "On grief" in shown["rendition"]["text"]
    listed = json.loads(run("posts", "--json"))
    assert {post["channels"]["email"]["id"] for post in listed} == {str(weekly.pk)}


def test_in_words_it_has_its_own_name(weekly: Delivery) -> None:
    assert weekly.title in run("log")
    assert weekly.title in run("log", "--csv")
    assert run("show", str(weekly.pk)).startswith(f"{weekly.title} to email (automatic): pending")


def test_a_post_is_previewed_in_the_newsletter_it_comes_in(weekly: Delivery) -> None:
    post = str(Post.objects.get(title="On grief").pk)
    says = json.loads(run("preview", post, "--channel", "email", "--json"))
    assert "On joy" in says["text"]
    assert "On joy" in run("preview", post, "--channel", "email", "--edition", "weekly", "--eml")
    with pytest.raises(CommandError, match=r"has no edition 'instant'; it has weekly"):
        run("preview", post, "--channel", "email", "--edition", "instant")


def test_it_is_sent_again_to_who_misses_it_and_to_nobody_else() -> None:
    with Relay() as relay:
        blog = a_blog(relay, ["weekly mon 09:00"])
        ann = make_subscriber(blog, edition="weekly")
        published(blog, "On grief")
        weekly = its_time_comes(the_issue())
        bob = make_subscriber(blog, edition="weekly")
        office = client_of("office")
        again = f"/deliveries/{weekly.pk}/again"
        assert f'href="{again}"' in office.get(f"/deliveries/{weekly.pk}").content.decode()
        assert "Nobody gets a post twice" in office.get(again).content.decode()
        assert office.post(again, {"reason": " "}).status_code == 422
        answer = office.post(again, {"reason": "Bob has joined."})
        made = Delivery.objects.get(occasion="resend")
        assert answer["Location"] == f"/deliveries/{made.pk}"
        send(made.pk)
        send_to_the_end(Delivery.objects.get(pk=made.pk))
        assert (len(got(relay, ann)), len(got(relay, bob))) == (1, 1)
    made.refresh_from_db()
    assert (made.state, made.reason) == ("sent", "1 of 2 sent; 1 skipped.")
    assert made.recipients.get(subscriber=ann).reason == "They have all of it already."


def test_it_is_not_sent_again_while_it_is_still_to_come(weekly: Delivery) -> None:
    page = client_of("office").post(f"/deliveries/{weekly.pk}/again", {"reason": "Once more."}, follow=True).content.decode()
    assert "This newsletter is not finished" in page
    assert not Delivery.objects.filter(occasion="resend").exists()


def test_what_was_withdrawn_since_is_not_sent_again_with_it() -> None:
    blog = a_blog(editions=["instant", "weekly mon 09:00"])
    Post.objects.filter(pk=published(blog, "On joy").pk).update(withdrawn_at=clocks.now())
    weekly = the_issue()
    Delivery.objects.filter(pk=weekly.pk).update(state="cancelled", waits_for="nothing")
    page = client_of("office").post(f"/deliveries/{weekly.pk}/again", {"reason": "Once more."}, follow=True).content.decode()
    assert "“On joy” was withdrawn or cancelled since" in page
    assert not Delivery.objects.filter(occasion="resend").exists()
    assert weekly.posts(), "what it brought stays in the record"


def test_a_reader_of_the_console_sends_nothing_again(weekly: Delivery) -> None:
    assert client_of("reader").post(f"/deliveries/{weekly.pk}/again", {"reason": "Once more."}).status_code == 403


def test_what_brings_one_post_is_sent_again_from_the_posts_page() -> None:
    own = Delivery.objects.get(post=published(a_blog(), "On grief"), channel="email")
    page = client_of("office").post(f"/deliveries/{own.pk}/again", {"reason": "Once more."}, follow=True).content.decode()
    assert "This brings one post, not a digest." in page


def test_a_test_copy_of_a_digest_is_asked_for_from_its_page() -> None:
    published(a_blog(editions=["instant", "weekly mon 09:00"]), "On joy")
    weekly, office = the_issue(), client_of("office")
    assert f'href="/deliveries/{weekly.pk}/test"' in office.get(f"/deliveries/{weekly.pk}").content.decode()
    page = office.post(f"/deliveries/{weekly.pk}/test", {"to": "office0@practice.example"}, follow=True).content.decode()
    assert "No reader gets anything." in page
    copy = Delivery.objects.get(occasion="test")
    assert (copy.issue_id, copy.audience) == (weekly.issue_id, "office0@practice.example")


def test_posts_of_one_moment_stand_in_json_as_in_the_mail(weekly: Delivery) -> None:
    """Many feeds tell the day alone."""
    Post.objects.update(published_at=clocks.now())
    [row] = json.loads(run("log", "--json"))
    assert [post["title"] for post in row["posts"]] == [post.title for post in weekly.posts()] == ["On joy", "On grief"]
