import pytest

from worker import channels
from worker.models import Post
from worker.render.hashtags import hashtags


@pytest.mark.parametrize(
    ("category", "tag"),
    [
        ("Anxiety", "Anxiety"),
        ("mental health", "MentalHealth"),
        ("Anxiety & Depression", "AnxietyDepression"),
        ("Self-care", "SelfCare"),
        ("CBT", "CBT"),
        ("LGBTQ+ wellness", "LGBTQWellness"),
        ("Children’s mental health", "ChildrensMentalHealth"),
        ("Don't worry", "DontWorry"),
        ("L’été à Montréal", "LÉtéÀMontréal"),
        ("santé mentale", "SantéMentale"),
        ("sante\u0301", "Santé"),
        ("snake_case words", "SnakeCaseWords"),
        ("Parenting 101", "Parenting101"),
        ("心の健康", "心の健康"),
        ("الصحة النفسية", "الصحةالنفسية"),
        ("🙂 Joy", "Joy"),
        ("\ue000why\ue001", "Why"),
    ],
)
def test_a_category_becomes_a_hashtag(category: str, tag: str) -> None:
    assert hashtags(Post(categories=[category]), 3) == [tag]


@pytest.mark.parametrize("category", ["", "2026", "🙂", "Uncategorized", "Non classé", "!", "a", "x" * 41, "Sans catégorie"])
def test_what_no_network_takes_or_nobody_looks_for_is_none(category: str) -> None:
    assert hashtags(Post(categories=[category]), 3) == []


def test_the_first_few_are_taken_and_each_once() -> None:
    post = Post(categories=["Grief", "grief", "Uncategorized", "Loss", "Hope", "Sleep"])
    assert hashtags(post, 3) == ["Grief", "Loss", "Hope"]
    assert hashtags(post, 0) == []


@pytest.mark.parametrize("wire", ["{hashtag|#|Grief}", "{hashtag|\\#|Grief}"])
def test_on_linkedin_it_is_markup_that_reads_back_as_it_was_written(wire: str) -> None:
    kind = channels.find("linkedin")
    words = "A (good) #day\\night_{x}"
    assert kind.plain(f"{kind.escape(words)}\n\n{wire}") == f"{words}\n\n#Grief"
    assert kind.hashtag("Grief") == "{hashtag|#|Grief}"
