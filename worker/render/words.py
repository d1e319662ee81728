"""What readers see that is not the blog's own, in the blog's language."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.utils import translation

from worker.lib.language import dated


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
    choose: str
    in_browser: str
    archive: str
    no_tracking: str
    new_post: str
    of_the: Mapping[str, str]
    """What a digest brings, by its edition."""


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
    choose="Choose what you get",
    in_browser="View in browser",
    archive="All newsletters",
    no_tracking="no tracking in this mail",
    new_post="A new post from {blog}",
    of_the={"weekly": "the week’s posts", "monthly": "the month’s posts"},
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
    choose="Choisir ce que vous recevez",
    in_browser="Lire dans le navigateur",
    archive="Toutes les infolettres",
    no_tracking="aucun pistage dans ce courriel",
    new_post="Un nouvel article de {blog}",
    of_the={"weekly": "les articles de la semaine", "monthly": "les articles du mois"},
)
WORDS: Mapping[str, Words] = {"en-CA": _ENGLISH, "fr-CA": _FRENCH}


def spoken_day(day: date, language: str) -> str:
    """4 May 2026; 4 mai 2026, and 1er mai 2026."""
    with translation.override(language):
        return dated(day, "j F Y")
