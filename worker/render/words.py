"""What readers see that is not the blog's own, in the blog's language."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    lang: str
    colon: str
    """What stands between a title and the sentence it leads into."""
    from_the_blog: str
    by: str
    read_on: str
    share: str
    related: str
    on_behalf_of: str
    unsubscribe: str
    no_tracking: str
    new_post: str


_ENGLISH = Words(
    lang="en-CA",
    colon=":",
    from_the_blog="from the blog",
    by="By {author}",
    read_on="Read the whole post",
    share="Share:",
    related="Related posts",
    on_behalf_of="{name}, on behalf of {principal}",
    unsubscribe="Unsubscribe",
    no_tracking="no tracking in this mail",
    new_post="A new post from {blog}",
)
_FRENCH = Words(
    lang="fr-CA",
    colon="\u00a0:",
    from_the_blog="du blogue",
    by="Par {author}",
    read_on="Lire l’article au complet",
    share="Partager\u00a0:",
    related="Autres articles",
    on_behalf_of="{name}, au nom de {principal}",
    unsubscribe="Se désabonner",
    no_tracking="aucun pistage dans ce courriel",
    new_post="Un nouvel article de {blog}",
)
WORDS: Mapping[str, Words] = {"en-CA": _ENGLISH, "fr-CA": _FRENCH}
