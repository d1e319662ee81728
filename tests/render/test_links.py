import pytest

from worker.render.links import tagged


@pytest.mark.parametrize(
    ("link", "made"),
    [
        ("https://b.ca/grief/", "https://b.ca/grief/?utm_source=facebook&utm_medium=social"),
        ("https://b.ca/?p=3", "https://b.ca/?p=3&utm_source=facebook&utm_medium=social"),
        ("https://b.ca/a#top", "https://b.ca/a?utm_source=facebook&utm_medium=social#top"),
        ("https://b.ca", "https://b.ca?utm_source=facebook&utm_medium=social"),
        ("https://b.ca/%C3%A9t%C3%A9/", "https://b.ca/%C3%A9t%C3%A9/?utm_source=facebook&utm_medium=social"),
        ("https://b.ca/?utm_campaign=spring", "https://b.ca/?utm_campaign=spring"),
        ("", ""),
        ("mailto:a@b.ca", "mailto:a@b.ca"),
        ("https://[x", "https://[x"),
    ],
)
def test_the_link_says_where_a_reader_came_from(link: str, made: str) -> None:
    assert tagged(link, "facebook") == made
