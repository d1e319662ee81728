"""Log lines: one constant event a line, the facts as keys, on stderr."""

from logging.config import dictConfig

LEVELS = ("debug", "info", "warning", "error")

# What these say at their own level is about themselves: every task received, every connection opened, every signature made.
_WARNINGS_ONLY = (
    "amqp",
    "asyncio",
    "axes",
    "celery",
    "django",
    "flufl",
    "imapclient",
    "kombu",
    "oauthlib",
    "requests",
    "requests_oauthlib",
    "tweepy",
    "urllib3",
    "waitress",
)


def logging(level: str) -> None:
    quiet = {name: {"level": "INFO" if level == "debug" else "WARNING"} for name in _WARNINGS_ONLY}
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": "worker.lib.log.KeyValueFormatter"}},
            "filters": {"without_broker": {"()": "worker.lib.log.WithoutBroker"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            # A page that is not there is no event of ours; a page that breaks is.
            "loggers": {**quiet, "django.request": {"level": "ERROR"}, "celery.beat": {"filters": ["without_broker"]}},
        }
    )
