"""Pictures as files, for tests."""

from io import BytesIO
from typing import Any

from PIL import Image


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """From dark green on the left to pale orange on the right."""
    row = Image.linear_gradient("L").rotate(90).resize((width, height))
    picture = Image.merge("RGB", (row, row.point(lambda value: 60 + value * 2 // 3), row.point(lambda value: 80)))
    return picture.convert(mode)


def as_file(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image
