"""“Is this the same?”: a post that was held beside the one it may be, and the two buttons."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from worker import tasks
from worker.console import times
from worker.console.access import Desk, staff_page, zone_of
from worker.console.page import safe_link
from worker.deliver import answer
from worker.lib.refused import Refused
from worker.lib.text import one_line, plain, shortened
from worker.models import Post

WORDS_SHOWN = 400


@dataclass(frozen=True)
class Side:
    post: int
    heading: str
    title: str
    published: str
    address: str
    begins: str


def sides(post: Post) -> tuple[Side, ...]:
    """The new one and the one it may be; none where nobody asks."""
    if post.origin != Post.Origin.UNSURE or post.resembles is None:
        return ()
    new_too = post.resembles.origin == Post.Origin.UNSURE
    return (_side(post, "This one"), _side(post.resembles, "The other new one" if new_too else "The one we know"))


def _side(post: Post, heading: str) -> Side:
    words = shortened(one_line(plain(post.content or post.summary)), WORDS_SHOWN)
    published = times.exact(post.published_at, zone_of(post.blog))
    return Side(post.pk, heading, post.title, published, safe_link(post.url), words or "The feed gives no text.")


@require_POST
@staff_page
def answered(request: HttpRequest, desk: Desk, pk: int, said: str) -> HttpResponse:
    post = desk.post(pk)
    if said not in ("same", "new"):
        raise Http404
    try:
        due = (answer.is_same if said == "same" else answer.is_new)(post, desk.staff.email)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        tasks.ring(tasks.send, due)
        done = "It is the same post; nothing goes out twice." if said == "same" else "It is a new post; it goes out as planned."
        messages.success(request, f"Thank you. {done} Postlark will know them from now on.")
    return redirect("post", pk=post.pk)
