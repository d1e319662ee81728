"""The card in place of a picture: nothing leaves it, nothing is a box, everything can be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from tests.factories import blog_file
from tests.render.pictures import read
from worker.channels.base import PictureRules
from worker.lib.blogs import Brand
from worker.render.cards import card, drawn
from worker.render.colours import BLACK, READABLE, WHITE, Colour, contrast, readable
from worker.render.lettering import SANS, SERIF, set_in, showable, width_of

SIZES = [(1200, 630), (1200, 675), (1000, 1500), (600, 600)]
LONG = "What We Talk About When We Talk About Talking: A Long and Winding Reflection on Listening, Silence, Waiting, Rupture, Repair, and the Many Small Things That Make Therapy Work for Two People in a Room Today, and Why"
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PAPER = Brand().background


def empty_above_the_hills(image: Image.Image, paper: str = PAPER) -> bool:
    """No ink in the margins and between the last line and the hills."""
    width, height = image.size
    margin, hills = round(width * 0.05), round(height * 0.74)
    strips = [(0, 0, margin, hills), (width - margin, 0, width, hills), (0, 0, width, round(margin * 0.8))]
    return all(
        ImageChops.difference(image.crop(strip), Image.new("RGB", image.crop(strip).size, paper)).getbbox() is None for strip in strips
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "title", ["Joy", "A", "On grief", LONG[:200], WORD, WORD * 3, "W" * 300, "i " * 150, "https://practice.ca/" + "a-b_c" * 40]
)
def test_nothing_leaves_the_card(title: str, size: tuple[int, int]) -> None:
    image = drawn(title, "Sheema Khan, " * 20, "Example Psychotherapy " * 5, Brand(), *size)
    assert image.size == size
    assert empty_above_the_hills(image)


@settings(max_examples=40)
@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(SIZES))
def test_whatever_the_title_it_is_a_card(title: str, name: str, size: tuple[int, int]) -> None:
    image = drawn(title, name, name, Brand(), *size)
    assert image.size == size
    assert empty_above_the_hills(image)


def test_it_fits_what_the_network_takes() -> None:
    made = card(LONG, "Sheema Khan", blog_file(), PictureRules(1000, 1500, most_bytes=120_000))
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 1000, 1500)
    assert len(made.data) <= 120_000
    assert read(made.data).size == (1000, 1500)


def test_the_same_post_has_the_same_card_and_another_one_another() -> None:
    rules = PictureRules(1200, 630, 500_000)
    assert card("On grief", "", blog_file(), rules) == card("On grief", "", blog_file(), rules)
    assert card("On grief", "", blog_file(), rules) != card("On grieg", "", blog_file(), rules)


def test_it_wears_the_blogs_colours() -> None:
    blog = blog_file(brand={"color": "#7a3b69", "background": "#fbf4f0"})
    image = drawn("On grief", "", blog.name, blog.brand, 1200, 630)
    assert image.getpixel((2, 2)) == Colour.of("#fbf4f0")
    assert Colour.of("#7a3b69") in {colour for _, colour in image.getcolors(1 << 24) or []}


# Letters


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("L’été — à Montréal : où ? Œuvre, Noël, façade", "L’été — à Montréal : où ? Œuvre, Noël, façade"),
        ("Ελλάδα, Россия, Việt Nam, Łódź, İstanbul", "Ελλάδα, Россия, Việt Nam, Łódź, İstanbul"),
        ("🙂 Grief & joy 🙂", "Grief & joy"),
        ("Family 👨‍👩‍👧‍👦 time", "Family time"),
        ("e\u0301te\u0301", "été"),
        ("Zero\u200bwidth\ufeff", "Zerowidth"),
        ("A\tB\nC", "A B C"),
        ("On 悲しみ grief", "On grief"),
        ("治疗联盟的重要性", ""),
        ("صباح الخير", ""),
        ("שלום עולם", ""),
        ("नमस्ते", ""),
        ("🙂", ""),
        ("…", ""),
        ("", ""),
    ],
)
def test_what_has_no_letter_is_left_out_and_never_a_box(title: str, shown: str) -> None:
    assert showable(title) == shown


def test_a_title_that_cannot_be_shown_leaves_the_blogs_name() -> None:
    named = drawn("Example Psychotherapy", "", "", Brand(), 1200, 630).crop((0, 0, 1200, 450))
    assert (
        ImageChops.difference(drawn("治疗联盟", "", "Example Psychotherapy", Brand(), 1200, 630).crop((0, 0, 1200, 450)), named).getbbox()
        is None
    )


# Lines


@pytest.mark.parametrize("text", ["On grief", "The Importance of a Strong Therapeutic Alliance", LONG, WORD])
def test_no_line_is_wider_than_its_column(text: str) -> None:
    for width in (300, 700, 1040):
        setting = set_in(text, SERIF, width, 900, 34, 120)
        assert all(width_of(line, SERIF, setting.size) <= width for line in setting.lines)
        assert setting.height <= 900


def test_lines_are_balanced() -> None:
    setting = set_in("The Importance of a Strong Therapeutic Alliance", SERIF, 1040, 260, 34, 84)
    assert setting.lines == ("The Importance of a", "Strong Therapeutic Alliance") or setting.lines == (
        "The Importance of a Strong",
        "Therapeutic Alliance",
    )


def test_french_signs_do_not_stand_alone() -> None:
    for width in range(260, 900, 20):
        lines = set_in("Pourquoi « la boule au ventre » revient-elle ? Oui : elle revient !", SERIF, width, 2000, 40, 40).lines
        assert not any(line.lstrip("\xa0 ")[:1] in "»?!:;" or line.endswith("«") for line in lines)


def test_a_long_word_is_broken_with_a_hyphen_and_nothing_of_it_is_lost() -> None:
    setting = set_in(WORD, SERIF, 700, 900, 34, 120)
    assert len(setting.lines) > 1
    assert all(line.endswith("-") for line in setting.lines[:-1])
    assert "".join(line.removesuffix("-") for line in setting.lines) == WORD


def test_what_has_no_room_ends_in_an_ellipsis_behind_a_word() -> None:
    setting = set_in(LONG, SERIF, 500, 200, 34, 60)
    assert setting.height <= 200
    assert LONG.startswith(" ".join(setting.lines).removesuffix("…"))
    assert setting.lines[-1].endswith("…")


def test_a_short_title_is_no_larger_than_the_largest() -> None:
    assert set_in("Joy", SANS, 1000, 1000, 30, 90).size == 90


# Colours


@given(st.binary(min_size=3, max_size=3), st.binary(min_size=3, max_size=3))
def test_any_two_colours_become_readable(one: bytes, other: bytes) -> None:
    colour, ground = Colour(*one), Colour(*other)
    made = readable(colour, ground)
    assert contrast(made, ground) >= READABLE
    assert made == colour or contrast(colour, ground) < READABLE


def test_contrast_is_counted_as_the_standard_does() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(Colour.of("#777777"), WHITE) == pytest.approx(4.48, abs=0.01)
    assert str(Colour.of("#1F5f5b")) == "#1f5f5b"
