from typing import Any

import pytest

from tests.factories import DISCLAIMER, blog_file
from worker.models import Post
from worker.render.author import author_line
from worker.render.excerpt import LONGEST, excerpt, other_disclaimer

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
        f"<h2>What is grief?</h2><p>{FIRST}</p><h2>How long does it last?</h2><p>Long.</p>",
        f"<p><strong>What is grief?</strong></p><p>{FIRST}</p>",
        f"<p>{FIRST}</p><p>Here are five ways to cope.</p><ul><li>Sleep.</li></ul>",
        f"<p>Table of Contents</p><ol><li>Waves</li><li>Illness</li></ol><p>{FIRST}</p>",
        f"<p>By Sheema Khan | November 20, 2026</p><p>5 min read</p><p>{FIRST}</p>",
        f"<p>By Sheema Khan: {FIRST}</p>",
        f"<figure><img src='a'><figcaption>Photo by A. Smith on Unsplash.</figcaption></figure><p>{FIRST}</p>",
        f"<p>We use cookies to improve your experience. Accept all.</p><p>{FIRST}</p>",
        f"<p>Subscribe to our newsletter for more.</p><p>{FIRST}</p>",
        f"<p>{FIRST}</p><h3>About the Author</h3><p>Sheema Khan is a Registered Psychotherapist.</p>",
        f"<p>{FIRST}</p><p>Share on Facebook</p><p>Tweet</p><p>Like this:</p><p>Like Loading...</p>",
        f"<p>Share this: Click to share on X (Opens in new window) X Click to share on Facebook (Opens in new window)</p><p>{FIRST}</p>",
        f"<p>[vc_row][vc_column width=&quot;1/2&quot; css=&quot;.vc_1{{padding:0 !important;}}&quot;]{FIRST}[/vc_column][/vc_row]</p>",
        f"<p>{FIRST} [et_pb_section fb_built=&quot;1&quot;</p>",
        f"<p>/*! elementor - v3.23.0 - 05-08-2024 */ .elementor-heading-title{{padding:0;margin:0}}.a .b[class*=size-]>a{{color:inherit}} {FIRST}</p>",
        f"<p>.elementor-widget-heading h2{{color:#fff}}</p><p>@media (max-width:767px){{.a,.b{{color:red}} h2{{margin:0}}}} {FIRST}</p>",
        f"<p>{FIRST} .elementor-heading{{padding:0;marg</p>",
        f"<p>window.dataLayer = window.dataLayer || []; function gtag(){{dataLayer.push(arguments);}}</p><p>{FIRST}</p>",
        f"<h3>Disclaimer</h3><p>This blog is for education only; see a doctor.</p><p>{FIRST}</p>",
        f"<p>{FIRST}</p><p><strong>AVERTISSEMENT</strong></p><p>Ceci n’est pas une thérapie.</p>",
        f"<p>This blog is meant for psycho-educational purposes only, and is not therapy.</p><p>{FIRST}</p>",
        f'<p>[vc_raw_html foo="[a]" bar=“b”]{FIRST}[/vc_raw_html]</p>',
        f"[caption id='a_12' width='300']<img src='a.jpg'> A path in the woods.[/caption]<p>{FIRST}</p>",
        f"<table><tr><td><table><tr><td>In. Out.</td></tr></table>After. All.</td></tr></table><p>{FIRST}</p>",
        f"<span><span>Reading Time: </span> <span>4</span> <span>minutes</span></span>{FIRST}",
        f"<p>Temps de lecture estimé : 4 min — {FIRST}</p>",
        f"<p>3 min read</p><p>{FIRST}</p>",
        f"<p>{DISCLAIMER.partition('. ')[0]}.</p><p>Not therapy.</p><p>{FIRST}</p>",
        f"<p>{FIRST} Disclaimer: ask a doctor. Or two.</p>",
        f"<p>{FIRST} This blog is meant for psycho-educational purposes only!</p>",
        f"<p>{FIRST} Some ideas are listed below.</p><ul><li>Sleep.</li></ul>",
        f"<p>{FIRST} Try the following.</p><ul><li>Sleep.</li></ul>",
        f"<blockquote><p>“Grief is the price of love.”</p></blockquote><p>{FIRST}</p>",
        f"<strong>What grief is</strong><br>{FIRST}<br><br><b>What it is not</b><br>A race.",
        "<p>Grief comes in waves.<sup><a href='#1'>1</a></sup> It is not<sup>[2]</sup> an illness.[3]</p>",
        f"&lt;!-- wp:paragraph --&gt;{FIRST}&lt;!-- /wp:paragraph --&gt;",
        "<p>**Grief** comes in waves. It is [not](https://x.ca/a) an illness.</p>",
        f"<p>{{{{ post.title }}}} {FIRST}</p>",
        f"<p>Thanks for reading my letter! Subscribe for free to get more.</p><p>{FIRST}</p>",
        "<p>\u200bGr\u00adief comes in waves\ufeff. \u202eIt is not an illness.</p>",
        "&lt;p&gt;Grief comes in waves.&lt;/p&gt;&lt;p&gt;It is&amp;nbsp;not an illness.&lt;/p&gt;".replace("&amp;nbsp;", " "),
    ],
)
def test_without_a_summary_the_text_begins(content: str) -> None:
    assert excerpt_of("", content, author="Sheema Khan") == FIRST


