from datetime import timedelta

from tests.factories import NOON
from worker.deliver.reconcile import AskPerson, LookAgain, Repeat, after_absence

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
