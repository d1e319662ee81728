"""Where a hub rings. It is asked by worker/ingest/websub.py; whatever it sends along is not read.

GET: the hub asks whether we have asked (https://www.w3.org/TR/websub/#hub-verifies-intent). POST: the feed has changed.
"""

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker import tasks
from worker.ingest import bell, websub

MOST = 10_000_000
LONGEST_CHALLENGE = 1000
_PIECE = 65536


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, key: str) -> HttpResponse:
    return _rings(request, key) if request.method == "POST" else _asks_back(request, key)


def _asks_back(request: HttpRequest, key: str) -> HttpResponse:
    mode, topic, challenge = (request.GET.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
    if mode == "denied" and websub.denied(key, topic):
        return HttpResponse("Noted.\n", "text/plain")
    wanted = mode == "subscribe" and 0 < len(challenge) <= LONGEST_CHALLENGE
    if wanted and websub.confirmed(key, topic, request.GET.get("hub.lease_seconds", "")):
        return HttpResponse(challenge, "text/plain; charset=utf-8")
    return HttpResponse("Postlark has not asked for that.\n", "text/plain", 404)


def _rings(request: HttpRequest, key: str) -> HttpResponse:
    """A wrong signature is answered like a right one, and changes nothing: https://www.w3.org/TR/websub/#signature-validation"""
    hub = websub.hub_of(key)
    if hub is None:
        return HttpResponse("Nobody listens here any more.\n", "text/plain", 410)
    signature = websub.Signature(key, request.headers.get("X-Hub-Signature", ""))
    read = 0
    try:
        while piece := request.read(_PIECE):
            read += len(piece)
            if read > MOST:
                return HttpResponse("That is more than a ring needs.\n", "text/plain", 413)
            signature.update(piece)
    except UnreadablePostError:
        return HttpResponse("The request broke off.\n", "text/plain", 400)
    if signature.is_right:
        websub.heard(hub)
        if bell.rung(hub.blog.slug):
            tasks.ring(tasks.look, [hub.blog.slug])
    return HttpResponse("Thank you.\n", "text/plain", 202)
