"""Other words before it goes: the same gate, its arithmetic, and nobody's work lost."""

import pytest

from tests import clocks
from tests.factories import DISCLAIMER, make_blog, make_delivery, make_post, written_a_while_ago
from worker.deliver.plan import plan
from worker.models import Attempt, Delivery, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> Delivery:
    post = make_post(make_blog("example", hold="3h", channels={"twitter": {}}))
    plan(post.pk)
    return Delivery.objects.get()


def test_words_are_kept_with_who_wrote_them_and_carry_the_disclaimer(office, waiting) -> None:
    answer = office.post(f"/deliveries/{waiting.pk}/words", {"text": "Quite other words."})
    assert answer["Location"] == f"/deliveries/{waiting.pk}"
    waiting.refresh_from_db()
    assert "Quite other words." in waiting.rendition.text
    assert DISCLAIMER in waiting.rendition.text
    assert waiting.rendition.edited_by == "office0@practice.example"
    assert "words_before" in Event.objects.get(what="office0@practice.example changed the words.").data
    assert ">Quite other words.</textarea>" in office.get(f"/deliveries/{waiting.pk}/words").content.decode()


def test_too_long_is_refused_with_the_arithmetic_and_what_was_typed_stays(office, waiting) -> None:
    before = waiting.rendition.text
    answer = office.post(f"/deliveries/{waiting.pk}/words", {"text": "word " * 90})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "X (Twitter) takes 280 characters and this needs" in page
    assert "shorten it by" in page
    assert "word word word" in page
    waiting.rendition.refresh_from_db()
    assert waiting.rendition.text == before


def test_looking_keeps_nothing(office, waiting) -> None:
    page = office.post(f"/deliveries/{waiting.pk}/words", {"text": "Only looking.", "look": "1"}).content.decode()
    assert page.count("Only looking.") == 2
    waiting.rendition.refresh_from_db()
    assert "Only looking." not in waiting.rendition.text


def test_ones_own_words_can_be_taken_back(office, waiting) -> None:
    before = waiting.rendition.text
    office.post(f"/deliveries/{waiting.pk}/words", {"text": "Quite other words."})
    office.post(f"/deliveries/{waiting.pk}/words", {"text": "whatever stands there", "own": "1"})
    waiting.rendition.refresh_from_db()
    assert (waiting.rendition.text, waiting.rendition.edited_by) == (before, "")


def test_two_who_edit_at_once_do_not_overwrite_each_other(office, waiting) -> None:
    seen = written_a_while_ago(waiting).isoformat()
    office.post(f"/deliveries/{waiting.pk}/words", {"text": "The first.", "seen": seen})
    second = office.post(f"/deliveries/{waiting.pk}/words", {"text": "The second.", "seen": seen})
    assert second.status_code == 422
    assert "Somebody else has changed the words" in second.content.decode()
    assert ">The second.</textarea>" in second.content.decode()
    waiting.rendition.refresh_from_db()
    assert "The first." in waiting.rendition.text


@pytest.mark.parametrize("state", ["sending", "unknown", "sent", "cancelled"])
def test_what_is_on_its_way_or_out_never_changes(office, waiting, state) -> None:
    Delivery.objects.update(state=state)
    answer = office.post(f"/deliveries/{waiting.pk}/words", {"text": "Too late."}, follow=True)
    assert "can’t be changed any more" in answer.content.decode()
    waiting.rendition.refresh_from_db()
    assert "Too late." not in waiting.rendition.text


def test_what_was_once_handed_over_never_changes_although_it_waits_again(office, waiting) -> None:
    now = clocks.now()
    Attempt.objects.create(delivery=waiting, number=1, started_at=now, calling_at=now, outcome="unknown", holder="desk-1")
    office.post(f"/deliveries/{waiting.pk}/words", {"text": "Too late."})
    waiting.rendition.refresh_from_db()
    assert "Too late." not in waiting.rendition.text


def test_what_the_gate_held_back_can_go_once_its_words_are_in_order(office) -> None:
    post = make_post(make_blog("example", channels={"twitter": {}}))
    held = make_delivery(post, "twitter", state="held", waits_for="person", reason="X takes 280 characters and this needs 300.")
    held.rendition.delete()
    office.post(f"/deliveries/{held.pk}/words", {"text": "Shorter."})
    held.refresh_from_db()
    assert (held.state, held.reason) == ("held", "Its words are in order now. Release it to let it go.")
