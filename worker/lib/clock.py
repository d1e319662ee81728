"""Times as a sentence says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def spoken(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`14:05` on the same local day, else `Mon 23 Nov 14:05`: what stands after "at" or "until"."""
    local = moment.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def iso(value: object) -> str:
    """For JSON: a moment in UTC, as 2026-11-27T14:03:00Z; anything else as it prints."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
