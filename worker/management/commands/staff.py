from argparse import SUPPRESS
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from worker.console.sign_in import LINK_LASTS_HOURS, one_time_link
from worker.management.command import PostlarkCommand, find_blog, the_operator
from worker.models import Blog, Staff
from worker.record.transition import note


class Command(PostlarkCommand):
    help = "Add the people who sign in to the console, or list them."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|reset")
        add = verbs.add_parser("add", help="add a person, or change their role; prints a sign-in link that works once")
        add.add_argument("email", help="the person's e-mail address")
        add.add_argument(
            "--role",
            required=True,
            choices=Staff.Role.values,
            help="owner: everything; office: all but staff and connections; reader: looks",
        )
        add.add_argument(
            "--blog", action="append", default=[], metavar="BLOG", help="only this blog; may be repeated; without it: every blog"
        )
        reset = verbs.add_parser("reset", help="for somebody who lost their phone: no second step any more, and a new sign-in link")
        reset.add_argument("email", help="the person's e-mail address")
        everybody = verbs.add_parser("list", help="everybody who may sign in")
        for verb in (add, reset, everybody):
            verb.add_argument("--json", action="store_true", default=SUPPRESS, help="one JSON document on stdout, nothing else")

    def act(self, *, verb: str, **options: Any) -> tuple[Any, list[str]]:
        match verb:
            case "add":
                return _add(options["email"], options["role"], options["blog"])
            case "reset":
                return _reset(options["email"])
            case _:
                return _list()


def _add(email: str, role: str, slugs: list[str]) -> tuple[Any, list[str]]:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise CommandError(f"{email!r} is not an e-mail address.") from None
    files = [find_blog(slug) for slug in slugs]
    with transaction.atomic():
        staff, is_new = _write(email, role)
        staff.blogs.set([Blog.objects.get_or_create(slug=file.slug)[0] for file in files])
        link = one_time_link(email)
    did = "Added" if is_new else "Changed"
    line = f"{did} {email}, {staff.get_role_display().lower()}, for {', '.join(slugs) or 'every blog'}. This link signs in once, within {LINK_LASTS_HOURS} hours:"
    return {**_shape(staff), "link": link}, [line, link]


def _reset(email: str) -> tuple[Any, list[str]]:
    staff = Staff.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if staff is None:
        raise CommandError(f"{email!r} is nobody who may sign in. `postlark staff list` shows who is.")
    with transaction.atomic():
        Staff.objects.filter(pk=staff.pk).update(totp_secret="", totp_used=None)
        note(f"{staff.email} signs in without a second step from now on.", who=the_operator())
        link = one_time_link(staff.email)
    return {**_shape(staff), "link": link}, [
        f"{staff.email} signs in without a second step. This link signs in once, within {LINK_LASTS_HOURS} hours:",
        link,
    ]


def _write(email: str, role: str) -> tuple[Staff, bool]:
    """The person is found whatever capitals the address has been written with."""
    staff = Staff.objects.filter(email__iexact=email).first()
    if staff is None:
        staff = Staff(email=email, role=role)
        staff.set_unusable_password()
        staff.save()
        return staff, True
    staff.role, staff.is_active = role, True
    staff.save(update_fields=["role", "is_active"])
    return staff, False


def _list() -> tuple[Any, list[str]]:
    people = list(Staff.objects.prefetch_related("blogs").order_by("-pk"))
    shapes = [_shape(person) for person in people]
    lines = [f"{one['email']:<40} {one['role']:<8} {', '.join(one['blogs']) or 'every blog'}" for one in shapes]
    return shapes, lines or ["Nobody can sign in yet. Add the first person with: postlark staff add EMAIL --role owner"]


def _shape(staff: Staff) -> dict[str, Any]:
    blogs = sorted(blog.slug for blog in staff.blogs.all())
    return {
        "id": str(staff.pk),
        "email": staff.email,
        "role": staff.role,
        "blogs": blogs,
        "active": staff.is_active,
        "second_step": bool(staff.totp_secret),
        "last_sign_in": staff.last_login,
    }
