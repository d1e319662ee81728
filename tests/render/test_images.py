"""The picture of a post on its way: chosen, fetched, kept; and what stands in for it."""

from dataclasses import replace

import pytest

from tests.factories import blog_file
from tests.render.pictures import as_file, gradient, read
from worker import channels
from worker.channels.base import Channel, PictureRules
from worker.models import Post
from worker.render import images, render
from worker.render.choice import candidates, may_be_it
from worker.render.images import again, shown, words_only
from worker.render.keep import keep, kept

PHOTO = as_file(gradient(1600, 900))


@pytest.fixture(autouse=True)
def _networks_take_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As their adapters declare it; here it must not depend on them."""
    for slug, rules in {
        "twitter": PictureRules(1200, 675, 4_000_000),
        "pinterest": PictureRules(1000, 1500, 4_000_000, least_width=600),
    }.items():
        monkeypatch.setattr(channels.find(slug), "picture", rules)
    monkeypatch.setattr(channels.find("facebook"), "picture", None)


def a_post(**values: object) -> Post:
    defaults = {
        "pk": 1,
        "title": "On grief",
        "url": "https://www.practice.ca/grief/",
        "summary": "<p>It comes in waves.</p>",
        "author": "Sheema Khan",
    }
    return Post(**{**defaults, **values})


# Which one


def test_the_feeds_own_picture_comes_before_those_in_the_text() -> None:
    content = '<img src="https://b.ca/2.jpg" alt="Two"><p>x</p><img src="https://b.ca/3.jpg"><img src="https://b.ca/2.jpg" alt="Again">'
    found = candidates(a_post(image="https://b.ca/1.jpg", image_alt="One", content=content))
    assert found == [("https://b.ca/1.jpg", "One"), ("https://b.ca/2.jpg", "Two"), ("https://b.ca/3.jpg", "")]


def test_the_picture_that_the_posts_page_names_comes_last() -> None:
    page = {"page_image": "https://b.ca/og.jpg", "page_image_alt": "A path"}
    assert candidates(a_post(**page)) == [("https://b.ca/og.jpg", "A path")]
    assert [each.address for each in candidates(a_post(image="https://b.ca/1.jpg", **page))] == [
        "https://b.ca/1.jpg",
        "https://b.ca/og.jpg",
    ]
    assert candidates(a_post(page_image_width=64, page_image_height=64, **page)) == []
    assert candidates(a_post(page_image="https://b.ca/favicon.ico")) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://secure.gravatar.com/avatar/abc?s=96",
        "https://s.w.org/images/core/emoji/14/72x72/1f642.png",
        "https://b.ca/wp-includes/images/smilies/simple-smile.png",
        "https://pixel.wp.com/b.gif?v=noscript",
        "https://www.facebook.com/tr?id=1&ev=PageView",
        "https://feeds.feedburner.com/~ff/blog?d=yIl2AUoC8zA",
        "https://b.ca/img/spacer.gif",
        "https://b.ca/img/1x1.png",
        "https://b.ca/icons/facebook.png",
        "https://b.ca/facebook-icon.png",
        "https://b.ca/twitter_32x32.png",
        "https://b.ca/share-button.png",
        "https://b.ca/logo.svg",
        "https://b.ca/favicon.ico",
        "https://b.ca/avatar/sheema.jpg",
        "data:image/gif;base64,R0lGODlh",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_not_the_posts_picture_is_passed_over(address: str) -> None:
    assert not may_be_it(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://b.ca/wp-content/uploads/2026/11/calm-1024x683.jpg",
        "https://i0.wp.com/b.ca/uploads/path.jpg?ssl=1",
        "https://b.ca/uploads/sharing-feelings.jpg",
        "https://b.ca/uploads/iconic-views.webp",
        "https://b.ca/uploads/printing-press.png",
        "https://b.ca/Facebook-and-teens.jpg",
        "https://b.ca/social-anxiety.jpg",
        "https://b.ca/follow-your-heart-300x200.jpg",
        "https://b.ca/tracking-your-mood.jpg",
        "https://b.ca/blank-page.jpg",
        "https://b.ca/image",
    ],
)
def test_a_name_that_only_sounds_like_it_is_no_reason(address: str) -> None:
    assert may_be_it(address)


def test_what_the_page_says_is_small_is_passed_over() -> None:
    content = '<img src="https://b.ca/1.jpg" width="32" height="32"><img src="https://b.ca/2.jpg" width="1" height="600"><img src="https://b.ca/3.jpg" width="640px">'
    assert [each.address for each in candidates(a_post(content=content))] == ["https://b.ca/3.jpg"]


# Fetched


def test_it_is_made_ready_for_each_network_and_asked_for_once(site) -> None:
    post = a_post(image=site.put("/path.jpg", PHOTO), image_alt="A quiet path")
    seen = {channel: shown(post, blog_file(), channel) for channel in ("twitter", "pinterest", "email")}
    assert {channel: (each.picture.width, each.picture.height) for channel, each in seen.items()} == {
        "twitter": (1200, 675),
        "pinterest": (1000, 562),
        "email": (1200, 675),
    }
    assert {(each.alt, each.address, each.note) for each in seen.values()} == {("A quiet path", post.image, "")}
    assert site.asked == ["/path.jpg"]


def test_what_is_kept_is_what_was_made(site) -> None:
    made = shown(a_post(image=site.put("/path.jpg", PHOTO)), blog_file(), "twitter")
    assert kept(made.name) == made.picture
    assert keep(made.picture) == made.name


def test_a_picture_that_cannot_be_used_gives_way_to_the_next(site) -> None:
    content = f'<img src="{site.put("/small.png", as_file(gradient(40, 40), "PNG"))}"><img src="{site.put("/good.png", as_file(gradient(800, 600), "PNG"))}" alt="Good">'
    made = shown(a_post(image=f"{site.address}/gone.jpg", content=content), blog_file(), "twitter")
    assert (made.address, made.alt, made.note) == (f"{site.address}/good.png", "Good", "")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"not here", 404, "The blog’s picture is not there (its address answered 404)."),
        (b"<html>", 200, "The blog’s picture is damaged, or no picture that Postlark reads (JPEG, PNG, GIF, WebP, AVIF)."),
        (as_file(gradient(500, 400)), 200, "The blog’s picture is only 500 pixels wide, and 600 are needed."),
    ],
)
def test_a_card_takes_its_place_and_staff_read_why(site, body: bytes, status: int, why: str) -> None:
    made = shown(a_post(image=site.put("/a.jpg", body, status)), blog_file(), "pinterest")
    assert made.note == f"{why} A card with the title takes its place."
    assert (made.address, made.alt) == ("", "On grief")
    assert (made.picture.width, made.picture.height) == (1000, 1500)
    assert kept(made.name) == made.picture


def test_a_host_that_is_down_costs_no_post() -> None:
    made = shown(a_post(image="http://127.0.0.1:9/a.jpg"), blog_file(), "pinterest")
    assert (
        made.note
        == "The blog’s picture did not come: 127.0.0.1 refused the connection: nothing listens there. A card with the title takes its place."
    )
    assert made.picture


def test_a_private_address_is_asked_only_where_the_blog_allows_it(site) -> None:
    post = a_post(image=site.put("/a.jpg", PHOTO))
    assert "a private network" in shown(post, blog_file(allow_private_addresses=False), "twitter").note
    assert site.asked == []


def test_a_post_without_a_picture_has_a_card_and_its_mail_has_none() -> None:
    assert shown(a_post(), blog_file(), "twitter").note == "The post has no picture. A card with the title takes its place."
    assert shown(a_post(), blog_file(), "email") == images.Shown()


def test_a_mail_goes_without_a_picture_that_is_not_to_be_had(site) -> None:
    made = shown(a_post(image=f"{site.address}/gone.jpg"), blog_file(), "email")
    assert (made.picture, made.note) == (None, "The blog’s picture is not there (its address answered 404). The mail goes without one.")


def test_a_network_that_takes_no_bytes_is_given_the_address(site) -> None:
    made = shown(a_post(image=f"{site.address}/a.jpg", image_alt="A path"), blog_file(), "facebook")
    assert made == words_only(a_post(image=f"{site.address}/a.jpg", image_alt="A path"), "facebook")
    assert (made.address, made.alt, made.picture) == (f"{site.address}/a.jpg", "A path", None)
    assert site.asked == []


@pytest.mark.parametrize("channel", ["twitter", "pinterest", "linkedin", "facebook"])
def test_the_title_describes_a_picture_that_the_blog_does_not(channel: str) -> None:
    kind: type[Channel] = channels.find(channel)
    alt = words_only(a_post(image="https://b.ca/a.jpg", title="word " * 400), channel).alt
    assert alt.startswith("word word")
    assert kind.limits.alt is None or len(alt) <= kind.limits.alt


# Kept


def test_a_picture_that_this_machine_lacks_is_made_anew(site, data_folder) -> None:
    post = a_post(image=site.put("/a.jpg", PHOTO))
    made = shown(post, blog_file(), "twitter")
    (data_folder / "images" / made.name).unlink()
    assert again(made.name, post, blog_file(), "twitter") == (made.name, made.picture)
    assert kept(made.name) == made.picture


def test_a_damaged_file_is_made_anew(site, data_folder) -> None:
    post = a_post(image=site.put("/a.jpg", PHOTO))
    made = shown(post, blog_file(), "twitter")
    (data_folder / "images" / made.name).write_bytes(b"half of it")
    assert kept(made.name) is None
    (data_folder / "images" / made.name).unlink()
    assert again(made.name, post, blog_file(), "twitter") == (made.name, made.picture)


def test_where_the_source_is_gone_too_the_card_is_shown_even_in_a_mail(site, data_folder) -> None:
    post = a_post(image=site.put("/a.jpg", PHOTO))
    made = shown(post, blog_file(), "email")
    (data_folder / "images" / made.name).unlink()
    site.pages.clear()
    images._seen.cache_clear()
    name, picture = again(made.name, post, blog_file(), "email")
    assert name != made.name
    assert kept(name) == picture
    assert read(picture.data).size == (1200, 800)


@pytest.mark.parametrize("name", ["", ".", "..", "../secret_key", "/etc/passwd", "abc.jpg", "abc"])
def test_a_name_that_is_none_finds_nothing(name: str) -> None:
    assert kept(name) is None


# In what is said


@pytest.mark.parametrize("channel", ["twitter", "pinterest"])
def test_the_message_holds_the_picture_and_its_description(site, channel: str) -> None:
    post = a_post(image=site.put("/a.jpg", PHOTO), image_alt="A quiet path")
    seen = shown(post, blog_file(), channel)
    made = render(post, blog_file(), channel, picture=seen)
    assert (made.message.picture, made.message.image, made.message.alt) == (seen.picture, post.image, "A quiet path")
    assert (made.picture, made.note) == (seen.name, "")


def test_pinterest_takes_a_card_where_a_post_has_no_picture() -> None:
    post = a_post()
    made = render(post, blog_file(), "pinterest", picture=shown(post, blog_file(), "pinterest"))
    assert made.message.picture
    assert made.message == replace(made.message, image="", alt="On grief")
