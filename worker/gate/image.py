"""The picture, where a network takes nothing without one."""

from worker.channels.base import Channel, Message
from worker.gate.link import is_web
from worker.gate.refused import Refused


def check(message: Message, kind: type[Channel]) -> None:
    if message.image and not is_web(message.image):
        raise Refused(f"The picture's address {message.image!r} is not a web address; it must begin with https:// or http://.")
    if kind.limits.image_required and not (message.image or message.picture):
        raise Refused(f"{kind.name} takes no post without a picture, and this post has none; add a featured image on the blog.")
