"""A named person's approval, where the blog's file asks for one: nothing goes out whose words, as they stand, they have not let go."""

from datetime import datetime
from typing import Any

from worker.lib.blogs import BlogFile
from worker.models import Delivery


def missing(file: BlogFile | None, approved_by: str) -> str:
    """The sentence while it is missing; empty where it was given, or none is asked for."""
    if file is None or not file.approval or is_approver(file, approved_by):
        return ""
    return f"It waits for {file.approval}, who must approve these words before they go out."


def is_approver(file: BlogFile | None, who: str) -> bool:
    return bool(file and file.approval and who.casefold() == file.approval.casefold())


def given_by(file: BlogFile | None, who: str, now: datetime) -> dict[str, Any]:
    """What is kept when this person lets it go, or writes its words."""
    return {"approved_by": who, "approved_at": now} if is_approver(file, who) else {}


TAKEN_BACK: dict[str, Any] = {"approved_by": "", "approved_at": None}
HELD: dict[str, Any] = {"state": Delivery.State.HELD, "waits_for": Delivery.WaitsFor.PERSON, "held_for": Delivery.HeldFor.APPROVAL}
