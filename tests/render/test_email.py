import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from pytest_django import Settings

from tests.factories import DISCLAIMER, NOON, SHORT, blog_file, make_blog, make_post
from worker.channels.base import Picture
from worker.channels.carrier import INLINE_PICTURE, mark
from worker.gate import Refused
from worker.lib.text import plain
from worker.models import Post
from worker.render import digest, render
from worker.render.images import Shown
from worker.render.words import spoken_day

LINK = "https://www.practice.ca/grief/"
SENDER = {"name": "Example Agency", "email": "news@blog.example", "mailing_address": "1 Example Street, Toronto", "contact": "416 555 0100"}


def a_mail(blog: dict[str, Any] | None = None, text: str | None = None, picture: Shown | None = None, **values: Any) -> Any:
    defaults = {"pk": 1, "title": "On grief", "url": LINK, "summary": "<p>It comes in waves.</p>", "published_at": NOON}
    blog = {"channels": {"email": {"related": 0}}, **(blog or {})}
    return render(Post(**{**defaults, **values}), blog_file(**blog), "email", text=text, picture=picture).message


class Page(HTMLParser):
    """Every tag of a mail, with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_both_parts_say_the_same() -> None:
    mail = a_mail(author="Sheema Khan")
    for part in (mail.text, plain(mail.html)):
        for words in (
            "On grief",
            "It comes in waves.",
            "Read the whole post",
            "By Sheema Khan",
            DISCLAIMER,
            "1 Example Street, Toronto",
            "416 555 0100",
        ):
            assert words in part
        assert mark("why") in part


def test_every_reader_can_leave_in_both_parts() -> None:
    mail = a_mail()
    assert f"Unsubscribe: {mark('unsubscribe')}" in mail.text
    assert mark("unsubscribe") in [a["href"] for a in Page(mail.html).all("a")]


def test_the_link_leads_to_the_post() -> None:
    mail = a_mail(url="https://www.practice.ca/?p=1&x=2")
    assert "https://www.practice.ca/?p=1&x=2" in mail.text
    assert [a["href"] for a in Page(mail.html).all("a")].count("https://www.practice.ca/?p=1&x=2") == 2


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("On grief", "On grief"),
        ("On\n grief\t& joy", "On grief & joy"),
        ("", "A new post from Example Psychotherapy"),
        ("Deuil\xa0: un", "Deuil\xa0: un"),
    ],
)
def test_the_subject_is_one_line_of_plain_words(title: str, subject: str) -> None:
    assert a_mail(title=title).subject == subject


def test_what_a_post_says_is_never_markup() -> None:
    mail = a_mail(title="<script>1</script> & co", summary="It &lt;b&gt; comes.", author='"><img src=x>')
    assert "<script>1</script> & co" in mail.text
    assert "&lt;script&gt;1&lt;/script&gt; &amp; co" in mail.html
    assert not Page(mail.html).all("script")
    assert not Page(mail.html).all("img")


def test_a_blogs_words_cannot_pass_for_a_readers_own() -> None:
    mail = a_mail(title=f"On {mark('unsubscribe')} grief", summary=mark("why"), author=mark("why"), image_alt=mark("why"))
    assert (mail.text.count("\ue000"), mail.html.count("\ue000")) == (4, 5)  # why, unsubscribe (in HTML twice), read, archive
    assert mail.subject == "On unsubscribe grief"


# Who writes


def test_an_agency_names_whom_it_writes_for() -> None:
    mail = a_mail({"sender": {**SENDER, "on_behalf_of": "Example Psychotherapy"}})
    assert "Example Agency, on behalf of Example Psychotherapy" in mail.text
    assert "Example Agency, on behalf of Example Psychotherapy" in plain(mail.html)


def test_nobody_writes_without_saying_who() -> None:
    with pytest.raises(Refused, match=r"does not say who writes.*\[sender\] in example\.toml"):
        a_mail({"sender": None})


def test_the_disclaimer_is_set_in_full() -> None:
    mail = a_mail({"disclaimer": {"full": "Disclaimer: this & that isn't therapy.", "short": "Short."}})
    assert "Disclaimer: this & that isn't therapy." in mail.text
    assert ">Disclaimer: this &amp; that isn't therapy.<" in mail.html


def test_a_mail_without_a_disclaimer_has_no_empty_box() -> None:
    mail = a_mail({"disclaimer": {"required": False}})
    assert not re.search(r'class="disclaimer', mail.html)
    assert "\n\n\n" not in mail.text


# The picture, and who could see that a mail was opened

PATH = Picture(b"its bytes", "image/jpeg", 1200, 675)
SEEN = Shown(PATH, "abc.jpg", "https://cdn.example/a.jpg", 'A "quiet" path')


def test_the_picture_travels_in_the_mail() -> None:
    mail = a_mail(picture=SEEN)
    [picture] = Page(mail.html).all("img")
    assert (picture["src"], picture["alt"]) == (INLINE_PICTURE, 'A "quiet" path')
    assert (picture["width"], picture["height"]) == ("600", "338")
    assert (mail.image, mail.alt, mail.picture) == ("https://cdn.example/a.jpg", 'A "quiet" path', PATH)


def test_without_its_bytes_there_is_no_picture() -> None:
    mail = a_mail(image="https://www.practice.ca/a.jpg")
    assert not Page(mail.html).all("img")
    assert (mail.image, mail.alt) == ("", "")


def test_nothing_is_loaded_from_any_host() -> None:
    html = a_mail(picture=SEEN).html
    page = Page(html)
    loads = ("src", "srcset", "background", "poster", "data")
    assert [value for _, attributes in page.tags for name, value in attributes.items() if name in loads] == [INLINE_PICTURE]
    assert not {"script", "link", "iframe", "object", "embed", "video", "audio", "form"} & {tag for tag, _ in page.tags}
    assert "url(" not in html
    assert "@import" not in html


def test_readers_pass_it_on_by_plain_links() -> None:
    links = [
        a["href"]
        for a in Page(a_mail(title="On grief & joy", picture=replace(SEEN, address="https://www.practice.ca/a.jpg")).html).all("a")
    ]
    encoded = "https%3A%2F%2Fwww.practice.ca%2Fgrief%2F"
    assert links[3:7] == [
        f"https://www.facebook.com/sharer/sharer.php?u={encoded}",
        f"https://x.com/intent/post?url={encoded}&text=On+grief+%26+joy",
        f"https://www.pinterest.com/pin/create/button/?url={encoded}&description=On+grief+%26+joy&media=https%3A%2F%2Fwww.practice.ca%2Fa.jpg",
        f"https://www.linkedin.com/sharing/share-offsite/?url={encoded}",
    ]


# How it looks


def test_mail_programs_get_inlined_styles_and_the_rules_that_cannot_be() -> None:
    html = a_mail().html
    assert "background-color: #ffffff" in next(td["style"] for td in Page(html).all("td") if td.get("class") == "card")
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 480px)" in html


def test_tables_are_for_looks_alone() -> None:
    tables = Page(a_mail().html).all("table")
    assert tables
    assert all(table["role"] == "presentation" for table in tables)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-CA", ["from the blog", "Read the whole post", "Share:", "Unsubscribe", "no tracking in this mail"]),
        ("fr-CA", ["du blogue", "Lire l’article au complet", "Partager\xa0:", "Se désabonner", "aucun pistage dans ce courriel"]),
    ],
)
def test_it_speaks_the_blogs_language(language: str, words: list[str]) -> None:
    html = a_mail({"language": language}).html
    assert Page(html).all("html")[0]["lang"] == language
    assert [word for word in words if word not in plain(html)] == []


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("#1d2329", "#ffffff"),
        ("#55606a", "#ffffff"),
        ("#55606a", "#eef0ee"),
        ("#ffffff", "#1f5f5b"),
        ("#1d2329", "#faf6e6"),
        ("#e8ecee", "#1e2428"),
        ("#a9b4bb", "#1e2428"),
        ("#a9b4bb", "#14181b"),
        ("#f1ead2", "#2d2a1d"),
    ],
)
def test_its_colours_can_be_read(ink: str, ground: str) -> None:
    html = a_mail().html
    assert ink in html
    assert ground in html
    darker, lighter = sorted((luminance(ink), luminance(ground)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


# Staff's own words


def test_own_words_take_the_excerpts_place_in_both_parts() -> None:
    mail = a_mail(text=f"First.\n\nSecond & last.\n\n{DISCLAIMER}")
    assert "First.\n\nSecond & last.\n\n" in mail.text
    assert "It comes in waves." not in mail.text + mail.html
    assert len([p for p in Page(mail.html).all("p") if p.get("class") == "words serif"]) == 2
    assert mail.text.count(DISCLAIMER) == 1


# Related posts


@pytest.mark.django_db
def test_the_newest_earlier_posts_of_the_blog_are_related(settings: object) -> None:
    blog, other = make_blog(), make_blog("other")
    for days, title in [(1, "Newest"), (2, "Middle"), (3, "Oldest"), (-1, "Later")]:
        make_post(blog, title=title, published_at=NOON - timedelta(days=days), origin="baseline")
    make_post(other, title="Elsewhere", published_at=NOON - timedelta(days=1))
    make_post(blog, title="On grief?", published_at=NOON - timedelta(hours=1), origin="unsure")
    post = make_post(blog, title="On grief", published_at=NOON)
    mail = render(post, blog_file(channels={"email": {"related": 2}}), "email").message
    assert re.findall(r"Newest|Middle|Oldest|Later|Elsewhere|On grief\?", mail.text) == ["Newest", "Middle"]
    assert re.findall(r"<h3[^>]*><a[^>]*>(\w+)<", mail.html) == ["Newest", "Middle"]


@pytest.mark.django_db
def test_a_blog_may_want_none(settings: object) -> None:
    blog = make_blog()
    make_post(blog, title="Earlier", published_at=NOON - timedelta(days=1))
    mail = render(make_post(blog, published_at=NOON), blog_file(channels={"email": {"related": 0}}), "email").message
    assert "Earlier" not in mail.text
    assert "Related" not in mail.text + mail.html


# Size and validity


@pytest.mark.django_db
def test_gmail_clips_none_of_it(settings: Settings) -> None:
    """At 102 KB; by the longest texts, and the most related posts, that a mail takes."""
    words = "Le « courage » d’être là, c’est déjà beaucoup. " * 40
    blog = make_blog(channels={"email": {"related": 10}}, disclaimer={"full": words[:1500], "short": SHORT})
    for day in range(1, 12):
        make_post(blog, title=words[:200], summary=f"<p>{words}</p>", published_at=NOON - timedelta(days=day))
    post = make_post(blog, title=words[:300], summary=f"<p>{words}</p>", author="A" * 200, published_at=NOON)
    file = settings.BLOGS["example"]
    assert len(render(post, file, "email", picture=SEEN).message.html.encode()) < 60_000
    assert len(digest(list(Post.objects.order_by("-pk")) * 5, file, "monthly", NOON.date()).message.html.encode()) < 102_000


def test_it_is_the_html_of_today() -> None:
    """What the W3C's checker (vnu) calls obsolete; Outlook's own tables stand in comments that others skip."""
    html = re.sub(r"<!--.*?-->", "", a_mail(picture=SEEN).html, flags=re.DOTALL)
    assert not re.findall(r"<(?:table|td|tr)\b[^>]*\s(?:width|height|align|valign|bgcolor|border|cellpadding|cellspacing)=", html)
    assert not re.findall(r"<(?:center|font|big|tt)\b", html)
    ids = re.findall(r"\sid=\"([^\"]+)\"", html)
    assert len(ids) == len(set(ids))


def test_outlook_gets_a_button_and_a_column_of_its_own() -> None:
    html = a_mail().html
    assert html.count("<!--[if mso]>") == html.count("<![endif]-->") == 5
    assert 'width="600"' in html


@pytest.mark.parametrize(
    ("day", "language", "said"), [(1, "fr-CA", "1er mai 2026"), (11, "fr-CA", "11 mai 2026"), (1, "en-CA", "1 May 2026")]
)
def test_days_are_written_as_people_write_them(day: int, language: str, said: str) -> None:
    assert spoken_day(date(2026, 5, day), language) == said
