"""A network's adapter with all that it needs: the blog's file, the credentials, the operator's app."""

from dataclasses import dataclass

from django.conf import settings

from worker import channels
from worker.channels.base import App, Credentials, Poster, Rejected, Unauthorized
from worker.connections import keep, renew
from worker.lib.blogs import BlogFile, ChannelOptions
from worker.lib.crypto import WrongKey
from worker.models import Connection


def poster_for(file: BlogFile, channel: str) -> Poster:
    """Ready to speak to the network, its credentials renewed where they end soon.

    Raises Rejected for a channel that is no network or has no section in the file any more; Unauthorized where there are no credentials, or a person must connect
    again; Transient where renewing them must be tried again. Not to be called inside a transaction: what is renewed is
    committed before it is used.
    """
    network(channel)
    row = Connection.objects.filter(blog__slug=file.slug, channel=channel).first()
    if row is None:
        return Maker(file, channel).make(Connection(channel=channel))
    return renew.renewed(row, Maker(file, channel).make)


def declared(file: BlogFile, channel: str, row: Connection | None = None) -> Poster:
    """Without credentials: for what it says of itself, never to ask the network anything. Raises Rejected as `poster_for`.

    `row`: with the place that was picked there.
    """
    kind, options = network(channel), _section(file, channel)
    return kind(options_with(options, kind, row) if row else options, {})


def declared_if_any(file: BlogFile | None, channel: str) -> Poster | None:
    """As `declared`; None for a channel that is no network, and where the blog's file, or its section, is gone."""
    try:
        return declared(file, channel) if file else None
    except Rejected:
        return None


def _section(file: BlogFile, channel: str) -> ChannelOptions:
    if channel not in file.channels:
        raise Rejected(f"The blog's file no longer has a section for this channel: [channels.{channel}].")
    return file.channels[channel]


def network(channel: str) -> type[Poster]:
    """Raises Rejected for a channel that is no network."""
    kind = channels.find(channel)
    if not issubclass(kind, Poster):
        raise Rejected(f"{kind.name} is no network and takes no credentials.")
    return kind


@dataclass(frozen=True)
class Maker:
    """Makes the adapter of one channel of one blog from its row."""

    file: BlogFile
    channel: str

    def make(self, row: Connection) -> Poster:
        """Raises Unauthorized where credentials are missing or cannot be opened; Rejected as `poster_for`."""
        kind = network(self.channel)
        poster = kind(options_with(_section(self.file, self.channel), kind, row), self._credentials(kind, row), app_of(self.channel))
        poster.account_id = row.account_id
        return poster

    def _credentials(self, kind: type[Poster], row: Connection) -> Credentials:
        try:
            credentials = keep.opened(row.credentials)
        except WrongKey as wrong:
            raise Unauthorized(str(wrong)) from None
        if not credentials and all(keys.needs for keys in kind.shapes):
            raise Unauthorized(f"{kind.name} is not connected for this blog. Connect it under Connections, or with `postlark connect`.")
        return credentials


def app_of(channel: str) -> App:
    """The operator's app, empty where the environment names none."""
    app: App = settings.APPS.get(channel, App())
    return app


def options_with(options: ChannelOptions, kind: type[Poster], row: Connection) -> ChannelOptions:
    """The section of the blog's file, with the place that was picked where the file is silent."""
    place = kind.consent.place if kind.consent else ""
    if not place or not row.place_id or place in options.model_fields_set:
        return options
    return options.model_copy(update={place: row.place_id})
