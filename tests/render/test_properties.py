"""For any post at all: a message within the network's limits that carries the disclaimer and the link, or a reason why not.

POSTLARK_EXAMPLES=10000 ./run test tests/render/test_properties.py tries so many posts, each on all five channels.
"""

import os
import re
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOON, blog_file
from tests.lib.test_weight import AT_LEAST, COUNTED
from tests.render.authors import DEBRIS, LINK, Authored, authored, tokens
from tests.render.counting import as_read, unescaped, x_length
from worker.gate import Refused
from worker.lib.text import plain
from worker.models import Post
from worker.render import Rendered, render

pytestmark = pytest.mark.timeout(3 * 3600)  # ten thousand posts take a while

NETWORKS = ["facebook", "twitter", "pinterest", "linkedin"]
CHANNELS = [*NETWORKS, "email"]
LIMITS = {"twitter": (280, 0, 0, 1000), "facebook": (63_206, 0, 0, 0), "pinterest": (800, 100, 800, 500), "linkedin": (3000, 400, 4086, 0)}
"""Of the text, the title, the description and the picture's description, as the networks state them."""

PIECES = [
    "Grief comes in waves. ",
    "It is not an illness",
    "Here are some reasons:",
    "</p><p>",
    "<br>",
    "<li>One thing.</li>",
    " […]",
    "Continue reading",
    "The post X appeared first on Y.",
    "&amp;",
    "&lt;b&gt;",
    "«\u202fBien\u202f!\u202f» ",
    "שלום עולם. ",
    "心の健康について。",
    "👩🏽‍⚕️ ",
    "👨‍👩‍👧‍👦",
    "e.g. Dr. Khan ",
    "a_b*c#d@e(f)[g]{h}|i~j<k>\\",
    "\ue000unsubscribe\ue001",
    "\ue010",
    "\x00\x07",
    "\u202e",
    "\ufffe",
    "{{ title }}",
    "x" * 300,
    " ",
    "\n",
    *DEBRIS,
    *(text for text, _ in COUNTED + AT_LEAST if len(text) < 100),
]
MARKUP = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=40).map("".join)
DISCLAIMERS = st.fixed_dictionaries(
    {
        "full": st.sampled_from(
            ["", "Educational only (not therapy).", "Ceci n’est pas une thérapie\xa0! " * 5, "y " * 200, "Not\ntherapy."]
        )
    },
    optional={"short": st.sampled_from(["Not therapy.", "#notherapy"]), "required": st.booleans()},
)
POSTS = st.builds(
    Post,
    pk=st.just(1),
    title=MARKUP,
    url=st.sampled_from([LINK, "http://127.0.0.1:8010/a-post/", "https://www.practice.ca/" + "long-" * 80, "", "mailto:a@b.c"]),
    summary=MARKUP,
    content=MARKUP,
    author=st.sampled_from(["", "Sheema Khan", "A. B. <C>"]) | MARKUP,
    categories=st.lists(st.text(max_size=20), max_size=3),
    image=st.sampled_from(["", "https://www.practice.ca/a.jpg", "nonsense"]),
    image_alt=MARKUP,
    published_at=st.just(NOON),
)
OWN_WORDS = st.none() | st.text(max_size=200) | MARKUP
MANY = settings(
    max_examples=int(os.environ.get("POSTLARK_EXAMPLES", "60")),
    suppress_health_check=[HealthCheck.data_too_large],
)


def everywhere(post: Post, disclaimer: dict[str, object], text: str | None = None, **blog: object) -> dict[str, Rendered]:
    """On each channel that does not refuse it."""
    file = blog_file(disclaimer=disclaimer, channels={slug: {} for slug in NETWORKS} | {"email": {"related": 0}}, **blog)
    made = {}
    for channel in CHANNELS:
        with suppress(Refused):
            made[channel] = render(post, file, channel, text=text)
    return made


def read(made: Rendered, channel: str) -> str:
    return as_read(made.message.text) if channel == "linkedin" else made.message.text


def even(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def keeps_the_promises(channel: str, made: Rendered, post: Post, disclaimer: dict[str, object]) -> None:
    message = made.message
    approved = [even(str(disclaimer.get(form, ""))) for form in ("full", "short")]
    if disclaimer.get("required", True):
        assert any(words and words in even(read(made, channel)) for words in approved)
        assert channel != "email" or any(words and words in even(plain(message.html)) for words in approved)
    assert message.link == post.url
    assert channel not in ("twitter", "email") or post.url in message.text
    for part in (message.text, message.html, message.title, message.description, message.subject, message.alt):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\ue010]", part)
    assert not re.search(r"\n", message.subject + message.title + message.alt)
    marks = re.findall("\ue000(.*?)\ue001", message.text + message.html)
    assert sorted(set(marks)) == (["unsubscribe", "why"] if channel == "email" else []) or "read" in marks
    if channel == "email":
        return
    most = dict(zip(("text", "title", "description", "alt"), LIMITS[channel], strict=True))
    count = x_length if channel == "twitter" else lambda text: len(text.encode("utf-16-le")) // 2 if channel == "linkedin" else len(text)
    assert count(message.text) <= most["text"]
    for part in ("title", "description", "alt"):
        assert len(getattr(message, part)) <= most[part] or not most[part]
    assert message.image or message.picture or channel != "pinterest"
    assert channel != "linkedin" or unescaped(message.text) == []


@MANY
@given(POSTS, DISCLAIMERS, OWN_WORDS)
def test_whatever_a_blog_and_staff_write_the_promises_are_kept(post: Post, disclaimer: dict[str, object], text: str | None) -> None:
    for channel, made in everywhere(post, disclaimer, text).items():
        keeps_the_promises(channel, made, post, disclaimer)


@MANY
@given(authored())
def test_what_goes_out_holds_the_authors_whole_words_and_no_debris(it: Authored) -> None:
    disclaimer = {"full": "Educational only. This is (not) therapy, whatever it says here about that.", "short": "Not therapy."}
    made = everywhere(it.post, disclaimer)
    assert set(made) == set(CHANNELS)
    allowed = it.words | tokens(" ".join(disclaimer.values()))
    for channel, each in made.items():
        keeps_the_promises(channel, each, it.post, disclaimer)
        parts = (each.message.title, each.message.subject, each.message.description if channel == "linkedin" else "")
        words = "" if channel == "email" else read(each, channel)
        assert tokens(" ".join([words, *parts])) <= allowed


@MANY
@given(POSTS)
def test_linkedin_shows_what_facebook_shows(post: Post) -> None:
    made = everywhere(post, {"full": "Educational only (not therapy)."})
    if "facebook" in made and "linkedin" in made and made["linkedin"].length < 2000:
        assert as_read(made["linkedin"].message.text) == made["facebook"].message.text
