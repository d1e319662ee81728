"""Taking one post down from one network, at the desk."""

import pytest

from tests.factories import make_blog, make_delivery, make_post
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
