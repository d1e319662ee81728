from typing import Any

import pytest

from tests.factories import DISCLAIMER, NOON, SHORT, blog_file
from worker.gate import Refused
from worker.models import Post
from worker.render import Rendered, render

LINK = "https://www.practice.ca/2026/11/coping-with-school-stress/"
SENTENCE = "School can be super exciting for some, and the main source of stress and worry for others."


def a_post(**values: Any) -> Post:
    defaults = {
        "pk": 1,
        "title": "Coping with school stress",
        "url": LINK,
        "summary": f"<p>{SENTENCE}</p>",
        "image": "https://www.practice.ca/a.jpg",
    }
    return Post(**{**defaults, **values})


def rendered(channel: str, *, text: str | None = None, blog: dict[str, Any] | None = None, **values: Any) -> Rendered:
    return render(a_post(**values), blog_file(**(blog or {})), channel, text=text)


def said(channel: str, **values: Any) -> str:
    return rendered(channel, **values).message.text


# What gives way, and what does not


def test_x_shows_title_excerpt_link_and_the_disclaimer_that_fits() -> None:
    made = rendered("twitter")
    assert made.message.text == f"Coping with school stress: {SENTENCE} {LINK}\n{DISCLAIMER}"
    assert (made.disclaimer, made.length, made.limit) == (DISCLAIMER, 222, 280)


def test_the_short_disclaimer_makes_room_for_the_excerpt() -> None:
    long = f"{SENTENCE} These strong feelings can happen before your first class."
    made = rendered("twitter", summary=f"<p>{long}</p>", blog={"disclaimer": {"full": "Full. " * 20, "short": SHORT}})
    assert made.message.text == f"Coping with school stress: {long} {LINK}\n{SHORT}"


def test_the_excerpt_ends_at_a_word_before_the_title_gives_way() -> None:
    text = said(
        "twitter", title="On the many ways of coping with stress", summary=f"<p>{SENTENCE[:-1]}, {'whether new or old, ' * 10}or not.</p>"
    )
    assert text.startswith(f"On the many ways of coping with stress: {SENTENCE[:-1]}, whether new")
    assert text.endswith(f"… {LINK}\n{DISCLAIMER}")


def test_a_title_that_is_too_long_stands_alone_and_ends_at_a_word() -> None:
    text = said("twitter", title="A long title about stress " * 20)
    assert text.startswith("A long title about stress A long")
    assert text.endswith(f"… {LINK}\n{SHORT}")
    assert SENTENCE[:20] not in text


def test_a_title_that_is_one_endless_word_is_left_out() -> None:
    assert said("twitter", title="x" * 500) == f"{LINK}\n{DISCLAIMER}"


def test_what_cannot_fit_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(Refused, match=r"^X \(Twitter\) takes 280 characters and this needs 324: shorten it by 44\.$"):
        rendered("twitter", blog={"disclaimer": {"full": "y" * 300}})


def test_a_disclaimer_that_is_not_required_is_left_out_only_where_there_is_no_room() -> None:
    blog = {"disclaimer": {"full": "y" * 300, "required": False}}
    assert said("twitter", blog=blog) == f"Coping with school stress: {SENTENCE} {LINK}"
    assert said("facebook", blog=blog).endswith("y" * 300)


def test_no_approved_disclaimer_is_a_reason_of_its_own() -> None:
    with pytest.raises(Refused, match="has no approved text"):
        rendered("facebook", blog={"disclaimer": {"full": " "}})


def test_a_disclaimer_of_several_lines_becomes_one() -> None:
    assert said("twitter", blog={"disclaimer": {"full": "Educational\nonly.\n"}}).endswith("\nEducational only.")


# Each network's own form


def test_facebook_gets_the_link_beside_the_text() -> None:
    message = rendered("facebook", author="Sheema Khan").message
    assert message.text == f"Coping with school stress\n\n{SENTENCE}\n\nBy Sheema Khan\n\n{DISCLAIMER}"
    assert message.link == LINK


def test_linkedin_escapes_the_commentary_and_not_the_card() -> None:
    title, sentence = "Grief (and #hope)", "It is * not [an] illness_."
    message = rendered("linkedin", title=title, summary=sentence, blog={"disclaimer": {"full": "Educational (not therapy)."}}).message
    assert message.text == "Grief \\(and \\#hope\\)\n\nIt is \\* not \\[an\\] illness\\_.\n\nEducational \\(not therapy\\)."
    assert (message.title, message.description) == (title, sentence)


def test_pinterest_describes_the_pin_with_the_text() -> None:
    message = rendered("pinterest", title="A title of many words " * 10).message
    assert message.description == message.text == f"{SENTENCE}\n\n{DISCLAIMER}"
    assert len(message.title) <= 100
    assert message.title.endswith("of…")


def test_pinterest_needs_a_picture() -> None:
    with pytest.raises(Refused, match="Pinterest takes no post without a picture"):
        rendered("pinterest", image="")


@pytest.mark.parametrize(
    ("alt", "shown"), [("A path", "A path"), ("", "Coping with school stress"), ("word " * 300, ("word " * 100).strip() + "…")]
)
def test_the_picture_is_described(alt: str, shown: str) -> None:
    message = rendered("pinterest", image_alt=alt).message
    assert (message.image, message.alt) == ("https://www.practice.ca/a.jpg", shown)


@pytest.mark.parametrize("image", ["", "data:image/png;base64,AAAA", "/a.jpg", "javascript:alert(1)"])
def test_what_is_no_address_is_no_picture(image: str) -> None:
    message = rendered("facebook", image=image, image_alt="A path").message
    assert (message.image, message.alt) == ("", "")


