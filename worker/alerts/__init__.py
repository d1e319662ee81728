"""What needs a person is told where the person is: by e-mail, or wherever Apprise reaches. Each thing once, together with its neighbours."""

from worker.alerts.message import due, tell
from worker.alerts.notice import notice

__all__ = ["due", "notice", "tell"]
