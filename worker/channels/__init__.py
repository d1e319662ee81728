"""The ways out of a blog. A channel is one file in this folder, with a class that has a slug; nothing else lists them."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from worker.channels.base import Channel


@cache
def all_channels() -> dict[str, type[Channel]]:
    """slug -> channel class, in the order the console shows them."""
    found = {}
    for module in iter_modules(__path__):
        name = f"{__name__}.{module.name}"
        for value in vars(import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Channel) and value.__module__ == name and "slug" in vars(value):
                found[value.slug] = value
    return dict(sorted(found.items(), key=lambda item: (item[1].column, item[0])))


def find(slug: str) -> type[Channel]:
    """KeyError for a channel that no longer has a file."""
    return all_channels()[slug]
