"""postlark backup and restore: one file, either database, and a copy that sends nothing by itself."""

import json
import os
import zipfile
from datetime import timedelta
from pathlib import Path
from zipfile import is_zipfile

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post, make_staff
from worker.management import archive
from worker.models import Batch, Blog, Confirmation, Delivery, Event, Recipient, Staff, Subscriber
from worker.newsletter import confirmation_mail
from worker.record import seal
from worker.record.transition import note

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str, capsys) -> dict:
    call_command(*words, "--json")
    return json.loads(capsys.readouterr().out)


def empty() -> None:
    for name in (
        "Recipient",
        "Batch",
        "Event",
        "Seal",
        "Rendition",
        "Attempt",
        "Delivery",
        "Alias",
        "Post",
        "Consent",
        "Subscriber",
        "Staff",
    ):
        archive._models()[name.lower()].objects.all().delete()
    for model in archive._models().values():
        model.objects.all().delete()
    assert not any(model.objects.exists() for model in archive._models().values())


@pytest.fixture
def blog() -> Blog:
    return make_blog("example", channels={name: {"mode": "live"} for name in ("email", "facebook", "linkedin")})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "postlark.zip"


def test_every_row_comes_back_as_it_was(blog, file, capsys):
    staff = make_staff("office", "desk@practice.example")
    staff.blogs.add(blog)
    sent = make_delivery(make_post(blog), "facebook", state="sent", waits_for="nothing", due_at=None, remote_id="1", rendition={})
    note("Posted.", delivery=sent, data={"attempt": 1})
    seal.seal(clocks.now() + timedelta(minutes=2))
    made = run("backup", str(file), capsys=capsys)
    before = {name: list(model.objects.order_by("pk").values()) for name, model in archive._models().items()}
    assert made["rows"] == {name: len(rows) for name, rows in before.items()}
    empty()
    assert run("restore", str(file), capsys=capsys)["rows"] == made["rows"]
    for name, rows in before.items():
        now = list(archive._models()[name].objects.order_by("pk").values())
        if name == "blog":
            assert [row["restored_from"] is not None for row in now] == [True]
            now = [row | {"restored_from": None} for row in now]
        assert (now[:-1] if name == "event" else now) == rows, name
    assert list(Staff.objects.get().blogs.all()) == [blog]
    assert seal.verify().broken == ()
    assert Event.objects.order_by("pk").last().what.startswith("Restored from the backup of")


def test_many_batches_come_back_together_each_without_the_posts_it_left_out(blog, file, capsys, django_assert_max_num_queries):
    post = make_post(blog)
    delivery = make_delivery(post, "email", state="sent", waits_for="nothing", due_at=None)
    batches = [delivery.batches.create(number=number, state="done", size=1, waiting=0, sent=1) for number in range(200)]
    batches[7].leaves_out.add(post)
    run("backup", str(file), capsys=capsys)
    empty()
    with django_assert_max_num_queries(190):
        run("restore", str(file), capsys=capsys)
    assert Batch.objects.count() == 200
    assert list(Batch.objects.filter(leaves_out=post.pk).values_list("number", flat=True)) == [7]


def test_what_had_not_ended_waits_for_a_person(blog, file, capsys):
    now = clocks.now()
    rows = {
        "pending": make_delivery(make_post(blog), "facebook", due_at=now, first_due_at=now),
        "opened": make_delivery(
            make_post(blog), "facebook", state="sending", waits_for="network", phase="opened", lease_until=now, attempt=1
        ),
        "calling": make_delivery(
            make_post(blog), "facebook", state="sending", waits_for="network", phase="calling", lease_until=now, attempt=1
        ),
        "looking": make_delivery(
            make_post(blog), "linkedin", state="unknown", waits_for="network", due_at=now, unknown_since=now, attempt=1
        ),
        "sent": make_delivery(make_post(blog), "linkedin", state="sent", waits_for="nothing", due_at=None),
    }
    run("backup", str(file), capsys=capsys)
    empty()
    assert run("restore", str(file), capsys=capsys)["waiting"] == 4
    stands = {name: (row.state, row.waits_for) for name in rows for row in [Delivery.objects.get(pk=rows[name].pk)]}
    assert stands == {
        "pending": ("held", "person"),
        "opened": ("held", "person"),
        "calling": ("unknown", "person"),
        "looking": ("unknown", "person"),
        "sent": ("sent", "nothing"),
    }
    assert not Delivery.objects.exclude(due_at=None).exclude(state="sent").exists()


