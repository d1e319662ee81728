"""A post that may be a known one: both side by side, one click, and it is asked once."""

import pytest

from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.models import Alias, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def unsure() -> Post:
    blog = make_blog()
    known = make_post(blog, title="Weekly reflection", content="<p>The words we know.</p>", origin="baseline")
    post = make_post(blog, title="Weekly reflection", content="<p>The words of today.</p>", origin="unsure", resembles=known)
    Alias.objects.create(blog=blog, post=post, kind="guid", value=post.guid)
    for channel in ("facebook", "linkedin"):
        make_delivery(
            post, channel, state="held", waits_for="person", reason="This may be “Weekly reflection”.", due_at=None, first_due_at=None
        )
    return post


def text(answer) -> str:
    return answer.content.decode()


def test_the_front_desk_is_asked_once_for_all_channels(office, unsure) -> None:
    page = text(office.get("/"))
    assert "One thing needs you." in page
    assert "Compare them…" in page


def test_both_are_shown_side_by_side(office, unsure) -> None:
    page = text(office.get(f"/posts/{unsure.pk}"))
    for words in ("Is this the same post?", "The words we know.", "The words of today.", unsure.url, unsure.resembles.url):
        assert words in page


def test_one_click_says_that_it_is_new(office, unsure) -> None:
    page = text(office.post(f"/posts/{unsure.pk}/is/new", follow=True))
    assert "It is a new post; it goes out as planned." in page
    assert "Is this the same post?" not in page
    assert set(unsure.deliveries.values_list("state", flat=True)) == {"pending"}


def test_one_click_says_that_it_is_the_same(office, unsure) -> None:
    page = text(office.post(f"/posts/{unsure.pk}/is/same", follow=True))
    assert "nothing goes out twice" in page
    assert set(unsure.deliveries.values_list("state", flat=True)) == {"cancelled"}
    assert Alias.objects.get(value=unsure.guid).post == unsure.resembles


def test_a_second_click_changes_nothing(office, unsure) -> None:
    office.post(f"/posts/{unsure.pk}/is/same")
    assert "has been answered already" in text(office.post(f"/posts/{unsure.pk}/is/new", follow=True))
    assert set(unsure.deliveries.values_list("state", flat=True)) == {"cancelled"}


def test_a_reader_sees_both_and_answers_nothing(unsure) -> None:
    reader = client_of("reader")
    page = text(reader.get(f"/posts/{unsure.pk}"))
    assert "The words we know." in page
    assert "/is/same" not in page
    assert reader.post(f"/posts/{unsure.pk}/is/new").status_code == 403


def test_there_is_no_third_answer(office, unsure) -> None:
    assert office.post(f"/posts/{unsure.pk}/is/maybe").status_code == 404
    assert office.get(f"/posts/{unsure.pk}/is/new").status_code == 405
