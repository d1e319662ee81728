"""Every address, on one page."""

from django.urls import URLPattern, path

from worker.hooks import health

urlpatterns: list[URLPattern] = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]
