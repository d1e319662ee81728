"""What is due when: one thing, the sweep. Everything else waits as `due_at` in a row."""

from django.conf import settings

SCHEDULE = {"tick": {"task": "worker.tasks.tick", "schedule": settings.SWEEP, "options": {"expires": settings.SWEEP.total_seconds()}}}
