"""Facebook Pages, Graph API: a link post, POST /{page-id}/feed with `message` and `link`.

https://developers.facebook.com/docs/pages-api/posts
The preview's title and picture come from the linked page itself; a link that stands only in the message gets none.
"""

from datetime import timedelta
from typing import Annotated

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, Duration, NetworkAddress, shaped


class FacebookOptions(ChannelOptions):
    page_id: Annotated[str, shaped(r"[0-9]+", "the page's number, digits only")] = ""
    version: Annotated[str, shaped(r"v[0-9]+\.[0-9]+", "a version of the Graph API, for example 'v26.0'")] = "v26.0"
    base_url: NetworkAddress = "https://graph.facebook.com"
    settle: Duration = timedelta(minutes=15)


class Facebook(Channel):
    slug = "facebook"
    name = "Facebook"
    column = 20
    limits = Limits(text=63_206)  # as posting tools have found it; Facebook documents none
    Options = FacebookOptions
