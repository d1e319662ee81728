import sys
from argparse import SUPPRESS, ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.lib import clock
from worker.lib.refused import Refused
from worker.management.command import PostlarkCommand, find_blog, the_operator
from worker.models import Blog, Consent, Return, Subscriber, Suppression
from worker.newsletter import people
from worker.newsletter.choices import editions
from worker.newsletter.consent import today
from worker.newsletter.export import as_csv, everybody
from worker.newsletter.imports import Basis, Taken, read_sheet, take
from worker.newsletter.leave import forget, unsubscribe
from worker.newsletter.suppress import allow, suppress, suppression_of

_MOST_MISTAKES = 50


class Command(PostlarkCommand):
    help = "The people on a blog's list: import, list, export, show, unsubscribe, forget, suppress, unsuppress."

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
            one = self._action(actions, name, what)
            one.add_argument("email", metavar="EMAIL")
            if name == "unsubscribe":
                one.add_argument("--reason", default="", help="kept in the record")
        barring = self._action(actions, "suppress", "never write to an address, whether it is on the list or not")
        barring.add_argument("email", metavar="ADDRESS")
        barring.add_argument("--reason", default="", help="kept in the record, without any address")
        letting = self._action(actions, "unsuppress", "write to a barred address again, on its owner's new consent")
        letting.add_argument("email", metavar="ADDRESS")
        letting.add_argument("--obtained", required=True, type=_day, metavar="DATE", help="the day of the new consent, as 2026-05-04")
        letting.add_argument("--proof", required=True, help="where that can be seen, for example: her letter of 4 May, in the file")

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
                    return _export(row, options["json"])
                case "show":
                    return _show(row, options["email"])
                case "unsubscribe":
                    return _unsubscribe(row, options["email"], options["reason"])
                case "forget":
                    return _forget(row, options["email"])
                case "suppress":
                    return _suppress(row, options["email"], options["reason"])
            return _unsuppress(row, options["email"], options["obtained"], options["proof"])
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
    sheet = read_sheet(raw, editions(find_blog(blog.slug)))
    if sheet.mistakes:
        shown, more = sheet.mistakes[:_MOST_MISTAKES], len(sheet.mistakes) - _MOST_MISTAKES
        rest = [f"and {more} more."] if more > 0 else []
        raise CommandError("\n".join([*shown, *rest, "Nothing was imported: correct these lines, then import the file again."]))
    taken = take(blog, sheet, Basis(basis, obtained, " ".join(proof.split()), the_operator()), dry_run=dry_run)
    document = {"blog": blog.slug, "dry_run": dry_run, **taken.as_json()}
    return document, _told(taken, sheet.unused, dry_run)


def _told(taken: Taken, unused: list[str], dry_run: bool) -> list[str]:
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
    if dry_run:
        lines.append("Nothing was changed: this was a dry run.")
    return lines


def _list(blog: Blog, state: str | None) -> tuple[Any, list[str]]:
    people = [without_consent(each) for each in everybody(blog, today(blog, clock.now()), state or "")]
    lines = [f"{each['email'] or '(forgotten)':<40} {each['why_not'] or 'Gets the newsletter.'}" for each in people]
    return people, lines or [f"Nobody is on the list of {blog.slug} yet."]


def without_consent(each: people.Values) -> people.Values:
    return {name: value for name, value in each.items() if name != "consent"}


def _export(blog: Blog, as_json: bool) -> tuple[Any, Iterable[str]]:
    """Read once, as it is printed: a list may be long."""
    listed = everybody(blog, today(blog, clock.now()))
    return (list(listed), ()) if as_json else (None, as_csv(listed))


def _show(blog: Blog, email: str) -> tuple[Any, list[str]]:
    known = suppression_of(blog.pk, people.key_of(email))
    try:
        subscriber = people.find(blog, email)
    except Refused:
        if known and known.cause == Suppression.Cause.FORGOTTEN:
            return {"email": "", "state": "forgotten", "consent": [], "deliveries": []}, [
                f"Whoever had this address was forgotten on {known.since:%Y-%m-%d}: nothing is known of them but that they may not be written to."
            ]
        raise
    consents = people.consents_of(subscriber)
    person = people.person(subscriber, people.why_not(subscriber, known, consents, today(blog, clock.now())))
    agreed, got = [people.agreed(one) for one in consents], people.everything_they_got(subscriber)
    lines = [f"{subscriber.email}: {person['why_not'] or 'gets the newsletter.'}"]
    lines += [
        f"Consent: {one['basis']}, obtained {one['obtained_on']}, holds {'until ' + str(one['ends_on']) if one['ends_on'] else 'until withdrawn'} ({one['proof']})."
        for one in agreed
    ]
    lines += map(_got, got) if got else ["No newsletter has been made for them yet."]
    return person | {"consent": agreed, "deliveries": got}, lines


def _got(one: people.Values) -> str:
    """One newsletter, and what came back of it."""
    came = [f"{Return.Kind(each['kind']).label} ({each['at']:%Y-%m-%d})." for each in one["returns"]]
    return " ".join([f"{one['title']}: {one['state']}.", one["reason"], *came])


def _unsubscribe(blog: Blog, email: str, reason: str) -> tuple[Any, list[str]]:
    subscriber = people.find(blog, email)
    changed = unsubscribe(subscriber, the_operator(), reason)
    what = (
        f"{email} is off the list of {blog.slug} and is not written to again."
        if changed
        else f"{email} had left already; nothing has changed."
    )
    return {"id": str(subscriber.pk), "email": subscriber.email, "state": subscriber.state, "changed": changed}, [what]


def _forget(blog: Blog, email: str) -> tuple[Any, list[str]]:
    known = suppression_of(blog.pk, people.key_of(email))
    subscriber = Subscriber.objects.filter(blog=blog, address_key=people.key_of(email)).select_related("blog").first()
    if subscriber is None and known and known.cause == Suppression.Cause.FORGOTTEN:
        return {"id": None, "email": "", "state": "forgotten", "changed": False}, ["They were forgotten already; nothing has changed."]
    subscriber = subscriber or people.find(blog, email)
    forget(subscriber, the_operator())
    what = "They are erased; only a hash of the address is kept, so that nobody writes to them again."
    return {"id": str(subscriber.pk), "email": "", "state": subscriber.state, "changed": True}, [what]


def _suppress(blog: Blog, email: str, reason: str) -> tuple[Any, list[str]]:
    changed = suppress(blog, people.key_of(email), Suppression.Cause.STAFF, who=the_operator(), reason=reason)
    what = "is not written to any more, whatever list it is on." if changed else "was barred already; nothing has changed."
    return {"email": email, "suppressed": True, "changed": changed}, [f"{email} {what}"]


def _unsuppress(blog: Blog, email: str, obtained: date, proof: str) -> tuple[Any, list[str]]:
    changed = allow(blog, people.key_of(email), who=the_operator(), obtained_on=obtained, proof=proof)
    what = "may be written to again; the new consent is on record." if changed else "was not barred; nothing has changed."
    return {"email": email, "suppressed": False, "changed": changed}, [f"{email} {what}"]
