"""A picture from the web, made into one that may go out: looked at before it is unpacked, upright, sRGB, without metadata, scaled.

What it shows stays whole: it is scaled, never cropped, never made larger.
"""

import logging
from collections.abc import Callable
from functools import partial
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from worker.channels.base import Picture, PictureRules

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MOST_PIXELS = 36_000_000
LONGEST_EDGE = 3000
LEAST_EDGE = 120
NARROWEST = 4
"""So many times as long as it is wide: a banner or a dividing line, not the post's picture."""
_QUALITIES = (85, 75, 65, 50, 35)
Compress = Callable[[str, int], bytes]
"""Media type and quality -> the picture's bytes."""
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

log = logging.getLogger(__name__)


class Unusable(Exception):
    """`sentence`: why, going on after “The blog's picture ”."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def opened(data: bytes) -> Image.Image:
    """Its first frame in RGB, at most LONGEST_EDGE long. What kind it is, its bytes say, not its name."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            _worth_unpacking(*image.size)
            return _plain(image)
    except Unusable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable("has more pixels than Postlark unpacks") from None
    except Exception as error:  # Pillow passes on whatever a decoder raises on bytes that nobody foresaw
        log.info("picture cannot be read", extra={"error": repr(error)})
        raise Unusable("is damaged, or no picture that Postlark reads (JPEG, PNG, GIF, WebP, AVIF)") from None


def fitted(image: Image.Image, rules: PictureRules) -> Picture:
    """As one network takes it. Unusable when it is too small there."""
    return encoded(scaled(image, size_in(image, rules)), rules)


def size_in(image: Image.Image, rules: PictureRules) -> tuple[int, int]:
    """How large it is shown there. Unusable when it is too small."""
    if image.width < rules.least_width:
        raise Unusable(f"is only {image.width} pixels wide, and {rules.least_width} are needed")
    scale = min(1.0, rules.width / image.width, 2 * rules.height / image.height)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0) if size != image.size else image


def encoded(image: Image.Image, rules: PictureRules, compress: Compress | None = None) -> Picture:
    """As few bytes as the network asks for; it gets coarser first, then smaller. `compress`: whoever remembers what `compressed` gave."""
    compress = compress or partial(compressed, image)
    media_type = "image/jpeg" if "image/jpeg" in rules.media_types else "image/png"
    for quality in _QUALITIES:
        data = compress(media_type, quality)
        if len(data) <= rules.most_bytes:
            return Picture(data, media_type, *image.size)
    return encoded(image.reduce(2), rules)


def _worth_unpacking(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise Unusable("has more pixels than Postlark unpacks")
    if min(width, height) < LEAST_EDGE or max(width, height) > NARROWEST * min(width, height):
        raise Unusable(f"is {width} by {height} pixels, which is no picture of a post")


def _plain(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile", b"")
    image.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))  # a JPEG is unpacked at half, a quarter, an eighth of its size
    image.load()
    upright = ImageOps.exif_transpose(image)
    flat = _without_transparency(upright)
    seen = _in_srgb(flat.reduce(-(-max(flat.size) // LONGEST_EDGE)), profile)
    seen.info.clear()
    return seen


def _without_transparency(image: Image.Image) -> Image.Image:
    """On white, in RGB, CMYK or one channel of eight bits."""
    if image.mode.startswith("I"):  # 16 bits; converting alone would cut off what is brighter than 255
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGB", "CMYK", "L"):
        return image if "transparency" not in image.info else _without_transparency(image.convert("RGBA"))
    if image.mode == "P" and "transparency" not in image.info:
        return image.convert("RGB")
    over = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(own).lower():
                converted = ImageCms.profileToProfile(image, own, _SRGB, outputMode="RGB")
                return converted if converted is not None else image
        except (ImageCms.PyCMSError, OSError) as error:
            log.info("colour profile cannot be used", extra={"error": repr(error)})
    return image.convert("RGB")


def compressed(image: Image.Image, media_type: str, quality: int) -> bytes:
    stream = BytesIO()
    if media_type == "image/png":
        image.save(stream, "PNG")
    else:
        image.save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
    return stream.getvalue()
