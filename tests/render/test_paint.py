"""Whatever colour a blog has, its mails can be read."""

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import blog_file
from worker.render.colours import WHITE, contrast
from worker.render.paint import DARK_CARD, paint

COLOURS = st.binary(min_size=3, max_size=3).map(lambda parts: f"#{parts.hex()}")


@given(COLOURS)
def test_any_colour_is_made_readable_in_light_and_in_dark(colour: str) -> None:
    colours = paint(blog_file(brand={"color": colour}))
    assert contrast(colours.accent, WHITE) >= 4.5
    assert contrast(colours.dark_accent, DARK_CARD) >= 4.5
    assert contrast(colours.on_dark_accent, colours.dark_accent) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert str(paint(blog_file(brand={"color": "#1f5f5b"})).accent) == "#1f5f5b"
