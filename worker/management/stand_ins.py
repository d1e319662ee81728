"""The stand-ins of `postlark up --stand-ins` take any credentials; they are given some, so that nobody has to connect them by hand."""

from worker import channels, ingest
from worker.channels.base import Poster
from worker.connections.connect import store
from worker.lib.blogs import BlogFile
from worker.models import Connection

WHO = "postlark up --stand-ins"


def connect(file: BlogFile, channel: str) -> None:
    """Unless it is connected already, or asks for nothing."""
    kind, blog = channels.find(channel), ingest.blog_row(file.slug)
    if not issubclass(kind, Poster) or Connection.objects.filter(blog=blog, channel=channel).exclude(credentials="").exists():
        return
    simplest = min(kind.shapes, key=lambda keys: len(keys.needs))
    if simplest.needs:
        store(blog, channel, dict.fromkeys(simplest.needs, "for a stand-in"), WHO)
