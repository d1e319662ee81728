"""New words for a post that is out, against a real network of our own that edits."""

from typing import Any

import pytest

from tests.deliver.on_facebook import posted
from tests.factories import blog_file, is_due, make_delivery
from tests.fakes.facebook import Facebook
from worker.deliver import correct, staff, withdraw
from worker.deliver.send import send
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


def edited(post: Post, title: str) -> Post:
    post.title = title
    post.save()
    return post


def corrected(post: Post) -> Delivery:
    (delivery,) = correct.correct(post, "Ann", "A mistake in the title")
    send(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_the_post_has_its_new_words_and_is_still_one_post(graph: Facebook) -> None:
    out = posted(graph)
    delivery = corrected(edited(out.post, "Coping without stress"))
    (there,) = graph.all_standing()
    assert there.text.startswith("Coping without stress")
    assert there.id == out.remote_id == delivery.remote_id
    assert (delivery.state, delivery.occasion, delivery.corrects) == ("sent", "correction", out)
    assert delivery.reason.startswith("Corrected on Facebook at ")
    assert [one.kind for one in delivery.attempts.all()] == ["edit"]
    assert delivery.asked_because == "A mistake in the title."
    assert delivery.remote_url == out.remote_url != ""
    asked = delivery.events.order_by("id")[0]
    assert (asked.who, asked.what) == ("Ann", "To be corrected on Facebook. Ann asked for it: A mistake in the title.")


def test_a_correction_says_the_link_that_the_network_keeps(graph: Facebook) -> None:
    out = posted(graph)
    was = out.rendition.link
    out.post.url = "https://blog.example/moved/"
    delivery = corrected(edited(out.post, "Coping without stress"))
    assert delivery.state == "sent"
    assert delivery.rendition.link == graph.all_standing()[0].link == was


def test_words_that_stand_there_already_are_not_sent_again(graph: Facebook) -> None:
    out = posted(graph)
    edited(out.post, "Coping without stress")
    corrected(out.post)
    with pytest.raises(staff.Refused, match="Facebook shows these words already"):
        correct.correct(out.post, "Ann", "once more")


def test_words_that_the_network_refused_do_not_stand_there(graph: Facebook) -> None:
    out = posted(graph)
    graph.misbehave("422", on="edit")
    assert corrected(edited(out.post, "Coping without stress")).state == "failed"
    assert corrected(out.post).state == "sent"


def test_neither_a_test_copy_nor_a_correction_is_corrected(graph: Facebook) -> None:
    out = posted(graph)
    make_delivery(out.post, "facebook", state="sent", waits_for="nothing", occasion="test")
    corrected(edited(out.post, "Coping without stress"))
    assert [one.delivery for one in correct.outlook(out.post)] == [out]


def test_a_network_that_edits_nothing_is_named(graph: Facebook) -> None:
    out = posted(graph)
    make_delivery(out.post, "email", state="sent", waits_for="nothing")
    edited(out.post, "Coping without stress")
    says = {one.delivery.channel: one.says for one in correct.outlook(out.post)}
    assert says["email"] == "E-mail: what has been sent cannot be changed; send it again if it matters."
    with pytest.raises(staff.Refused, match="E-mail: what has been sent cannot be changed"):
        correct.correct(out.post, "Ann", "a mistake", channel="email")


def test_new_words_go_through_the_gate_like_any(graph: Facebook) -> None:
    out = posted(graph)
    out.post.url = "no address"
    edited(out.post, "Coping without stress")
    with pytest.raises(staff.Refused, match=r"Facebook: .*link"):
        correct.correct(out.post, "Ann", "a mistake")
    assert Delivery.objects.count() == 1


def test_a_lost_answer_is_found_out_by_asking_again(graph: Facebook) -> None:
    out = posted(graph)
    graph.misbehave("lose-after", on="edit")
    delivery = corrected(edited(out.post, "Coping without stress"))
    assert (delivery.state, delivery.waits_for) == ("pending", "clock")
    is_due(delivery)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_post_that_was_taken_down_by_hand_cannot_be_corrected(graph: Facebook) -> None:
    out = posted(graph)
    graph.remove(out.remote_id)
    delivery = corrected(edited(out.post, "Coping without stress"))
    assert (delivery.state, delivery.waits_for) == ("failed", "person")
    assert delivery.reason.startswith("Facebook shows this post no more")


def test_one_correction_at_a_time(graph: Facebook) -> None:
    out = posted(graph)
    edited(out.post, "Coping without stress")
    correct.correct(out.post, "Ann", "a mistake")
    with pytest.raises(staff.Refused, match="Another delivery of this post to Facebook is not finished yet"):
        correct.correct(out.post, "Bob", "a mistake")
    assert Delivery.objects.filter(occasion="correction").count() == 1


def test_withdrawing_takes_its_corrections_along(graph: Facebook) -> None:
    out = posted(graph)
    correction = corrected(edited(out.post, "Coping without stress"))
    withdraw.withdraw(out.post, "Ann", "Too early")
    send(out.pk)
    assert set(Delivery.objects.values_list("pk", "state")) == {(out.pk, "withdrawn"), (correction.pk, "withdrawn")}
    assert graph.all_standing() == []


def test_withdrawing_leaves_a_correction_that_was_cancelled_as_it_is(graph: Facebook) -> None:
    out = posted(graph)
    correction = make_delivery(out.post, "facebook", state="cancelled", waits_for="nothing", occasion="correction", corrects=out)
    withdraw.withdraw(out.post, "Ann", "Too early")
    send(out.pk)
    assert set(Delivery.objects.values_list("pk", "state")) == {(out.pk, "withdrawn"), (correction.pk, "cancelled")}


def test_withdrawing_answers_for_a_correction_that_failed(graph: Facebook) -> None:
    out = posted(graph)
    graph.misbehave("422", on="edit")
    correction = corrected(edited(out.post, "Coping without stress"))
    assert (correction.state, correction.waits_for) == ("failed", "person")
    withdraw.withdraw(out.post, "Ann", "Too early")
    send(out.pk)
    correction.refresh_from_db()
    assert (correction.state, correction.waits_for) == ("withdrawn", "nothing")


def test_a_correction_whose_channel_left_the_file_goes_on_as_its_sentence_says(graph: Facebook, settings: Any) -> None:
    out, files = posted(graph), settings.BLOGS
    (correction,) = correct.correct(edited(out.post, "Coping without stress"), "Ann", "A mistake in the title")
    settings.BLOGS = {"example": blog_file(channels={"email": {}})}
    send(correction.pk)
    correction.refresh_from_db()
    assert (correction.state, correction.waits_for) == ("pending", "person")
    assert correction.reason.endswith("Put [channels.facebook] back, then resume the channel: what was asked for is done by itself.")
    settings.BLOGS = files
    staff.resume(out.blog, "facebook", "Ann")
    send(correction.pk)
    correction.refresh_from_db()
    assert correction.state == "sent"
