"""What a channel would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.channels.base import Message
from worker.render.sections import Section


@dataclass(frozen=True)
class Rendered:
    """`disclaimer`: the approved words it carries. `length`: of the text, by the network's own counting; `limit` None: no network counts."""

    message: Message
    disclaimer: str
    length: int
    limit: int | None
    picture: str = ""
    """The name of the kept picture, which `message` holds; empty: none."""
    sections: tuple[Section, ...] = ()
    """Of a mail: what some copies leave out."""
    translations: Mapping[str, "Rendered"] = field(default_factory=dict)
    """Of a mail: the same with its frame in other languages that its readers chose."""
    note: str = ""
    """What staff should know of the picture."""
