"""Where a reader can pass the post on. Plain links: nothing is loaded from these hosts, nothing tells them who clicked."""

from typing import NamedTuple
from urllib.parse import urlencode


class Share(NamedTuple):
    name: str
    address: str


def share_row(link: str, title: str, image: str) -> list[Share]:
    pin = {"url": link, "description": title} | ({"media": image} if image else {})
    return [
        Share("Facebook", "https://www.facebook.com/sharer/sharer.php?" + urlencode({"u": link})),
        Share("X", "https://x.com/intent/post?" + urlencode({"url": link, "text": title})),
        Share("Pinterest", "https://www.pinterest.com/pin/create/button/?" + urlencode(pin)),
        Share("LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?" + urlencode({"url": link})),
    ]
