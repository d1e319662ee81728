"""The one Jinja2 environment: undefined names are errors, and what is escaped goes by the file's ending."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, StrictUndefined, select_autoescape


def environment(**options: Any) -> Environment:
    options |= {"undefined": StrictUndefined, "autoescape": select_autoescape(["html"]), "trim_blocks": True, "lstrip_blocks": True}
    env = Environment(**options)
    env.globals |= {"static": static, "url": reverse}
    return env
