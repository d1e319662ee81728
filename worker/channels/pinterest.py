"""Pinterest, API v5: a Pin on one board, POST /v5/pins.

https://developers.pinterest.com/docs/api/v5/pins-create (limits: its OpenAPI description)
"""

from datetime import timedelta
from typing import Annotated

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, Duration, NetworkAddress, shaped


class PinterestOptions(ChannelOptions):
    board_id: Annotated[str, shaped(r"[0-9]+", "the board's number, digits only")] = ""
    base_url: NetworkAddress = "https://api.pinterest.com"
    settle: Duration = timedelta(minutes=15)


class Pinterest(Channel):
    slug = "pinterest"
    name = "Pinterest"
    column = 40
    done = "Pinned"
    limits = Limits(text=800, title=100, description=800, alt=500, link=2048, image_required=True, text_is_description=True)
    Options = PinterestOptions
