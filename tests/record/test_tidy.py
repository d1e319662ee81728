"""What has served its time goes, with real files and rows; the record stays."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from PIL import Image

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post
from tests.newsletter.people import make_subscriber
from worker.channels.base import Picture
from worker.models import Alert, Batch, Delivery, Event, Recipient, Rendition
from worker.newsletter.journal import Journal
from worker.record import tidy as module
from worker.record.tidy import Removed, tidy, tidy_if_due
from worker.render.keep import keep, kept

pytestmark = pytest.mark.django_db
NOTHING = Removed(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.BLOGS, settings.POSTLARK_DATA = {}, tmp_path
    return tmp_path


def aged(path: Path, days: float) -> Path:
    then = (clocks.now() - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    return path


def picture(colour: str) -> Picture:
    file = BytesIO()
    Image.new("RGB", (2, 2), colour).save(file, "PNG")
    return Picture(file.getvalue(), "image/png", 2, 2)


def removed() -> Removed:
    return tidy(clocks.now())


def test_a_picture_that_no_delivery_names_goes_after_a_month(data: Path) -> None:
    named, old, young = (keep(picture(colour)) for colour in ("red", "green", "blue"))
    for name, days in ((named, 400), (old, 31), (young, 29)):
        aged(data / "images" / name, days)
    make_delivery(make_post(make_blog()))
    Rendition.objects.update(picture=named)
    assert removed() == Removed(1, 0, 0, 0, 0, 0, 0)
    assert kept(named)
    assert not kept(old)
    assert kept(young)


def test_a_picture_that_is_made_once_more_is_young_again(data: Path) -> None:
    name = keep(picture("red"))
    aged(data / "images" / name, 31)
    keep(picture("red"))
    assert removed() == NOTHING
    assert kept(name)


def test_a_rehearsed_mail_goes_after_three_months(data: Path) -> None:
    folder = data / "rehearsal"
    folder.mkdir()
    for name, days in (("1.eml", 91), ("2.eml", 89)):
        (folder / name).write_text("mail")
        aged(folder / name, days)
    assert removed().rehearsals == 1
    assert [path.name for path in folder.iterdir()] == ["2.eml"]


def test_a_journal_goes_only_where_its_sender_died_over_making_it(data: Path) -> None:
    with Journal():
        journals = data / "journal"
        (journals / ".0123").mkdir()
        for path in (*journals.iterdir(), journals / ".0123"):
            aged(path, 2)
        before = {path.name for path in journals.iterdir()}
        assert removed().journals == 1
        assert before - {path.name for path in journals.iterdir()} == {".0123"}


def test_ended_sessions_go() -> None:
    now = clocks.now()
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
    assert removed().sessions == 1
    assert Session.objects.get().session_key == "new"


def test_an_alert_goes_three_months_after_its_end_never_before() -> None:
    blog, now = make_blog(), clocks.now()
    for key, over in (("over", 91), ("lately", 89), ("open", None)):
        over_at = None if over is None else now - timedelta(days=over)
        noticed = now - timedelta(days=400)
        Alert.objects.create(blog=blog, key=key, about="", sentence="", page="/", recovers=False, noticed_at=noticed, over_at=over_at)
    assert removed().alerts == 1
    assert set(Alert.objects.values_list("key", flat=True)) == {"lately", "open"}


@pytest.fixture
def readers() -> Callable[[], dict[str, str]]:
    """Of one newsletter: what the relay said of each reader, by name."""
    blog, now = make_blog(), clocks.now()
    delivery = make_delivery(make_post(blog), "email", state="sent", waits_for="nothing")
    batch = Batch.objects.create(delivery=delivery, number=1, state="done", size=4, waiting=0, sent=2, refused=1, unknown=1)
    for name, state, days in (("ann", "sent", 181), ("ben", "refused", 200), ("cat", "unknown", 200), ("dan", "sent", 179)):
        reader = make_subscriber(blog, f"{name}@reader.example")
        at = now - timedelta(days=days)
        Recipient.objects.create(batch=batch, delivery=delivery, subscriber=reader, state=state, at=at, reason="Said so.", detail=name)
    return lambda: dict(Recipient.objects.order_by("pk").values_list("subscriber__email", "detail"))


def test_what_a_relay_said_of_a_reader_goes_after_half_a_year_unless_it_is_still_to_be_settled(readers) -> None:
    assert removed().readers == 2
    assert list(readers().values()) == ["", "", "cat", "dan"]
    assert set(Recipient.objects.values_list("reason", flat=True)) == {"Said so."}


def test_a_round_is_short_and_the_next_one_goes_on(readers, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    now = clocks.now()
    for left in (3, 2, 2):
        tidy_if_due(now)
        assert sum(map(bool, readers().values())) == left
    assert (data / "tidied").exists()


def test_the_clock_does_it_once_a_day(data: Path) -> None:
    now = clocks.now()
    for hours, stays in ((0, False), (1, True), (25, False), (24 * 3652, False), (50, False)):  # a clock went wrong, and right again
        path = data / "images" / keep(picture("red"))
        aged(path, 40)
        tidy_if_due(now + timedelta(hours=hours))
        assert path.exists() == stays


def test_what_cannot_be_removed_keeps_the_clock_from_nothing_else(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(data / "images" / keep(picture("red")), 40)
    now = clocks.now()
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(PermissionError):
            tidy_if_due(now)
        tidy_if_due(now)


def test_the_command_says_what_it_removed_and_the_record_keeps_it(data: Path, readers, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    aged(data / "images" / keep(picture("red")), 40)
    rows = Delivery.objects.count()
    for dry in (True, False):
        call_command("tidy", "--json", *(["--dry-run"] if dry else []))
        told = json.loads(capsys.readouterr().out)
        counted = {"pictures": 1, "rehearsals": 0, "journals": 0, "sessions": 0, "alerts": 0, "readers": 2, "returns": 0}
        assert told == {"dry_run": dry, "removed": counted}
        assert Event.objects.exists() is not dry
    assert "pictures that no delivery names, older than 30 days: 1" in Event.objects.earliest("pk").what
    assert "(command line)" in Event.objects.earliest("pk").who
    assert Delivery.objects.count() == rows
    call_command("tidy")
    assert capsys.readouterr().out == "Nothing has served its time yet.\n"


def test_a_file_that_cannot_be_removed_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = aged(data / "images" / keep(picture("red")), 40)

    def refuses(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuses)
    with pytest.raises(CommandError, match=f"{path.name} cannot be removed: Permission denied"):
        call_command("tidy")
