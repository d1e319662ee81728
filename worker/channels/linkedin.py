"""LinkedIn, versioned Posts API: a commentary with an article card, POST /rest/posts.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api
https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format
The card is made of `content.article` alone (source, title, description, none of them escaped): LinkedIn does not read the page.
"""

import re
from datetime import timedelta
from typing import Annotated

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, Duration, NetworkAddress, shaped

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_MARKUP = re.compile(r"\{hashtag\|\\?#\|(?P<tag>[^{}|]*)\}|\\(?P<escaped>.)", re.DOTALL)


class LinkedinOptions(ChannelOptions):
    author: Annotated[
        str, shaped(r"urn:li:(organization:[0-9]+|person:[\w-]+)", "'urn:li:organization:' and a number, or 'urn:li:person:' and an id")
    ] = ""
    version: Annotated[str, shaped(r"20[0-9]{2}(0[1-9]|1[0-2])", "a year and month, for example '202608'")] = "202608"
    base_url: NetworkAddress = "https://api.linkedin.com"
    settle: Duration = timedelta(minutes=15)


class Linkedin(Channel):
    slug = "linkedin"
    name = "LinkedIn"
    column = 50
    # 3000 for the commentary; whether the backslashes count is not documented, so ours do, with room to spare.
    limits = Limits(text=2900, title=399, description=4085)
    Options = LinkedinOptions

    @staticmethod
    def measure(text: str) -> int:
        """In UTF-16 units: LinkedIn does not say how it counts, and this is never less than the count of characters."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    @staticmethod
    def escape(text: str) -> str:
        """Little text: each reserved character behind a backslash, or LinkedIn cuts the post there without an error."""
        return _RESERVED.sub(r"\\\g<0>", text)

    @staticmethod
    def hashtag(tag: str) -> str:
        return f"{{hashtag|#|{tag}}}"

    @staticmethod
    def plain(text: str) -> str:
        return _MARKUP.sub(lambda found: found["escaped"] or f"#{found['tag']}", text)
