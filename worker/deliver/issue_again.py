"""A digest's issue brought once more, by a person: to readers who miss something of it, or as a test copy to the staff's own."""

from django.db import transaction

from worker import newsletter
from worker.deliver import approval, issues
from worker.deliver.claim import State
from worker.deliver.plan import draft_issue
from worker.deliver.staff import Occasion, because_of, new, open_channel, unfinished
from worker.lib import clock
from worker.lib.address import masked
from worker.lib.blogs import BlogFile
from worker.lib.refused import Refused
from worker.models import Delivery, Issue
from worker.render import Rendered

_TO = {
    "missing": "those who miss something of it",
    "failed": "those who were refused",
    "new": "those who have joined since",
    "all": "everybody whose newsletter it is, whether they have it or not",
}


def resend_issue(before: Delivery, who: str, because: str, audience: str = "") -> Delivery:
    """A new delivery of a digest's issue. `audience`: missing (the default), failed, new, all, or one subscriber's address.

    Each copy leaves out what its reader has, unless it goes to all, or to one by name.
    """
    file, because = open_channel(before.blog, "email"), because_of(because)
    audience = newsletter.check_audience(before.blog, audience or "missing")
    made = _made(before, file)
    with transaction.atomic():
        Issue.objects.select_for_update().get(deliveries=before)
        if other := unfinished(Delivery.objects.filter(issue=before.issue_id)):
            raise Refused(f"This newsletter is not finished: {other.reason} Finish that first.")
        reason = f"Asked for by {who}: {because} Goes out now to {_TO.get(audience, 'one reader')}."
        asked = {"asked_because": because, "audience": audience, **approval.given_by(file, who, clock.now())}
        return new(before.blog, Occasion.RESEND, who, reason, made, issue=before.issue, channel="email", edition=before.edition, **asked)


def test_issue(before: Delivery, to: str, who: str) -> Delivery:
    """A marked copy of it, as it would go out now, to one address of the staff's own."""
    file = open_channel(before.blog, "email")
    if missing := newsletter.cannot_send(file):
        raise Refused(missing)
    reason, made = f"A test copy for {masked(to)} goes out now.", _made(before, file)
    return new(before.blog, Occasion.TEST, who, reason, made, issue=before.issue, channel="email", edition=before.edition, audience=to)


def _made(before: Delivery, file: BlogFile) -> Rendered:
    if before.issue_id is None:
        raise Refused("This brings one post, not a digest. Send it again from the post's page.")
    may_still_change = before.state in (State.HELD, State.PENDING) and not before.attempts.exists()
    if not may_still_change and (dropped := issues.dropped(before)):
        titles = ", ".join(f"“{part.post.title}”" for part in dropped)
        raise Refused(
            f"{titles} was withdrawn or cancelled since, so this newsletter stays as it was. Send the other posts from their pages."
        )
    made = draft_issue(before, file)
    if isinstance(made, str):
        raise Refused(made)
    return made
