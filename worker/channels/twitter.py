"""X (Twitter), API v2."""

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, WebAddress


class TwitterOptions(ChannelOptions):
    base_url: WebAddress = "https://api.x.com"
    settle: str = "15m"
    monthly_budget: str = ""


class Twitter(Channel):
    slug = "twitter"
    name = "X (Twitter)"
    column = 30
    limits = Limits(text=280, alt=1000)
    Options = TwitterOptions
