from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import channels, tasks
from worker.deliver import staff
from worker.management.command import PostlarkCommand, find_post, the_operator
from worker.management.shapes import deliveries_json


class Command(PostlarkCommand):
    help = "Bring a post to a channel again; e-mail goes to those who do not have it."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--channel", required=True, choices=channels.all_channels())
        parser.add_argument("--reason", required=True, help="kept in the record")
        parser.add_argument("--to", default="", metavar="missing|failed|new|all|ADDRESS", help="e-mail: to whom (default: missing)")
        parser.add_argument("--text-file", type=Path, help="your own words instead of the excerpt; the disclaimer still has to be there")

    def act(self, *, post: str, channel: str, reason: str, to: str, text_file: Path | None, **_: Any) -> tuple[Any, list[str]]:
        try:
            text = text_file.read_text(encoding="utf-8") if text_file else None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{text_file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.") from None
        try:
            delivery = staff.resend(find_post(post), channel, the_operator(), reason, audience=to, text=text)
        except staff.Refused as refused:
            raise CommandError(str(refused)) from None
        tasks.ring(tasks.send, [delivery.pk])
        return deliveries_json([delivery])[0], [
            f"Delivery {delivery.pk} of “{delivery.title}” to {channels.find(channel).name} goes out now."
        ]
