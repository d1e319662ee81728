"""A post becomes one row a channel, also where nothing will happen."""

from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.factories import make_blog, make_post
from worker import render
from worker.deliver import staff
from worker.deliver.plan import plan
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _blogs(settings: Any) -> None:
    settings.BLOGS = {}


def rows(post: Post) -> dict[str, tuple[str, str]]:
    return {delivery.channel: (delivery.state, delivery.waits_for) for delivery in post.deliveries.all()}


def test_every_channel_gets_its_row_and_its_words() -> None:
    post = make_post(make_blog())
    due = plan(post.pk)
    assert rows(post) == dict.fromkeys(["email", "facebook", "twitter", "pinterest", "linkedin"], ("pending", "clock"))
    assert sorted(due) == sorted(post.deliveries.values_list("pk", flat=True))
    assert all(delivery.rendition.text and delivery.reason for delivery in post.deliveries.all())


def test_staff_see_that_the_posts_own_disclaimer_is_another() -> None:
    post = make_post(make_blog(), content="<p>It comes in waves.</p><p>Disclaimer: ask a doctor.</p>")
    plan(post.pk)
    told = post.events.filter(delivery=None).values_list("what", flat=True)
    assert any("not the approved one: “Disclaimer: ask a doctor.”" in what for what in told)
    assert all("ask a doctor" not in delivery.rendition.text for delivery in post.deliveries.all())


def test_planning_twice_changes_nothing() -> None:
    post = make_post(make_blog())
    plan(post.pk)
    assert plan(post.pk) == []
    assert post.deliveries.count() == 5


def test_it_waits_for_the_hold_window() -> None:
    post = make_post(make_blog(hold="30m"))
    assert plan(post.pk) == []
    assert {delivery.due_at > clocks.now() + timedelta(minutes=29) for delivery in post.deliveries.all()} == {True}


@pytest.mark.parametrize(
    ("origin", "stands", "says"),
    [
        ("baseline", ("skipped", "nothing"), "before Postlark began"),
        ("burst", ("held", "person"), "Several posts appeared at once"),
        ("unsure", ("held", "person"), "“The older one”"),
    ],
)
def test_what_may_not_go_by_itself_says_why(origin: str, stands: tuple[str, str], says: str) -> None:
    blog = make_blog(channels={"facebook": {}})
    post = make_post(blog, origin=origin, resembles=make_post(blog, title="The older one"))
    plan(post.pk)
    assert rows(post) == {"facebook": stands}
    assert says in post.deliveries.get().reason


@pytest.mark.parametrize(
    ("options", "says"),
    [({}, "The post was withdrawn before it went out here."), ({"mode": "off"}, "switched off")],
)
def test_what_was_withdrawn_before_it_was_planned_goes_nowhere(options: dict[str, str], says: str) -> None:
    post = make_post(make_blog(channels={"facebook": options}), withdrawn_at=clocks.now())
    assert plan(post.pk) == []
    assert rows(post) == {"facebook": ("skipped", "nothing")}
    assert says in post.deliveries.get().reason


def test_a_channel_switched_off_is_a_row_with_a_reason() -> None:
    post = make_post(make_blog(channels={"facebook": {"mode": "off"}}))
    plan(post.pk)
    assert rows(post) == {"facebook": ("skipped", "nothing")}


def test_what_the_gate_refuses_is_held_with_the_reason_and_can_be_released_once_mended() -> None:
    post = make_post(make_blog(channels={"pinterest": {}}), url="")
    plan(post.pk)
    delivery = post.deliveries.get()
    assert (delivery.state, delivery.waits_for) == ("held", "person")
    with pytest.raises(staff.Refused):
        staff.release(delivery, "Ann")
    Post.objects.filter(pk=post.pk).update(url="https://blog.example/a-post/")
    staff.release(Delivery.objects.get(), "Ann")
    assert Delivery.objects.get().rendition.link == "https://blog.example/a-post/"


def edit(post: Post, **values: Any) -> None:
    Post.objects.filter(pk=post.pk).update(edited_at=clocks.now(), planned_at=None, **values)


def test_a_post_on_which_postlark_breaks_is_a_row_with_a_reason_and_keeps_no_channel_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    post, as_it_is = make_post(make_blog(channels={"facebook": {}, "linkedin": {}})), render.illustrated

    def breaks_on_facebook(post: Post, file: Any, channel: str, **more: Any) -> Any:
        return {}["nothing"] if channel == "facebook" else as_it_is(post, file, channel, **more)

    monkeypatch.setattr(render, "illustrated", breaks_on_facebook)
    plan(post.pk)
    assert rows(post) == {"facebook": ("held", "person"), "linkedin": ("pending", "clock")}
    assert "Postlark itself went wrong" in post.deliveries.get(channel="facebook").reason


