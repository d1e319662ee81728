"""How a log line is written: time, level, event, then key=value. One line an event, and never the words of a secret."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError

DATABASE_IN_TROUBLE = (OperationalError, InterfaceError)
UNREADABLE = (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)
"""What Django raises over a body in another charset, without its boundary, too big, or broken off."""
_FROM_OUTSIDE = DATABASE_IN_TROUBLE + UNREADABLE
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS = [
    # the password in an address: redis://user:password@host
    re.compile(r"(://[^:/@\s]*:)[^@\s]+(?=@)"),
    # token=..., "secret": "...", password: ...
    re.compile(r"((?:token|secret|password|passwd|api_?key|secret_key|credentials?)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+", re.IGNORECASE),
    re.compile(r"((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    # the pages whose address is the key
    re.compile(r"(/(?:u|confirm|read|by-link|sign-in|hooks/publish|hooks/websub)/)[^\s\"'?]{8,}"),
]


def without_secrets(text: str) -> str:
    """Passwords in addresses, values after token=, secret:, password= ..., and the keys in our own links become ***."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class KeyValueFormatter(logging.Formatter):
    @staticmethod
    def converter(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {k: v for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_")}
        stamp = self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ")
        line = f"{stamp} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _FROM_OUTSIDE):  # it comes from outside: where in the code it met us says nothing
            facts["error"] = error
        line += "".join(f" {key}={_value(value)}" for key, value in facts.items())
        line = line.replace("\r", "\\r").replace("\n", "\\n")  # what somebody else wrote cannot make a line of its own
        if record.exc_info and not isinstance(error, _FROM_OUTSIDE):
            line += "\n" + self.formatException(record.exc_info)
        return without_secrets(line)


class WithoutBroker(logging.Filter):
    """At every tick without a broker Celery's clock writes down its whole stack, and each exception of a chain of ten: one line is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.msg.startswith("Message Error"):
            facts = {"error": record.exc_info[1], "exc_info": None}
            vars(record).update(facts, msg="the broker does not answer, so the clock rang nobody; it rings again at the next tick", args=())
        return True


def _value(value: Any) -> str:
    text = str(value)
    return repr(text) if re.search(r"\s", text) else text


@contextmanager
def carry_on(step: str, **facts: object) -> Iterator[None]:
    """One of many: where it breaks, the log says so and the others have their turn. A database in trouble is everybody's."""
    try:
        yield
    except DATABASE_IN_TROUBLE:
        raise
    except Exception:
        logging.getLogger(__name__).exception("one of many broke", extra={"step": step, **facts})
