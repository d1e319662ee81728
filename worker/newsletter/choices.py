"""What a reader of a blog can choose among, and what their choice means for a post."""

from collections import Counter
from collections.abc import Iterable

from worker.channels.email import EmailOptions
from worker.lib.blogs import BlogFile
from worker.lib.text import one_line
from worker.models import Blog, Post, Subscriber

LANGUAGES = {"en-CA": "English", "fr-CA": "Français"}
_LATEST = 300
_MOST = 24
_NO_TOPIC = {"uncategorized", "uncategorised", "non classé", "non catégorisé"}  # WordPress's own word for "none"


def editions(file: BlogFile) -> list[str]:
    """Their names as a subscriber keeps them; the first one is who does not choose."""
    options = file.channels.get("email")
    return [each.split()[0] for each in options.editions] if isinstance(options, EmailOptions) else []


def other_languages(blog: Blog, file: BlogFile) -> list[str]:
    """Those that readers on the list have chosen and the blog is not in."""
    here = Subscriber.objects.filter(blog=blog, state=Subscriber.State.CONFIRMED)
    return [each for each in LANGUAGES if each != file.language and here.filter(language=each).exists()]


def topics(blog: Blog) -> list[str]:
    """The categories of the latest posts: the commonest, in the order of the alphabet, as the latest post with it spells it."""
    latest = list(Post.objects.filter(blog=blog).order_by("-published_at", "-pk").values_list("categories", flat=True)[:_LATEST])
    spelled = {same(word): one_line(word) for words in reversed(latest) for word in reversed(words)}
    number = Counter(same(word) for words in latest for word in words)
    common = [key for key, _ in number.most_common(_MOST + len(_NO_TOPIC)) if key and key not in _NO_TOPIC][:_MOST]
    return sorted((spelled[key] for key in common), key=same)


def wants(chosen: Iterable[str], categories: Iterable[str]) -> bool:
    """Whoever chose topics gets only posts of them; whoever chose none gets all."""
    mine = {same(topic) for topic in chosen}
    return not mine or not mine.isdisjoint(same(category) for category in categories)


def same(topic: str) -> str:
    """Equal for two spellings of one topic."""
    return one_line(topic).casefold()
