"""What a reader can choose, and what comes of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import clocks
from tests.factories import make_blog, make_post
from tests.newsletter.people import begin, live_blog, make_newsletter, make_subscriber, people, send_to_the_end, the_sum
from worker.lib.blogs import blog_file
from worker.newsletter import change, choices
from worker.record.sums import Sum

words = st.lists(st.text(max_size=20), max_size=5)


@pytest.mark.parametrize(
    ("chosen", "categories", "gets_it"),
    [
        ([], [], True),
        ([], ["Grief"], True),
        (["Grief"], ["Grief"], True),
        (["grief "], ["School", "  GRIEF"], True),
        (["Grief"], ["School"], False),
        (["Grief"], [], False),
        (["Deuil périnatal"], ["deuil\tpérinatal"], True),
    ],
)
def test_whoever_chose_topics_gets_only_posts_of_them(chosen, categories, gets_it):
    assert choices.wants(chosen, categories) is gets_it


@given(words, words)
def test_a_reader_without_topics_gets_everything_and_another_category_never_takes_a_post_away(chosen, categories):
    assert choices.wants([], categories)
    assert not choices.wants(chosen, categories) or choices.wants(chosen, [*categories, "another"])


@pytest.mark.django_db
def test_the_commonest_categories_are_offered_once_each_and_wordpresss_own_for_none_is_not(settings):
    blog = live_blog()
    for number in range(30):
        make_post(blog, categories=["Grief", f"Rare {number:02}", "Uncategorized"])
    make_post(blog, categories=["grief"])
    offered = choices.topics(blog)
    assert len(offered) == 24
    assert [topic.lower() for topic in offered].count("grief") == 1
    assert "Uncategorized" not in offered


@pytest.mark.django_db
def test_who_wants_other_topics_is_skipped_and_their_row_says_so(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog, "all@reader.example")
    make_subscriber(blog, "grief@reader.example", topics=["grief"])
    make_subscriber(blog, "sleep@reader.example", topics=["Sleep", "School"])
    delivery = make_newsletter(make_post(blog, categories=["Grief"]))
    begin(delivery)
    send_to_the_end(delivery)
    assert the_sum(delivery) == Sum(3, sent=2, skipped=1)
    assert people(delivery)["sleep"].reason == "They want only Sleep, School, and it brings nothing of that which they do not have already."
    assert relay.taken == {"all@reader.example": 1, "grief@reader.example": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("latest_first", "offered"),
    [
        ([["Grief"]], ["Grief"]),
        ([["GRIEF"], ["Grief"]], ["GRIEF"]),
        ([["Grief", "grief"]], ["Grief"]),
        ([["school", "Grief"], ["Anger"]], ["Anger", "Grief", "school"]),
    ],
)
def test_a_topic_is_spelled_as_the_latest_post_spells_it(latest_first, offered):
    blog, now = make_blog(), clocks.now()
    for age, categories in enumerate(latest_first):
        make_post(blog, categories=categories, published_at=now - timedelta(days=age))
    assert choices.topics(blog) == offered


@pytest.mark.django_db
def test_what_they_had_already_is_no_change_and_no_line_of_the_record():
    blog = live_blog()
    reader = make_subscriber(blog, topics=["Grief"])
    same = {"language": "en-CA", "edition": "instant", "topics": ["grief "], "who": "the reader"}
    assert change.choose(reader, blog_file("example"), **same) is False
    assert change.choose(reader, blog_file("example"), **same | {"topics": []}) is True
    assert reader.topics == []
    assert [event.what for event in reader.events.all()] == ["A reader changed what they get."]
