"""How every command ends: 2 for what the words themselves show to be wrong, 1 for what is refused, with one sentence."""

import io
from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.core.management import CommandError, load_command_class

from tests.factories import make_blog
from worker.management import commands

pytestmark = pytest.mark.django_db

WRONG_USAGE = [
    "backup",
    "beat now",
    "blogs example",
    "cancel 1",
    "check everything",
    "connect example",
    "connections example twitter",
    "correct 1",
    "correct 1 --reason r --channel mastodon",
    "doctor example email",
    "evidence 1",
    "hold 1",
    "identify 1",
    "identify 1 --same --new",
    "keys",
    "keys turn",
    "log --channel mastodon",
    "log --since",
    "log --since=",
    "log --since yesterday",
    "log --since -2d",
    "log --since 99999999999999d",
    "log --since 2026-02-30",
    "log --state gone",
    "log example",
    "migrate --to",
    "once example now",
    "pause",
    "poll example now",
    "posts example now",
    "preview 1",
    "preview 1 --channel mastodon",
    "preview 1 --channel twitter --edition weekly",
    "preview 1 --channel twitter --eml",
    "record",
    "record falsify",
    "release 1",
    "resend 1 --channel twitter",
    "resend 1 --channel twitter --reason r --to all",
    "resend 1 --issue 1 --reason r",
    "resend 1 --reason r",
    "restore",
    "resume",
    "settle 1",
    "settle 1 --not-sent --recipient ann@reader.example --all-unknown",
    "settle 1 --sent --not-sent",
    "show",
    "staff",
    "staff add ann@practice.example",
    "staff add ann@practice.example --role king",
    "subscribers",
    "subscribers import example readers.csv --basis express --obtained 2026-05-04",
    "subscribers import example readers.csv --basis express --obtained tomorrow --proof p",
    "subscribers import example readers.csv --basis hearsay --obtained 2026-05-04 --proof p",
    "subscribers list example --state gone",
    "subscribers show example",
    "test 1",
    "test 1 --channel twitter --to ann@practice.example",
    "tidy --everything",
    "up --feed blog.example",
    "up --fed https://blog.example/feed/",
    "web --port 80",
    "withdraw 1",
    "worker --processes 0",
    "worker --processes many",
]

REFUSED = [
    "backup /nowhere/at/all.zip",
    "cancel 1 --reason r",
    "connect example email",
    "connect example mastodon",
    "connections other",
    "correct 1 --reason r",
    "doctor other",
    "evidence 1 --out /tmp/pack.zip",
    "hold 1 --reason r",
    "hold 99999999999999999999 --reason r",
    "identify 1 --same",
    "log --blog other",
    "once other",
    "pause example mastodon",
    "pause other",
    "poll other",
    "posts other",
    "preview 1 --channel twitter",
    "release 1 --reason r",
    "resend 1 --channel twitter --reason r",
    "restore /nowhere/at/all.zip",
    "resume example mastodon",
    "settle 1 --sent",
    "show 1",
    "show twelve",
    "staff add nobody --role office",
    "staff reset nobody@practice.example",
    "subscribers import example /nowhere.csv --basis express --obtained 2026-05-04 --proof p",
    "subscribers list other",
    "subscribers show example ann@reader.example",
    "subscribers unsubscribe example nobody",
    "test 1 --to ann@practice.example",
    "withdraw 1 --reason r",
]


@pytest.fixture(autouse=True)
def _a_blog(settings) -> None:
    settings.BLOGS = {}
    make_blog()


def end_of(words: str) -> tuple[int, str]:
    """The exit code and what is said, as `postlark WORDS` ends; its own process would take a second for each line above."""
    name, *rest = words.split()
    command = load_command_class("worker", name)
    command._called_from_command_line = True
    try:
        command.execute(**vars(command.create_parser("postlark", name).parse_args(rest)))
    except SystemExit as ended:
        return int(ended.code or 0), ""
    except CommandError as error:
        return error.returncode, str(error)
    return 0, ""


@pytest.mark.parametrize("words", WRONG_USAGE)
def test_wrong_usage_ends_with_two(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = end_of(words)
    assert code == 2
    assert said or f"postlark {words.split()[0]}" in capsys.readouterr().err


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused_ends_with_one_and_a_sentence(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, said = end_of(words)
    assert code == 1
    assert said.endswith(".")
    assert "\n" not in said
    assert "Traceback" not in said


def test_every_command_that_takes_words_is_asked_with_wrong_ones() -> None:
    names = {module.name for module in iter_modules([str(Path(commands.__path__[0]))])}
    assert names == {words.split()[0] for words in WRONG_USAGE}
