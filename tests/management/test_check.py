import json
import sqlite3

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.factories import make_blog
from tests.fakes.feeds import FeedSite, Reply, item, rss
from tests.processes import ROOT, Installation

EXAMPLE = (ROOT / "config" / "blogs" / "example.toml").read_text()


@pytest.mark.django_db
def test_all_is_well_with_what_is_shipped(settings, capsys):
    make_blog()
    call_command("check", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["ok"]
    assert document["blogs"] == {"example": dict.fromkeys(("email", "facebook", "twitter", "pinterest", "linkedin"), "rehearsal")}
    assert document["templates"] > 10


@pytest.mark.django_db
def test_it_tells_every_template_that_cannot_be_used_and_what_is_missing(settings, tmp_path):
    make_blog()
    (tmp_path / "social").mkdir()
    (tmp_path / "social" / "facebook.txt").write_text("{{ title }}\n{% if %}")
    (tmp_path / "page.html").write_text("{% extends 'base.html' %}{% block %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with pytest.raises(CommandError) as refused:
        call_command("check")
    told = str(refused.value).splitlines()
    assert any(line.startswith("templates/social/facebook.txt, line 2:") for line in told), told
    assert any(line.startswith("templates/page.html, line 1:") for line in told), told
    assert "templates/social/twitter.txt is missing; the channel twitter says nothing without it." in told


@pytest.mark.django_db
def test_no_blog_at_all_is_a_mistake(settings):
    settings.BLOGS = {}
    with pytest.raises(CommandError, match="There is no blog: "):
        call_command("check")


@pytest.mark.processes
def test_migrate_says_what_it_did_and_check_wants_it_done(tmp_path, fresh_database_url):
    here = Installation(tmp_path, DATABASE_URL=fresh_database_url)
    (here.blogs / "example.toml").write_text(EXAMPLE)
    behind = here.run("check")
    assert behind.returncode == 1
    assert "steps behind the code; run: postlark migrate" in behind.stderr
    assert "new steps." in here.run("migrate").stdout
    assert "no new steps." in here.run("migrate").stdout
    assert json.loads(here.run("migrate", "--json").stdout) == {"applied": []}
    assert here.run("check").returncode == 0


@pytest.mark.processes
def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path):
    here = Installation(tmp_path, DATABASE_URL="postgres://postlark:hunter2@127.0.0.1:1/postlark")
    for command in ("migrate", "check", "posts"):
        answer = here.run(command)
        assert answer.returncode == 1
        assert "Connection refused" in answer.stderr
        assert "Traceback" not in answer.stderr
        assert "hunter2" not in answer.stderr


@pytest.mark.processes
def test_a_database_written_by_a_newer_postlark_is_refused(tmp_path):
    here = Installation(tmp_path)
    (here.blogs / "example.toml").write_text(EXAMPLE)
    here.run("migrate")
    with sqlite3.connect(here.data / "postlark.sqlite3") as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('worker', '0999_the_future', '2030-01-01')")
    connection.close()
    for command in ("migrate", "check", "web"):
        answer = here.run(command)
        assert answer.returncode == 1
        assert "was written by a newer Postlark: it has worker.0999_the_future." in answer.stderr


@pytest.mark.processes
def test_what_is_not_a_database_is_one_sentence(tmp_path):
    here = Installation(tmp_path)
    here.run("migrate")
    (here.data / "postlark.sqlite3").write_bytes(b"this is no database" * 100)
    answer = here.run("migrate")
    assert answer.returncode == 1
    assert "file is not a database" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.processes
@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_part_that_needs_a_broker_says_so(tmp_path, command):
    here = Installation(tmp_path)
    (here.blogs / "example.toml").write_text(EXAMPLE)
    here.run("migrate")
    answer = here.run(command)
    assert answer.returncode == 1
    assert answer.stderr.startswith("BROKER_URL is missing;")


@pytest.mark.processes
def test_wrong_usage_is_exit_code_2(tmp_path):
    here = Installation(tmp_path)
    assert here.run("check", "--bogus").returncode == 2
    assert here.run("nonsense").returncode == 2
    assert here.run("nonsense").stderr.startswith("There is no command 'nonsense'. The commands are: backup, beat, blogs,")


@pytest.mark.processes
def test_help_lists_every_command_without_any_configuration(tmp_path):
    here = Installation(tmp_path, LEASE="nonsense")
    answer = here.run("--help")
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()[2:]
    assert len(lines) > 20
    assert [line for line in lines if len(line.split()) < 3] == []


PAGE = b'<!doctype html><html><head><title>Quiet Room</title><link rel="alternate" type="application/rss+xml" href="/blog/feed/"></head></html>'


@pytest.mark.django_db
def test_it_offers_the_feed_that_a_web_page_names(settings):
    with FeedSite() as site:
        site.reply = Reply(200, PAGE, "text/html")
        make_blog(feed=site.url)
        with pytest.raises(CommandError) as refused:
            call_command("check")
        home = site.url.removesuffix("/feed/")
    assert str(refused.value) == (
        f"{settings.POSTLARK_BLOGS}/example.toml: feed: The feed's address answered with a web page (“Quiet Room”) instead of a feed; "
        f"the page says its feed is at {home}/blog/feed/."
    )


@pytest.mark.django_db
def test_it_says_how_each_feed_is_and_asks_only_for_what_was_never_read(settings, capsys):
    with FeedSite() as site:
        site.feed = rss(item("One"))
        make_blog(feed=site.url)
        call_command("check", "--json")
        assert json.loads(capsys.readouterr().out)["feeds"] == {"example": "It answers, with 1 post in it."}
        call_command("poll")
        asked, site.reply = len(site.asked), Reply(200, PAGE, "text/html")
        call_command("check")
        assert "Feed of example: The feed is fine: 1 post in it." in capsys.readouterr().out
        assert len(site.asked) == asked


@pytest.mark.django_db
def test_a_web_site_that_is_only_away_is_no_mistake(capsys):
    make_blog(feed="http://127.0.0.1:1/feed/")
    call_command("check")
    assert "Feed of example: 127.0.0.1 refused the connection: nothing listens there." in capsys.readouterr().out