@pytest.mark.parametrize("summary", [f"On Grief {FIRST} So […]", f"What it is like {FIRST} What it is not People say that […]"])
def test_a_heading_that_a_summary_has_run_into_its_sentences_is_taken_out(summary: str) -> None:
    assert excerpt_of(summary, "<h2>What it is like</h2><h2>What it is not</h2>") == FIRST


@pytest.mark.parametrize(
    "words",
    [
        "On grief we say little.",
        "Jump to conclusions? We all do.",
        "Written words help. So do spoken ones.",
        "It is 5 m<sup>2</sup> large.",
    ],
)
def test_what_only_looks_like_it_stays(words: str) -> None:
    assert excerpt_of("", f"<p>{words}</p>") == words.replace("<sup>2</sup>", "2")


def test_a_post_that_only_quotes_is_quoted() -> None:
    assert excerpt_of("", "<blockquote><p>Grief is the price of love.</p></blockquote>") == "Grief is the price of love."


def test_a_list_that_is_the_whole_text_becomes_a_sentence() -> None:
    content = "<p>Three things help:</p><ul><li>Sleep</li><li>Light.</li><li>A talk</li><li>Time</li></ul>"
    assert excerpt_of("", content) == "Three things help: Sleep; Light; A talk."


# What the page adds


PAGE = {"page_description": "Grief, seen by a therapist, and what helps.", "page_content": f"<p>{FIRST}</p>"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"summary": "<p>Grief […]</p>", **PAGE}, PAGE["page_description"]),
        ({"summary": "<p>Grief […]</p>", "page_content": PAGE["page_content"]}, FIRST),
        ({"summary": "<p>Grief […]</p>", **PAGE, "page_description": "Grief comes in waves and it is …"}, FIRST),
        ({"summary": "<p>Grief […]</p>"}, "Grief"),
        ({**PAGE, "page_content": ""}, PAGE["page_description"]),
        ({"summary": f"<p>{FIRST} {FIRST}</p>", **PAGE}, f"{FIRST} {FIRST}"),
        ({"content": f"<p>{FIRST}</p>" * 30, **PAGE}, " ".join([FIRST] * 11)),
    ],
)
def test_a_feed_that_says_little_gives_way_to_the_page(values: dict[str, str], said: str) -> None:
    assert excerpt_of(**values) == said


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


# The disclaimer that the author wrote


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (f"<p>{FIRST}</p>", ""),
        (f"<p>{FIRST}</p><p>{DISCLAIMER}</p>", ""),
        (f"<p>{FIRST}</p><p>{DISCLAIMER.upper()}</p>", ""),
        (f"<p>{FIRST}</p><p>{DISCLAIMER.removeprefix('DISCLAIMER: ')}</p>", ""),
        (f"<p>{FIRST}</p><p><b>Disclaimer</b></p><p>{DISCLAIMER.removeprefix('DISCLAIMER: ')}</p>", ""),
        (f"<p>{FIRST}</p><p>Disclaimer: see a doctor.</p>", "Disclaimer: see a doctor."),
        (f"<p>{FIRST}</p><p>{DISCLAIMER.partition('. ')[0]}.</p><p>Not therapy.</p>", ""),
        (f"<p>{FIRST}</p><h4>Avis de non-responsabilité</h4><p>Consultez un médecin.</p>", "Consultez un médecin."),
        (
            f"<p>{FIRST}</p><p>This blog is meant for educational purposes only. Not a therapy.</p>",
            "This blog is meant for educational purposes only. Not a therapy.",
        ),
    ],
)
def test_a_disclaimer_that_is_not_the_approved_one_is_found(content: str, found: str) -> None:
    assert other_disclaimer(Post(title="On grief", content=content), blog_file()) == found
