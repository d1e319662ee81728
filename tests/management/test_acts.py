"""The commands by which an operator reads the record and acts on it."""

import csv
import errno
import io
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from tests import clocks
from tests.factories import make_blog, make_delivery, make_post, make_staff
from tests.management.said import said, told
from worker.management import shapes
from worker.models import Delivery, Post, Rendition

pytestmark = pytest.mark.django_db
DELIVERY_KEYS = {
    "id", "blog", "post", "channel", "occasion", "state", "waits_for", "reason", "due_at", "finished_at", "remote_id", "remote_url", "attempts", "recipients",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _blogs(settings: Any) -> None:
    settings.BLOGS = {}


@pytest.fixture
def post() -> Post:
    return make_post(make_blog())


def test_a_number_is_an_id_also_where_the_feed_numbers_its_posts(post: Post) -> None:
    make_post(post.blog, guid=str(post.pk))
    assert told("preview", str(post.pk), "--channel", "facebook")["link"] == post.url


def test_a_feeds_password_is_shown_nowhere(client: Client) -> None:
    make_blog(feed="https://desk:hunter2@blog.example/feed/")
    client.force_login(make_staff())
    shown = [said("blogs"), said("blogs", "--json"), *(client.get(page).content.decode() for page in ("/health", "/first-steps"))]
    assert ["blog.example/feed/" in each for each in shown] == [True] * 4
    assert not any("hunter2" in each for each in shown)


def test_a_database_that_is_behind_is_one_sentence(post: Post) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE worker_post RENAME TO worker_elsewhere")
    with pytest.raises(CommandError, match=r"Run `postlark migrate`, then try again\."):
        said("posts")


def test_the_log_lists_deliveries_newest_first(post: Post) -> None:
    first, second = make_delivery(post, "facebook"), make_delivery(post, "twitter")
    rows = told("log")
    assert [row["id"] for row in rows] == [str(second.pk), str(first.pk)]
    assert rows[0].keys() >= DELIVERY_KEYS
    assert rows[0]["post"] == {"id": str(post.pk), "guid": post.guid, "url": post.url, "title": post.title}
    assert rows[0]["due_at"] == second.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert rows[0]["recipients"] is None


@pytest.mark.sqlite
def test_a_list_that_is_longer_than_one_question_may_be_is_listed_whole(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(20):
        make_delivery(make_post(post.blog), "facebook")
    monkeypatch.setattr(shapes, "AT_ONCE", 5)
    usual = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 15)
    try:
        assert (len(told("log")), len(told("posts"))) == (20, 21)
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)


