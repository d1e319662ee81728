from typing import Any

import pytest

from tests.factories import DISCLAIMER, blog_file
from worker.models import Post
from worker.render.author import author_line
from worker.render.excerpt import LONGEST, excerpt

FIRST = "Grief comes in waves. It is not an illness."


def excerpt_of(summary: str = "", content: str = "", **values: Any) -> str:
    return excerpt(Post(**{"title": "On grief", "summary": summary, "content": content, **values}), blog_file())


def test_the_posts_own_summary_comes_first() -> None:
    assert excerpt_of("<p>About grief, in short.</p>", "<p>Another beginning.</p>") == "About grief, in short."


@pytest.mark.parametrize(
    "summary",
    [
        f"<p>{FIRST} Here are some reasons why it is important: In [&hellip;]</p>",
        f"<p>{FIRST} Most people who grieve find that […]</p>",
        f"<p>{FIRST} Most people who grieve find that [...]</p>\n<p>The post <a href='x'>On grief</a> appeared first on <a>Blog</a>.</p>",
        f"<p>{FIRST} Most people who grieve find that …</p>",
        f"{FIRST} Most people who grieve find that... <a>Continue reading <span>On grief</span> &rarr;</a>",
        f"<p>{FIRST}</p><p><a>Continue reading &#8220;On grief&#8221;</a></p>",
        f"<p>{FIRST}</p><p><a>Read more »</a></p>",
        f"<p>{FIRST}</p><p>L’article <a>On grief</a> est apparu en premier sur <a>Blogue</a>.</p>",
        f"<p>{FIRST} Most people</p>",
    ],
)
def test_what_a_blog_adds_to_a_summary_is_left_out(summary: str) -> None:
    assert excerpt_of(summary) == FIRST


@pytest.mark.parametrize(
    "content",
    [
        f"<p>{FIRST}</p>",
        f"<h2>What grief is</h2><p>{FIRST}</p>",
        f"<h1>On grief</h1><p>{FIRST}</p>",
        "<p>Grief comes in waves.</p><p>It is not an illness.</p><h2>More</h2><p>Another part.</p>",
        f"<p>{FIRST}</p><p>Here are some reasons:</p><ol><li>One reason.</li></ol>",
        f"<p>{FIRST}</p><ul><li>One.</li><li>Two.</li></ul>",
        f"<style>.elementor {{color: red}}</style><script>track()</script><p>{FIRST}</p>",
        f'[caption id="a" width="3"]<p>{FIRST}</p>[/caption][gallery ids="1,2"]',
        f"[et_pb_section fb_built=&quot;1&quot;][et_pb_text]<p>{FIRST}</p>[/et_pb_text][/et_pb_section]",
        f"<p>{DISCLAIMER}</p><p>{FIRST}</p>",
        f"<p>{DISCLAIMER.upper()}</p><p>{FIRST}</p>",
        "<p>Disclaimer: not the approved one.</p><p>" + FIRST + "</p>",
        f"<p>{FIRST} {DISCLAIMER}</p>",
        f"<p>Share: Facebook Twitter Pinterest LinkedIn</p><p>{FIRST}</p>",
        f"<p>Share this:</p><p>Facebook</p><p>X</p><p>{FIRST}</p>",
        f"<p>{FIRST}</p><h3>Related Posts</h3><p>Another post. It is about sleep.</p>",
        f"<p>Sheema Khan is a Registered Psychotherapist.</p><p>{FIRST}</p>",
        "<p>Grief comes<br>in waves. It is not an illness.</p>",
    ],
)
def test_without_a_summary_the_text_begins(content: str) -> None:
    assert excerpt_of("", content, author="Sheema Khan") == FIRST


def test_a_summary_that_is_only_cut_off_gives_way_to_the_text() -> None:
    assert excerpt_of("<p>Grief comes in […]</p>", f"<p>{FIRST}</p>") == FIRST


def test_a_lead_in_is_no_ending() -> None:
    assert excerpt_of("", f"<p>{FIRST} Here are some reasons:</p><p>One reason is sleep.</p>") == FIRST


@pytest.mark.parametrize(
    ("summary", "said"), [("A short note about grief", "A short note about grief"), ("Why it matters:", "Why it matters")]
)
def test_a_summary_that_is_one_phrase_stays_as_it_is(summary: str, said: str) -> None:
    assert excerpt_of(summary) == said


@pytest.mark.parametrize("markup", ["", "<p></p>", "<img src='a.jpg'>", "[gallery]", "<p>Share: Facebook</p>"])
def test_a_post_may_have_no_words(markup: str) -> None:
    assert excerpt_of(markup, markup) == ""


@pytest.mark.parametrize(
    "words", ["He said [sic] it helps.", "See [1] and [the guide].", "Share your story with a friend.", "Read more books this winter."]
)
def test_the_authors_own_words_stay(words: str) -> None:
    assert excerpt_of(f"<p>{words}</p>") == words


@pytest.mark.parametrize(
    "words",
    [
        "«\u202fComment ça va\u202f?\u202f» demande-t-elle. Bien\xa0!",
        "נפש בריאה בגוף בריא.",
        "心の健康について。",
        "It works 👩🏽‍⚕️ 👨‍👩‍👧‍👦.",
    ],
)
def test_other_scripts_and_french_spaces_survive(words: str) -> None:
    assert excerpt_of(f"<p>{words}</p>") == words


def test_a_long_text_ends_at_a_sentence() -> None:
    said = excerpt_of("", "<p>" + "This sentence is repeated many times. " * 100 + "</p>")
    assert len(said) <= LONGEST
    assert said.endswith("times.")


def test_a_sentence_without_end_ends_at_a_word() -> None:
    said = excerpt_of("", "<p>" + "and so on " * 200 + "it went.</p>")
    assert len(said) <= LONGEST
    assert said.endswith(("and…", "so…", "on…"))


@pytest.mark.parametrize(
    "hostile",
    ["[a b=" * 20_000, "x " * 50_000, "The post " * 10_000, "share: " * 20_000, "… " * 30_000, "[gallery" * 10_000, "1. " * 20_000],
)
def test_a_hostile_text_is_read_before_the_time_is_up(hostile: str) -> None:
    excerpt_of(f"<p>{hostile}</p>", author="x")


# The author


@pytest.mark.parametrize(
    ("author", "content", "language", "line"),
    [
        (
            "Sheema Khan",
            "<p>Words.</p><p>Sheema Khan is a Registered Psychotherapist. She helps.</p>",
            "en-CA",
            "Sheema Khan is a Registered Psychotherapist.",
        ),
        ("Sheema Khan", "<p>Words.</p>", "en-CA", "By Sheema Khan"),
        ("Anne Roy", "<p>Des mots.</p>", "fr-CA", "Par Anne Roy"),
        ("Anne Roy", "<p>Anne Roy est psychothérapeute.</p>", "fr-CA", "Anne Roy est psychothérapeute."),
        ("Anne Roy", "<p>Anne Royer is somebody else.</p>", "en-CA", "By Anne Roy"),
        ("Sheema Khan", "<p>Sheema Khan is " + "very " * 60 + "kind.</p>", "en-CA", "By Sheema Khan"),
        ("", "<p>is nobody.</p>", "en-CA", ""),
        ("x" * 300, "", "en-CA", ""),
    ],
)
def test_the_author_is_named_as_the_post_does_it(author: str, content: str, language: str, line: str) -> None:
    assert author_line(Post(author=author, content=content), blog_file(language=language)) == line
