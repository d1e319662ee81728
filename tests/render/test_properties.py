"""For any post at all: a message within the network's limits that carries the disclaimer and the link, or a reason why not."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOON, blog_file
from tests.lib.test_weight import AT_LEAST, COUNTED
from worker import channels
from worker.gate import Refused
from worker.gate.characters import FORBIDDEN
from worker.gate.disclaimer import folded
from worker.lib.text import plain
from worker.models import Post
from worker.render import Rendered, render
from worker.render.clean import clean

LINK = "https://www.practice.ca/grief/"
NETWORKS = ["facebook", "twitter", "pinterest", "linkedin"]

PIECES = [
    "Grief comes in waves. ",
    "It is not an illness",
    "Here are some reasons:",
    "</p><p>",
    "<br>",
    "<li>One thing.</li>",
    "<style>.a{}</style>",
    "<script>x</script>",
    " […]",
    "[gallery ids='1']",
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
    "\x00\x07",
    "\u202e",
    "\ufffe",
    "{{ title }}",
    "x" * 300,
    " ",
    "\n",
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
    image=st.sampled_from(["", "https://www.practice.ca/a.jpg", "nonsense"]),
    image_alt=MARKUP,
    published_at=st.just(NOON),
)
WORDS = st.none() | st.text(max_size=200) | MARKUP
NO_HURRY = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def rendered(post: Post, channel: str, disclaimer: dict[str, object], text: str | None) -> Rendered | None:
    blog = blog_file(disclaimer=disclaimer, channels={slug: {} for slug in NETWORKS} | {"email": {"related": 0}})
    try:
        return render(post, blog, channel, text=text)
    except Refused:
        return None


@NO_HURRY
@given(st.sampled_from([*NETWORKS, "email"]), POSTS, DISCLAIMERS, WORDS)
def test_nothing_leaves_without_the_disclaimer_the_link_and_clean_characters(channel, post, disclaimer, text):
    made = rendered(post, channel, disclaimer, text)
    if made is None:
        return
    message, kind = made.message, channels.find(channel)
    if disclaimer.get("required", True):
        assert made.disclaimer in {" ".join(words.split()) for words in map(str, disclaimer.values())} | {
            clean(str(disclaimer["full"])).strip()
        }
        assert folded(kind.escape(made.disclaimer)) in folded(message.text)
        assert channel != "email" or folded(made.disclaimer) in folded(plain(message.html))
    assert message.link == post.url
    assert channel not in ("twitter", "email") or post.url in message.text
    parts = (message.text, message.html, message.title, message.description, message.subject, message.alt)
    assert not any(FORBIDDEN.search(part) for part in parts)
    marks = re.findall("\ue000(.*?)\ue001", message.text + message.html)
    assert marks == (["why", "unsubscribe"] * 2 if channel == "email" else [])
    assert "\n" not in message.subject + message.title + message.alt


@NO_HURRY
@given(st.sampled_from(NETWORKS), POSTS, DISCLAIMERS, WORDS)
def test_nothing_is_longer_than_the_network_takes(channel, post, disclaimer, text):
    made = rendered(post, channel, disclaimer, text)
    if made is None:
        return
    message, kind = made.message, channels.find(channel)
    assert (made.length, made.limit) == (kind.measure(message.text), kind.limits.text)
    assert made.length <= kind.limits.text
    for part, most in ((message.title, kind.limits.title), (message.description, kind.limits.description), (message.alt, kind.limits.alt)):
        assert most is None or len(part) <= most
    assert message.image or not kind.limits.image_required


@NO_HURRY
@given(st.sampled_from(["facebook", "twitter", "pinterest"]), POSTS)
def test_no_word_is_cut(channel, post):
    made = rendered(post, channel, {"full": "Not therapy."}, None)
    if made is None:
        return
    source = " ".join(clean(words) for words in (post.title, plain(post.summary), plain(post.content), post.author))
    ours = re.findall(r"\w+", f"By Not therapy {post.url}")
    assert set(re.findall(r"\w+", made.message.text)) <= {*re.findall(r"\w+", source), *ours}


@NO_HURRY
@given(POSTS)
def test_linkedin_shows_what_facebook_shows(post):
    disclaimer = {"full": "Educational only (not therapy)."}
    there, here = rendered(post, "facebook", disclaimer, None), rendered(post, "linkedin", disclaimer, None)
    if there and here and here.length < 2000:
        assert re.sub(r"\\(.)", r"\1", here.message.text, flags=re.DOTALL) == there.message.text
