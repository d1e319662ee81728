"""Facebook Pages: a link post. Contract: https://developers.facebook.com/docs/pages-api/posts"""

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, WebAddress


class FacebookOptions(ChannelOptions):
    page_id: str = ""
    version: str = "v26.0"
    base_url: WebAddress = "https://graph.facebook.com"
    settle: str = "15m"


class Facebook(Channel):
    slug = "facebook"
    name = "Facebook"
    column = 20
    limits = Limits(text=63_206)
    Options = FacebookOptions
