"""postlark once: everything that the clock of a running Postlark would bring, in one go."""

import pytest
from django.core.management import call_command

from tests.connections.given import connected
from tests.factories import make_delivery, make_post
from tests.fakes.noticeboard import Noticeboard


@pytest.mark.django_db
def test_a_connection_that_works_again_is_found_and_what_waited_for_it_goes_out(settings, capsys):
    settings.BLOGS = {}
    with Noticeboard() as board:
        row = connected(board, broken="Noticeboard does not accept the connection.", refusals=1)
        waits = make_delivery(make_post(row.blog), "noticeboard", waits_for="person", due_at=None)
        call_command("once")
    waits.refresh_from_db()
    assert waits.state == "sent", waits.reason
    assert "Posted on Noticeboard" in capsys.readouterr().out
