import csv
import sys
from argparse import SUPPRESS, ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Prefetch
from django.utils import timezone

from worker.lib.address import read_address
from worker.lib.signing import address_hash
from worker.management.command import PostlarkCommand, find_blog, the_operator
from worker.models import Blog, Consent, Recipient, Subscriber, Suppression
from worker.newsletter import consent
from worker.newsletter.audience import today
from worker.newsletter.imports import Basis, Taken, read_sheet, take
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.refused import Refused

_MOST_MISTAKES = 50
_SHEET = ("email", "name", "language", "topics", "edition", "state", "subscribed_at", "left_at", "basis", "obtained_on", "ends_on", "proof")


class Command(PostlarkCommand):
    help = "The people on a blog's list: import, list, export, show, unsubscribe, forget."

    def arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        taking = self._action(actions, "import", "take readers from a CSV file: wholly, or not at all")
        taking.add_argument(
            "file", metavar="FILE.csv", help="UTF-8 with a header: email, and where wanted name, language, topics (a;b), edition"
        )
        taking.add_argument(
            "--basis",
            required=True,
            choices=Consent.Basis.values,
            help="why we may write: they asked, they bought (24 months), they inquired (6 months)",
        )
        taking.add_argument("--obtained", required=True, type=_day, metavar="DATE", help="the day they did, as 2026-05-04")
        taking.add_argument("--proof", required=True, help="where that can be seen, for example: sign-up sheet, open day 2026")
        taking.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
        listing = self._action(actions, "list", "who is on the list, newest first")
        listing.add_argument("--state", choices=Subscriber.State.values, help="only these")
        self._action(actions, "export", "everybody with their consent, as CSV on stdout")
        for name, what in (
            ("show", "what one person got, and why we may write to them"),
            ("unsubscribe", "take one person off the list, for good"),
            ("forget", "erase one person; only a hash stays, so that nobody writes to them again"),
        ):
            self._action(actions, name, what).add_argument("email", metavar="EMAIL")

    def _action(self, actions: Any, name: str, what: str) -> CommandParser:
        parser: CommandParser = actions.add_parser(name, help=what, description=what)
        parser.add_argument("blog", metavar="BLOG", help="the blog's slug")
        parser.add_argument("--json", action="store_true", default=SUPPRESS, help="one JSON document on stdout, nothing else")
        return parser

    def act(self, *, action: str, blog: str, **options: Any) -> tuple[Any, Iterable[str]]:
        file = find_blog(blog)
        row, _ = Blog.objects.get_or_create(slug=file.slug)
        try:
            match action:
                case "import":
                    return _import(row, **options)
                case "list":
                    return _list(row, options["state"])
                case "export":
                    return _export(row)
                case "show":
                    return _show(row, options["email"])
                case "unsubscribe":
                    return _unsubscribe(row, options["email"])
            return _forget(row, options["email"])
        except Refused as refused:
            raise CommandError(str(refused)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day like 2026-05-04") from None


def _import(blog: Blog, file: str, basis: str, obtained: date, proof: str, dry_run: bool, **_: Any) -> tuple[Any, list[str]]:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    sheet = read_sheet(raw, editions=["instant"])
    if sheet.mistakes:
        shown, more = sheet.mistakes[:_MOST_MISTAKES], len(sheet.mistakes) - _MOST_MISTAKES
        rest = [f"and {more} more."] if more > 0 else []
        raise CommandError("\n".join([*shown, *rest, "Nothing was imported: correct these lines, then import the file again."]))
    taken = take(blog, sheet, Basis(basis, obtained, " ".join(proof.split()), the_operator()), dry_run=dry_run)
    document = {"blog": blog.slug, "dry_run": dry_run, **taken.as_json()}
    return document, _told(taken, sheet.unused, dry_run, has_topics=any(row.topics for row in sheet.rows))


def _told(taken: Taken, unused: list[str], dry_run: bool, has_topics: bool) -> list[str]:
    would = "would be " if dry_run else ""
    parts = [f"{taken.imported:,} {would}imported"]
    if taken.renewed:
        parts.append(f"{taken.renewed:,} already on the list, their consent {would}renewed")
    if taken.already:
        parts.append(f"{taken.already:,} already on the list with this consent")
    if taken.suppressed:
        parts.append(f"{taken.suppressed:,} left out, because they have unsubscribed")
    if taken.repeated:
        parts.append(f"{taken.repeated:,} more than once in the file")
    lines = ["; ".join(parts) + "."]
    if unused:
        lines.append(f"Columns that Postlark has no use for: {', '.join(unused)}.")
    if has_topics:
        lines.append("The topics are kept, but this version does not choose by them.")
    if dry_run:
        lines.append("Nothing was changed: this was a dry run.")
    return lines


def _everybody(blog: Blog) -> list[Subscriber]:
    newest_last = Prefetch("consents", Consent.objects.order_by("pk"))
    return list(Subscriber.objects.filter(blog=blog).prefetch_related(newest_last).order_by("-pk"))


def _person(subscriber: Subscriber, day: date) -> dict[str, Any]:
    may_write = subscriber.state == Subscriber.State.CONFIRMED
    why_not = consent.why_not(subscriber.consents.all(), day) if may_write else f"{subscriber.get_state_display()}."
    return {
        "email": subscriber.email,
        "name": subscriber.name,
        "state": subscriber.state,
        "language": subscriber.language,
        "topics": subscriber.topics,
        "edition": subscriber.edition,
        "subscribed_at": subscriber.created_at,
        "left_at": subscriber.left_at,
        "may_be_written_to": not why_not,
        "why_not": why_not,
    }


def _list(blog: Blog, state: str | None) -> tuple[Any, list[str]]:
    day = today(blog, timezone.now())
    people = [_person(one, day) for one in _everybody(blog) if state in (None, one.state)]
    lines = [f"{person['email'] or '(forgotten)':<40} {person['why_not'] or 'Gets the newsletter.'}" for person in people]
    return people, lines or [f"Nobody is on the list of {blog.slug} yet."]


def _export(blog: Blog) -> tuple[Any, list[str]]:
    day = today(blog, timezone.now())
    people = [_person(one, day) | {"consent": [_consent(each) for each in one.consents.all()]} for one in _everybody(blog)]
    sheet = StringIO()
    table = csv.writer(sheet, lineterminator="\n")
    table.writerow(_SHEET)
    for person in people:
        latest = person["consent"][-1] if person["consent"] else {}
        table.writerow([_cell((person | latest).get(name)) for name in _SHEET])
    return people, [sheet.getvalue().rstrip("\n")]


def _cell(value: Any) -> str:
    text = ";".join(value) if isinstance(value, list) else "" if value is None else str(value)
    # A spreadsheet would take this for a formula: https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _consent(one: Consent) -> dict[str, Any]:
    return {
        "basis": one.basis,
        "obtained_on": one.obtained_on,
        "ends_on": one.ends_on,
        "proof": one.proof,
        "recorded_at": one.recorded_at,
        "recorded_by": one.recorded_by,
    }


def _find(blog: Blog, email: str) -> Subscriber:
    try:
        key = read_address(email).key
    except ValueError as mistake:
        raise CommandError(f"{email!r} {mistake}") from None
    hashed = address_hash(key)
    subscriber = Subscriber.objects.filter(blog=blog, address_key__in=(key, hashed)).select_related("blog").first()
    if subscriber is None:
        known = Suppression.objects.filter(blog=blog, address_hash=hashed).first()
        left = f" They left on {known.since:%Y-%m-%d} and may not be written to." if known else ""
        raise CommandError(f"{email} is not on the list of {blog.slug}.{left}")
    return subscriber


def _show(blog: Blog, email: str) -> tuple[Any, list[str]]:
    subscriber = _find(blog, email)
    person = _person(subscriber, today(blog, timezone.now()))
    consents = [_consent(one) for one in subscriber.consents.order_by("-pk")]
    got = [_delivery(one) for one in subscriber.recipients.select_related("delivery__post").order_by("-pk")]
    lines = [f"{subscriber.email or '(forgotten)'}: {person['why_not'] or 'gets the newsletter.'}"]
    lines += [
        f"Consent: {one['basis']}, obtained {one['obtained_on']}, holds {'until ' + str(one['ends_on']) if one['ends_on'] else 'until withdrawn'} ({one['proof']})."
        for one in consents
    ]
    lines += [f"{one['title']}: {one['state']}. {one['reason']}" for one in got] or ["No newsletter has been made for them yet."]
    return person | {"consent": consents, "deliveries": got}, lines


def _delivery(recipient: Recipient) -> dict[str, Any]:
    delivery = recipient.delivery
    return {"id": str(delivery.pk), "title": delivery.post.title, "state": recipient.state, "reason": recipient.reason, "at": recipient.at}


def _unsubscribe(blog: Blog, email: str) -> tuple[Any, list[str]]:
    subscriber = _find(blog, email)
    changed = unsubscribe(subscriber, the_operator())
    what = (
        f"{email} is off the list of {blog.slug} and is not written to again."
        if changed
        else f"{email} had left already; nothing has changed."
    )
    return {"id": str(subscriber.pk), "email": subscriber.email, "state": subscriber.state, "changed": changed}, [what]


def _forget(blog: Blog, email: str) -> tuple[Any, list[str]]:
    subscriber = _find(blog, email)
    changed = forget(subscriber, the_operator())
    what = (
        "They are erased; only a hash of the address is kept, so that nobody writes to them again."
        if changed
        else "They were forgotten already; nothing has changed."
    )
    return {"id": str(subscriber.pk), "email": subscriber.email, "state": subscriber.state, "changed": changed}, [what]
