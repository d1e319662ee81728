"""Digests: one issue a period, filled as posts come, sent like anything else, and nobody gets a post twice."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests import clocks
from tests.factories import make_blog, make_post
from tests.fakes.relay import Relay
from tests.newsletter.people import make_subscriber, send_to_the_end, the_sum
from worker import newsletter
from worker.channels.email import parse_relay
from worker.deliver import answer, issues, staff
from worker.deliver.plan import plan
from worker.deliver.send import send
from worker.lib.blogs import blog_file
from worker.models import Blog, Delivery, Issue, Part, Post, Recipient, Subscriber
from worker.newsletter import change

pytestmark = pytest.mark.django_db
DESK = "desk@practice.example"
ALL = ["instant", "weekly mon 09:00", "monthly 1 09:00"]


@pytest.fixture
def relay():
    with Relay() as server:
        yield server


@pytest.fixture(autouse=True)
def _own_settings(settings: Any) -> None:
    settings.RELAYS, settings.BLOGS = {}, {}


def a_blog(relay: Relay | None = None, editions: list[str] | None = None, mode: str = "live", **values: Any) -> Blog:
    django_settings.RELAYS = {"default": parse_relay(relay.url if relay else "smtp://127.0.0.1:1")}
    return make_blog(channels={"email": {"mode": mode, "editions": editions or ALL, "related": 0}}, **values)


def published(blog: Blog, title: str, **values: Any) -> Post:
    post = make_post(blog, title=title, image="", **values)
    plan(post.pk)
    return post


def the_issue(edition: str = "weekly") -> Delivery:
    return Delivery.objects.select_related("issue", "blog").get(issue__edition=edition, occasion="automatic")


def its_time_comes(delivery: Delivery) -> Delivery:
    """As the clock would."""
    past = clocks.now() - timedelta(seconds=1)
    Issue.objects.filter(pk=delivery.issue_id).update(due_at=past)
    Delivery.objects.filter(pk=delivery.pk).update(due_at=past, first_due_at=past)
    send(delivery.pk)
    delivery = Delivery.objects.select_related("issue", "blog", "rendition").get(pk=delivery.pk)
    if delivery.state == "sending":
        send_to_the_end(delivery)
    return delivery


def goes_by_itself(post: Post) -> Delivery:
    delivery = Delivery.objects.get(post=post, channel="email")
    send(delivery.pk)
    delivery.refresh_from_db()
    send_to_the_end(delivery)
    return delivery


def choose(subscriber: Subscriber, edition: str) -> None:
    file = blog_file(subscriber.blog.slug)
    assert file
    change.choose(subscriber, file, language=file.language, edition=edition, topics=[], who="The reader")


def got(relay: Relay, subscriber: Subscriber) -> list[str]:
    """The words of each mail that reached them."""
    mails = [message_from_bytes(each, policy=default) for each in relay.messages[subscriber.email]]
    return [mail.get_body(("plain",)).get_content() for mail in mails]


# Opening and filling


def test_the_next_issue_stands_there_before_anything_is_in_it() -> None:
    a_blog()
    for _ in range(3):
        issues.open_coming(clocks.now())
    weekly = the_issue("weekly")
    assert (weekly.state, weekly.waits_for) == ("pending", "clock")
    assert "09:00, with what is published until then" in weekly.reason
    assert weekly.title.startswith("Weekly newsletter of ")
    assert Issue.objects.count() == 2


def test_the_schema_knows_one_issue_a_period_and_one_automatic_delivery_an_issue() -> None:
    issues.open_coming(a_blog() and clocks.now())
    weekly = the_issue()
    issue = weekly.issue
    assert issue
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.create(blog=weekly.blog, edition="weekly", day=issue.day, since=issue.since, due_at=issue.due_at)
    values = {
        "blog": weekly.blog,
        "channel": "email",
        "edition": "weekly",
        "state": "pending",
        "reason": "again",
        "created_at": clocks.now(),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(issue=issue, **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(**values)


def test_a_post_comes_into_every_digest_and_goes_out_by_itself_too() -> None:
    post = published(a_blog(), "On grief")
    assert sorted(Part.objects.filter(post=post).values_list("edition", flat=True)) == ["monthly", "weekly"]
    assert Delivery.objects.filter(post=post, channel="email", edition="instant").count() == 1
    assert "On grief" in the_issue().rendition.text


def test_a_blog_without_instant_newsletters_sends_none() -> None:
    post = published(a_blog(editions=["weekly mon 09:00"]), "On grief")
    assert not Delivery.objects.filter(post=post).exists()
    assert [each.title for each in the_issue().posts()] == ["On grief"]


def test_what_was_there_before_is_in_no_digest() -> None:
    published(a_blog(), "Long ago", origin="baseline")
    assert not Part.objects.exists()


@pytest.mark.parametrize("origin", ["burst", "unsure"])
def test_an_issue_waits_for_a_person_where_one_of_its_posts_does(origin: str) -> None:
    published(a_blog(), "On grief", origin=origin)
    weekly = the_issue()
    assert (weekly.state, weekly.waits_for) == ("held", "person")
    staff.release(weekly, "desk@practice.example")
    assert weekly.state == "pending"


def a_question(blog: Blog, title: str = "On grief") -> Post:
    return published(blog, title, origin="unsure", resembles=make_post(blog, title=f"{title}, long ago", origin="baseline"))


@pytest.mark.parametrize("editions", [ALL, ["weekly mon 09:00"]])
def test_a_post_that_turns_out_to_be_known_is_in_no_digest_and_holds_none(editions: list[str]) -> None:
    blog = a_blog(editions=editions)
    post = a_question(blog)
    published(blog, "On joy")
    answer.is_same(post, DESK)
    weekly = the_issue()
    assert [each.title for each in weekly.posts()] == ["On joy"]
    assert (weekly.state, weekly.waits_for, weekly.due_at) == ("pending", "clock", weekly.issue.due_at)
    assert post.parts.get(edition="weekly").left_out == "Somebody said that it is a post we know before this issue went out."


def test_a_post_that_turns_out_to_be_new_goes_out_with_its_digest() -> None:
    post = a_question(a_blog(editions=["weekly mon 09:00"]))
    answer.is_new(post, DESK)
    weekly = the_issue()
    assert (weekly.state, [each.title for each in weekly.posts()]) == ("pending", ["On grief"])
    assert weekly.reason.startswith("Goes out at ")


@pytest.mark.parametrize("origin", ["burst", "unsure"])
def test_a_digest_in_which_another_post_asks_something_waits_for_that(origin: str) -> None:
    blog = a_blog(editions=["weekly mon 09:00"])
    first = a_question(blog)
    published(blog, "On joy", origin=origin, resembles=make_post(blog, title="On joy, long ago", origin="baseline"))
    answer.is_new(first, DESK)
    weekly = the_issue()
    assert (weekly.state, weekly.waits_for) == ("held", "person")
    assert ("Several posts appeared" if origin == "burst" else "This may be “On joy, long ago”") in weekly.reason


def test_a_digest_that_somebody_holds_stays_held_whatever_is_answered() -> None:
    post = a_question(a_blog(editions=["weekly mon 09:00"]))
    weekly = the_issue()
    staff.release(weekly, DESK)
    staff.hold(weekly, DESK, "not this week")
    answer.is_new(post, DESK)
    assert the_issue().state == "held"


def test_a_post_that_comes_when_an_issue_has_begun_is_in_the_next_one(relay: Relay) -> None:
    blog = a_blog(relay)
    make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    first = its_time_comes(the_issue())
    late = published(blog, "On joy")
    [part] = Part.objects.filter(post=late, edition="weekly")
    assert part.issue_id != first.issue_id
    assert part.issue.due_at > clocks.now()


def test_new_rules_on_the_day_of_an_issue_make_no_second_one_that_day(relay: Relay) -> None:
    blog = a_blog(relay, ["weekly mon 09:00"])
    published(blog, "On grief")
    first = its_time_comes(the_issue())
    assert first.issue
    published(a_blog(relay, [f"weekly {first.issue.day:%a} 23:59"]), "On joy")
    assert sorted(Issue.objects.values_list("day", flat=True)) == [first.issue.day, first.issue.day + timedelta(days=7)]


# What it says


def test_a_post_corrected_before_its_digest_is_in_it_corrected(relay: Relay) -> None:
    blog = a_blog(relay)
    reader = make_subscriber(blog, edition="weekly")
    post = published(blog, "On greif")
    Post.objects.filter(pk=post.pk).update(title="On grief", text_hash="2", edited_at=clocks.now(), planned_at=None)
    its_time_comes(the_issue())  # although the edit has not been planned yet
    [mail] = got(relay, reader)
    assert "On grief" in mail
    assert "greif" not in mail


def test_an_edit_shows_at_once_in_what_waits() -> None:
    post = published(a_blog(), "On greif")
    Post.objects.filter(pk=post.pk).update(title="On grief", text_hash="2", edited_at=clocks.now(), planned_at=None)
    plan(post.pk)
    assert "On grief" in the_issue().rendition.text
    assert [each.title for each in the_issue().posts()] == ["On grief"]


def test_a_post_withdrawn_before_its_digest_is_not_in_it(relay: Relay) -> None:
    blog = a_blog(relay)
    reader = make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    dropped = published(blog, "On joy")
    Post.objects.filter(pk=dropped.pk).update(withdrawn_at=clocks.now())
    weekly = its_time_comes(the_issue())
    assert "On joy" not in got(relay, reader)[0]
    assert any("“On joy” is left out" in what for what in weekly.events.values_list("what", flat=True))


def test_where_all_was_withdrawn_there_is_no_mail(relay: Relay) -> None:
    blog = a_blog(relay)
    make_subscriber(blog, edition="weekly")
    Post.objects.filter(pk=published(blog, "On joy").pk).update(withdrawn_at=clocks.now())
    weekly = its_time_comes(the_issue())
    assert (weekly.state, relay.taken.total()) == ("skipped", 0)


def test_an_issue_whose_only_post_is_withdrawn_still_takes_the_next_one(relay: Relay, capsys: pytest.CaptureFixture[str]) -> None:
    blog = a_blog(relay, editions=["weekly mon 09:00"])
    first = published(blog, "Taken back")
    call_command("withdraw", str(first.pk), "--reason", "Too early")
    weekly = the_issue()
    assert (weekly.state, weekly.waits_for) == ("pending", "clock")
    assert capsys.readouterr().out == f"Delivery {weekly.pk}, E-mail: It is left out of this: {weekly.title}.\n"
    line = weekly.events.get(what__contains="is left out of it")
    assert line.what.startswith("“Taken back” is left out of it. Withdrawn by ")
    assert line.who.endswith(" (command line)")
    published(blog, "Written anew")
    assert [post.title for post in weekly.posts()] == ["Written anew"]


def test_an_empty_period_is_a_row_with_the_reason_and_no_mail(relay: Relay) -> None:
    blog = a_blog(relay, late="1m")
    make_subscriber(blog, edition="weekly")
    issues.open_coming(clocks.now())
    weekly = the_issue()
    Delivery.objects.filter(pk=weekly.pk).update(first_due_at=clocks.now() - timedelta(days=2), due_at=clocks.now() - timedelta(days=2))
    send(weekly.pk)
    weekly.refresh_from_db()
    assert (weekly.state, weekly.waits_for) == ("skipped", "nothing")
    assert weekly.reason == issues.NOTHING
    assert not relay.taken


def test_an_issue_without_an_approved_disclaimer_is_held(relay: Relay) -> None:
    blog = a_blog(relay, disclaimer={"full": "", "required": True})
    make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    weekly = its_time_comes(the_issue())
    assert (weekly.state, weekly.waits_for) == ("held", "person")
    assert "no approved text" in weekly.reason
    assert not relay.taken


# Who gets it


def test_one_mail_brings_all_of_them_with_one_sum(relay: Relay) -> None:
    blog = a_blog(relay)
    weekly_reader, instant_reader = make_subscriber(blog, edition="weekly"), make_subscriber(blog, edition="instant")
    published(blog, "On grief")
    published(blog, "On joy")
    weekly = its_time_comes(the_issue())
    [mail] = got(relay, weekly_reader)
    assert mail.index("On joy") < mail.index("On grief")
    assert got(relay, instant_reader) == []
    assert (weekly.state, the_sum(weekly).sent, the_sum(weekly).audience) == ("sent", 1, 1)


def test_whoever_moves_to_a_digest_does_not_get_again_what_they_had(relay: Relay) -> None:
    blog = a_blog(relay)
    mover, stayer = make_subscriber(blog, edition="instant"), make_subscriber(blog, edition="weekly")
    goes_by_itself(published(blog, "On grief"))
    choose(mover, "weekly")
    goes_by_itself(published(blog, "On joy"))
    weekly = its_time_comes(the_issue())
    [first, second] = got(relay, mover)
    assert "On grief" in first
    assert "On joy" in second
    assert "On grief" not in second
    [whole] = got(relay, stayer)
    assert "On grief" in whole
    assert "On joy" in whole
    assert weekly.batches.count() == 2


def test_whoever_had_all_of_it_is_skipped_with_the_reason(relay: Relay) -> None:
    blog = a_blog(relay)
    mover = make_subscriber(blog, edition="instant")
    goes_by_itself(published(blog, "On grief"))
    choose(mover, "weekly")
    weekly = its_time_comes(the_issue())
    [place] = Recipient.objects.filter(delivery=weekly)
    assert (place.state, place.reason) == ("skipped", "They have all of it already.")
    assert len(got(relay, mover)) == 1


def test_whoever_leaves_a_digest_still_gets_what_had_waited_in_it(relay: Relay) -> None:
    blog = a_blog(relay)
    mover = make_subscriber(blog, edition="weekly")
    goes_by_itself(published(blog, "On grief"))
    choose(mover, "instant")
    goes_by_itself(published(blog, "On joy"))
    its_time_comes(the_issue())
    first, second = got(relay, mover)
    assert "On joy" in first
    assert "On grief" in second
    assert "On joy" not in second


def test_nobody_gets_a_post_twice_however_they_move(relay: Relay) -> None:
    blog = a_blog(relay)
    mover = make_subscriber(blog, edition="instant")
    for number, edition in enumerate(["weekly", "monthly", "instant", "monthly", "weekly", "instant"]):
        goes_by_itself(published(blog, f"Post {number}."))
        choose(mover, edition)
    its_time_comes(the_issue("weekly"))
    its_time_comes(the_issue("monthly"))
    everything = "\n".join(got(relay, mover))
    assert [everything.count(f"Post {number}.") for number in range(6)] == [1] * 6


def test_a_reader_of_an_edition_that_is_no_longer_sent_gets_the_first_one(relay: Relay) -> None:
    blog = a_blog(relay, ["weekly mon 09:00", "instant"])
    reader = make_subscriber(blog, edition="monthly")
    published(blog, "On grief")
    its_time_comes(the_issue())
    assert len(got(relay, reader)) == 1


def test_a_resend_leaves_to_a_digest_whom_it_will_reach(relay: Relay) -> None:
    blog = a_blog(relay)
    weekly_reader, instant_reader = make_subscriber(blog, edition="weekly"), make_subscriber(blog, edition="instant")
    post = published(blog, "On grief")
    Delivery.objects.filter(post=post).update(state="cancelled", waits_for="nothing")
    delivery = staff.resend(post, "email", "desk@practice.example", "It was wrong to cancel it.")
    send(delivery.pk)
    delivery.refresh_from_db()
    send_to_the_end(delivery)
    assert (len(got(relay, instant_reader)), len(got(relay, weekly_reader))) == (1, 0)


# As any delivery


def test_it_is_rehearsed_like_anything_else(relay: Relay) -> None:
    blog = a_blog(relay, mode="rehearsal")
    make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    weekly = its_time_comes(the_issue())
    assert (weekly.state, relay.taken.total()) == ("rehearsed", 0)
    assert "1 reader" in weekly.reason


def test_it_is_held_when_it_comes_too_late(relay: Relay) -> None:
    blog = a_blog(relay, late="1h")
    published(blog, "On grief")
    weekly = the_issue()
    long_ago = clocks.now() - timedelta(hours=2)
    Delivery.objects.filter(pk=weekly.pk).update(due_at=long_ago, first_due_at=long_ago)
    send(weekly.pk)
    weekly.refresh_from_db()
    assert (weekly.state, weekly.held_for) == ("held", "late")


def test_a_held_issue_that_is_released_waits_for_its_day() -> None:
    published(a_blog(), "On grief")
    weekly = the_issue()
    due = weekly.due_at
    staff.hold(weekly, "desk@practice.example", "One more look.")
    staff.release(weekly, "desk@practice.example")
    assert (weekly.state, weekly.due_at) == ("pending", due)
    staff.release(weekly, "desk@practice.example")
    assert weekly.due_at
    assert weekly.due_at <= clocks.now()


def test_a_send_that_stops_half_way_goes_on_with_the_same_words(relay: Relay) -> None:
    blog = a_blog(relay)
    make_subscriber(blog, edition="weekly")
    post = published(blog, "On grief")
    weekly = the_issue()
    past = clocks.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=weekly.pk).update(due_at=past, first_due_at=past)
    send(weekly.pk)
    [batch] = newsletter.due_batches(weekly.pk)
    relay_words = Delivery.objects.get(pk=weekly.pk).rendition.text
    Post.objects.filter(pk=post.pk).update(title="On something else", text_hash="2", edited_at=clocks.now(), planned_at=None)
    newsletter.hand_over(batch)
    plan(post.pk)
    assert Delivery.objects.get(pk=weekly.pk).rendition.text == relay_words


def test_topics_choose_among_an_issues_posts_too(relay: Relay) -> None:
    blog = a_blog(relay)
    reader = make_subscriber(blog, edition="weekly", topics=["Grief"])
    other = make_subscriber(blog, edition="weekly", topics=["Cooking"])
    published(blog, "On grief", categories=["grief"])
    published(blog, "On joy", categories=["Joy"])
    weekly = its_time_comes(the_issue())
    [mail] = got(relay, reader)
    assert "On grief" in mail
    assert "On joy" not in mail
    assert got(relay, other) == []
    assert (the_sum(weekly).sent, the_sum(weekly).skipped) == (1, 1)


def test_topics_choose_among_posts_that_come_by_themselves(relay: Relay) -> None:
    blog = a_blog(relay)
    reader, other = make_subscriber(blog, topics=["Grief"]), make_subscriber(blog, topics=["Joy"])
    goes_by_itself(published(blog, "On grief", categories=["grief"]))
    assert (len(got(relay, reader)), len(got(relay, other))) == (1, 0)


def test_an_issue_waits_for_approval_of_all_that_it_says(relay: Relay) -> None:
    doctor = "doctor@practice.example"
    blog = a_blog(relay, approval=doctor)
    make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    staff.release(the_issue(), doctor)
    post = published(blog, "On joy")
    assert (the_issue().state, the_issue().held_for) == ("held", "approval")
    staff.release(the_issue(), doctor)
    Post.objects.filter(pk=post.pk).update(title="On delight", text_hash="2", edited_at=clocks.now(), planned_at=None)
    weekly = its_time_comes(the_issue())
    assert (weekly.state, weekly.held_for) == ("held", "approval")
    assert not relay.taken


def test_where_all_have_chosen_a_digest_a_post_by_itself_says_so() -> None:
    blog = a_blog()
    make_subscriber(blog, edition="weekly")
    post = published(blog, "On grief")
    delivery = Delivery.objects.get(post=post, channel="email")
    send(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("skipped", "Nobody to send to: all readers have chosen another edition.")


# By hand


def test_a_digest_is_sent_again_to_whom_it_was_asked_for(relay: Relay, capsys: pytest.CaptureFixture[str]) -> None:
    blog = a_blog(relay)
    ann, gone = (
        make_subscriber(blog, "ann@reader.example", edition="weekly"),
        make_subscriber(blog, "gone@reader.example", edition="weekly"),
    )
    published(blog, "On grief")
    weekly = its_time_comes(the_issue())
    new = make_subscriber(blog, "new@reader.example", edition="weekly")
    wanted = [("failed", []), ("new", [new]), ("missing", []), (ann.email.upper(), [ann]), ("all", [ann, new])]
    for to, readers in wanted:
        relay.taken.clear()
        call_command("resend", "--issue", str(weekly.pk), "--reason", "They asked.", "--to", to)
        again = Delivery.objects.filter(occasion="resend").latest("pk")
        send(again.pk)
        again.refresh_from_db()
        send_to_the_end(again)
        assert (to, sorted(relay.taken)) == (to, sorted(each.email for each in readers))
    assert gone.email not in relay.messages
    assert "goes out now" in capsys.readouterr().out


def test_a_digest_is_not_resent_to_a_stranger_nor_through_another_channel(relay: Relay) -> None:
    blog = a_blog(relay)
    published(blog, "On grief")
    weekly = its_time_comes(the_issue())
    with pytest.raises(CommandError, match="is not a subscriber"):
        call_command("resend", "--issue", str(weekly.pk), "--reason", "They asked.", "--to", "eve@else.example")
    with pytest.raises(CommandError, match="goes by e-mail") as wrong:
        call_command("resend", "--issue", str(weekly.pk), "--channel", "facebook", "--reason", "They asked.")
    assert wrong.value.returncode == 2


def test_a_test_copy_of_a_digest_is_marked_and_changes_nothing_for_its_readers(relay: Relay) -> None:
    blog = a_blog(relay)
    reader = make_subscriber(blog, edition="weekly")
    published(blog, "On grief")
    weekly = the_issue()
    call_command("test", "--issue", str(weekly.pk), "--channel", "email", "--to", "desk@practice.example")
    copy = message_from_bytes(relay.messages["desk@practice.example"][0], policy=default)
    assert copy["Subject"].startswith("[Test] Example Psychotherapy: the week’s posts")
    assert "On grief" in copy.get_body(("plain",)).get_content()
    assert got(relay, reader) == []
    its_time_comes(the_issue())
    assert len(got(relay, reader)) == 1
