from datetime import timedelta
from typing import Any

import pytest

from tests.factories import NOON, blog_file
from worker.deliver.admission import Go, admit
from worker.models import Blog, Connection, Delivery
from worker.record.standing import Standing

LATER = NOON + timedelta(minutes=20)


def admission(
    mode: str = "live",
    blog: dict[str, Any] | None = None,
    file: dict[str, Any] | None = None,
    connection: dict[str, Any] | None = None,
    **delivery: Any,
) -> Go | Standing:
    words = {
        "state": "pending",
        "waits_for": "clock",
        "channel": "facebook",
        "occasion": "automatic",
        "first_due_at": NOON,
        "created_at": NOON,
        **delivery,
    }
    shape = blog_file(channels={"facebook": {"mode": mode}, "email": {"mode": mode}}, **(file or {}))
    return admit(Delivery(**words), shape, Blog(**(blog or {})), Connection(**(connection or {})), NOON)


def test_what_is_due_goes() -> None:
    assert admission() == Go(rehearse=False)


def test_the_mode_in_the_file_decides() -> None:
    assert admission("rehearsal") == Go(rehearse=True)
    verdict = admission("off")
    assert isinstance(verdict, Standing)
    assert (verdict.state, verdict.waits_for) == ("skipped", "nothing")


@pytest.mark.parametrize(
    ("circumstance", "stands", "says"),
    [
        pytest.param({"blog": {"paused_by": "Ann"}}, ("pending", "person", None), "paused by Ann", id="blog paused"),
        pytest.param({"connection": {"paused_by": "Ann"}}, ("pending", "person", None), "paused by Ann", id="channel paused"),
        pytest.param(
            {"connection": {"broken": "The permission ended."}},
            ("pending", "person", None),
            "The permission ended.",
            id="connection broken",
        ),
        pytest.param(
            {"connection": {"cooldown_until": LATER, "cooldown": "Too fast."}}, ("pending", "clock", LATER), "Too fast.", id="cooldown"
        ),
        pytest.param(
            {"file": {"quiet_hours": "11:00-13:00"}}, ("pending", "clock", NOON + timedelta(hours=1)), "at 13:00", id="quiet hours"
        ),
        pytest.param({"first_due_at": NOON - timedelta(hours=25)}, ("held", "person", None), "waited too long", id="late"),
        pytest.param({"channel": "pinterest"}, ("held", "person", None), "[channels.pinterest]", id="section gone"),
    ],
)
def test_what_may_not_go_now_says_why(circumstance: dict[str, Any], stands: tuple[str, str, Any], says: str) -> None:
    verdict = admission(**circumstance)
    assert isinstance(verdict, Standing)
    assert (verdict.state, verdict.waits_for, verdict.due_at) == stands
    assert says in verdict.reason


def test_a_cooldown_that_is_over_holds_nothing_up() -> None:
    assert admission(connection={"cooldown_until": NOON - timedelta(seconds=1), "cooldown": "Too fast."}) == Go(rehearse=False)


def test_a_rehearsal_needs_no_connection() -> None:
    assert admission("rehearsal", connection={"broken": "The permission ended.", "cooldown_until": LATER}) == Go(rehearse=True)


def test_a_test_copy_goes_at_night_and_in_rehearsal() -> None:
    assert admission("rehearsal", channel="email", occasion="test", file={"quiet_hours": "11:00-13:00"}) == Go(rehearse=False)


def test_without_its_file_it_is_held() -> None:
    verdict = admit(Delivery(channel="facebook"), None, Blog(), Connection(), NOON)
    assert isinstance(verdict, Standing)
    assert verdict.state == "held"


AMENDMENTS = pytest.mark.parametrize("asked", [{"withdrawn_by": "Ann"}, {"occasion": "correction"}], ids=["taken down", "corrected"])


@AMENDMENTS
@pytest.mark.parametrize(
    "circumstance",
    [
        {"blog": {"paused_by": "Ann"}},
        {"connection": {"paused_by": "Ann"}},
        {"file": {"quiet_hours": "11:00-13:00"}},
        {"first_due_at": NOON - timedelta(hours=25)},
        {"mode": "rehearsal"},
    ],
    ids=["blog paused", "channel paused", "at night", "late", "rehearsal"],
)
def test_what_is_out_is_put_right_also_when_nothing_new_may_go(asked: dict[str, Any], circumstance: dict[str, Any]) -> None:
    assert admission(**asked, **circumstance) == Go(rehearse=False)


@AMENDMENTS
@pytest.mark.parametrize(
    ("connection", "stands"),
    [
        ({"broken": "The permission ended."}, ("pending", "person", None)),
        ({"cooldown_until": LATER, "cooldown": "Too fast."}, ("pending", "clock", LATER)),
    ],
    ids=["broken", "cooldown"],
)
def test_but_not_where_the_network_takes_nothing(asked: dict[str, Any], connection: dict[str, Any], stands: tuple[Any, ...]) -> None:
    verdict = admission(**asked, connection=connection)
    assert isinstance(verdict, Standing)
    assert (verdict.state, verdict.waits_for, verdict.due_at) == stands
