"""Filling in a file below `templates/`. Names that are not given are errors; what ends in .html is escaped."""

import re
from typing import Any

import css_inline
from django.template.loader import render_to_string

# Mail programs that keep the style element get dark mode and the phone's width from it; the others have the inlined styles.
_INLINER = css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)


def fill(name: str, **values: Any) -> str:
    return str(render_to_string(name, values, using="jinja2"))


def squeezed(text: str) -> str:
    """What was empty leaves no gap: one space between two words, at most one blank line between two paragraphs, nothing around them."""
    lines = "\n".join(re.sub(r"[ \t]+", " ", line).strip(" ") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def inlined(html: str) -> str:
    """A mail's styles as attributes, for the mail programs that drop the style element."""
    return _INLINER.inline(html)
