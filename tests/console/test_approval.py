"""A named person's approval: nothing goes out without it, by whatever path, and what changes needs it anew."""

from datetime import timedelta

import pytest
from django.test import Client

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_post, make_staff, written_a_while_ago
from worker.deliver import reword, staff
from worker.deliver.plan import draft, plan, write
from worker.deliver.send import send
from worker.lib.blogs import blog_file
from worker.models import Delivery, Event, Post

pytestmark = pytest.mark.django_db
NAMED = "name@practice.example"


@pytest.fixture
def post() -> Post:
    return make_post(make_blog("example", approval=NAMED, channels={"facebook": {}, "twitter": {}}))


@pytest.fixture
def named(db) -> Client:
    client = Client()
    client.force_login(make_staff("office", NAMED), backend="django.contrib.auth.backends.ModelBackend")
    return client


def deliveries(post: Post) -> list[Delivery]:
    return list(Delivery.objects.filter(post=post).order_by("pk"))


def test_a_new_post_waits_for_the_person_whom_the_file_names(post, office) -> None:
    plan(post.pk)
    assert {(d.state, d.held_for, d.reason) for d in deliveries(post)} == {
        ("held", "approval", f"It waits for {NAMED}, who must approve these words before they go out.")
    }
    page = office.get("/").content.decode()
    assert "One thing needs you." in page
    assert f"/posts/{post.pk}/approve" in page


def test_nobody_else_can_let_it_go(post, office) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    assert "only they can give it" in office.post(f"/deliveries/{one.pk}/release", follow=True).content.decode()
    assert office.post(f"/posts/{post.pk}/approve").status_code == 403
    with pytest.raises(staff.Refused, match="only they can give it"):
        staff.release(one, "root (command line)")
    one.refresh_from_db()
    assert one.state == "held"


def test_who_approved_and_when_is_kept_and_all_channels_go(post, named) -> None:
    plan(post.pk)
    seen = {f"seen-{d.pk}": d.rendition.made_at.isoformat() for d in deliveries(post)}
    named.post(f"/posts/{post.pk}/approve", seen)
    for one in deliveries(post):
        assert (one.state, one.approved_by) == ("pending", NAMED)
        assert clocks.now() - one.approved_at < timedelta(minutes=1)
        assert Event.objects.filter(delivery=one, who=NAMED, what__startswith=f"Approved by {NAMED}").exists()
        send(one.pk)
        one.refresh_from_db()
        assert one.state == "rehearsed"
    assert f"Approved by {NAMED} on" in named.get(f"/deliveries/{one.pk}").content.decode()


def test_words_that_changed_while_they_were_read_are_not_approved(post, named) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    seen = written_a_while_ago(one).isoformat()
    reword.reword(one, "desk@practice.example", "Quite other words.")
    named.post(f"/deliveries/{one.pk}/release", {"seen": seen})
    named.post(f"/posts/{post.pk}/approve", {f"seen-{one.pk}": seen})
    one.refresh_from_db()
    assert (one.state, one.approved_by) == ("held", "")


def test_what_is_edited_after_its_approval_needs_another(post) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    staff.release(one, NAMED)
    reword.reword(one, "desk@practice.example", "Quite other words.")
    one.refresh_from_db()
    assert (one.state, one.held_for, one.approved_by) == ("held", "approval", "")


def test_what_the_approver_writes_is_approved(post) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    staff.release(one, NAMED)
    reword.reword(one, NAMED, "My own words.")
    one.refresh_from_db()
    assert (one.state, one.approved_by) == ("pending", NAMED)


def test_a_post_that_the_blog_edits_after_its_approval_needs_another(post) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    staff.release(one, NAMED)
    Post.objects.filter(pk=post.pk).update(title="Another title", edited_at=clocks.now(), planned_at=None, text_hash="other")
    plan(post.pk)
    one.refresh_from_db()
    assert "Another title" in one.rendition.text
    assert (one.state, one.held_for, one.approved_by) == ("held", "approval", "")


def test_what_is_made_anew_in_the_same_words_stays_approved(post) -> None:
    plan(post.pk)
    one = deliveries(post)[0]
    staff.release(one, NAMED)
    made = draft(post, blog_file("example"), one.channel)
    write(one, made)
    one.refresh_from_db()
    assert one.approved_by == NAMED
    write(one, draft(post, blog_file("example"), one.channel, "Other words."))
    one.refresh_from_db()
    assert one.approved_by == ""


@pytest.mark.parametrize(("who", "state"), [("desk@practice.example", "held"), (NAMED, "rehearsed")])
def test_sending_by_hand_needs_it_too(post, who, state) -> None:
    made = staff.resend(post, "facebook", who, "it was missing")
    send(made.pk)
    made.refresh_from_db()
    assert made.state == state


def test_a_file_that_asks_for_it_later_holds_what_waits(post, settings) -> None:
    settings.BLOGS = {"example": settings.BLOGS["example"].model_copy(update={"approval": None})}
    plan(post.pk)
    one = deliveries(post)[0]
    settings.BLOGS = {"example": settings.BLOGS["example"].model_copy(update={"approval": NAMED})}
    send(one.pk)
    one.refresh_from_db()
    assert (one.state, one.held_for) == ("held", "approval")


def test_another_practices_people_do_not_see_it(post) -> None:
    plan(post.pk)
    assert client_of("office", make_blog("other")).get(f"/posts/{post.pk}/approve").status_code == 404