def test_an_edit_is_taken_over_by_what_has_not_gone_out() -> None:
    post = make_post(make_blog(hold="30m", channels={"facebook": {}, "twitter": {}}))
    plan(post.pk)
    post.deliveries.filter(channel="twitter").update(state="sent", waits_for="nothing")
    edit(post, title="Coping with exams")
    plan(post.pk)
    assert "Coping with exams" in post.deliveries.get(channel="facebook").rendition.text
    assert "Coping with exams" not in post.deliveries.get(channel="twitter").rendition.text
    assert post.deliveries.count() == 2


def test_an_edit_leaves_staffs_own_words_alone() -> None:
    post = make_post(make_blog(channels={"facebook": {}}))
    delivery = staff.resend(post, "facebook", "Ann", "own words", text="Come and read.")
    edit(post, title="Coping with exams")
    plan(post.pk)
    assert Delivery.objects.get(pk=delivery.pk).rendition.text == delivery.rendition.text


def test_an_edit_never_changes_words_that_have_been_on_their_way() -> None:
    post = make_post(make_blog(channels={"facebook": {}}))
    plan(post.pk)
    delivery = post.deliveries.get()
    delivery.attempts.create(number=1, started_at=clocks.now(), calling_at=clocks.now(), holder="here")
    edit(post, title="Coping with exams")
    plan(post.pk)
    assert Delivery.objects.get().rendition.text == delivery.rendition.text


def test_an_edit_that_mends_a_held_one_lets_it_go() -> None:
    post = make_post(make_blog(channels={"pinterest": {}}), image="", image_alt="")
    plan(post.pk)
    edit(post, image="https://blog.example/a.jpg", image_alt="A path")
    assert plan(post.pk) == [post.deliveries.get().pk]


def test_no_edit_lets_go_what_somebody_holds() -> None:
    post = make_post(make_blog(channels={"facebook": {}}))
    plan(post.pk)
    staff.hold(post.deliveries.get(), "Ann", "wait for the photo")
    edit(post, url="")
    plan(post.pk)
    edit(post, url="https://blog.example/exams/")
    plan(post.pk)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.waits_for) == ("held", "person")
    assert "One of the staff had held it" in delivery.reason
    staff.release(delivery, "Ann")
    assert rows(post) == {"facebook": ("pending", "clock")}


def test_an_edit_asks_once_more_whether_it_is_the_same_with_the_other_one_named() -> None:
    blog = make_blog(channels={"facebook": {}})
    post = make_post(blog, url="", origin="unsure", resembles=make_post(blog, title="The older one"))
    plan(post.pk)
    edit(post, url="https://blog.example/exams/")
    plan(post.pk)
    assert rows(post) == {"facebook": ("held", "person")}
    assert "This may be “The older one”" in post.deliveries.get().reason


def test_what_a_person_asked_for_goes_after_an_edit_however_old_the_post_is() -> None:
    post = make_post(make_blog(channels={"facebook": {}}), origin="baseline")
    delivery = staff.resend(post, "facebook", "Ann", "it is worth it")
    edit(post, url="")
    plan(post.pk)
    edit(post, url="https://blog.example/exams/")
    plan(post.pk)
    delivery = Delivery.objects.get(pk=delivery.pk)
    assert (delivery.state, delivery.waits_for, delivery.reason) == ("pending", "clock", "Goes out now.")


def test_an_edit_asks_for_a_new_approval_of_what_a_person_asked_for() -> None:
    boss = "boss@practice.example"
    post = make_post(make_blog(approval=boss, channels={"facebook": {}}), origin="baseline")
    delivery = staff.resend(post, "facebook", boss, "it is worth it")
    edit(post, title="Coping with exams")
    plan(post.pk)
    delivery = Delivery.objects.get(pk=delivery.pk)
    assert (delivery.state, delivery.held_for, delivery.approved_by) == ("held", "approval", "")


def test_an_edit_announces_no_old_post_on_a_channel_that_was_added_since() -> None:
    post = make_post(make_blog(channels={"facebook": {}}))
    plan(post.pk)
    make_blog(channels={"facebook": {}, "linkedin": {}, "email": {"editions": ["instant", "weekly mon 09:00"]}})
    edit(post, title="Coping with exams")
    assert plan(post.pk) == [post.deliveries.get(channel="facebook").pk]
    assert rows(post) == {"facebook": ("pending", "clock"), "linkedin": ("skipped", "nothing"), "email": ("skipped", "nothing")}
    assert "came into the blog's file after the post" in post.deliveries.get(channel="linkedin").reason
    assert not post.parts.exists()


def test_a_post_of_a_blog_without_file_waits_for_it(settings: Any) -> None:
    post = make_post(make_blog())
    settings.BLOGS = {}
    assert plan(post.pk) == []
    post.refresh_from_db()
    assert post.planned_at is None