def test_the_log_can_be_narrowed(post: Post) -> None:
    make_delivery(post, "facebook")
    sent = make_delivery(post, "twitter", state="sent", waits_for="nothing", created_at=clocks.now() - timedelta(days=3))
    assert [row["id"] for row in told("log", "--state", "sent")] == [str(sent.pk)]
    assert [row["channel"] for row in told("log", "--channel", "facebook")] == ["facebook"]
    assert [row["channel"] for row in told("log", "--since", "2d")] == ["facebook"]
    assert [row["channel"] for row in told("log", "--since", (clocks.now() - timedelta(days=1)).strftime("%Y-%m-%d"))] == ["facebook"]
    assert len(told("log", "--blog", "example")) == 2
    with pytest.raises(CommandError, match="no blog 'other'"):
        said("log", "--blog", "other")
    for odd in ("yesterday", "2026-13-45", "99999999999999d", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(CommandError, match=f"argument --since: '{re.escape(odd)}' is no date"):
            said("log", "--since", odd)


@pytest.fixture
def _no_room() -> Iterator[None]:
    """As if no more could be had than the database has already."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        yield
        cursor.execute("PRAGMA max_page_count = 1073741823")


def pause_without_end() -> None:
    while True:
        said("pause", "example")


@pytest.mark.sqlite
@pytest.mark.usefixtures("_no_room")
def test_a_full_disk_is_named_and_nobody_is_sent_to_migrate(post: Post) -> None:
    with pytest.raises(CommandError, match=r"no room left on the disk of the database .* Make room, then try again\."):
        pause_without_end()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("free", "sentence"), [(0, "no room left on the disk of the database"), (10**9, "does not answer: disk I/O error")]
)
def test_sqlites_other_word_for_a_full_disk_is_told_from_a_broken_one(
    post: Post, monkeypatch: pytest.MonkeyPatch, free: int, sentence: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr("worker.management.commands.posts.Command.act", broken)
    monkeypatch.setattr("worker.lib.room.is_left", lambda: free > 0)
    with pytest.raises(CommandError, match=sentence):
        said("posts")


def test_a_data_folder_that_takes_nothing_is_named(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/secret-key")

    monkeypatch.setattr("worker.management.commands.posts.Command.act", full)
    with pytest.raises(CommandError, match=r"^/data/secret-key cannot be written: No space left on device\. Mend that, then try again\.$"):
        said("posts")


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("no such table: worker_delivery", "Run `postlark migrate`, then try again."),
        ('relation "worker_delivery" does not exist', "Run `postlark migrate`, then try again."),
        ("database or disk is full", "Make room, then try again."),
        ("file is not a database", "restore a backup (postlark restore)."),
        ("connection to server at 10.0.0.5, port 5432 failed: Connection refused", "Try again once it does."),
    ],
)
def test_what_the_database_answers_says_what_to_do(post: Post, monkeypatch: pytest.MonkeyPatch, answer: str, advice: str) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError(answer)

    monkeypatch.setattr("worker.management.commands.posts.Command.act", away)
    with pytest.raises(CommandError) as refused:
        said("posts")
    assert str(refused.value).endswith(advice)


def test_a_title_in_the_csv_never_runs_as_a_formula(post: Post) -> None:
    Post.objects.update(title='=HYPERLINK("https://evil.example")')
    make_delivery(post, "facebook")
    row = next(csv.DictReader(io.StringIO(said("log", "--csv"))))
    assert row["post_title"] == '\'=HYPERLINK("https://evil.example")'


def test_show_tells_the_whole_story(post: Post) -> None:
    delivery = make_delivery(post, "facebook")
    call_command("hold", str(delivery.pk), "--reason", "the picture is wrong", stdout=io.StringIO())
    story = told("show", str(delivery.pk))
    assert story.keys() >= DELIVERY_KEYS | {"rendition", "timeline"}
    assert story["rendition"].keys() >= {"subject", "text", "html", "link", "image", "alt", "disclaimer", "length", "limit"}
    assert "the picture is wrong" in story["timeline"][-1]["what"]
    assert story["timeline"][-1].keys() == {"at", "who", "what"}
    assert story["attempts"] == []
    assert "What happened" in said("show", str(delivery.pk))


def test_posts_show_every_channel(post: Post) -> None:
    old = make_delivery(post, "facebook", state="sent", waits_for="nothing", finished_at=clocks.now() - timedelta(hours=1))
    make_delivery(post, "facebook", state="rehearsed", waits_for="nothing", occasion="test")
    listed = told("posts", "example")[0]
    assert listed.keys() >= {"id", "blog", "guid", "url", "title", "published_at", "edited_since_sent", "channels"}
    assert listed["channels"]["facebook"] == {"id": str(old.pk), "state": "sent", "waits_for": "nothing", "reason": old.reason}
    assert listed["edited_since_sent"] is False
    Post.objects.update(edited_at=clocks.now())
    assert told("posts")[0]["edited_since_sent"] is True


def test_a_post_that_was_edited_while_it_was_handed_over_is_marked(post: Post) -> None:
    sent = make_delivery(post, "facebook", state="sent", waits_for="nothing", finished_at=clocks.now())
    Post.objects.update(edited_at=clocks.now() - timedelta(seconds=1))
    assert told("posts")[0]["edited_since_sent"] is False
    Rendition.objects.filter(delivery=sent).update(made_at=clocks.now() - timedelta(minutes=1))
    assert told("posts")[0]["edited_since_sent"] is True


@pytest.mark.parametrize("name", ["id", "url", "guid"])
def test_a_post_is_named_by_id_url_or_guid(post: Post, name: str) -> None:
    word = str(post.pk) if name == "id" else getattr(post, name)
    assert told("resend", word, "--channel", "facebook", "--reason", "they asked")["state"] == "pending"


def test_resend_hold_release_and_cancel_say_what_they_changed(post: Post) -> None:
    row = told("resend", post.guid, "--channel", "facebook", "--reason", "they asked")
    assert (row["occasion"], row["state"]) == ("resend", "pending")
    assert told("hold", row["id"], "--reason", "wait")["state"] == "held"
    assert told("release", row["id"], "--reason", "go")["state"] == "pending"
    assert told("cancel", row["id"], "--reason", "no")["state"] == "cancelled"
    with pytest.raises(CommandError, match="Cancelled"):
        said("release", row["id"], "--reason", "go")


def test_what_does_not_exist_is_named(post: Post) -> None:
    with pytest.raises(CommandError, match="There is no delivery '999999'"):
        said("show", "999999")
    with pytest.raises(CommandError, match="There is no post 'nowhere'"):
        said("resend", "nowhere", "--channel", "facebook", "--reason", "they asked")


def test_a_text_file_that_cannot_be_read_is_named(post: Post, tmp_path: Any) -> None:
    (tmp_path / "text").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not UTF-8"):
        said("resend", post.guid, "--channel", "facebook", "--reason", "so", "--text-file", str(tmp_path / "text"))
    with pytest.raises(CommandError, match="No such file"):
        said("resend", post.guid, "--channel", "facebook", "--reason", "so", "--text-file", str(tmp_path / "none"))


def test_a_doubtful_delivery_is_settled(post: Post) -> None:
    delivery = make_delivery(post, "facebook", state="unknown", waits_for="person", attempt=1)
    row = told("settle", str(delivery.pk), "--sent", "https://facebook.example/1")
    assert (row["state"], row["remote_url"]) == ("sent", "https://facebook.example/1")
    with pytest.raises(CommandError, match="for newsletters"):
        said("settle", str(delivery.pk), "--sent", "--all-unknown")


def test_a_channel_is_paused_and_resumed(post: Post) -> None:
    delivery = make_delivery(post, "facebook")
    assert "paused by" in told("pause", "example", "facebook")["sentence"]
    Delivery.objects.filter(pk=delivery.pk).update(waits_for="person")
    told("resume", "example", "facebook")
    delivery.refresh_from_db()
    assert delivery.waits_for == "clock"
    with pytest.raises(CommandError, match="no channel 'myspace'"):
        said("pause", "example", "myspace")


def test_identify_says_whether_a_held_post_is_a_known_one(post: Post) -> None:
    again = make_post(post.blog, title=post.title, origin="unsure", resembles=post)
    held = make_delivery(again, state="held", waits_for="person", due_at=None, first_due_at=None)
    assert told("identify", str(again.pk), "--same") == {"id": str(again.pk), "title": post.title, "same_as": str(post.pk)}
    held.refresh_from_db()
    assert held.state == "cancelled"
    with pytest.raises(CommandError, match="answered already"):
        said("identify", str(again.pk), "--new")
