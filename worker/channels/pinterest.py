"""Pinterest, API v5."""

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, WebAddress


class PinterestOptions(ChannelOptions):
    board_id: str = ""
    base_url: WebAddress = "https://api.pinterest.com"
    settle: str = "15m"


class Pinterest(Channel):
    slug = "pinterest"
    name = "Pinterest"
    column = 40
    done = "Pinned"
    limits = Limits(text=800, title=100, description=800, alt=500, image_required=True)
    Options = PinterestOptions
