"""Log lines: one constant event a line, the facts as keys, on stderr."""

from logging.config import dictConfig


def logging(level: str) -> None:
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": "worker.lib.log.KeyValueFormatter"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
        }
    )
