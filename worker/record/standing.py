"""How a delivery is to stand. Decided as a value; `transition` makes it so."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from worker.models import Delivery

State, WaitsFor = Delivery.State, Delivery.WaitsFor


@dataclass(frozen=True)
class Standing:
    state: str
    waits_for: str
    reason: str
    due_at: datetime | None = None
    held_for: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """Of the delivery's row."""
        return asdict(self)


def held(reason: str, held_for: str = "") -> Standing:
    """Until a person says what becomes of it."""
    return Standing(State.HELD, WaitsFor.PERSON, reason, held_for=held_for)


def held_back(refused: str) -> Standing:
    """`refused`: why the gate does not let it through."""
    return held(f"{refused} It was held back: mend it, then release it.")


def waiting(reason: str, due_at: datetime) -> Standing:
    """It goes by itself then."""
    return Standing(State.PENDING, WaitsFor.CLOCK, reason, due_at)


def to_mend(reason: str, due_at: datetime | None = None) -> Standing:
    """It goes by itself once a person has mended what is in its way, or let it go on."""
    return Standing(State.PENDING, WaitsFor.PERSON, reason, due_at)


def skipped(reason: str) -> Standing:
    return Standing(State.SKIPPED, WaitsFor.NOTHING, reason)
