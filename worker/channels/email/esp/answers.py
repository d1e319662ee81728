"""What an answer says of a whole request. What it says of one reader in it, anymail reads."""

from datetime import UTC, datetime

from worker.channels.base import DeliveryError, OutcomeUnknown, Rejected, Transient, Unauthorized
from worker.lib.http import Answer, NoAnswer, told_to_wait
from worker.lib.text import legible

_NOT_OURS = (401, 402, 403, 404)
"""The key, the account or its domain: nothing that a reader or a newsletter could be at fault for."""


def trouble(name: str, came: Answer | NoAnswer | None) -> DeliveryError:
    """Of a request that was not taken as it should have been. `name`: the provider's."""
    match came:
        case None:
            return OutcomeUnknown(f"The request to {name} broke off.")
        case NoAnswer(sent=False):
            return Transient(f"{name} cannot be reached.", detail=came.sentence)
        case NoAnswer():
            return OutcomeUnknown(f"The answer of {name} was lost.", detail=came.sentence)
    status, detail = str(came.status), words(came)
    if came.status == 429:
        sentence = f"{name} takes no more for now."
        return Transient(sentence, retry_after=told_to_wait(came.headers, datetime.now(UTC)), cooldown=True, status=status, detail=detail)
    if came.status in _NOT_OURS:
        return Unauthorized(
            f"{name} does not accept what EMAIL_URL says: the key, or what it may be used for.", status=status, detail=detail
        )
    if 400 <= came.status < 500 and came.status != 408:
        return Rejected(f"{name} refused this mail; its own words say why.", status=status, detail=detail)
    return OutcomeUnknown(f"{name} gave no clear answer.", status=status, detail=detail)


def words(answer: Answer) -> str:
    """The provider's own, in one line."""
    return " ".join(legible(f"{answer.status} {answer.body[:500].decode('utf-8', 'replace')}").split())
