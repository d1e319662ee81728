"""/healthz for whoever starts and watches the processes, /metrics for Prometheus. Open to all: they hold no name of a person or a post."""

from collections.abc import Iterator

from django.db import DatabaseError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from worker.lib import clock, room
from worker.lib.blogs import blogs
from worker.lib.database import impatient, unapplied
from worker.models import Blog, Delivery

NO_ANSWER = "The database does not answer."
NO_ROOM = "There is no room left on the disk that holds POSTLARK_DATA: nothing goes out until there is."


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work, else 503 with the sentence that says why not."""
    try:
        with impatient() as its:
            behind = unapplied(its)
    except DatabaseError:
        return JsonResponse({"ok": False, "sentence": NO_ANSWER}, status=503)
    if not room.is_left():
        return JsonResponse({"ok": False, "sentence": NO_ROOM}, status=503)
    if behind:
        return JsonResponse({"ok": False, "sentence": "The database is behind the code; run: postlark migrate"}, status=503)
    return JsonResponse({"ok": True, "sentence": "The database answers and fits the code."})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    registry.register(Rows())
    try:
        with impatient():  # else each scrape of a server that keeps silent would take a thread away from the pages
            pass
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse(NO_ANSWER, status=503, content_type="text/plain")


class Rows:
    """What the rows say at this moment: three queries a scrape, no counters to lose with a process."""

    def describe(self) -> list[Metric]:
        """Nothing: registering asks for it, and must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield self._deliveries()
        yield self._oldest_due()
        yield self._blogs()

    def _deliveries(self) -> Metric:
        family = GaugeMetricFamily(
            "postlark_deliveries", "Deliveries, by channel, state and what they wait for.", labels=["channel", "state", "waits_for"]
        )
        counted = Delivery.objects.values_list("channel", "state", "waits_for").annotate(n=Count("id")).order_by("channel", "state")
        for channel, state, waits_for, n in counted:
            family.add_metric([channel, state, waits_for], n)
        return family

    def _oldest_due(self) -> Metric:
        now = clock.now()
        waiting = Delivery.objects.filter(waits_for__in=["clock", "network"], due_at__lte=now)
        oldest = waiting.aggregate(at=Min("due_at"))["at"]
        age = (now - oldest).total_seconds() if oldest else 0.0
        return GaugeMetricFamily("postlark_oldest_due_seconds", "For how long the oldest due delivery has been due; 0: none is.", value=age)

    def _blogs(self) -> Metric:
        family = GaugeMetricFamily("postlark_blogs", "Watched blogs, by state of their feed.", labels=["state"])
        counted = Blog.objects.filter(slug__in=list(blogs())).values_list("state").annotate(n=Count("id")).order_by("state")
        for state, n in counted:
            family.add_metric([state], n)
        return family
