"""The daily reading: what it writes down, and when it calls a connection broken."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.connections.given import connected
from tests.factories import make_delivery, make_post
from worker.channels.base import Rejected, Transient, Unauthorized
from worker.connections import check
from worker.connections.check import DAILY, SOON, Verdict, after_failure
from worker.deliver.mend import check_connection
from worker.models import Connection, Event


@pytest.mark.parametrize(
    ("error", "final", "before", "verdict"),
    [
        (Transient("Down."), False, 0, Verdict("Down.", 0, False, SOON)),
        (Transient("Down."), False, 1, Verdict("Down.", 1, False, SOON)),
        (Rejected("May not be read."), False, 0, Verdict("May not be read.", 0, False, DAILY)),
        (Unauthorized("Who?"), False, 0, Verdict("Who?", 1, False, SOON)),
        (Unauthorized("Who?"), False, 1, Verdict("Who?", 2, True, DAILY)),
        (Unauthorized("Who?"), True, 0, Verdict("Who?", 1, True, DAILY)),
    ],
)
def test_one_refusal_is_no_proof_two_in_a_row_are(error, final, before, verdict):
    assert after_failure(error, final=final, refusals=before) == verdict


def is_due(row: Connection) -> None:
    Connection.objects.filter(pk=row.pk).update(next_check_at=clocks.now() - timedelta(seconds=1))


@pytest.mark.django_db
class TestReading:
    def test_it_writes_down_whose_it_is_what_it_may_do_and_when_it_ends(self, board):
        board.grants.until = clocks.now() + timedelta(days=40)
        row = connected(board)
        check.check(row.pk)
        row.refresh_from_db()
        assert (row.account_id, row.account, row.scopes, row.expires_at) == ("7", "The Practice", ["read", "write"], board.grants.until)
        assert row.last_checked_at
        assert timedelta(hours=21) < row.next_check_at - row.last_checked_at <= DAILY

    def test_it_renews_what_has_ended(self, board):
        check.check(connected(board, ended=True).pk)
        assert board.grants.renewals == 1

    def test_it_is_made_once_a_day(self, board):
        row = connected(board)
        assert check.due() == [row.pk]
        check.check(row.pk)
        assert check.due() == []
        check.check(row.pk)
        assert [request.path for request in board.requests] == ["/me"]

    def test_a_channel_that_is_switched_off_is_not_read(self, board):
        connected(board, mode="off")
        assert check.due() == []

    def test_a_connection_is_broken_only_when_it_is_refused_twice(self, board):
        row = connected(board)
        board.misbehave("401", on="read", times=2)
        check.check(row.pk)
        row.refresh_from_db()
        assert (row.broken, row.check_failure) == ("", "Noticeboard does not accept the connection; it must be connected again.")
        is_due(row)
        check.check(row.pk)
        row.refresh_from_db()
        assert row.broken == "Noticeboard does not accept the connection; it must be connected again."
        assert [event.what for event in Event.objects.all()] == [row.broken]

    def test_when_the_network_takes_it_again_what_waited_goes_out(self, board):
        row = connected(board, broken="Noticeboard does not accept the connection.", refusals=2)
        waits = make_delivery(make_post(row.blog), "noticeboard", waits_for="person", due_at=None)
        check_connection(row.pk)
        row.refresh_from_db()
        waits.refresh_from_db()
        assert (row.broken, waits.waits_for) == ("", "clock")

    def test_what_a_post_found_broken_is_not_mended_by_a_reading(self, board):
        """That it may be read does not say that it may post."""
        row = connected(board, broken="This account may not post.")
        check_connection(row.pk)
        row.refresh_from_db()
        assert row.broken == "This account may not post."

    def test_a_person_s_pause_stays_when_the_connection_is_mended(self, board):
        row = connected(board, broken="Refused.", refusals=2, paused_by="ann@practice.example")
        waits = make_delivery(make_post(row.blog), "noticeboard", waits_for="person", due_at=None)
        check_connection(row.pk)
        waits.refresh_from_db()
        assert waits.waits_for == "person"
