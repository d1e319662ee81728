"""A feed becomes posts: fetch, parse, identify, store."""

from worker.ingest.turn import blog_row
from worker.ingest.watch import Looked, due, look, look_at

__all__ = ["Looked", "blog_row", "due", "look", "look_at"]
