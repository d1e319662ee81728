"""Taking a post down, from one network or from all, at the desk."""

import pytest

from tests.factories import make_blog, make_delivery, make_post
from worker.deliver.withdraw import Fate, outlook
from worker.models import Delivery


@pytest.fixture
def out(db, settings) -> Delivery:
    settings.BLOGS = {}
    blog = make_blog(channels={"facebook": {"mode": "live"}})
    return make_delivery(make_post(blog), "facebook", state="sent", waits_for="nothing", remote_id="1_7", reason="Posted on Facebook.")


def test_it_asks_why_and_begins(office, out) -> None:
    assert "Withdraw…" in office.get(f"/deliveries/{out.pk}").content.decode()
    assert office.post(f"/deliveries/{out.pk}/withdraw", {"reason": ""}).status_code == 422
    office.post(f"/deliveries/{out.pk}/withdraw", {"reason": "A mistake in it"})
    out.refresh_from_db()
    assert (out.state, out.waits_for) == ("pending", "clock")
    assert out.withdrawn_because == "A mistake in it."
    assert "To be taken down from Facebook" in office.get(f"/deliveries/{out.pk}").content.decode()


def test_a_post_whose_page_is_gone_may_stay(office, out) -> None:
    Delivery.objects.update(waits_for="person", reason="Its page on the blog is gone.")
    page = office.get("/").content.decode()
    assert "Withdraw or leave…" in page
    office.post(f"/deliveries/{out.pk}/leave")
    out.refresh_from_db()
    assert (out.state, out.waits_for) == ("sent", "nothing")


def test_the_whole_post_is_taken_back_with_one_button(office, out) -> None:
    waits = make_delivery(out.post, "pinterest", reason="Goes out at noon.")
    mailed = make_delivery(out.post, "email", state="sent", waits_for="nothing", reason="Mailed.")
    assert f'href="/posts/{out.post_id}/withdraw"' in office.get(f"/posts/{out.post_id}").content.decode()
    asked = office.get(f"/posts/{out.post_id}/withdraw").content.decode()
    done, left = asked.split("What cannot be undone")
    assert [fate.says in done for fate in fates(out, waits)] == [True, True]
    assert [fate.says in left for fate in fates(mailed)] == [True]
    assert office.post(f"/posts/{out.post_id}/withdraw", {"reason": " "}).status_code == 422
    told = office.post(f"/posts/{out.post_id}/withdraw", {"reason": "A mistake in it"}, follow=True).content.decode()
    assert "Cannot be undone: 0 readers have it, and a mail cannot be called back." in told
    assert dict(Delivery.objects.values_list("channel", "state")) == {"facebook": "pending", "pinterest": "cancelled", "email": "sent"}
    assert f'href="/posts/{out.post_id}/withdraw"' not in told


def fates(*deliveries: Delivery) -> list[Fate]:
    by_delivery = {step.delivery.pk: step.fate for step in outlook(deliveries[0].post)}
    return [by_delivery[delivery.pk] for delivery in deliveries]


def test_of_a_post_that_is_nowhere_there_is_nothing_to_take_back(office, out) -> None:
    Delivery.objects.update(state="cancelled")
    page = office.get(f"/posts/{out.post_id}/withdraw").content.decode()
    assert "There is nothing to take back." in page
    assert "Withdraw it everywhere" not in page
    told = office.post(f"/posts/{out.post_id}/withdraw", {"reason": "A mistake"}, follow=True).content.decode()
    assert "nothing waits to go out" in told
