"""X (Twitter), API v2: POST /2/tweets.

https://docs.x.com/x-api/posts/create-post
https://docs.x.com/fundamentals/counting-characters
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions, Duration, NetworkAddress
from worker.lib.weight import weight


def _money(value: object) -> Decimal:
    match = re.fullmatch(r"(\d{1,6}\.\d\d) USD", str(value))
    if not match:
        raise ValueError(f"is {value!r}; allowed is an amount in US dollars, for example '20.00 USD'.")
    return Decimal(match[1])


class TwitterOptions(ChannelOptions):
    base_url: NetworkAddress = "https://api.x.com"
    settle: Duration = timedelta(minutes=15)
    monthly_budget: Annotated[Decimal, BeforeValidator(_money)] | None = None


class Twitter(Channel):
    slug = "twitter"
    name = "X (Twitter)"
    column = 30
    limits = Limits(text=280, alt=1000, link_in_text=True)
    Options = TwitterOptions

    measure = staticmethod(weight)
