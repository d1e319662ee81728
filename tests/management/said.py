"""What a command says, given in this process."""

import io
import json
from typing import Any

from django.core.management import call_command


def said(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def told(*words: str) -> Any:
    """Its document."""
    return json.loads(said(*words, "--json"))
