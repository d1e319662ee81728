from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from worker.management.command import PostlarkCommand, find_delivery
from worker.management.shapes import delivery_story, title_of


class Command(PostlarkCommand):
    help = "One delivery: its story, its attempts, its words, and the sum of its recipients."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", help="id, as `postlark log` shows it")

    def act(self, *, delivery: str, **_: Any) -> tuple[Any, list[str]]:
        story = delivery_story(find_delivery(delivery))
        return story, list(_lines(story))


def _lines(story: dict[str, Any]) -> Iterator[str]:
    yield f"{title_of(story)} to {story['channel']} ({story['occasion']}): {story['state']}"
    yield story["reason"]
    if story["remote_url"]:
        yield f"See it: {story['remote_url']}"
    if story["recipients"]:
        parts = " + ".join(f"{number} {name}" for name, number in story["recipients"].items() if name != "audience")
        audience = story["recipients"]["audience"]
        yield f"{audience} {'reader' if audience == 1 else 'readers'} = {parts}"
    yield "\nWhat happened"
    for event in story["timeline"]:
        yield f"  {event['at']:%Y-%m-%d %H:%M:%S}Z  {event['who']}: {event['what']}"
    for attempt in story["attempts"]:
        yield f"  attempt {attempt['number']}: {attempt['outcome'] or 'open'} {attempt['status'] or ''} {attempt['detail'] or ''}".rstrip()
    if story["rendition"]:
        yield f"\nWhat it says ({story['rendition']['length']} of {story['rendition']['limit'] or 'any length'})"
        yield story["rendition"]["text"]
