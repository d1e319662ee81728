"""New words for what is out, at the desk, against a real network of our own that edits."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests import clocks
from tests.deliver.on_facebook import TOKEN, posted
from tests.factories import make_delivery, written_a_while_ago
from tests.fakes.facebook import Facebook
from worker.deliver.send import send
from worker.models import Delivery, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def graph(settings: Any) -> Iterator[Facebook]:
    settings.BLOGS = {}
    with Facebook(token=TOKEN) as network:
        yield network


@pytest.fixture
def edited(graph: Facebook) -> Delivery:
    """Out on Facebook and by e-mail; then the blog changed the title."""
    out = posted(graph)
    written_a_while_ago(out)
    mailed = clocks.now() - timedelta(minutes=1)
    make_delivery(out.post, "email", state="sent", waits_for="nothing", finished_at=mailed, rendition=None)
    Post.objects.filter(pk=out.post_id).update(title="Coping without stress", edited_at=clocks.now())
    return out


def marked(office: Any) -> bool:
    return "edited since sent" in office.get("/").content.decode()


def offered(office: Any, out: Delivery) -> list[bool]:
    address = f'href="/posts/{out.post_id}/correct/facebook"'
    return [address in office.get(page).content.decode() for page in (f"/posts/{out.post_id}", f"/deliveries/{out.pk}")]


def test_what_was_edited_since_is_corrected_and_the_mark_goes_away(office, graph: Facebook, edited: Delivery) -> None:
    assert marked(office)
    assert offered(office, edited) == [True, True]
    page = office.get(f"/posts/{edited.post_id}/correct/facebook").content.decode()
    assert "Facebook gets the new words." in page
    assert "Coping without stress" in page.split("What it will say")[1]
    office.post(f"/posts/{edited.post_id}/correct/facebook", {"reason": "A mistake in the title"})
    correction = Delivery.objects.get(corrects=edited)
    assert marked(office)
    send(correction.pk)
    (there,) = graph.all_standing()
    assert there.text.startswith("Coping without stress")
    assert not marked(office)
    assert offered(office, edited) == [False, False]


def test_another_edit_brings_the_mark_and_the_button_back(office, edited: Delivery) -> None:
    office.post(f"/posts/{edited.post_id}/correct/facebook", {"reason": "A mistake in the title"})
    correction = Delivery.objects.get(corrects=edited)
    send(correction.pk)
    written_a_while_ago(correction)
    Post.objects.filter(pk=edited.post_id).update(title="Coping with none", edited_at=clocks.now())
    assert marked(office)
    assert offered(office, edited) == [True, True]


def test_without_a_reason_nothing_is_corrected(office, edited: Delivery) -> None:
    assert office.post(f"/posts/{edited.post_id}/correct/facebook", {"reason": ""}).status_code == 422
    assert not Delivery.objects.filter(corrects=edited).exists()


def test_what_a_network_does_not_change_is_not_offered(office, edited: Delivery) -> None:
    mailed = Delivery.objects.get(channel="email")
    assert "Correct…" not in office.get(f"/deliveries/{mailed.pk}").content.decode()
    told = office.post(f"/posts/{edited.post_id}/correct/email", {"reason": "A mistake"}, follow=True).content.decode()
    assert "what has been sent cannot be changed" in told
