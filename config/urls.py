"""Every address, on one page."""

from django.urls import URLPattern, path

from worker.hooks import health, publish, unsubscribe

urlpatterns: list[URLPattern] = [
    path("hooks/publish/<token>", publish.publish, name="publish"),
    path("u/<str:token>", unsubscribe.unsubscribe_page, name="unsubscribe"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]
