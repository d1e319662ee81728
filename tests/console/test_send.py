from typing import Any

import pytest
from django.conf import settings

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from worker.deliver import plan
from worker.models import Batch, Delivery, Post

pytestmark = pytest.mark.django_db


def text(answer: Any) -> str:
    return answer.content.decode()


@pytest.fixture
def post() -> Post:
    return make_post(make_blog("example", channels={"facebook": {}, "email": {}, "pinterest": {"mode": "off"}}), image="")


def sent(post: Post, channel: str = "facebook") -> Delivery:
    edition = "instant" if channel == "email" else ""
    return make_delivery(post, channel, state="sent", waits_for="nothing", finished_at=clocks.now(), edition=edition, reason="Posted.")


def form(page: str, **typed: str) -> dict[str, str]:
    return {"newest": page.partition('name="newest" value="')[2].partition('"')[0], **typed}


def test_it_says_who_has_it_already_and_shows_what_goes_out(office, post) -> None:
    sent(post)
    page = text(office.get(f"/posts/{post.pk}/send/facebook"))
    assert "Send this to Facebook again?" in page
    assert "Facebook got it on" in page
    assert "Sending it again makes a second post there." in page
    assert "<mark>" in page


def test_it_is_sent_with_the_reason_kept(office, post) -> None:
    address = f"/posts/{post.pk}/send/facebook"
    answer = office.post(address, form(text(office.get(address)), reason="the first one was deleted by mistake"))
    delivery = Delivery.objects.get(occasion="resend")
    assert answer["Location"] == f"/deliveries/{delivery.pk}"
    assert (delivery.asked_by, delivery.asked_because) == ("office0@practice.example", "the first one was deleted by mistake.")


def test_a_second_click_finds_the_first_also_when_that_is_through_already(office, post) -> None:
    sent(post)
    address = f"/posts/{post.pk}/send/facebook"
    typed = form(text(office.get(address)), reason="deleted by mistake")
    office.post(address, typed)
    Delivery.objects.filter(occasion="resend").update(state="sent", waits_for="nothing", finished_at=clocks.now())
    again = office.post(address, typed, follow=True)
    assert "Nothing was sent twice." in text(again)
    assert Delivery.objects.filter(occasion="resend").count() == 1


def test_it_asks_for_a_reason_and_keeps_what_was_typed(office, post) -> None:
    address = f"/posts/{post.pk}/send/email"
    answer = office.post(address, form(text(office.get(address)), to="all", reason=" ", text="Own words."))
    page = text(answer)
    assert answer.status_code == 422
    assert "A reason is needed" in page
    assert "Own words.</textarea>" in page
    assert 'value="all" checked' in page
    assert not Delivery.objects.exists()


def test_it_waits_for_what_is_not_finished(office, post) -> None:
    make_delivery(post, state="sending", waits_for="network", reason="On its way.")
    address = f"/posts/{post.pk}/send/facebook"
    answer = office.post(address, form(text(office.get(address)), reason="impatient"))
    assert answer.status_code == 422
    assert "On its way." in text(answer)


def test_by_mail_it_goes_only_to_those_who_do_not_have_it_unless_told_otherwise(office, post) -> None:
    address = f"/posts/{post.pk}/send/email"
    page = text(office.get(address))
    assert 'value="missing" checked' in page
    office.post(address, form(page, reason="some were missing", to="nonsense"))
    assert Delivery.objects.get().audience == "missing"


@pytest.mark.parametrize(
    ("typed", "says"),
    [("", "Write down the address of the reader"), ("all", "&#39;all&#39; is not an e-mail address"), ("ann@", "is not an e-mail address")],
)
def test_for_one_reader_it_takes_nothing_but_an_address(office, post, typed, says) -> None:
    address = f"/posts/{post.pk}/send/email"
    answer = office.post(address, form(text(office.get(address)), reason="she asked", to="one", address=typed))
    assert answer.status_code == 422
    assert says in text(answer)
    assert "Allowed are missing" not in text(answer)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("channel", ["pinterest", "twitter", "nonsense"])
def test_a_channel_the_blog_does_not_have_is_refused(office, post, channel) -> None:
    address = f"/posts/{post.pk}/send/{channel}"
    answer = office.post(address, {"reason": "try"})
    assert answer.status_code in (404, 422)
    assert not Delivery.objects.exists()


def test_the_post_page_offers_to_send_what_was_not_sent(office, post) -> None:
    sent(post, "email")
    page = text(office.get(f"/posts/{post.pk}"))
    assert "Resend…" in page
    assert "Send it now…" in page
    assert f'href="/posts/{post.pk}/send/facebook"' in page
    assert "send/pinterest" not in page


def test_a_newsletter_on_its_way_says_who_has_it_by_now_and_cannot_be_sent_again(office, post) -> None:
    mail = make_delivery(post, "email", state="sending", waits_for="network", edition="instant", reason="Being sent.")
    Batch.objects.create(delivery=mail, number=1, size=10, waiting=6, sent=4)
    page = text(office.get(f"/posts/{post.pk}/send/email"))
    assert "4 readers got it by now." in page
    assert "The one before is not finished: Being sent. Finish that one first." in page
    assert '<button class="button primary" type="submit" disabled>' in page


def test_a_network_that_takes_the_same_words_only_once_is_not_asked_to_take_them_twice(office) -> None:
    post = make_post(make_blog("example", channels={"twitter": {"mode": "live"}}))
    address = f"/posts/{post.pk}/send/twitter"
    made = plan.draft(post, settings.BLOGS["example"], "twitter")
    live = sent(post, "twitter")
    live.rendition.text = made.message.text
    live.rendition.save()
    page = text(office.get(address))
    assert "X (Twitter) takes the same words only once, and these are live there since" in page
    assert "School can be super exciting" in page.partition("<textarea")[2].partition("</textarea>")[0]
    refused = office.post(address, form(page, reason="again"))
    assert refused.status_code == 422
    assert not Delivery.objects.filter(occasion="resend").exists()
    office.post(address, form(page, reason="again", text="School is exciting for some, and a worry for others."))
    assert Delivery.objects.get(occasion="resend").rendition.own_words.startswith("School is exciting")
