"""One real post as every channel shows it. What is expected stands as readable files in `seed/`, beside what the feed gave."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories import NOON, make_blog, make_post
from worker.channels.base import Picture
from worker.lib.blogs import blog_file
from worker.models import Post
from worker.render import Rendered, render
from worker.render.images import Shown

FOLDER = Path(__file__).parent / "seed"
DISCLAIMER = {
    "full": "DISCLAIMER: This blog is meant for psychoeducational purposes only. Intended solely to provide you with information and is "
    "not meant to take the place of therapy.",
    "short": "Educational only, not therapy.",
}
SUMMARY = (
    "<p>A therapeutic alliance is a collaborative and supportive relationship between a therapist and their client that is characterized by "
    "trust, respect, empathy, and a shared commitment to the client&#8217;s growth and well-being. It is considered one of the most important "
    "factors in successful psychotherapy. Here are some reasons why the therapeutic alliance is important: In [&hellip;]</p>\n"
    '<p>The post <a href="https://blog.example/alliance/">The Importance of a Strong Therapeutic Alliance</a> appeared first on '
    '<a href="https://blog.example">Example Psychotherapy</a>.</p>'
)
EARLIER = {
    "Coping Skills as 10% Solutions": "Developing a toolbox of coping skills is essential in dealing with stress and strong emotions. Coping "
    "skills can be helpful in feeling better physically and mentally when we are experiencing a difficult situation. When using coping "
    "skills, it’s hoped that we can experience immediate, if not soon-to-be relief. We want what we are doing to",
    "Practicing Reflection": "I recently came across a story that has been stuck on my mind since. A person shared that their “secret” to "
    "living a long life was to live a life of reflection. Their body was around 30 years old, but they expressed feeling like they have "
    "lived for 60 years.  The person played their own",
    "Coping with school stress": "School can be super exciting for some, and the main source of stress and worry for others. These strong "
    "feelings can happen whether you’re starting a new semester or even the Sunday night before your 8 AM.  Feeling worried or anxious is a "
    "very normal response to school and stress, whether you’re in college, highschool",
}


@pytest.fixture
def post(db: None, settings: object) -> Post:
    blog = make_blog(disclaimer=DISCLAIMER)
    for days, (title, summary) in enumerate(EARLIER.items(), 1):
        make_post(blog, title=title, url=f"https://blog.example/earlier-{days}/", summary=summary, published_at=NOON - timedelta(days=days))
    return make_post(
        blog,
        title="The Importance of a Strong Therapeutic Alliance",
        url="https://blog.example/alliance/",
        summary=SUMMARY,
        content=(FOLDER / "content.html").read_text(encoding="utf-8"),
        image="https://blog.example/alliance.jpg",
        image_alt="Two chairs by a window",
        published_at=NOON,
    )


@pytest.mark.parametrize("channel", ["email", "facebook", "twitter", "pinterest", "linkedin"])
def test_it_reads_as_expected(post: Post, channel: str) -> None:
    assert as_file(rendered(post, channel)) == (FOLDER / f"{channel}.txt").read_text(encoding="utf-8")


def test_the_mail_looks_as_expected(post: Post) -> None:
    assert readable(rendered(post, "email").message.html) == (FOLDER / "email.html").read_text(encoding="utf-8")


def rendered(post: Post, channel: str) -> Rendered:
    file = blog_file("example")
    assert file is not None
    seen = Shown(Picture(b"its bytes", "image/jpeg", 1200, 800), "abc.jpg", post.image, post.image_alt)
    return render(post, file, channel, picture=seen)


def as_file(made: Rendered) -> str:
    parts = ("subject", "title", "description", "link", "image", "alt")
    says = [f"{name}: {words}" for name in parts if (words := getattr(made.message, name)) and words != made.message.text]
    head = [*says, f"disclaimer: {made.disclaimer}", f"length: {made.length} of {made.limit or 'any'}"]
    return "\n".join(head) + "\n\n" + readable(made.message.text) + "\n"


def readable(text: str) -> str:
    return text.replace("\ue000", "[").replace("\ue001", "]")
