"""Values as cells of a spreadsheet."""

from datetime import UTC, datetime
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How it begins what a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


def harmless(value: Any) -> Any:
    """A title that begins like a formula must not run in a spreadsheet."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
