"""Values as cells of a spreadsheet."""

from datetime import UTC, datetime
from typing import Any


def harmless(value: Any) -> Any:
    """A title that begins like a formula must not run in a spreadsheet. https://owasp.org/www-community/attacks/CSV_Injection"""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
