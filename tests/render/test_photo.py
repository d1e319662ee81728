"""From whatever a blog calls a picture to one that may go out."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.render.pictures import as_file, gradient, read
from worker.channels.base import PictureRules
from worker.render.photo import LONGEST_EDGE, MOST_PIXELS, Unusable, fitted, opened

RULES = PictureRules(width=1200, height=630, most_bytes=500_000)


def png_that_claims(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_every_kind_a_blog_shows_becomes_a_jpeg(kind: str) -> None:
    made = fitted(opened(as_file(gradient(1600, 900), kind)), RULES)
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 1200, 675)
    assert (read(made.data).format, read(made.data).size) == ("JPEG", (1200, 675))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
def test_every_way_of_keeping_colours_becomes_rgb(mode: str) -> None:
    image = (
        gradient(400, 300).convert("L").point(lambda value: value * 256, "I").convert("I;16")
        if mode == "I;16"
        else gradient(400, 300, mode)
    )
    seen = opened(as_file(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert seen.mode == "RGB"
    left, right = seen.getpixel((4, 150)), seen.getpixel((395, 150))
    assert sum(left) < sum(right)


def test_sixteen_bits_are_not_cut_off() -> None:
    middle = Image.new("I;16", (300, 300), 32768)
    assert opened(as_file(middle, "PNG")).getpixel((150, 150)) == (128, 128, 128)


def test_what_is_transparent_becomes_white() -> None:
    image = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    assert opened(as_file(image, "PNG")).getpixel((150, 150)) == (255, 255, 255)


def test_a_palette_with_a_transparent_colour_becomes_white_there() -> None:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([200, 0, 0] + [0, 0, 0] * 255)
    assert opened(as_file(image, "GIF", transparency=0)).getpixel((150, 150)) == (255, 255, 255)


def test_of_a_moving_picture_the_first_frame_is_shown() -> None:
    first, second = Image.new("RGB", (300, 300), "blue"), Image.new("RGB", (300, 300), "red")
    data = as_file(first, "GIF", save_all=True, append_images=[second], duration=100)
    assert opened(data).getpixel((150, 150)) == (0, 0, 255)


def test_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    seen = opened(as_file(gradient(800, 400), exif=exif))
    assert seen.size == (400, 800)


def test_nothing_tells_where_and_by_whom_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Sheema Khan"
    exif.get_ifd(0x8825)[2] = (43.0, 39.0, 11.0)
    data = as_file(gradient(800, 400), exif=exif, comment=b"at home")
    assert b"Camera of Sheema Khan" in data
    made = fitted(opened(data), RULES)
    assert not read(made.data).getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & read(made.data).info.keys()


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_a_colour_profile_is_worked_in_and_left_out(kind: str) -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    assert swapped  # a profile that does not fit is passed over
    data = as_file(gradient(800, 400), "PNG", icc_profile=swapped.tobytes())
    made = fitted(opened(data), PictureRules(1200, 630, 5_000_000, media_types=(kind,)))
    assert made.media_type == kind
    assert "icc_profile" not in read(made.data).info


# What is no picture of a post


def test_a_bomb_is_not_unpacked() -> None:
    assert len(png_that_claims(60_000, 60_000)) < 2000
    for size in ((60_000, 60_000), (12_000, 9_000), (7_000, MOST_PIXELS // 7_000 + 1)):
        with pytest.raises(Unusable, match="more pixels than Postlark unpacks"):
            opened(png_that_claims(*size))


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (728, 90), (90, 728), (1200, 119)])
def test_a_dot_a_smiley_and_a_banner_are_no_pictures(size: tuple[int, int]) -> None:
    with pytest.raises(Unusable, match=f"is {size[0]} by {size[1]} pixels"):
        opened(as_file(gradient(*size), "PNG"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html><p>Not found",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        as_file(gradient(600, 400))[:2000],
        as_file(gradient(600, 400), "TIFF"),
        as_file(gradient(600, 400), "BMP"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(data: bytes) -> None:
    with pytest.raises(Unusable, match="is damaged, or no picture"):
        opened(data)


@settings(max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 1500), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
def test_damage_raises_nothing_else(noise: bytes, at: int, kind: str) -> None:
    data = FILES[kind]
    try:
        seen = opened(data[:at] + noise + data[at + len(noise) :])
    except Unusable:
        return
    assert seen.mode == "RGB"


FILES = {kind: as_file(gradient(160, 130), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP")}


# Scaling


def test_what_is_smaller_than_the_network_wants_stays_as_it_is() -> None:
    made = fitted(opened(as_file(gradient(640, 400))), RULES)
    assert (made.width, made.height) == (640, 400)


def test_what_is_too_small_for_the_network_is_said_so() -> None:
    with pytest.raises(Unusable, match="only 180 pixels wide, and 200 are needed"):
        fitted(opened(as_file(gradient(180, 200))), RULES)


@settings(max_examples=25)
@given(st.integers(200, 1500), st.integers(120, 1500), st.sampled_from([(1200, 630), (1000, 1500), (1200, 675)]))
def test_it_is_never_wider_than_the_network_shows_nor_stretched(width: int, height: int, shown: tuple[int, int]) -> None:
    made = fitted(Image.new("RGB", (width, height)), PictureRules(*shown, most_bytes=1_000_000))
    assert made.width <= min(width, shown[0])
    assert made.width / made.height == pytest.approx(width / height, rel=0.02)


def test_a_very_large_one_is_made_small_at_once() -> None:
    assert max(opened(as_file(gradient(6000, 4000))).size) == LONGEST_EDGE


def test_it_takes_no_more_bytes_than_the_network_allows() -> None:
    noise = Image.effect_noise((1200, 800), 90).convert("RGB")
    for most in (300_000, 60_000, 5_000):
        made = fitted(noise, PictureRules(1200, 800, most_bytes=most))
        assert len(made.data) <= most
        assert read(made.data).size == (made.width, made.height)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data: Any = as_file(gradient(1600, 900), "PNG")
    assert fitted(opened(data), RULES) == fitted(opened(BytesIO(data).read()), RULES)
