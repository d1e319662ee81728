"""The page of one post."""

import pytest
from django.urls import reverse

from tests.factories import DISCLAIMER, make_blog, make_post

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("own", "is_told"), [("Disclaimer: ask a doctor.", True), (DISCLAIMER, False)])
def test_it_says_that_the_posts_own_disclaimer_is_another(office, own: str, is_told: bool) -> None:
    post = make_post(make_blog(), content=f"<p>It comes in waves.</p><p>{own}</p>")
    page = office.get(reverse("post", args=[post.pk])).content.decode()
    assert ("not the approved one" in page) is is_told
