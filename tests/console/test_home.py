from datetime import timedelta

import pytest
from django.utils import timezone

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.console.access import zone_of
from worker.deliver import staff
from worker.models import Batch, Blog, Connection, Delivery, Post
from worker.record.transition import note

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true"}


def text(answer) -> str:
    return answer.content.decode()


def test_an_empty_house_says_what_to_do(office) -> None:
    assert "Postlark watches no blog yet." in text(office.get("/"))
    make_blog()
    assert "No posts yet." in text(office.get("/"))


def test_a_full_disk_is_the_first_thing_that_needs_somebody(office, monkeypatch) -> None:
    make_blog()
    assert "Its disk is full" not in text(office.get("/"))
    monkeypatch.setattr("worker.lib.room.is_left", lambda: False)
    page = text(office.get("/"))
    assert "One thing needs you." in page
    assert "Its disk is full, so nothing goes out." in page
    assert "The computer that Postlark runs on: Its disk is full" in text(office.get("/health"))


def test_each_channel_of_a_post_has_a_word_that_leads_to_its_story(office) -> None:
    post = make_post(make_blog())
    sent = make_delivery(
        post, "facebook", state="sent", waits_for="nothing", finished_at=clocks.now(), remote_url="https://facebook.example/1"
    )
    page = text(office.get("/"))
    assert f'href="/deliveries/{sent.pk}"' in page
    assert 'href="https://facebook.example/1"' in page
    assert "Posted " in page
    assert page.count("Nothing on this channel") == 4


def test_what_was_there_before_us_is_one_cell(office) -> None:
    post = make_post(make_blog(), origin="baseline")
    make_delivery(post, "facebook", state="skipped", waits_for="nothing", reason="Published before Postlark began to watch.")
    page = text(office.get("/"))
    assert "Before our time" in page
    assert 'colspan="5"' in page
    assert "Skipped" not in page


def test_a_resend_to_one_reader_does_not_hide_the_newsletter(office) -> None:
    post = make_post(make_blog())
    everybody = make_delivery(post, "email", state="sent", waits_for="nothing", finished_at=clocks.now(), edition="instant")
    one = make_delivery(post, "email", state="sent", waits_for="nothing", finished_at=clocks.now(), edition="instant", occasion="resend")
    Batch.objects.create(delivery=everybody, number=1, size=100, waiting=0, sent=97, refused=2, skipped=1)
    Batch.objects.create(delivery=everybody, number=2, size=12, waiting=0, sent=12)
    Batch.objects.create(delivery=one, number=1, size=1, waiting=0, sent=1)
    page = text(office.get("/"))
    assert "109 of 112" in page
    assert "2 refused, 1 skipped" in page


def test_a_test_copy_is_no_delivery_of_the_grid(office) -> None:
    copy = make_delivery(make_post(make_blog()), "email", occasion="test")
    assert f"/deliveries/{copy.pk}" not in text(office.get("/"))


@pytest.mark.parametrize(
    ("state", "waits_for", "button"),
    [
        ("held", "person", "Release or skip…"),
        ("unknown", "person", "Answer…"),
        ("failed", "person", "Resend…"),
        ("pending", "person", "Mend it…"),
    ],
)
def test_what_needs_a_person_stands_on_top_with_one_button(office, state, waits_for, button) -> None:
    make_delivery(make_post(make_blog()), state=state, waits_for=waits_for, reason="Nobody knows. Please look.")
    page = text(office.get("/"))
    assert "One thing needs you." in page
    assert "Nobody knows. Please look." in page
    assert button in page


def test_a_burst_is_one_line_that_leads_to_all_of_it(office) -> None:
    blog = make_blog()
    burst = [make_post(blog, origin="burst") for _ in range(3)]
    held = [
        make_delivery(post, channel, state="held", waits_for="person", reason="Several.")
        for post in burst
        for channel in ("facebook", "email")
    ]
    other = make_delivery(make_post(blog), state="held", waits_for="person", reason="Held by desk: not before Monday.")
    page = text(office.get("/"))
    assert "2 things need you." in page
    assert f"Many posts appeared at once, so {len(held)} deliveries are held." in page
    assert "not before Monday" in page
    office.post("/log/release", {"state": "held-burst", "blog": blog.slug, "reason": "read them", "newest": other.pk})
    assert not Delivery.objects.filter(pk__in=[each.pk for each in held], state="held").exists()
    other.refresh_from_db()
    assert other.state == "held"
    assert "One thing needs you." in text(office.get("/"))


