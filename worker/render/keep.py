"""Pictures as they go out, as files: POSTLARK_DATA/images/<hash of what is in it>.jpg. One that is kept never changes."""

import hashlib
import os
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image

from worker.channels.base import Picture
from worker.lib.files import draft

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}
_TYPES = {ending: kind for kind, ending in _ENDINGS.items()}


def keep(picture: Picture) -> str:
    """The name under which `kept` gives it back. The same picture again is the same file, and as young as a new one (record/tidy.py)."""
    name = f"{hashlib.sha256(picture.data).hexdigest()}.{_ENDINGS[picture.media_type]}"
    folder: Path = settings.POSTLARK_DATA / "images"
    try:
        os.utime(folder / name)
    except FileNotFoundError:
        folder.mkdir(exist_ok=True)
        draft(folder, picture.data).replace(folder / name)
    return name


def kept(name: str) -> Picture | None:
    """None when this machine does not have it, or has it damaged."""
    digest, _, ending = name.partition(".")
    try:
        data = (settings.POSTLARK_DATA / "images" / Path(name).name).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != digest:
        return None
    with Image.open(BytesIO(data)) as image:
        return Picture(data, _TYPES[ending], *image.size)
