import pytest

from worker.ingest.entry import Entry
from worker.ingest.names import address, names, path, same_words


@pytest.mark.parametrize(
    "other",
    [
        "http://blog.example/a-post/",
        "https://BLOG.example/a-post",
        "https://blog.example:443/a-post/",
        "http://blog.example:80/a-post",
        "https://blog.example./a-post/",
        "https://blog.example//a-post//",
        "https://blog.example/a-post/?utm_source=rss&utm_medium=rss",
        "https://blog.example/a-post?fbclid=IwAR0",
        "https://blog.example/a-post/#comments",
        " https://blog.example/a%2Dpost ",
    ],
)
def test_one_address_in_many_dresses(other: str) -> None:
    assert address(other) == address("https://blog.example/a-post/")


@pytest.mark.parametrize(
    "other",
    [
        "https://blog.example/A-Post/",
        "https://blog.example/a-post/2",
        "https://blog.example:8443/a-post/",
        "https://www.blog.example/a-post/",
        "https://blog.example/a-post/?p=7",
        "a-post",
    ],
)
def test_another_address(other: str) -> None:
    assert address(other) != address("https://blog.example/a-post/")


def test_the_query_is_part_of_an_address_whatever_its_order() -> None:
    assert address("http://blog.example/?p=7&lang=fr") == address("https://blog.example?lang=fr&p=7&utm_campaign=x")
    assert address("http://blog.example/?p=7") != address("http://blog.example/?p=8")


@pytest.mark.parametrize("stated", ["tag:blog.example,2026:7", "urn:uuid:6e8b", "http://[::1", "12", ""])
def test_what_is_no_web_address_stays_as_it_is(stated: str) -> None:
    assert address(stated) == stated


def test_names_fit_an_index_and_long_ones_stay_apart() -> None:
    long = ["https://blog.example/" + "é" * 3000 + end for end in ("a", "b")]
    assert len({address(each) for each in long}) == 2
    assert all(len(address(each).encode()) < 1900 for each in long)
    assert len(same_words("ﷺ" * 300).encode()) < 1900


@pytest.mark.parametrize(("link", "expected"), [("blog.example/a/b", "/a/b"), ("blog.example?p=7", "?p=7"), ("blog.example", ""), ("", "")])
def test_the_path_is_what_follows_the_host(link: str, expected: str) -> None:
    assert path(link) == expected


@pytest.mark.parametrize("other", ["‘Rest’ – and  Play!", '"rest" and play', "REST AND PLAY", "Rest, and play"])
def test_titles_are_compared_by_their_words(other: str) -> None:
    assert same_words(other) == same_words("“Rest” and play")


def test_titles_without_words_are_compared_as_they_are() -> None:
    assert same_words("…!") != same_words("???")


def entry(guid: str, url: str, title: str = "A title") -> Entry:
    return Entry(guid=guid, url=url, title=title)


def test_a_link_that_repeats_says_nothing() -> None:
    one, two, three = names(
        [entry("1", "https://blog.example/news"), entry("2", "http://blog.example/news/"), entry("3", "https://blog.example/a")]
    )
    assert (one.link, two.link, three.link) == ("", "", "blog.example/a")


def test_an_entry_stated_twice_does_not_make_its_link_repeat() -> None:
    assert [each.link for each in names([entry("1", "https://blog.example/news")] * 2)] == ["blog.example/news"] * 2


def test_the_home_page_is_no_posts_own_address() -> None:
    assert names([entry("1", "https://blog.example/")])[0].link == ""
