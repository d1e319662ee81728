"""The record's chain holds as long as nobody touches a closed line."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from worker.models import Event, Seal
from worker.record import seal
from worker.record.transition import note

pytestmark = pytest.mark.django_db


def later():
    return clocks.now() + timedelta(minutes=2)


def lines(count: int, **about) -> list[Event]:
    return [note(f"Line {number}.", who="desk@practice.example", data={"n": number, "é": [1.5, None]}, **about) for number in range(count)]


def test_a_line_is_sealed_as_the_same_words_for_ever():
    """Whoever changes this breaks every chain that was closed before."""
    at = datetime(2026, 11, 20, 9, 4, 0, 7, tzinfo=timezone(timedelta(hours=-5)))
    line = Event(pk=7, at=at, who="Zoé", what="Posted “it”.", blog_id=1, delivery_id=3, data={"to": "sent", "at": "é"})
    assert seal.written(line) == '[7,"2026-11-20T14:04:00.000007+00:00","Zoé","Posted “it”.",1,null,3,null,{"at":"é","to":"sent"}]'
    assert seal.closed("before", [line]) == "0623b41dc27eb5fe3446ba1b690b47836d591ab2bf2606272954c8e56f7d41d5"


def test_fresh_lines_are_left_open_for_a_moment():
    lines(3)
    assert seal.seal(clocks.now()) is None
    assert seal.verify() == seal.Verdict(seals=0, lines=0, unsealed=3, head="", broken=())


def test_the_chain_holds_over_several_seals(monkeypatch):
    monkeypatch.setattr(seal, "MOST", 4)
    delivery = make_delivery(make_post(make_blog()), "facebook")
    lines(10, delivery=delivery)
    made = [seal.seal(later()) for _ in range(4)]
    assert [one and (one.number, one.lines) for one in made] == [(1, 4), (2, 4), (3, 2), None]
    verdict = seal.verify()
    assert (verdict.seals, verdict.lines, verdict.unsealed, verdict.broken) == (3, 10, 0, ())
    assert verdict.head == Seal.objects.get(number=3).hash


def test_a_line_that_was_committed_late_goes_under_the_next_seal():
    first, second = lines(2)
    Event.objects.filter(pk=first.pk).update(at=later())
    seal.seal(later() - timedelta(minutes=1))
    seal.seal(later() + timedelta(minutes=2))
    assert [Event.objects.get(pk=line.pk).seal.number for line in (second, first)] == [1, 2]
    assert seal.verify().broken == ()


CHANGES = {
    "who": "somebody@else.example",
    "what": "Something else happened.",
    "at": datetime(2026, 1, 1, tzinfo=UTC),
    "data": {"n": 99},
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_line_is_told(field: str):
    some = lines(3)
    seal.seal(later())
    Event.objects.filter(pk=some[1].pk).update(**{field: CHANGES[field]})
    (sentence,) = seal.verify().broken
    assert "does not fit its 3 lines" in sentence


def test_a_removed_line_is_told():
    some = lines(3)
    seal.seal(later())
    some[2].delete()
    (sentence,) = seal.verify().broken
    assert "was set over 3 lines, and 1 of them is gone." in sentence


def test_a_line_slipped_in_is_told():
    lines(3)
    made = seal.seal(later())
    slipped = note("Never happened.")
    Event.objects.filter(pk=slipped.pk).update(seal=made)
    (sentence,) = seal.verify().broken
    assert "was set over 3 lines, and 1 was slipped in." in sentence


def test_a_removed_seal_is_told_with_what_follows_it(monkeypatch):
    monkeypatch.setattr(seal, "MOST", 2)
    lines(6)
    for _ in range(3):
        seal.seal(later())
    Event.objects.filter(seal__number=2).delete()
    Seal.objects.filter(number=2).delete()
    gone, broken = seal.verify().broken
    assert gone == "Seal 2 of the record is missing, with the lines under it."
    assert broken.startswith("Seal 3")


def test_a_chain_that_was_made_anew_no_longer_has_the_head_that_was_noted():
    some = lines(3)
    seal.seal(later())
    noted = seal.verify().head
    assert seal.noted(noted)
    Event.objects.filter(pk=some[0].pk).update(what="Nothing happened.", seal=None)
    Event.objects.update(seal=None)
    Seal.objects.all().delete()
    seal.seal(later())
    assert seal.verify().broken == ()
    assert seal.noted(noted) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20), st.integers(0, 4)), max_size=12
    )
)
def test_whatever_lines_in_whatever_batches_the_chain_holds(history):
    for words, closings in history:
        note(words or "–", data={"words": words})
        for _ in range(closings):
            seal.seal(later())
    assert seal.verify().broken == ()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_processes_that_close_the_same_lines_close_them_once():
    lines(5)
    start = threading.Barrier(4)

    def close() -> None:
        start.wait(10)
        seal.seal(later())
        connection.close()

    closers = [threading.Thread(target=close) for _ in range(4)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join()
    verdict = seal.verify()
    assert (verdict.seals, verdict.lines, verdict.broken) == (1, 5, ())
