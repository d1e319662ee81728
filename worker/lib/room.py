"""Whether the disk of Postlark's own data has room. Without it nothing can be written down, so nothing goes out."""

import shutil

from django.conf import settings

LEAST = 10_000_000


def is_left() -> bool:
    return shutil.disk_usage(settings.POSTLARK_DATA).free >= LEAST
