from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import channels
from worker.deliver import correct
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_post, the_operator
from worker.management.commands.withdraw import carried_out


class Command(PostlarkCommand):
    help = "Give a post that was edited since its new words, on the networks that let a post be changed."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("post", help="id, URL or guid")
        parser.add_argument("--channel", default="", choices=channels.all_channels(), help="on this one alone")
        parser.add_argument("--reason", required=True, help="kept in the record")

    def act(self, *, post: str, channel: str, reason: str, **_: Any) -> tuple[Any, list[str]]:
        try:
            begun = carried_out(correct.correct(find_post(post), the_operator(), reason, channel))
        except Refused as refused:
            raise CommandError(str(refused)) from None
        return begun, [f"Delivery {one['id']}, {channels.find(one['channel']).name}: {one['state']}. {one['reason']}" for one in begun]
