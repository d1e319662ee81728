from datetime import timedelta

import pytest

from tests import clocks
from tests.factories import NOON, make_blog, make_delivery, make_post
from worker.channels.base import Look, Message, Poster, Receipt
from worker.deliver.reconcile import AskPerson, LookAgain, Reading, Repeat, after_absence, judge

SETTLE = timedelta(minutes=15)
FACTS = {"absences": 0, "repeats": 0, "call_by": NOON - timedelta(seconds=5), "settle": SETTLE, "refuses_duplicates": True, "now": NOON}


def test_an_absence_while_the_request_may_still_travel_does_not_count() -> None:
    call_by = NOON + timedelta(seconds=30)
    assert after_absence(**FACTS | {"call_by": call_by}) == LookAgain(call_by + timedelta(seconds=1), 0)
    assert after_absence(**FACTS | {"call_by": call_by, "absences": 1}) == LookAgain(call_by + timedelta(seconds=1), 1)


def test_the_second_look_comes_a_settling_time_later() -> None:
    assert after_absence(**FACTS) == LookAgain(NOON + SETTLE, 1)


def test_a_network_that_refuses_duplicates_gets_it_again_once() -> None:
    assert after_absence(**FACTS | {"absences": 1}) == Repeat()
    assert after_absence(**FACTS | {"absences": 1, "repeats": 1}) == AskPerson()


def test_elsewhere_a_person_decides() -> None:
    assert after_absence(**FACTS | {"absences": 1, "refuses_duplicates": False}) == AskPerson()


# The verdict --------------------------------------------------------------------------------------------------------------


class Somewhere(Poster):
    slug, name, done, settle, stuck = "somewhere", "Somewhere", "Pinned", SETTLE, "Ask them."

    def send(self, message: Message) -> Receipt:
        pytest.fail("the verdict is drawn from what was read before")

    find = send


FOUND = Look(Receipt("7", "https://somewhere.example/7"), 3, "found on page 1")
ABSENT = Look(None, 3, "3 posts")
ONCE = {"absences": 1}
ASKS = "Please look there too: is it there, or shall it go out?"


@pytest.mark.parametrize(
    ("row", "refuses", "look", "stands", "says", "fields"),
    [
        pytest.param({}, False, FOUND, ("sent", "nothing"), "Pinned on Somewhere. The answer was lost", {"remote_id": "7"}, id="found"),
        pytest.param(
            {"call_by": NOON + SETTLE}, True, FOUND, ("sent", "nothing"), "Pinned on Somewhere.", {"due_at": None}, id="found at once"
        ),
        pytest.param(
            {}, True, ABSENT, ("unknown", "network"), "It is not there yet", {"absences": 1, "due_at": NOON + SETTLE}, id="not yet"
        ),
        pytest.param(
            {"call_by": NOON}, True, ABSENT, ("unknown", "network"), "It is not there yet", {"absences": 0}, id="it may be on its way"
        ),
        pytest.param(
            ONCE, True, ABSENT, ("pending", "clock"), "it goes out again by itself", {"repeats": 1, "due_at": NOON}, id="repeated"
        ),
        pytest.param(ONCE | {"repeats": 1}, True, ABSENT, ("unknown", "person"), f"Ask them. {ASKS}", {"due_at": None}, id="repeated once"),
        pytest.param(
            ONCE, False, ABSENT, ("unknown", "person"), f"did not find it, most recently at 12:00. {ASKS}", {}, id="takes it twice"
        ),
        pytest.param(ONCE | {"clue": "9"}, True, ABSENT, ("unknown", "person"), "names the post 9, but it is not there", {}, id="a clue"),
    ],
)
def test_what_a_reading_means(db, row, refuses, look, stands, says, fields) -> None:
    with clocks.stopped(NOON):
        delivery = make_delivery(make_post(make_blog()), state="unknown", waits_for="network", attempt=1, **row)
        poster = Somewhere(None, {})
        poster.refuses_duplicates = refuses
        verdict = judge(delivery, Reading(poster, look, NOON))
    assert (verdict.state, verdict.waits_for) == stands
    assert says in verdict.reason
    assert verdict.fields.items() >= fields.items()
    assert verdict.what.startswith("Looked at our own posts on Somewhere (3 of them): ")
