import re
from pathlib import Path

import pytest

from config.blog import read_blog, read_blogs

EXAMPLE = Path("config/blogs/example.toml").read_text()


def told(tmp_path: Path, text: str, name: str = "practice.toml") -> list[str]:
    """The mistakes in a file with this text."""
    file = tmp_path / name
    file.write_text(text)
    return read_blog(file)[1]


def test_the_example_has_no_mistakes(tmp_path):
    assert told(tmp_path, EXAMPLE) == []


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ('name = "Example Psychotherapy"\nfeed', "feed", "name is missing."),
        ('feed = "http://127.0.0.1:8010/feed/"', 'feed = "blog.example"', "feed is 'blog.example'; allowed is an address that begins with"),
        ("http://127.0.0.1:8010/feed/", "http://[::1/feed/", "feed is 'http://[::1/feed/'; allowed is an address"),
        ("http://127.0.0.1:8010/feed/", "http://127.0.0.1:80100/feed/", "feed is 'http://127.0.0.1:80100/feed/'; allowed is an address"),
        ('"http://127.0.0.1:8010', '"ftp://desk:hunter2@127.0.0.1', "feed is 'ftp://desk:***@127.0.0.1/feed/'; allowed is an address"),
        ('language = "en-CA"', 'language = "de"', "language is 'de'; allowed are en-CA or fr-CA."),
        ('timezone = "America/Toronto"', 'timezone = "Toronto"', "timezone is 'Toronto', which is not a time zone"),
        ('poll = "1m"', 'poll = "often"', "poll is 'often'; allowed is a number with s, m, h or d"),
        ('poll = "1m"', "poll = 60", "poll is 60; allowed is a number with s, m, h or d"),
        ("backlog = 1", 'slug = "x"', "slug is the file's own name"),
        ("[alerts]\nto = [", "[[alerts]]\nto = [", "alerts must be a section"),
        ('reply_to = "office@blog.example"', 'relay = "Main!"', "sender.relay may hold small letters"),
        ('hold = "0m"', 'quiet_hours = "21-8"', "quiet_hours is '21-8'; allowed is FROM-UNTIL"),
        ('hold = "0m"', 'quiet_hours = "21:00-25:00"', "quiet_hours is '21:00-25:00'; allowed is FROM-UNTIL"),
        ("allow_private_addresses = true", 'allow_private_addresses = "yes"', "allow_private_addresses must be true or false."),
        ("allow_private_addresses = true", "allow_privat_addresses = true", "allow_privat_addresses is not a key Postlark knows"),
        ('email = "news@blog.example"', 'email = "news"', "sender.email is 'news', which is not an e-mail address."),
        ('email = "news@blog.example"', 'email = "café@blog.example"', "sender.email is 'café@blog.example', which has accents"),
        ('mailing_address = "', 'mail_address = "', "sender.mailing_address is missing."),
        (
            '[channels.email]\nmode = "rehearsal"',
            '[channels.email]\nmode = "on"',
            "channels.email.mode is 'on'; allowed are live, rehearsal or off.",
        ),
        ("[channels.twitter]", "[channels.x]", "channels.x: no such channel; allowed are email, facebook"),
        ("[channels.twitter]", "[channels.twitter]\nbase_url = 1", "channels.twitter.base_url must be text in quotes."),
        (
            "[channels.twitter]",
            '[channels.twitter]\nbase_url = "https://api.x.com:x"',
            "channels.twitter.base_url is 'https://api.x.com:x'",
        ),
        ('to = ["office@blog.example"]', 'to = "office@blog.example"', "alerts.to must be a list"),
    ],
)
def test_it_tells_file_key_what_is_wrong_and_what_is_allowed(tmp_path, right, wrong, sentence):
    assert right in EXAMPLE
    mistakes = told(tmp_path, EXAMPLE.replace(right, wrong))
    assert any(line.startswith(f"practice.toml: {sentence}") for line in mistakes), mistakes


LASTING = {"poll": "from '1s' to '30d'", "hold": "from '0s' to '30d'", "late": "from '1s' to '365d'", "settle": "from '1s' to '1d'"}
COUNTED = {"backlog": "from 0 to 50", "burst": "from 1 to 1000", "hashtags": "from 0 to 10", "related": "from 0 to 10"}
PLACES = {"settle": "channels.twitter.", "monthly_budget": "channels.twitter.", "related": "channels.email."}


def with_key(key: str, value: str) -> str:
    """The example, its `key` set to this alone."""
    text = re.sub(rf"(?m)^{key} = .*$", "", EXAMPLE)
    section = f"[{PLACES[key][:-1]}]" if key in PLACES else ""
    return text.replace(section, f"{section}\n{key} = {value}\n", 1)


@pytest.mark.parametrize(
    "value", ["-1", "60", "1.5", "nan", "inf", "true", '""', '"-1m"', '"nan"', '"1.5h"', '"1000000d"', '"٣m"', "[]", "{}"]
)
@pytest.mark.parametrize("key", LASTING)
def test_a_length_of_time_is_a_number_with_its_unit(tmp_path, key, value):
    (mistake,) = told(tmp_path, with_key(key, value))
    assert mistake.startswith(f"practice.toml: {PLACES.get(key, '')}{key} is ")
    assert mistake.endswith("; allowed is a number with s, m, h or d, for example '10m'.")