@pytest.mark.parametrize(
    ("held_for", "says"),
    [
        ("late", "2 deliveries have waited too long to go out by themselves."),
        ("page", "The pages that 2 deliveries lead to are not in order, or closed to Postlark."),
    ],
)
def test_those_that_are_held_for_the_same_are_one_line_and_a_single_one_its_own(office, held_for, says) -> None:
    blog = make_blog()
    held = {"state": "held", "waits_for": "person", "held_for": held_for, "reason": "Its own reason."}
    make_delivery(make_post(blog), **held)
    assert "Its own reason." in text(office.get("/"))
    make_delivery(make_post(blog), **held)
    page = text(office.get("/"))
    assert says in page
    assert f"state=held-{held_for}" in page
    office.post("/log/release", {"state": f"held-{held_for}", "blog": blog.slug, "reason": "looked at them", "newest": 10**6})
    assert not Delivery.objects.filter(state="held").exists()


def test_more_than_fit_are_not_counted_as_if_they_were_all(office) -> None:
    blog = make_blog()
    for _ in range(12):
        make_delivery(make_post(blog), state="unknown", waits_for="person", reason="Nobody knows.")
    page = text(office.get("/"))
    assert "More than 10 things need you." in page
    assert "More things wait for a person." in page


def test_a_blog_without_a_file_is_said_not_to_be_watched(office, settings) -> None:
    make_post(make_blog())
    Blog.objects.update(next_look_at=clocks.now() + timedelta(minutes=1), last_good_at=clocks.now())
    settings.BLOGS = {}
    page = text(office.get("/"))
    assert "No longer watched: its file is gone" in page
    assert "next in" not in page


def test_nothing_stands_on_top_when_nothing_needs_a_person(office) -> None:
    make_delivery(make_post(make_blog()))
    assert "needs you" not in text(office.get("/")).lower()


def test_a_blog_in_trouble_needs_a_person(office) -> None:
    blog = make_blog()
    Blog.objects.update(state="trouble", told="The feed answers with a page for people.")
    page = text(office.get("/"))
    assert "The feed answers with a page for people." in page
    assert f'href="/health#{blog.slug}"' in page


def test_readers_in_doubt_need_a_person_also_after_the_newsletter_is_through(office) -> None:
    delivery = make_delivery(make_post(make_blog()), "email", state="sent", waits_for="nothing", finished_at=clocks.now())
    Batch.objects.create(delivery=delivery, number=1, size=10, waiting=0, sent=8, unknown=2)
    assert "The line broke while 2 readers were being mailed" in text(office.get("/"))


def test_a_failure_that_was_sent_again_needs_nobody(office) -> None:
    post = make_post(make_blog())
    make_delivery(post, state="failed", waits_for="person", reason="No.")
    assert "One thing needs you." in text(office.get("/"))
    staff.resend(post, "facebook", "desk@practice.example", "mended")
    assert "needs you" not in text(office.get("/")).lower()


def test_many_that_wait_for_one_mending_are_one_line(office) -> None:
    blog = make_blog()
    for _ in range(4):
        make_delivery(make_post(blog), state="pending", waits_for="person", reason="Facebook is paused by desk.")
    assert "One thing needs you." in text(office.get("/"))


def test_more_than_fit_are_in_the_record(office) -> None:
    blog = make_blog()
    for _ in range(13):
        make_delivery(make_post(blog), state="held", waits_for="person", reason="Held.")
    page = text(office.get("/"))
    assert page.count("Release or skip…") == 10
    assert "/log?state=needs-you" in page


