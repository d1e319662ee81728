"""Filling in a file below `templates/`. Names that are not given are errors; what ends in .html is escaped."""

import re
from typing import Any

from django.template import engines


def fill(name: str, **values: Any) -> str:
    return str(engines["jinja2"].env.get_template(name).render(values))  # type: ignore[attr-defined]  # the stubs know no env


def squeezed(text: str) -> str:
    """What was empty leaves no gap: one space between two words, at most one blank line between two paragraphs, nothing around them."""
    lines = "\n".join(re.sub(r"[ \t]+", " ", line).strip(" ") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
