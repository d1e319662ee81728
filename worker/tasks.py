"""Every Celery task: an id in, one call, no decisions."""
