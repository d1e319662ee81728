"""LinkedIn, versioned Posts API."""

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, WebAddress


class LinkedinOptions(ChannelOptions):
    author: str = ""
    version: str = "202608"
    base_url: WebAddress = "https://api.linkedin.com"
    settle: str = "15m"


class Linkedin(Channel):
    slug = "linkedin"
    name = "LinkedIn"
    column = 50
    limits = Limits(text=2900)
    Options = LinkedinOptions
