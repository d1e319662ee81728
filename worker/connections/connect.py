"""Connecting and disconnecting: what a person gave is checked for its shape, tried, stored encrypted, and noted in the record."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from worker import channels
from worker.channels.base import CredentialKeys, Credentials, Poster
from worker.connections import keep
from worker.lib import clock
from worker.lib.refused import Refused
from worker.models import Blog, Connection
from worker.record.transition import note


@dataclass(frozen=True)
class Chosen:
    """Where to post, as a person picked it. Empty: the blog's file decides, or the network has one place only."""

    id: str = ""
    name: str = ""


def read_credentials(kind: type[Poster], text: str) -> Credentials:
    """The JSON that `postlark connect` takes. Raises Refused."""
    try:
        document = json.loads(text)
    except ValueError:
        raise Refused(f"What came is not JSON. {_wanted(kind)}") from None
    if not isinstance(document, dict) or not document:
        raise Refused(f"What came is not one JSON object with credentials in it. {_wanted(kind)}")
    credentials = {key: _text(key, value) for key, value in document.items()}
    if kind.shapes and not any(_fits(keys, credentials) for keys in kind.shapes):
        raise Refused(f"{_misfit(kind, credentials)} {_wanted(kind)}")
    return credentials


def _text(key: str, value: Any) -> str:
    if key.endswith(("expires_at", "expires")):
        return _moment(key, value)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Refused(f"{key} must be text on one line, in quotes, and not empty.")
    return value.strip()


def _moment(key: str, value: Any) -> str:
    try:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        moment = datetime.fromtimestamp(value, UTC) if is_number else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        raise Refused(f'{key} is not a moment; write it like "2026-12-31T23:59:00Z".') from None


def _fits(keys: CredentialKeys, given: Credentials) -> bool:
    return set(keys.needs) <= set(given) <= {*keys.needs, *keys.may}


def _misfit(kind: type[Poster], given: Credentials) -> str:
    closest = max(kind.shapes, key=lambda keys: len({*keys.needs, *keys.may} & set(given)))
    if missing := [key for key in closest.needs if key not in given]:
        return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
    odd = sorted(set(given) - {*closest.needs, *closest.may})
    return f"{kind.name} has no use for {' and '.join(odd)[:100]}."


def _wanted(kind: type[Poster]) -> str:
    """`X (Twitter) takes {"access_token", ...} or {...}.`"""
    told = [
        "{" + ", ".join([*(f'"{key}"' for key in keys.needs), *(f'"{key}" (may be left out)' for key in keys.may)]) + "}"
        for keys in kind.shapes
    ]
    return f"{kind.name} takes {' or '.join(told)}." if told else ""


def store(blog: Blog, channel: str, credentials: Credentials, who: str, place: Chosen = Chosen()) -> Connection:
    """In place of whatever was there; a renewal that is under way then writes nothing any more."""
    fresh: dict[str, Any] = {
        **_FORGOTTEN,
        "credentials": keep.close(credentials),
        "connected_at": clock.now(),
        "connected_by": who,
        "place_id": place.id,
        "place_name": place.name,
    }
    with transaction.atomic():
        row, _ = Connection.objects.update_or_create(blog=blog, channel=channel, defaults=fresh)
        note(f"{_name(row)} was connected.", who=who, blog=blog, data={"channel": channel})
    return row


def choose(row: Connection, place: Chosen, own: Credentials | None, who: str) -> None:
    """Post to this page, board or organisation from now on. `own`: the place's own credentials, beside the account's."""
    changed: dict[str, Any] = {"place_id": place.id, "place_name": place.name}
    if own:
        changed["credentials"] = keep.close({**keep.opened(row.credentials), **own})
    with transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(**changed)
        note(f"{_name(row)} posts to {place.name} from now on.", who=who, blog=row.blog, data={"channel": row.channel})
    row.refresh_from_db()


def disconnect(row: Connection, who: str) -> str:
    """Postlark forgets the credentials. Returns the sentence that says so."""
    what = f"{_name(row)} was disconnected; nothing goes out there until somebody connects it again."
    gone: dict[str, Any] = {**_FORGOTTEN, "credentials": "", "connected_at": None, "connected_by": "", "place_id": "", "place_name": ""}
    with transaction.atomic():
        Connection.objects.filter(pk=row.pk).update(**gone)
        note(what, who=who, blog=row.blog, data={"channel": row.channel})
    row.refresh_from_db()
    return what


# What belonged to the credentials before.
_FORGOTTEN: dict[str, Any] = {
    "account_id": "",
    "account": "",
    "scopes": [],
    "notes": [],
    "expires_at": None,
    "last_checked_at": None,
    "next_check_at": None,
    "check_failure": "",
    "refusals": 0,
    "days_warned": None,
    "renewing_until": None,
    "renewing_by": "",
    "renewals_begun": 0,
    "renewed_at": None,
}


def _name(row: Connection) -> str:
    return f"{channels.find(row.channel).name} of {row.blog.slug}"
