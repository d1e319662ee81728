"""Whose trouble a "later" is: one reader's, which uses up one of their tries, or the relay's own, which uses up nobody's."""

from worker.channels.base import DeliveryError, Transient
from worker.newsletter.brake import TOO_MANY
from worker.record.sums import Sum

IN_A_ROW = 5
"""So many copies put off and none taken in between: a relay that has a bad day, or takes only so many an hour."""


class Laters:
    """The answers of one run, as they come. `total`: of the newsletter, when it begins."""

    def __init__(self, total: Sum) -> None:
        self._many_wait = total.waiting >= TOO_MANY * total.audience
        self._has_taken = False
        self._in_a_row = 0
        self._last: DeliveryError | None = None

    def hear(self, answer: DeliveryError | None) -> bool:
        """Whether this answer is the relay's own "later". Where few are left and none of them is taken, it is theirs: else it would have no end."""
        if answer is None:
            self._in_a_row, self._has_taken = 0, True
        if not isinstance(answer, Transient):
            return False
        self._in_a_row, self._last = self._in_a_row + 1, answer
        return self._in_a_row >= IN_A_ROW and (self._many_wait or self._has_taken)

    def trouble(self, relay: str) -> Transient | None:
        """For which the whole newsletter waits: how the run ended, while many wait."""
        if self._last is None or self._in_a_row < IN_A_ROW or not self._many_wait:
            return None
        return Transient(f"The mail relay {relay} put off the last {self._in_a_row:,} copies.", **self._last.words)
