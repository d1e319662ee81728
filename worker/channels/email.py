"""E-mail over an SMTP relay."""

from worker.channels.base import Channel, Limits
from worker.lib.blogs import ChannelOptions


class EmailOptions(ChannelOptions):
    editions: list[str] = ["instant"]
    related: int = 3


class Email(Channel):
    slug = "email"
    name = "E-mail"
    column = 10
    done = "Sent"
    limits = Limits(text=1_000_000)
    Options = EmailOptions
