"""A blog's web site says that it has published. Whatever it says besides, Postlark looks only where the blog's file tells it to.

Takes a plain POST, or what WordPress sends to its "update services": https://codex.wordpress.org/Update_Services
"""

import re
from xmlrpc.client import Fault, dumps

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from worker import tasks
from worker.ingest import bell
from worker.lib.blogs import blogs

MOST = 65536
PINGS = ("weblogUpdates.ping", "weblogUpdates.extendedPing")


@csrf_exempt
@never_cache
def publish(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(
            ["POST"], "This address is for the blog's web site: it rings here with a POST.\n", content_type="text/plain"
        )
    slug = bell.whose(token)
    if slug is None:
        return HttpResponse("There is no blog at this address; `postlark blogs` shows the right one.\n", "text/plain", 404)
    method = _xml_rpc_method(request)
    if method and method not in PINGS:
        return HttpResponse(dumps(Fault(-32601, f"There is no method {method} here.")), "text/xml")
    thanks = _ring(slug)
    if method:
        return HttpResponse(dumps(({"flerror": False, "message": thanks},), methodresponse=True), "text/xml")
    return HttpResponse(f"{thanks}\n", "text/plain")


def _ring(slug: str) -> str:
    now = bell.rung(slug)
    if now:
        tasks.ring(tasks.look, [slug])
    return f"Thank you. Postlark looks at {blogs()[slug].name} {'now' if now else 'in a moment'}."


def _xml_rpc_method(request: HttpRequest) -> str:
    """The method's name, found without parsing what a stranger sent; empty for a plain POST."""
    try:
        found = re.search(rb"<methodName>\s*([\w.:/]{1,100})\s*</methodName>", request.read(MOST))
    except UnreadablePostError:
        return ""
    return found[1].decode() if found else ""
