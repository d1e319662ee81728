"""The way to the post, and where a reader can pass it on. Plain links: nothing is loaded from these hosts, nothing tells them who clicked."""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from worker.gate.link import is_web


class Share(NamedTuple):
    name: str
    address: str


def tagged(link: str, channel: str) -> str:
    """The link with the blog's own statistics told which network a reader came from; one that says so already stays as it is."""
    if not is_web(link):
        return link
    parts = urlsplit(link)
    if any(name.startswith("utm_") for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return link
    said = urlencode({"utm_source": channel, "utm_medium": "social"})
    return parts._replace(query=f"{parts.query}&{said}" if parts.query else said).geturl()


def share_row(link: str, title: str, image: str) -> list[Share]:
    pin = {"url": link, "description": title} | ({"media": image} if image else {})
    return [
        Share("Facebook", "https://www.facebook.com/sharer/sharer.php?" + urlencode({"u": link})),
        Share("X", "https://x.com/intent/post?" + urlencode({"url": link, "text": title})),
        Share("Pinterest", "https://www.pinterest.com/pin/create/button/?" + urlencode(pin)),
        Share("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?" + urlencode({"url": link})),
    ]
