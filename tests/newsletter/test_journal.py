"""What a killed sender's notes tell, on its own machine, on another, and after a power cut."""

import os
import resource
import shutil
import time
from datetime import timedelta
from importlib import import_module

import pytest

from tests import clocks
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end, the_sum
from worker import newsletter
from worker.channels.base import Rejected, Transient
from worker.channels.carrier import Carrier, Handed, Intent
from worker.models import Batch
from worker.newsletter import journal, mail
from worker.newsletter.journal import Journal
from worker.newsletter.outcome import outcome

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As by kill -9: nothing is closed, nothing is written any more."""


class Cut(Carrier):
    """One is taken, one refused, one asked to wait, one on its way when the sender is killed, one not begun."""

    def __init__(self, *_, **__) -> None:
        pass

    def send(self, template, envelopes):
        taken, refused, later, lost, _ = list(envelopes)
        for one, error in ((taken, None), (refused, Rejected("No.")), (later, Transient("Later."))):
            yield Intent(one.key)
            yield Handed(one.key, error, detail="250 2.0.0 Queued")
        yield Intent(lost.key)
        raise Killed


@pytest.fixture
def delivery(relay, settings, monkeypatch):
    """Its sender was killed in the middle."""
    blog = live_blog(relay)
    for name in "abcde":
        make_subscriber(blog, f"{name}@reader.example")
    delivery = planned(blog)
    with monkeypatch.context() as patched:
        patched.setattr(mail, "carrier", Cut)
        patched.setattr(import_module("worker.newsletter.hand_over"), "LOOK_EVERY", 1000.0)  # nothing is written in between
        with pytest.raises(Killed):
            newsletter.hand_over(delivery.batches.get().pk)
    assert [one.state for one in people(delivery).values()] == ["waiting"] * 5
    return delivery


def states(delivery) -> str:
    the_sum(delivery)
    return " ".join(one.state for _, one in sorted(people(delivery).items()))


def test_on_its_own_machine_each_note_counts_at_once(delivery, relay):
    newsletter.sweep()
    assert states(delivery) == "sent refused waiting unknown waiting"
    assert people(delivery)["a"].detail == "250 2.0.0 Queued"
    assert people(delivery)["c"].tries == 1
    send_to_the_end(delivery)
    assert states(delivery) == "sent refused sent unknown sent"


def test_on_another_machine_it_is_waited_for_and_then_all_of_it_is_in_doubt(delivery, settings):
    Batch.objects.update(holder="elsewhere:once run")
    newsletter.sweep()
    Batch.objects.update(lease_until=clocks.now() - timedelta(seconds=1))
    newsletter.sweep()
    assert states(delivery) == "waiting waiting waiting waiting waiting"
    Batch.objects.update(lease_until=clocks.now() - settings.LEASE - timedelta(seconds=1))
    newsletter.sweep()
    assert states(delivery) == "unknown unknown unknown unknown unknown"


def test_after_a_power_cut_the_notes_are_not_believed(delivery, settings, monkeypatch):
    monkeypatch.setattr(journal, "_boot_id", lambda: "started anew")
    Batch.objects.update(lease_until=clocks.now() - settings.LEASE - timedelta(seconds=1))
    newsletter.sweep()
    assert states(delivery) == "unknown unknown unknown unknown unknown"


def test_a_sender_that_lives_is_left_alone(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    with Journal() as living:
        living.page(1, 1).intend(7)
        assert list(journal.dead()) == []
        assert journal.read(living.holder, 1, 1).intents == {7}
    assert list(journal.dead()) == []


def test_a_note_without_its_end_is_none(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    own = Journal()
    page = own.page(1, 1)
    page.intend(7)
    page.answered(8, outcome(Rejected('No\nand "no".'), 1, clocks.now()))
    page._note(b'[9, "refused", "No')
    notes = journal.read(own.holder, 1, 1)
    assert (notes.intents, list(notes.outcomes)) == ({7}, [8])
    assert notes.outcomes[8].reason == 'No\nand "no".'
    own.__exit__(None)


def test_a_note_of_which_only_the_end_was_written_is_none(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    with Journal() as own:
        page = own.page(1, 1)
        page.intend(7)
        page._note(b"\0 8\n")
        assert journal.read(own.holder, 1, 1) == ({7}, {})


def test_notes_have_as_much_room_as_they_need(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    with Journal() as own:
        page = own.page(1, 1)
        for key in range(2000):
            page.intend(key)
            page.answered(key, outcome(None, 1, clocks.now(), f"250 {'x' * 100} {key}"))
        notes = journal.read(own.holder, 1, 1)
    assert notes.intents == notes.outcomes.keys() == set(range(2000))
    assert notes.outcomes[1999].detail.endswith(" 1999")


def test_without_room_for_its_notes_a_sender_stops(settings, tmp_path):
    settings.POSTLARK_DATA = tmp_path
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal() as own:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                own.page(1, 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def killed(reader: int) -> Journal:
    """It began one body; the lock went with the process, the notes stay."""
    sender = Journal()
    sender.page(7, 1).intend(reader)
    os.close(sender._lock)
    return sender


def test_another_machine_that_shares_the_folder_leaves_the_notes_to_the_one_that_wrote_them(settings, tmp_path, monkeypatch):
    settings.POSTLARK_DATA = tmp_path
    sender = killed(3)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(journal, "_boot_id", lambda: "another machine")
        assert list(journal.dead()) == []
        assert journal.read(sender.holder, 7, 1) is None
    assert journal.read(sender.holder, 7, 1).intents == {3}
    assert list(journal.dead()) == [sender.holder]


def test_notes_that_nobody_believes_any_more_are_cleared_away(settings, tmp_path, monkeypatch):
    settings.POSTLARK_DATA = tmp_path
    sender = killed(3)
    long_ago = time.time() - 2 * journal.believed_for().total_seconds()
    os.utime(sender._folder / "lock", (long_ago, long_ago))
    monkeypatch.setattr(journal, "_boot_id", lambda: "another machine")
    assert list(journal.dead()) == []
    assert not sender._folder.exists()


def test_where_the_notes_are_gone_nobody_is_written_to_again(delivery, settings):
    run = Batch.objects.get().holder.partition(" ")[2]
    shutil.rmtree(settings.POSTLARK_DATA / "journal" / run)
    Batch.objects.update(lease_until=clocks.now() - timedelta(seconds=1))
    newsletter.sweep()
    assert states(delivery) == "waiting waiting waiting waiting waiting"
    Batch.objects.update(lease_until=clocks.now() - settings.LEASE - timedelta(seconds=1))
    newsletter.sweep()
    assert states(delivery) == "unknown unknown unknown unknown unknown"
