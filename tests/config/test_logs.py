import logging
import sys

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http.multipartparser import MultiPartParserError

from worker.lib.log import KeyValueFormatter, WithoutBroker, without_secrets


def written(message: str, *args: object, **facts: object) -> str:
    record = logging.LogRecord("worker.deliver", logging.INFO, "send.py", 1, message, args, None)
    vars(record).update(facts)
    return KeyValueFormatter().format(record)


def test_a_line_is_time_level_event_and_facts():
    line = written("delivery sent", delivery_id=7, channel="facebook", sentence="It is out.")
    assert line.endswith("Z info worker.deliver: delivery sent delivery_id=7 channel=facebook sentence='It is out.'")


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach smtp://office:hunter2hunter2@relay.example:587",
        "redis://:hunter2hunter2@broker/0",
        "{'access_token': 'hunter2hunter2', 'account': 'x'}",
        'api_key="hunter2hunter2"',
        "refresh_token=hunter2hunter2&grant_type=x",
        "Authorization: Bearer hunter2hunter2",
        "POST /u/hunter2hunter2 200",
        "GET /sign-in/hunter2hunter2",
        "Conflict: /by-link/hunter2hunter2",
        "password: hunter2hunter2",
    ],
)
def test_no_secret_is_ever_written(text):
    assert "hunter2" not in without_secrets(text)
    assert "hunter2" not in written("%s", text)
    assert "hunter2" not in written("event", detail=text)


def test_no_secret_is_written_in_a_traceback():
    try:
        raise ValueError("postgres://postlark:hunter2hunter2@db/postlark")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "broken", (), sys.exc_info())
    line = KeyValueFormatter().format(record)
    assert "ValueError" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError, RequestDataTooBig, MultiPartParserError])
def test_what_comes_from_outside_is_one_line(trouble):
    """Nobody has made a mistake here: the database is away, its disk is full, or a stranger posts what cannot be read."""
    try:
        raise trouble("database or disk is full\nHINT: make room")
    except trouble:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "broken", (), sys.exc_info())
    assert KeyValueFormatter().format(record).endswith("Z error x: broken error='database or disk is full\\nHINT: make room'")


def test_a_clock_without_a_broker_is_one_line_a_tick():
    """Celery's own words for it: `Scheduler.apply_entry`."""
    try:
        raise ConnectionRefusedError("Connection refused")
    except ConnectionRefusedError as error:
        words = (error, ["File x", "File y"])
        record = logging.LogRecord("celery.beat", logging.ERROR, "beat.py", 1, "Message Error: %s\n%s", words, sys.exc_info())
    assert WithoutBroker().filter(record)
    assert KeyValueFormatter().format(record).endswith("it rings again at the next tick error='Connection refused'")


def test_what_somebody_else_wrote_cannot_make_a_line_of_its_own():
    assert "\n" not in written("title is %s", "a\n2026-01-01 error worker: forged", also="x\ny")


def test_plain_words_stay_as_they_are():
    sentence = "Posted on Facebook at 09:04: https://blog.example/coping-with-school-stress-and-worry/"
    assert without_secrets(sentence) == sentence
