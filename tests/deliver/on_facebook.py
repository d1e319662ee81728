"""Posts that are out on a Facebook Page of our own: a network that deletes and edits."""

from typing import Any

from tests.factories import SHORT, make_blog, make_delivery, make_post
from tests.fakes.facebook import Facebook
from worker.connections import keep
from worker.deliver.send import send
from worker.models import Connection, Delivery, Post

TOKEN = "a-token"


def post_on(graph: Facebook, mode: str = "live", **values: Any) -> Post:
    """A post of a blog whose Facebook channel is live and connected; nothing is out yet."""
    blog = make_blog(channels={"facebook": {"mode": mode, "base_url": graph.url, "page_id": graph.page}, "email": {"mode": "rehearsal"}})
    credentials = keep.close({"page_access_token": TOKEN})
    Connection.objects.update_or_create(blog=blog, channel="facebook", defaults={"credentials": credentials})
    return make_post(blog, **values)


def posted(graph: Facebook, **values: Any) -> Delivery:
    """A delivery that is out."""
    post = post_on(graph, **values)
    text = f"{post.title}\n\n{SHORT}"
    words = {"text": text, "link": post.url, "disclaimer": SHORT, "length": len(text)}
    delivery = make_delivery(post, "facebook", rendition=words)
    send(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "sent", delivery.reason
    return delivery