@pytest.mark.parametrize(
    ("key", "value"),
    [*[(key, "999999d") for key in LASTING], ("poll", "0s"), ("late", "0m"), ("settle", "0s"), ("settle", "25h"), ("hold", "31d")],
)
def test_a_length_of_time_makes_sense_for_its_key(tmp_path, key, value):
    mistakes = told(tmp_path, with_key(key, f'"{value}"'))
    assert mistakes == [f"practice.toml: {PLACES.get(key, '')}{key} is '{value}'; allowed is {LASTING[key]}."]


@pytest.mark.parametrize("value", ["-1", "1001", "9" * 30, "1.5", "nan", "inf", "true", '""', '"1"', "[]", "{}", "2026-01-01"])
@pytest.mark.parametrize("key", COUNTED)
def test_a_number_is_a_whole_one_that_makes_sense_for_its_key(tmp_path, key, value):
    (mistake,) = told(tmp_path, with_key(key, value))
    assert mistake.startswith(f"practice.toml: {PLACES.get(key, '')}{key} is ")
    assert mistake.endswith(f"; allowed is a whole number {COUNTED[key]}.")


@pytest.mark.parametrize("value", ["-1", "20", "20.0", "nan", "true", '"20"', '"-20.00 USD"', '"20.00 CAD"', '"9999999.00 USD"', "[]"])
def test_a_budget_is_an_amount_with_its_currency(tmp_path, value):
    (mistake,) = told(tmp_path, with_key("monthly_budget", value))
    assert mistake.startswith("practice.toml: channels.twitter.monthly_budget is ")
    assert mistake.endswith("; allowed is an amount in US dollars, for example '20.00 USD'.")


def test_it_tells_every_mistake_of_every_file_at_once(tmp_path):
    (tmp_path / "one.toml").write_text(EXAMPLE.replace('poll = "1m"', 'poll = "often"').replace('language = "en-CA"', 'language = "de"'))
    (tmp_path / "two.toml").write_text("name = ")
    (tmp_path / "Three.toml").write_text(EXAMPLE)
    (tmp_path / "good.toml").write_text(EXAMPLE)
    blogs, mistakes = read_blogs(tmp_path)
    assert list(blogs) == ["good"]
    assert sorted(line.split(":")[0] for line in mistakes) == ["Three.toml", "one.toml", "one.toml", "two.toml"]


def test_a_file_of_brackets_is_a_mistake_in_it_and_not_in_us(tmp_path):
    file = tmp_path / "practice.toml"
    file.write_text("name = " + "[" * 5000)
    assert read_blog(file) == (None, ["practice.toml: this is not TOML: too many brackets within brackets."])


def test_a_blogs_folder_that_is_a_file_is_named(tmp_path):
    file = tmp_path / "practice.toml"
    file.write_text(EXAMPLE)
    assert read_blogs(file) == ({}, [f"POSTLARK_BLOGS names {file}, which is no folder."])


def test_it_reads_a_file_as_windows_saves_it(tmp_path):
    file = tmp_path / "practice.toml"
    file.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert read_blog(file)[1] == []


def test_an_address_for_alerts_may_be_a_secret_and_is_never_repeated(tmp_path):
    (mistake,) = told(tmp_path, EXAMPLE.replace('to = ["office@blog.example"]', 'to = ["slack:/xoxb-1234"]'))
    assert "alerts.to.0 is neither an e-mail address nor" in mistake
    assert "xoxb" not in mistake


def test_it_says_what_is_not_toml_or_not_text(tmp_path):
    assert "this is not TOML" in told(tmp_path, "name = [")[0]
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert read_blog(tmp_path / "bytes.toml")[1] == ["bytes.toml: cannot be read: it is not UTF-8 text."]


@pytest.mark.parametrize("name", ["Big.toml", "a b.toml", "-a.toml", "x" * 51 + ".toml"])
def test_it_says_how_a_file_is_named(tmp_path, name):
    assert "a blog's file is named with small letters" in told(tmp_path, EXAMPLE, name)[0]


def test_it_wants_a_disclaimer_unless_told_that_none_is_required(tmp_path):
    without = EXAMPLE.replace("[disclaimer]\nfull = ", "[disclaimer]\nshort = ").replace('\nshort = "Educational only, not therapy."', "")
    assert "disclaimer.full is missing" in told(tmp_path, without)[0]
    assert "disclaimer.full is missing" in told(tmp_path, without.replace("[disclaimer]", '[disclaimer]\nfull = "  "'))[0]
    assert told(tmp_path, without.replace("[disclaimer]", "[disclaimer]\nrequired = false")) == []


def test_it_wants_a_sender_where_mail_is_sent(tmp_path):
    head, _, tail = EXAMPLE.partition("[sender]")
    mistakes = told(tmp_path, head + tail[tail.index("[alerts]") :])
    assert mistakes == ["practice.toml: sender is missing; the law asks who writes: name, email, mailing_address, contact."]
