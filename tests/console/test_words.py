from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from worker.console import words
from worker.lib.language import FRENCH, LANGUAGES
from worker.models import Delivery
from worker.record.sums import Sum

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
EARLIER, LONG_AGO, LATER = NOW - timedelta(hours=2), NOW - timedelta(days=9), NOW + timedelta(hours=2)
SUM = Sum(audience=312, sent=309, skipped=2, refused=1, unknown=0, waiting=0)


def row(state: str, waits_for: str = "nothing", channel: str = "facebook", **values: Any) -> Delivery:
    return Delivery(state=state, waits_for=waits_for, channel=channel, **{"reason": "Because. And so on.", **values})


@pytest.mark.parametrize(
    ("delivery", "total", "word", "shape", "tone"),
    [
        (row("held", "person"), None, "Held", "bars", "amber"),
        (row("pending", "clock", due_at=LATER), None, "Waiting", "clock", "blue"),
        (row("pending", "person"), None, "Needs you", "exclamation", "red"),
        (row("preparing"), None, "Preparing", "half", "blue"),
        (row("sending", "network"), None, "Sending", "half", "blue"),
        (row("unknown", "network"), None, "Checking", "question", "violet"),
        (row("unknown", "person"), None, "Needs you", "exclamation", "red"),
        (row("sent", finished_at=EARLIER), None, "Posted 10:00", "tick", "green"),
        (row("sent", finished_at=LONG_AGO), None, "Posted", "tick", "green"),
        (row("sent", channel="pinterest", finished_at=LONG_AGO), None, "Pinned", "tick", "green"),
        (row("sent", channel="email", finished_at=EARLIER), SUM, "309 of 312", "tick", "green"),
        (row("sent", channel="email", finished_at=EARLIER), replace(SUM, sent=307, unknown=2), "307 of 312", "question", "violet"),
        (row("sent", channel="no-longer-there"), None, "Sent", "tick", "green"),
        (row("failed", "person"), None, "Failed", "cross", "red"),
        (row("skipped"), None, "Skipped", "dash", "grey"),
        (row("cancelled"), None, "Cancelled", "dash", "grey"),
        (row("rehearsed"), None, "Rehearsed", "ring", "teal"),
        (row("withdrawn"), None, "Withdrawn", "dash", "grey"),
    ],
)
def test_each_state_has_its_word_shape_and_colour(delivery: Delivery, total: Sum | None, word: str, shape: str, tone: str) -> None:
    assert words.chip(delivery, total, NOW, TORONTO) == (word, shape, tone)


def test_no_state_is_without_a_word() -> None:
    for state in Delivery.State.values:
        assert words.chip(row(state), None, NOW, TORONTO).word


@pytest.mark.parametrize(
    ("delivery", "total", "line"),
    [
        (row("sent", finished_at=EARLIER), None, ""),
        (row("sent", finished_at=LONG_AGO), None, "11 November"),
        (row("sent", channel="email", finished_at=EARLIER), SUM, "1 refused, 2 skipped"),
        (row("sent", channel="email", finished_at=EARLIER), Sum(3, 3, 0, 0, 0, 0), "Everybody has it"),
        (row("sending", "network", channel="email"), Sum(312, 184, 9, 2, 0, 117), "184 of 312 so far"),
        (row("pending", "clock", due_at=LATER, reason="Goes out at 14:00."), None, "until 14:00"),
        (row("pending", "clock", due_at=LATER, reason="Quiet hours: it goes out at 14:00."), None, "until 14:00: quiet hours"),
        (row("pending", "clock", due_at=EARLIER, reason="Goes out now."), None, "goes out now"),
        (row("unknown", "network", due_at=LATER), None, "Answer lost; looking today 14:00"),
        (row("unknown", "person"), None, "Because"),
        (row("held", "person", reason="Held by desk@practice.example: a typo. Release it to let it go."), None, "Held by desk: a typo"),
        (row("rehearsed", finished_at=NOW - timedelta(minutes=2)), None, "2 min ago"),
        (row("failed", "person", reason="Facebook says: “No.” Resend it."), None, "Facebook says: “No.”"),
    ],
)
def test_the_small_line_says_only_what_the_word_does_not(delivery: Delivery, total: Sum | None, line: str) -> None:
    assert words.line(delivery, total, NOW, TORONTO) == line


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Posted on Facebook at 09:04.", "Posted on Facebook at 09:04"),
        ("It waits. Nothing to do.", "It waits"),
        ("The page blog.example/a.b did not answer. Trying again.", "The page blog.example/a.b did not answer"),
        ("Is this the same? Both are shown.", "Is this the same?"),
        ("“Stress” is held! “Why?” you ask.", "“Stress” is held!"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_where_the_next_begins(text: str, first: str) -> None:
    assert words.first_sentence(text) == first


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["sent", "refused", "skipped", "unknown", "waiting"])
def test_the_sum_agrees_in_both_languages(language, state) -> None:
    one, two = {
        "sent": ("envoyé", "envoyés"),
        "refused": ("refusé", "refusés"),
        "skipped": ("omis", "omis"),
        "unknown": ("incertain", "incertains"),
        "waiting": ("en attente", "en attente"),
    }[state]
    english = {"unknown": "in doubt"}.get(state, state)
    wanted = [one, one, two] if language is FRENCH else [english] * 3
    with translation.override(language.code):
        assert [words.term(state, figure).replace("\u00a0", " ") for figure in (0, 1, 2)] == [
            f"{n} {word}" for n, word in enumerate(wanted)
        ]