@pytest.mark.parametrize(
    ("title", "language", "lead"),
    [
        ("On grief", "en-CA", "On grief: School"),
        ("On grief", "fr-CA", "On grief\xa0: School"),
        ("What is grief?", "en-CA", "What is grief? School"),
        ("Qu’est-ce\xa0?", "fr-CA", "Qu’est-ce\xa0? School"),
        ("", "en-CA", "School"),
        ("School can be super…", "en-CA", "School"),
        ("  On \n grief ", "en-CA", "On grief: School"),
    ],
)
def test_the_title_leads_into_the_excerpt(title: str, language: str, lead: str) -> None:
    assert said("twitter", title=title, blog={"language": language}).startswith(f"{lead} can be super exciting")


def test_a_post_without_words_still_has_its_title_link_and_disclaimer() -> None:
    assert said("twitter", summary="", content="") == f"Coping with school stress {LINK}\n{DISCLAIMER}"


def test_a_post_without_a_link_is_refused() -> None:
    with pytest.raises(Refused, match="no link"):
        rendered("facebook", url="")


@pytest.mark.parametrize("words", ["«\u202fÇa va\u202f?\u202f» Oui.", "שלום עולם.", "👩🏽‍⚕️ helps 👨‍👩‍👧‍👦."])
def test_what_people_write_comes_through_unharmed(words: str) -> None:
    for channel in ("facebook", "twitter", "pinterest"):
        assert words in said(channel, title="x", summary=f"<p>{words}</p>")


def test_characters_that_nobody_can_see_are_left_out() -> None:
    text = said("facebook", title="A\x00 ti\ue000tle\ue001", summary="<p>Good\x07 words\ufffe.\ud800</p>")
    assert text.startswith("A title\n\nGood words.")


# Hashtags and statistics


TAGGED = {"categories": ["Children’s mental health", "School", "Uncategorized"]}


def test_hashtags_stand_at_the_end() -> None:
    ending = f"{DISCLAIMER}\n\n#ChildrensMentalHealth #School"
    assert said("facebook", **TAGGED) == f"Coping with school stress\n\n{SENTENCE}\n\n{ending}"
    assert said("pinterest", **TAGGED).endswith(ending)
    assert said("linkedin", **TAGGED).endswith("Not therapy.\n\n{hashtag|#|ChildrensMentalHealth} {hashtag|#|School}")


def test_nothing_gives_way_for_a_hashtag() -> None:
    made = rendered("twitter", **TAGGED)
    assert made.message.text == f"Coping with school stress: {SENTENCE} {LINK}\n{DISCLAIMER}\n#ChildrensMentalHealth #School"
    fuller = rendered("twitter", summary=f"<p>{SENTENCE} And more to say.</p>", title="Coping with all of the school stress", **TAGGED)
    assert fuller.message.text.endswith(f"And more to say. {LINK}\n{DISCLAIMER}\n#ChildrensMentalHealth")
    assert fuller.length <= 280


def test_a_blog_may_want_none() -> None:
    assert "#" not in said("facebook", blog={"hashtags": 0}, **TAGGED)


def test_staffs_own_words_get_none() -> None:
    assert "#School" not in said("facebook", text="My own words.", **TAGGED)


def test_a_blog_may_want_to_know_where_its_readers_come_from() -> None:
    assert rendered("facebook", blog={"utm": True}).message.link == f"{LINK}?utm_source=facebook&utm_medium=social"
    assert f" {LINK}?utm_source=twitter&utm_medium=social\n" in said("twitter", blog={"utm": True})
    assert rendered("email", published_at=NOON, blog={"utm": True, "channels": {"email": {"related": 0}}}).message.link == LINK


@pytest.mark.parametrize("link", [LINK, f"{LINK}?utm_source=twitter&utm_medium=social"])
def test_own_words_with_either_link_do_not_get_it_twice(link: str) -> None:
    text = said("twitter", text=f"Read this. {link}", blog={"utm": True})
    assert text.count(LINK) == 1


# Staff's own words


def test_own_words_take_the_excerpts_place() -> None:
    made = rendered("twitter", text="Read this before Monday.")
    assert made.message.text == f"Coping with school stress: Read this before Monday. {LINK}\n{DISCLAIMER}"


def test_own_words_keep_their_lines() -> None:
    assert said("facebook", text="One.\r\n\r\n\r\nTwo.\n") == f"Coping with school stress\n\nOne.\n\nTwo.\n\n{DISCLAIMER}"


@pytest.mark.parametrize("text", [f"Read this.\n{SHORT}", f"Read this. {LINK}\n{DISCLAIMER}", f"Read this.\n\n{LINK}"])
def test_own_words_that_hold_the_link_and_the_disclaimer_do_not_get_them_twice(text: str) -> None:
    assert said("twitter", text=text) == f"Coping with school stress: Read this. {LINK}\n{DISCLAIMER}"


def test_own_words_are_never_cut_but_the_title_may_go() -> None:
    words = "word " * 40 + "end."
    assert said("twitter", text=words) == f"{words} {LINK}\n{SHORT}"


def test_own_words_that_are_too_long_are_refused_with_the_arithmetic() -> None:
    with pytest.raises(Refused, match=r"this needs 354: shorten it by 74\."):
        rendered("twitter", text="x" * 299)


def test_own_words_are_escaped_too() -> None:
    assert "\\#hope" in said("linkedin", text="#hope")
