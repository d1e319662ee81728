"""postlark evidence: one post's pack, which anyone can check with sha256sum."""

import csv
import io
import json
import subprocess
import zipfile
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import clocks
from tests.factories import SHORT, make_blog, make_delivery, make_post
from worker.models import Attempt, Batch, Consent, Post, Recipient, Subscriber
from worker.record import seal
from worker.record.transition import note

pytestmark = pytest.mark.django_db
ADDRESS = "ann.reader@home.example"


@pytest.fixture
def post() -> Post:
    now = clocks.now()
    post = make_post(make_blog())
    facebook = make_delivery(post, "facebook", state="sent", waits_for="nothing", remote_id="77", remote_url="https://facebook.example/77")
    Attempt.objects.create(delivery=facebook, number=1, started_at=now, calling_at=now, finished_at=now, outcome="ok", holder="desk:1")
    note("Approved by sheema@practice.example.", who="sheema@practice.example", delivery=facebook)
    words = {"subject": "S", "text": f"Words.\n{SHORT}", "html": f"<p>Words.</p>{SHORT}", "disclaimer": SHORT, "length": 9}
    mail = make_delivery(post, "email", state="sent", waits_for="nothing", rendition=words)
    batch = Batch.objects.create(delivery=mail, number=1, state="done", size=2, waiting=0, sent=1, skipped=1)
    for address, state, basis in ((ADDRESS, "sent", "express"), ("bo@home.example", "skipped", "inquiry")):
        reader = Subscriber.objects.create(blog=post.blog, email=address, address_key=address, created_at=now)
        old = {"obtained_on": date(2026, 1, 2), "proof": "Form", "recorded_by": "desk"}
        Consent.objects.create(subscriber=reader, basis=basis, recorded_at=now - timedelta(days=1), **old)
        Recipient.objects.create(batch=batch, delivery=mail, subscriber=reader, state=state, at=now, reason="So it is.")
    make_delivery(make_post(post.blog), "facebook", state="sent", waits_for="nothing")
    seal.seal(now + timedelta(minutes=2))
    return post


@pytest.fixture
def pack(post, tmp_path):
    call_command("evidence", str(post.pk), "--out", str(tmp_path / "pack.zip"))
    with zipfile.ZipFile(tmp_path / "pack.zip") as file:
        file.extractall(tmp_path / "pack")
    return tmp_path / "pack"


def test_its_check_holds_until_somebody_changes_a_word(pack):
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=pack, capture_output=True).returncode == 0
    story = next(pack.glob("deliveries/*/story.json"))
    story.write_text(story.read_text().replace("automatic", "resend"))
    assert subprocess.run(check, cwd=pack, capture_output=True).returncode == 1


def test_it_holds_each_delivery_with_its_words_its_story_and_what_the_network_said(pack, post):
    stories = [json.loads(path.read_text()) for path in sorted(pack.glob("deliveries/*/story.json"))]
    assert [story["channel"] for story in stories] == ["facebook", "email"]
    assert (stories[0]["remote_url"], stories[0]["attempts"][0]["outcome"]) == ("https://facebook.example/77", "ok")
    assert all(SHORT in path.read_text() for path in pack.glob("deliveries/*/text.txt"))
    (mail,) = pack.glob("deliveries/*/mail.eml")
    assert b"List-Unsubscribe" in mail.read_bytes()


def test_readers_are_numbers_with_the_consent_that_their_copy_rested_on(pack):
    (path,) = pack.glob("deliveries/*/readers.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [(row["state"], row["basis"], row["obtained_on"]) for row in rows] == [
        ("sent", "express", "2026-01-02"),
        ("skipped", "inquiry", "2026-01-02"),
    ]
    counted = json.loads(path.with_suffix(".json").read_text())
    assert counted == {"by_state": {"sent": 1, "skipped": 1}, "by_consent": {"express": 1, "inquiry": 1}}
    everything = b"".join(file.read_bytes() for file in pack.rglob("*") if file.is_file())
    assert ADDRESS.encode() not in everything


def test_who_approved_it_stands_in_the_record_under_a_seal(pack):
    (line,) = [line for line in json.loads((pack / "record.json").read_text()) if "Approved" in line["what"]]
    seals = json.loads((pack / "seals.json").read_text())
    assert line["who"] == "sheema@practice.example"
    assert (seals["holds"], [each["number"] for each in seals["seals"]]) == (True, [line["seal"]])
    assert "held" in (pack / "README.txt").read_text()


def test_a_chain_that_does_not_hold_is_told_in_the_pack(post, tmp_path):
    post.events.update(what="Nothing.")
    post.blog.events.update(what="Nothing.")
    call_command("evidence", post.url, "--out", str(tmp_path / "pack.zip"))
    with zipfile.ZipFile(tmp_path / "pack.zip") as file:
        assert json.loads(file.read("seals.json"))["holds"] is False


def test_where_it_cannot_be_written_is_told(post, tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("evidence", str(post.pk), "--out", str(tmp_path / "nowhere" / "pack.zip"))
