"""Connecting by credentials that somebody has in hand: they are tried first, so that a slip of the pen replaces nothing that works."""

from datetime import datetime

from worker.channels.base import Account, Credentials, Poster, Rejected, Transient, Unauthorized
from worker.connections import check, keep
from worker.connections.connect import Chosen, store
from worker.connections.poster import Maker
from worker.connections.renew import ends_at
from worker.lib.blogs import BlogFile
from worker.lib.refused import Refused
from worker.models import Blog, Connection


def connect(blog: Blog, file: BlogFile, channel: str, credentials: Credentials, who: str, now: datetime) -> Connection:
    """Store them and read the account back. Raises Refused where the network does not take them; nothing has changed then.

    Where the network cannot be asked just now they are stored, and the row says so.
    """
    before = Connection.objects.filter(blog=blog, channel=channel).first() or Connection(blog=blog, channel=channel)
    place = Chosen(before.place_id, before.place_name)
    ends = ends_at(credentials)
    if ends and ends <= now:
        return _renewed_first(blog, channel, credentials, who, place)
    trial = Connection(blog=blog, channel=channel, credentials=keep.close(credentials), place_id=place.id)
    account = _account(Maker(file, channel).make(trial))
    row = store(blog, channel, credentials, who, place)
    if account:
        check.went_well(row, account)
    else:
        check.read_back(row, by_person=True)
    return Connection.objects.select_related("blog").get(pk=row.pk)


def _account(poster: Poster) -> Account | None:
    """None: it could not be asked."""
    try:
        return poster.check()
    except Unauthorized as error:
        raise Refused(f"{error.sentence} Nothing was stored.") from None
    except (Transient, Rejected):
        return None


def _renewed_first(blog: Blog, channel: str, credentials: Credentials, who: str, place: Chosen) -> Connection:
    """Access has ended: the network gives new credentials for these once, so they are stored before it is asked."""
    if not any("refresh_token" in key for key in credentials):
        raise Refused("These credentials have ended already (expires_at), and there is nothing to renew them with. Nothing was stored.")
    row = store(blog, channel, credentials, who, place)
    error = check.read_back(row, by_person=True)
    if isinstance(error, Unauthorized):
        raise Refused(f"{error.sentence} The credentials were stored, and do not work.")
    return Connection.objects.select_related("blog").get(pk=row.pk)
