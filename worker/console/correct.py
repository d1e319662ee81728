"""New words for what is out on one network, after the post was edited on the blog: what it will say there, and one click."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.console import says, words
from worker.console.access import Desk, file_of, staff_page
from worker.console.page import page, typed
from worker.deliver import correct
from worker.lib.refused import Refused
from worker.models import Post


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk, pk: int, channel: str) -> HttpResponse:
    post = desk.post(pk)
    file = file_of(post.blog)
    if file is None or channel not in file.channels:
        raise Http404
    refused = ""
    if request.method == "POST":
        if typed(request, "reason"):
            _correct(request, desk, post, channel)
            return redirect("post", pk=post.pk)
        refused = "Write down why, in a few words. It is kept in the record."
    found = correct.outlook(post, channel)
    context = {
        "post": post,
        "name": words.channel_name(channel),
        "sentences": [one.says for one in found],
        "cards": [says.of_draft(one.made, channel, file) for one in found if one.made],
        "refused": refused,
    }
    return page(request, desk, "correct", context, status=422 if refused else 200)


def _correct(request: HttpRequest, desk: Desk, post: Post, channel: str) -> None:
    try:
        begun = correct.correct(post, desk.staff.email, typed(request, "reason"), channel)
    except Refused as refused:
        messages.warning(request, str(refused))
        return
    messages.success(request, "Asked for. It is corrected now.")
    tasks.ring(tasks.send, [delivery.pk for delivery in begun])
