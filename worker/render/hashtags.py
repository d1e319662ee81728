"""A post's categories as hashtags, the way people write them: “Children’s mental health” is ChildrensMentalHealth."""

import re

from worker.models import Post
from worker.render.clean import clean

LONGEST = 40
_APOSTROPHE = re.compile(r"[’'ʼ](?=\w{1,2}\b)")  # a child’s; of l’été the article stays a word of its own
_WORD = re.compile(r"[^\W_]+")
_SAYS_NOTHING = frozenset(
    ("uncategorized", "uncategorised", "nonclassé", "noncatégorisé", "sanscatégorie", "general", "général", "blog", "blogue")
)


def hashtags(post: Post, most: int) -> list[str]:
    """The first few that can be one, without the sign before them. A number alone is none to any network."""
    fit: dict[str, str] = {}
    for tag in filter(_is_one, (_tag(clean(category)) for category in post.categories)):
        fit.setdefault(tag.casefold(), tag)
    return list(fit.values())[:most]


def _tag(category: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(_APOSTROPHE.sub("", category)))


def _is_one(tag: str) -> bool:
    return 2 <= len(tag) <= LONGEST and not tag.isdigit() and tag.casefold() not in _SAYS_NOTHING
