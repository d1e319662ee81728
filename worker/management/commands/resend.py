from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker import channels, tasks
from worker.deliver import staff
from worker.deliver.issue_again import resend_issue
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_delivery, find_post, post_or_issue, the_operator
from worker.management.shapes import deliveries_json
from worker.models import Delivery


class Command(PostlarkCommand):
    help = "Bring a post to a channel again, or a digest to its readers; e-mail goes to those who do not have it."

    def arguments(self, parser: CommandParser) -> None:
        post_or_issue(parser)
        parser.add_argument("--channel", choices=channels.all_channels(), help="required for a post; a digest goes by e-mail")
        parser.add_argument("--reason", required=True, help="kept in the record")
        parser.add_argument("--to", default="", metavar="missing|failed|new|all|ADDRESS", help="e-mail: to whom (default: missing)")
        parser.add_argument("--text-file", type=Path, help="your own words instead of the excerpt; the disclaimer still has to be there")

    def act(self, *, channel: str | None, issue: str | None, text_file: Path | None, to: str, **asked: Any) -> tuple[Any, list[str]]:
        channel = channel or ("email" if issue else "")
        if not channel or (issue and (channel != "email" or text_file)):
            raise CommandError("Name the --channel of a post; a digest goes by e-mail, in its own words.", returncode=2)
        if to and channel != "email":
            raise CommandError("--to chooses among the readers of an e-mail; a network has none.", returncode=2)
        try:
            delivery = _issue(issue, to=to, **asked) if issue else _post(channel, _text(text_file), to=to, **asked)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        tasks.ring(tasks.send, [delivery.pk])
        return deliveries_json([delivery])[0], [
            f"Delivery {delivery.pk} of “{delivery.title}” to {channels.find(channel).name} goes out now."
        ]


def _post(channel: str, text: str | None, *, post: str, reason: str, to: str, **_: Any) -> Delivery:
    return staff.resend(find_post(post), channel, the_operator(), reason, audience=to, text=text)


def _issue(delivery: str, *, reason: str, to: str, **_: Any) -> Delivery:
    return resend_issue(find_delivery(delivery), the_operator(), reason, audience=to)


def _text(file: Path | None) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file else None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.") from None
