"""Words that staff wrote in place of the excerpt."""

import re

from worker.gate.disclaimer import approved
from worker.lib.blogs import BlogFile
from worker.render.clean import clean
from worker.render.template import squeezed


def own_words(text: str, blog: BlogFile, *links: str) -> str:
    """Without the link and the disclaimer, which every text gets in their places: nobody shall read them twice."""
    text = clean(text)
    for words in approved(blog):
        text = re.sub(r"\s+".join(map(re.escape, words.split())), "", text)
    for link in filter(None, links):
        text = re.sub(rf"{re.escape(link)}(?=\s|$)", "", text)
    return squeezed(text)