def test_readers_whose_turn_had_not_come_are_in_doubt_and_the_sum_balances(blog, file, capsys):
    mail = make_delivery(make_post(blog), "email", state="sending", waits_for="network", due_at=None, attempt=1)
    batch = Batch.objects.create(delivery=mail, number=1, state="sending", size=3, waiting=2, sent=1, lease_until=clocks.now(), attempt=1)
    for number, state in enumerate(("sent", "sending", "waiting")):
        reader = Subscriber.objects.create(
            blog=blog, email=f"r{number}@a.example", address_key=f"r{number}@a.example", created_at=clocks.now()
        )
        Recipient.objects.create(batch=batch, delivery=mail, subscriber=reader, state=state)
    run("backup", str(file), capsys=capsys)
    empty()
    run("restore", str(file), capsys=capsys)
    assert list(Recipient.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "unknown", "unknown"]
    batch.refresh_from_db()
    assert (batch.state, batch.size, batch.waiting, batch.sent, batch.unknown) == ("done", 3, 0, 1, 2)
    mail.refresh_from_db()
    assert (mail.state, "1 of 3 sent" in mail.reason) == ("sent", True)


def test_a_mail_that_asks_for_a_yes_does_not_leave_the_copy(blog, file, capsys):
    now = clocks.now()
    Confirmation.objects.create(
        blog=blog, email="a@a.example", address_key="a@a.example", mailbox="a@a.example", language="en-CA", asked_at=now, mail_due_at=now
    )
    run("backup", str(file), capsys=capsys)
    empty()
    run("restore", str(file), capsys=capsys)
    assert Confirmation.objects.exists()
    assert confirmation_mail.due() == []


def test_it_is_not_restored_over_anything(blog, file, capsys):
    run("backup", str(file), capsys=capsys)
    with pytest.raises(CommandError, match="not empty: it has blog"):
        call_command("restore", str(file))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda file: file.write_text("no zip"), "is not a backup of Postlark"),
        (lambda file: file.write_bytes(file.read_bytes()[:-40]), "is not a backup of Postlark"),
        (lambda file: file.unlink(), "cannot be read: No such file or directory"),
        (lambda file: _flip(file), "damaged|not a backup"),
        (lambda file: _other_version(file), "whose database stands at 0000_long_ago"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_changes_nothing(blog, file, damage, sentence, capsys):
    run("backup", str(file), capsys=capsys)
    empty()
    damage(file)
    with pytest.raises(CommandError, match=sentence):
        call_command("restore", str(file))
    assert not Blog.objects.exists()


def _flip(file) -> None:
    with zipfile.ZipFile(file) as whole:
        entry = whole.getinfo("rows/blog.jsonl")
    data = bytearray(file.read_bytes())
    data[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 0xFF
    file.write_bytes(data)


def _other_version(file) -> None:
    with zipfile.ZipFile(file) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["manifest.json"] = content["manifest.json"].replace(archive._migration().encode(), b"0000_long_ago")
    with zipfile.ZipFile(file, "w") as new:
        for name, data in content.items():
            new.writestr(name, data)


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("backup", str(tmp_path / "nowhere" / "file.zip"))


@pytest.mark.parametrize("command", [("backup",), ("evidence", "1", "--out")])
def test_nothing_but_an_older_one_is_replaced(blog, tmp_path, command, capsys):
    make_post(blog, pk=1)
    other = tmp_path / "letter.odt"
    other.write_text("Dear Ann")
    for there in (other, Path("/dev/null")):
        with pytest.raises(CommandError, match="cannot be written: something else is there already; choose another name"):
            call_command(*command, str(there))
    assert other.read_text() == "Dear Ann"
    assert Path("/dev/null").is_char_device()
    other.write_text("")
    for _ in ("an empty file", "an older one"):
        run(*command, str(other), capsys=capsys)
    assert is_zipfile(other)


def test_nobody_else_may_read_it_while_it_is_written(tmp_path):
    left = tmp_path / "draft"  # by a backup that was killed
    left.touch(mode=0o644)
    before = os.umask(0)
    try:
        assert archive.only_for_us(left).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_only_its_owner_may_read_it(blog, file, capsys):
    run("backup", str(file), capsys=capsys)
    assert file.stat().st_mode & 0o777 == 0o600