def test_the_strip_tells_how_the_blog_and_its_channels_are(office) -> None:
    blog = make_blog(
        "example",
        channels={
            "email": {},
            "facebook": {"mode": "live"},
            "twitter": {"mode": "off"},
            "linkedin": {"mode": "live"},
            "pinterest": {"mode": "live"},
        },
    )
    now = clocks.now()
    Blog.objects.update(last_good_at=now - timedelta(minutes=2, seconds=30), next_look_at=now + timedelta(minutes=8, seconds=30))
    Connection.objects.create(blog=blog, channel="linkedin", broken="LinkedIn’s permission ended. Connect again.")
    Connection.objects.create(blog=blog, channel="facebook", credentials="kept")
    page = text(office.get("/"))
    for said in (
        "Looked 2 min ago, next in 8 min",
        "Rehearsing · 0 readers",
        "Ready",
        "Off",
        "Not connected",
        "LinkedIn’s permission ended<",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("options", "spent", "said"),
    [
        ({"monthly_budget": "20.00 USD"}, 0, "$0.00 of $20.00 this month, $20.00 left"),
        ({"monthly_budget": "20.00 USD"}, 4105, "$4.11 of $20.00 this month, $15.89 left"),
        ({}, 205, "$0.21 this month, without a ceiling"),
        ({}, 0, ""),
    ],
)
def test_the_strip_tells_what_a_pay_per_use_channel_has_cost_this_month(office, options, spent, said) -> None:
    blog = make_blog(channels={"twitter": options, "facebook": {}})
    Connection.objects.create(blog=blog, channel="twitter", spent=spent, spent_in=f"{timezone.localtime(timezone=zone_of(blog)):%Y-%m}")
    page = text(office.get("/"))
    assert said in page
    assert page.count("$") == said.count("$")


def test_older_posts_are_a_page_away_and_each_is_shown_once(office) -> None:
    blog, now = make_blog(), clocks.now()
    titles = {make_post(blog, title=f"Post number {n:03}", published_at=now - timedelta(hours=n // 2)).title for n in range(45)}
    seen, address = [], "/"
    while address:
        page = text(office.get(address))
        seen += [title for title in sorted(titles) if f">{title}</a>" in page]
        older = page.partition('href="?older=')[2].partition('"')[0]
        address = f"/?older={older}" if older else ""
    assert sorted(seen) == sorted(titles)


@pytest.mark.parametrize("older", ["x", "-1", "99999999999999999999", "0", "²"])
def test_a_made_up_place_in_the_list_is_the_beginning(office, older) -> None:
    make_post(make_blog(), title="Here it is")
    assert "Here it is" in text(office.get("/", {"older": older}))


def test_the_grid_asks_the_database_as_often_for_many_posts_as_for_one(django_assert_num_queries) -> None:
    blogs = [make_blog(f"blog-{n}") for n in range(3)]
    client = client_of("office")

    def fill(number: int) -> None:
        for n in range(number):
            post = make_post(blogs[n % 3])
            for channel in ("email", "facebook", "twitter", "pinterest", "linkedin"):
                state = ("sent", "held", "pending", "unknown", "failed")[n % 5]
                delivery = make_delivery(
                    post, channel, state=state, waits_for="nothing" if state == "sent" else "person", reason=f"For {n}."
                )
                if channel == "email":
                    Batch.objects.create(delivery=delivery, number=1, size=2, waiting=0, sent=1, unknown=1)

    fill(1)
    with django_assert_num_queries(17):
        client.get("/")
    fill(40)
    with django_assert_num_queries(17):
        client.get("/")


def test_a_page_that_asks_again_hears_nothing_until_something_changed(office) -> None:
    delivery = make_delivery(make_post(make_blog(), title="School"))
    address = "/" + text(office.get("/")).partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert office.get(address, headers=LIVE).status_code == 204
    staff.hold(delivery, "desk@practice.example", "a typo")
    changed = office.get(address, headers=LIVE)
    assert changed.status_code == 200
    page = text(changed)
    assert 'id="grid"' in page
    assert "School: Held by desk@practice.example: a typo." in page.partition('id="said"')[2]
    again = "/" + page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert office.get(again, headers=LIVE).status_code == 204


def test_what_is_read_out_is_of_ones_own_blogs_only() -> None:
    mine, other = make_blog("mine"), make_blog("other")
    client = client_of("office", mine)
    make_post(mine)
    address = "/" + text(client.get("/")).partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    note("A secret of the other practice.", post=make_post(other), blog=other)
    make_post(mine)
    answer = client.get(address, headers=LIVE)
    assert answer.status_code == 200
    assert "secret" not in text(answer)


def test_it_stays_on_the_page_of_older_posts_while_it_lives(office) -> None:
    make_post(make_blog())
    assert f'hx-get="?older={Post.objects.get().pk}&amp;seen=' in text(office.get("/", {"older": Post.objects.get().pk}))
