"""After a new key was put in front: every connection's credentials are encrypted under it."""

from worker.lib import crypto
from worker.models import Connection


def under_the_newest_key() -> int:
    """How many there are. Raises WrongKey for one that no key opens. What is renewed meanwhile is under the newest key anyway."""
    rows = list(Connection.objects.exclude(credentials="").values_list("pk", "credentials"))
    for pk, closed in rows:
        Connection.objects.filter(pk=pk, credentials=closed).update(credentials=crypto.under_the_newest_key(closed))
    return len(rows)
