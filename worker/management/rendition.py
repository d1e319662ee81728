"""What a delivery says, as the JSON of `show` and `preview`."""

import re
from typing import Any

from django.conf import settings

from worker.channels.carrier import mark
from worker.models import Rendition
from worker.render import Rendered

_MARK = re.compile(mark(r"(\w+)"))


def as_json(made: Rendition | Rendered) -> dict[str, Any]:
    """Null where the channel has no such part. `text` is exactly what goes over the wire, but for each reader's own words in a mail."""
    says = made if isinstance(made, Rendition) else made.message
    return {
        "subject": says.subject or None,
        "text": _shown(says.text),
        "html": _shown(says.html) or None,
        "title": says.title or None,
        "description": says.description or None,
        "link": says.link or None,
        "image": says.image or _file(made),
        "picture": _file(made),
        "alt": says.alt or None,
        "disclaimer": made.disclaimer or None,
        "length": made.length,
        "limit": made.limit,
    }


def _file(made: Rendition | Rendered) -> str | None:
    """Where the picture lies on this machine, made ready for the channel; the only place where a drawn card is to be found."""
    return str(settings.POSTLARK_DATA / "images" / made.picture) if made.picture else None


def _shown(text: str) -> str:
    """What stands there for any reader and for none."""
    words = {
        "unsubscribe": f"{settings.PUBLIC_URL}/u/...",
        "read": f"{settings.PUBLIC_URL}/read/...",
        "archive": f"{settings.PUBLIC_URL}/archive/...",
        "why": "[Here each reader reads why they get this.]",
    }
    return _MARK.sub(lambda found: words.get(found[1], "..."), text)
