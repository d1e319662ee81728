"""Where mail providers report what became of the copies they took: delivered, come back, called spam, unsubscribed.

The same report twice changes nothing. Who does not know the secret is refused, and learns nothing.
"""

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from worker.channels.email import EspSettings
from worker.lib import clock
from worker.lib.signing import read_reading_token
from worker.models import Recipient
from worker.newsletter import returns
from worker.newsletter.look_up import reported

if TYPE_CHECKING:
    from worker.channels.email.esp.reports import Said

log = logging.getLogger(__name__)


@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
def reports(request: HttpRequest, esp: str) -> HttpResponse:
    """HEAD: some providers look whether anybody is there before they keep the address."""
    relays = [relay for relay in settings.RELAYS.values() if isinstance(relay, EspSettings) and relay.esp == esp]
    if not relays:
        return HttpResponse("No relay of this Postlark is at that provider.\n", "text/plain", 404)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        request.body  # noqa: B018  read here, so that it cannot break off later
    except RequestDataTooBig:
        return HttpResponse("That is more than Postlark reads at once.\n", "text/plain", 413)
    except UnreadablePostError:
        return HttpResponse("The request broke off.\n", "text/plain", 400)
    return _read(request, relays)


def _read(request: HttpRequest, relays: list[EspSettings]) -> HttpResponse:
    """By the first relay whose secret it knows: several may be at one provider."""
    from worker.channels.email.esp.reports import Unproven, Unreadable, read  # takes a while to import; few are at a provider

    for relay in relays:
        try:
            said = read(relay, request)
        except Unproven:
            continue
        except Unreadable as error:
            log.warning("a report that cannot be read", extra={"esp": relay.esp, "error": str(error)})
            return HttpResponse("That is not like a report of this provider.\n", "text/plain", 400)
        unknown = sum(not _keep(relay, one) for one in said)
        if unknown:
            log.warning("a report on mails that Postlark did not send", extra={"esp": relay.esp, "mails": unknown})
        return HttpResponse("Thank you.\n", "text/plain")
    return _refused(request, relays)


def _refused(request: HttpRequest, relays: list[EspSettings]) -> HttpResponse:
    if relays[0].esp == "ses" and "Authorization" not in request.headers:
        # https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html: SNS signs in only when asked to.
        return HttpResponse("", "text/plain", 401, headers={"WWW-Authenticate": 'Basic realm="Postlark"'})
    return HttpResponse("", "text/plain", 403)


def _keep(relay: EspSettings, said: "Said") -> bool:
    """False: it is about no copy of ours."""
    recipient = _whose(said)
    if recipient is None:
        return False
    reported(recipient, relay.name, said.words)
    report = returns.Report(said.kind, relay.name, said.at or clock.now(), said.words, address=said.address)
    returns.record(recipient, report)
    return True


def _whose(said: "Said") -> Recipient | None:
    """By our own id; where it does not come back, by the newsletter's name and the address."""
    if recipient := returns.of_copy(said.copy):
        return recipient
    deliveries = filter(None, map(read_reading_token, said.labels))
    return next(filter(None, (returns.of_address(delivery, said.address) for delivery in deliveries)), None)
