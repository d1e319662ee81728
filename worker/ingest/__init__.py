"""A feed becomes posts: fetch, parse, identify, store."""

from worker.ingest.watch import Looked, due, look
from worker.ingest.turn import blog_row

__all__ = ["Looked", "blog_row", "due", "look"]
