"""How a log line is written: time, level, event, then key=value. Never the words of a secret."""

import logging
import re
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRETS = re.compile(
    r"(://[^:/@\s]*:)[^@\s]+(@)|((?:access_|refresh_|api_)?(?:token|secret|password|key)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+", re.IGNORECASE
)


def without_secrets(text: str) -> str:
    """Passwords in addresses and values after token=, secret:, password= ... become ***."""
    return _SECRETS.sub(lambda m: f"{m[1]}***{m[2]}" if m[1] else f"{m[3]}***", text)


class KeyValueFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {k: v for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_")}
        line = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        line += "".join(f" {key}={value!r}" if " " in str(value) else f" {key}={value}" for key, value in facts.items())
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return without_secrets(line)
