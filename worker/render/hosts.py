"""Whom a reader's mail program would ask for something when it shows a mail: what anybody could be told of by that."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

_LOADS = {"src", "srcset", "background", "poster", "data", "manifest", "action"}
_LINKS = {"a", "area"}
_URL = re.compile(r"(?:url\(|@import)\s*[\"']?\s*([^\"')\s;]+)", re.IGNORECASE)
_CONDITIONAL = re.compile(r"<!--\[if [^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)


def hosts_asked(html: str) -> list[str]:
    """In the order of the alphabet. Links count only when somebody clicks them, and what travels in the mail asks nobody."""
    reader = _Loads()
    reader.feed(_CONDITIONAL.sub(r"\1", html))
    reader.close()
    return sorted({host for address in reader.found if (host := _host(address))})


def _host(address: str) -> str:
    try:
        return urlsplit(address.strip()).hostname or ""
    except ValueError:
        return address.strip()


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if not value:
                continue
            if name == "style":
                self.found += _URL.findall(value)
            elif name == "srcset":
                self.found += [each.split()[0] for each in value.split(",") if each.strip()]
            elif name in _LOADS or (name in ("href", "xlink:href") and tag not in _LINKS):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _URL.findall(data)
