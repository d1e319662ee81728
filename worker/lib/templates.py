"""The one Jinja2 environment: undefined names are errors, what is escaped goes by the file's ending, and both languages are spoken."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from jinja2 import Environment, StrictUndefined, select_autoescape

from worker.lib.language import LANGUAGES, said, speaks


def environment(**options: Any) -> Environment:
    options |= {"undefined": StrictUndefined, "autoescape": select_autoescape(["html"]), "trim_blocks": True, "lstrip_blocks": True}
    env = Environment(**options, extensions=["jinja2.ext.i18n"])
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's own
    env.filters["said"] = said
    env.globals |= {"static": static, "url": reverse, "speaks": speaks, "languages": LANGUAGES}
    return env
