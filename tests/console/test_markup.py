"""Every page is well-formed: each tag closed in its turn, each name given once, each reference leading somewhere, nothing inline."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from django.test.html import parse_html

from tests.console.conftest import client_of, text_of
from tests.console.test_roles import pages
from worker.models import Delivery

pytestmark = pytest.mark.django_db
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list")
CLICKED = {"a", "button", "input", "select", "textarea", "summary", "label", "iframe"}
NOT_INSIDE = {
    "a": CLICKED,
    "button": CLICKED,
    "label": {"label", "a", "button"},
    "form": {"form"},
    "p": {"div", "p", "ul", "ol", "table", "form", "pre"},
}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.names: Counter[str] = Counter()
        self.meant: set[str] = set()
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.names.update([given["id"]] if "id" in given else [])
        self.meant.update(word for name in REFERENCES if name in given for word in given[name].split())
        self.wrong += [f"<{tag} {name}>" for name, _ in attributes if name.startswith("on") or name == "style"]
        self.wrong += [f"<{tag} {name}> twice" for name, number in Counter(name for name, _ in attributes).items() if number > 1]
        self.wrong += [f"<{tag}> in <{outer}>" for outer in self._open if tag in NOT_INSIDE.get(outer, ())]
        if tag == "img" and "alt" not in given:
            self.wrong.append("<img> without alt")
        if tag not in {"meta", "link", "input", "img", "br", "path", "circle", "rect", "hr"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]


def test_every_page_is_well_formed(held: Delivery) -> None:
    client = client_of("owner")
    for name, address in {**pages(held), "sign-in": "/sign-in", "not-found": "/nothing", "paper": "/log?print=1"}.items():
        if name in ("log-sheet", "mail", "letter", "picture"):
            continue
        text = text_of(client.get(address, follow=True))
        parse_html(re.sub(r"<!doctype html>|<script[^>]*></script>|<svg.*?</svg>", "", text, flags=re.DOTALL))
        page = Page(text)
        assert page.wrong == [], name
        assert [each for each, number in page.names.items() if number > 1] == [], name
        assert page.meant - set(page.names) == set(), name
        assert text.startswith("<!doctype html>"), name
        assert len(re.findall("<h1", text)) == 1, name
