"""What a blog still needs before its posts go out for real: one line a step, and what to write where."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from worker import channels
from worker.channels.base import Poster
from worker.connections.standing import standings
from worker.console.access import Desk, file_of, staff_page
from worker.console.page import page
from worker.lib.blogs import BlogFile, ChannelOptions
from worker.lib.language import said
from worker.lib.log import without_secrets
from worker.models import Blog, Staff, Subscriber
from worker.newsletter import cannot_send


@dataclass(frozen=True)
class Step:
    done: bool
    title: str
    what_to_do: str
    in_the_file: str = ""
    """Lines to copy into the blog's file."""
    address: str = ""


@dataclass(frozen=True)
class Steps:
    blog: str
    name: str
    steps: tuple[Step, ...]
    until_then: str
    """What does not go out as long as the rest is not done."""

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)


@require_safe
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    return page(request, desk, "first_steps", {"blogs": of(desk)})


def of(desk: Desk) -> tuple[Steps, ...]:
    """Of each blog that is not live in everything it uses; nothing for those that are."""
    found = []
    for blog in desk.blogs.values():
        file = file_of(blog)
        if file and any(options.mode == "rehearsal" for options in file.channels.values()):
            found.append(Steps(blog.slug, file.name, tuple(_steps(blog, file)), _until_then(file)))
    return tuple(found)


def _until_then(file: BlogFile) -> str:
    modes = {slug: options.mode for slug, options in file.channels.items() if options.mode != "off"}
    if "live" not in modes.values():
        return "Until the rest is, this blog rehearses and nothing is sent."
    rehearsing = [said(channels.find(slug).name) for slug, mode in modes.items() if mode == "rehearsal"]
    return f"Until the rest is, nothing is sent by {_either(rehearsing)}: it is rehearsed."


def _steps(blog: Blog, file: BlogFile) -> list[Step]:
    used = {slug: options for slug, options in file.channels.items() if options.mode != "off"}
    steps = [_feed(blog, file), _disclaimer(file)]
    if file.approval:
        steps.append(_approver(file))
    if "email" in used:
        steps += [_sender(file), _relay(file), _readers(blog)]
    return [*steps, *_connections(file, used), _live(file, used)]


def _feed(blog: Blog, file: BlogFile) -> Step:
    done = bool(blog.last_good_at)
    says = blog.sentence if done else f"Postlark reads {without_secrets(file.feed)}. {blog.sentence}"
    return Step(done, "The feed", says, address=reverse("health") + f"#{blog.slug}")


def _disclaimer(file: BlogFile) -> Step:
    done = bool(file.disclaimer.full) or not file.disclaimer.required
    if done:
        return Step(done, "The disclaimer", "Its approved words stand in every mail and every post.")
    return Step(done, "The disclaimer", "Write the approved words down.", '[disclaimer]\nfull = "..."\nshort = "..."')


def _approver(file: BlogFile) -> Step:
    done = Staff.objects.filter(email__iexact=file.approval or "", is_active=True).exclude(role=Staff.Role.READER).exists()
    return Step(
        done,
        "Who approves",
        f"{file.approval} approves every text before it goes out."
        if done
        else f"{file.approval} is to approve every text and cannot sign in yet. Whoever runs Postlark makes the link: postlark staff add {file.approval} --role office",
    )


def _sender(file: BlogFile) -> Step:
    if file.sender:
        return Step(True, "Who writes", f"{file.sender.name} <{file.sender.email}>")
    lines = '[sender]\nname = "..."\nemail = "..."\nmailing_address = "..."\ncontact = "..."'
    return Step(False, "Who writes", "The law asks who writes, and how to reach them.", lines)


def _relay(file: BlogFile) -> Step:
    wrong = cannot_send(file) if file.sender else "Say first who writes."
    return Step(not wrong, "The mail relay", wrong or "A mail relay is set up. Try it with a test copy from a newsletter’s page.")


def _readers(blog: Blog) -> Step:
    there = Subscriber.objects.filter(blog=blog, state=Subscriber.State.CONFIRMED).exists()
    to_do = f"Nobody is subscribed yet. Readers subscribe at {settings.PUBLIC_URL}/subscribe/{blog.slug}, or a list with their consent is imported."
    return Step(there, "Readers", "Somebody is subscribed." if there else to_do)


def _connections(file: BlogFile, used: Mapping[str, ChannelOptions]) -> list[Step]:
    found = []
    for one in standings([file], timezone.now()):
        kind = channels.all_channels().get(one.channel)
        if one.channel in used and kind and issubclass(kind, Poster):
            done = one.state not in ("not-connected", "broken", "ended")
            found.append(Step(done, f"The connection to {kind.name}", one.sentence, address=reverse("connections") + f"#{file.slug}"))
    return found


def _live(file: BlogFile, used: Mapping[str, ChannelOptions]) -> Step:
    rehearsing = [slug for slug in used if file.channels[slug].mode == "rehearsal"]
    names = _all([said(channels.find(slug).name) for slug in rehearsing])
    lines = "\n".join(f'[channels.{slug}]\nmode = "live"' for slug in rehearsing)
    return Step(
        False,
        "Going live",
        f"{names} {'rehearses' if len(rehearsing) == 1 else 'rehearse'}: everything is made and shown, nothing is sent. "
        f"When you have seen enough, change {file.slug}.toml and start Postlark again. What was rehearsed stays unsent.",
        lines,
    )


def _either(names: list[str]) -> str:
    return pgettext("names", "{names} or {last}").format(names=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)


def _all(names: list[str]) -> str:
    return pgettext("names", "{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)
