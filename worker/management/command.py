"""What all commands share: `--json`, naming a blog or a post or a delivery, and one clear sentence for a refusal."""

import errno
import getpass
import json
import re
from abc import abstractmethod
from argparse import SUPPRESS
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, DataError, IntegrityError
from django.db.models import Q

from worker.lib.blogs import BlogFile, blog_file, blogs
from worker.lib.clock import iso
from worker.lib.database import described, no_room
from worker.models import Delivery, Post

CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class PostlarkCommand(BaseCommand):
    """A command prints either lines for people or, with --json, one JSON document. `act` returns both at once."""

    requires_system_checks: Any = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser("postlark", subcommand, **kwargs)
        for action in parser._actions:
            if action.dest in ("version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"):
                action.help = SUPPRESS
        parser.prog = f"postlark {subcommand}"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else")

    def arguments(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document, lines = self.act(**options)
        except DatabaseError as error:
            if isinstance(error, IntegrityError | DataError):  # a mistake of ours
                raise
            raise CommandError(_of_the_database(str(error).strip().splitlines()[0])) from None
        except OSError as error:
            if error.errno not in CANNOT_WRITE:
                raise
            raise CommandError(f"{error.filename or 'The disk'} cannot be written: {error.strerror}. Mend that, then try again.") from None
        if options["json"]:
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=iso))
        else:
            for line in lines:
                self.stdout.write(line)

    @abstractmethod
    def act(self, *args: Any, **options: Any) -> tuple[Any, Iterable[str]]:
        """(the JSON document, the lines for people). Raises CommandError with one sentence for what is refused."""


def _of_the_database(said: str) -> str:
    if full := no_room(said):
        return full
    if re.search(r"no such (table|column)|(relation|column) .* does not exist", said):
        return f"The database ({described()}) does not fit this Postlark: {said}. Run `postlark migrate`, then try again."
    if "not a database" in said or "malformed" in said:
        return f"The database ({described()}) is damaged: {said}. Move it away and restore a backup (postlark restore)."
    return f"The database ({described()}) does not answer: {said}. Try again once it does."


def the_operator() -> str:
    """Who typed the command, as the record names them."""
    return f"{getpass.getuser()} (command line)"


def no_blogs() -> str:
    return f"There is no blog yet: {settings.POSTLARK_BLOGS} holds no file that ends in .toml."


def find_blog(slug: str) -> BlogFile:
    blog = blog_file(slug)
    if blog is None:
        raise CommandError(f"There is no blog {slug!r}. The blogs are: {', '.join(blogs()) or 'none yet'}.")
    return blog


def find_post(name: str) -> Post:
    """By id, URL or guid. Some feeds number their posts: a number that is an id is meant as one."""
    by_id = Post.objects.filter(pk=int(name)) if name.isdecimal() and len(name) < 19 else Post.objects.none()
    posts = list((by_id if by_id.exists() else Post.objects.filter(Q(guid=name) | Q(url=name))).select_related("blog")[:2])
    if not posts:
        raise CommandError(f"There is no post {name!r}. `postlark posts` lists them with their ids.")
    if len(posts) > 1:
        raise CommandError(f"{name!r} names more than one post; use the id that `postlark posts` shows.")
    return posts[0]


def post_or_issue(parser: CommandParser) -> None:
    """What a newsletter brings: exactly one of the two."""
    brings = parser.add_mutually_exclusive_group(required=True)
    brings.add_argument("post", nargs="?", help="id, URL or guid")
    brings.add_argument(
        "--issue", metavar="DELIVERY", help="a digest instead of a post: the id of its delivery, as `postlark log` shows it"
    )


def find_delivery(name: str) -> Delivery:
    found = (
        Delivery.objects.filter(pk=int(name)).select_related("blog", "post", "issue").first()
        if name.isdecimal() and len(name) < 19
        else None
    )
    if found is None:
        raise CommandError(f"There is no delivery {name!r}. `postlark log` lists them with their ids.")
    return found
