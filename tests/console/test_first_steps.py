"""What the first steps say of a blog that is not live in everything it uses."""

import pytest

from tests.factories import make_blog
from worker.console import first_steps
from worker.console.access import Desk
from worker.models import Blog, Staff

pytestmark = pytest.mark.django_db


def steps_of(blog: Blog) -> tuple[first_steps.Steps, ...]:
    return first_steps.of(Desk(Staff(role="owner"), {blog.pk: blog}))


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ({"email": "rehearsal", "facebook": "rehearsal"}, "Until the rest is, this blog rehearses and nothing is sent."),
        ({"email": "rehearsal", "facebook": "live"}, "Until the rest is, nothing is sent by E-mail: it is rehearsed."),
        (
            {"email": "live", "facebook": "rehearsal", "linkedin": "rehearsal", "twitter": "off"},
            "Until the rest is, nothing is sent by Facebook or LinkedIn: it is rehearsed.",
        ),
    ],
)
def test_it_says_what_does_not_go_out_until_they_are_done(modes: dict[str, str], said: str) -> None:
    (blog,) = steps_of(make_blog(channels={slug: {"mode": mode} for slug, mode in modes.items()}))
    assert blog.until_then == said


@pytest.mark.parametrize(
    ("others", "said"), [("live", "E-mail rehearses: everything"), ("rehearsal", "E-mail and Facebook rehearse: everything")]
)
def test_its_last_step_names_what_rehearses(others: str, said: str) -> None:
    (blog,) = steps_of(make_blog(channels={"email": {"mode": "rehearsal"}, "facebook": {"mode": others}}))
    assert blog.steps[-1].what_to_do.startswith(said)


def test_a_blog_that_is_live_in_everything_it_uses_has_none_left() -> None:
    assert steps_of(make_blog(channels={"facebook": {"mode": "live"}, "email": {"mode": "off"}})) == ()
