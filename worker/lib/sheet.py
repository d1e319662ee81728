"""Values as cells of a spreadsheet."""

from datetime import UTC, datetime
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With what a cell begins that a spreadsheet may take for a formula, the wide signs included: https://owasp.org/www-community/attacks/CSV_Injection"""


def harmless(value: Any) -> Any:
    """A title that begins like a formula must not run in a spreadsheet."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
