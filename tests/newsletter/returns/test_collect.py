"""The returns mailbox is read from a real IMAP server: what is understood is put away, the rest gets a star, nothing is lost."""

import pytest

from tests import clocks
from tests.fakes import dovecot
from tests.fakes.dovecot import Dovecot
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_to_the_end, the_sum
from tests.newsletter.returns import letters
from worker import alerts
from worker.channels.email.mailbox import parse_mailbox
from worker.lib.signing import copy_ids
from worker.models import Alert, Event, Mailbox, Recipient, Return, Suppression
from worker.newsletter.returns import mailboxes
from worker.record.sums import Sum

pytestmark = [pytest.mark.django_db, dovecot.needed]
OLD = "protocol imap {\n imap_capability = IMAP4rev1 SASL-IR\n}"


@pytest.fixture(params=["", OLD], ids=["", "a server of 2003"])
def box(request, settings):
    with Dovecot(request.param) as server:
        settings.MAILBOXES = {"default": parse_mailbox(server.url)}
        yield server


@pytest.fixture
def blog(box, relay, settings):
    return live_blog(relay, alerts={"to": ["office@blog.example"]})


@pytest.fixture
def ann(blog):
    return make_subscriber(blog, "ann@reader.example")


@pytest.fixture
def copy(ann) -> Recipient:
    delivery = planned(ann.blog)
    send_to_the_end(delivery)
    return people(delivery)["ann"]


def own(copy: Recipient) -> str:
    return copy_ids(copy.delivery_id)(copy.subscriber_id)


def collect() -> Mailbox:
    Mailbox.objects.update(look_at=clocks.now())
    mailboxes.collect("default")
    return Mailbox.objects.get()


def test_a_bounce_ends_writing_there_and_is_put_away(box, copy):
    box.delivered(letters.delivery_report(own(copy)))
    row = collect()
    assert (row.trouble, row.starred, row.reading) == ("", 0, None)
    assert Suppression.objects.get().cause == "bounced"
    assert box.subjects() == []
    assert box.subjects("Postlark") == ["Undelivered Mail Returned to Sender"]


def test_the_same_mail_again_changes_nothing(box, copy):
    for _ in range(2):
        box.delivered(letters.delivery_report(own(copy)))
        collect()
    assert Return.objects.count() == 1
    assert Event.objects.filter(who="The returns mailbox").count() == 1
    assert box.subjects() == []


@pytest.mark.parametrize("by", ["copy", "reader"])
def test_a_complaint_counts_by_the_copy_or_else_by_the_reader_it_names(box, copy, relay, by):
    link = relay.mail_to("ann@reader.example")["List-Unsubscribe"].partition(">")[0][1:]
    box.delivered(letters.complaint(own(copy) if by == "copy" else "taken.out", unsubscribe=link))
    collect()
    assert Suppression.objects.get().cause == "complained"


def test_what_comes_back_of_a_copy_in_doubt_ends_the_doubt(box, blog):
    make_subscriber(blog, "kept@reader.example")
    make_subscriber(blog, "fine@reader.example")
    delivery = planned(blog)
    send_to_the_end(delivery)
    assert the_sum(delivery) == Sum(2, sent=1, unknown=1)
    box.delivered(letters.delivery_report(own(people(delivery)["kept"])))
    collect()
    assert the_sum(delivery) == Sum(2, sent=2)
    assert "it came back" in people(delivery)["kept"].reason


def test_the_mail_program_can_unsubscribe_by_mail(box, ann, copy, relay):
    _, _, by_mail = relay.mail_to("ann@reader.example")["List-Unsubscribe"].partition(", ")
    address, _, query = by_mail.strip("<>").removeprefix("mailto:").partition("?subject=")
    assert address == "news@blog.example"
    box.delivered(letters.written(query.replace("%20", " "), sender="somebody@else.example"))
    collect()
    ann.refresh_from_db()
    assert ann.state == "unsubscribed"


def test_a_person_can_unsubscribe_in_their_own_words(box, ann):
    box.delivered(letters.written("Please unsubscribe me"))
    collect()
    ann.refresh_from_db()
    assert ann.state == "unsubscribed"


def test_what_is_not_understood_stays_with_a_star_and_staff_are_told_until_it_is_dealt_with(box, ann):
    box.delivered(letters.written("Re: Coping with school stress", "Thank you!"))
    box.delivered(letters.delivery_report("nobody.knows"))
    assert collect().starred == 2
    assert box.subjects(criteria="FLAGGED") == ["Re: Coping with school stress", "Undelivered Mail Returned to Sender"]
    assert mailboxes.sentence("default").startswith("2 mails in the mailbox returns@blog.example wait with a star")
    alerts.notice(clocks.now())
    assert "wait with a star" in Alert.objects.get().sentence
    box.files_away_everything()
    assert collect().starred == 0
    alerts.notice(clocks.now())
    assert Alert.objects.get().over_at
    ann.refresh_from_db()
    assert ann.state == "confirmed"


def test_an_automatic_answer_is_put_away_and_nothing_else(box, ann):
    box.delivered(letters.written("Out of office", "unsubscribe?", head="Auto-Submitted: auto-replied\n"))
    collect()
    ann.refresh_from_db()
    assert (ann.state, box.subjects(), box.subjects("Postlark")) == ("confirmed", [], ["Out of office"])


def test_a_huge_mail_is_read_as_far_as_its_report_goes(box, copy):
    box.delivered(letters.delivery_report(own(copy)) + b"\n" + b"x" * 5_000_000)
    collect()
    assert Suppression.objects.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("imap://returns%40blog.example:wrong@127.0.0.1:{port}/INBOX", "does not accept the user name or password"),
        ("imap://returns%40blog.example:pass%3Aword%2Fwith%40signs@127.0.0.1:{port}/Nowhere", "has no folder Nowhere"),
        ("imap://a:b@127.0.0.1:1/INBOX", "cannot be reached"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why_and_is_tried_again(box, blog, settings, url, sentence):
    settings.MAILBOXES = {"default": parse_mailbox(url.format(port=box.port))}
    row = collect()
    assert sentence in row.trouble
    assert row.look_at > clocks.now()
    assert "wrong" not in row.trouble
    assert sentence in mailboxes.sentence("default")


def test_who_is_not_due_is_left_alone(box, copy):
    collect()
    box.delivered(letters.delivery_report(own(copy)))
    assert mailboxes.due() == []
    mailboxes.collect("default")
    assert not Suppression.objects.exists()


def test_over_a_mail_on_which_two_readers_died_a_person_is_asked(box, copy, monkeypatch):
    box.delivered(letters.delivery_report(own(copy)))

    def dies(raw: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("worker.newsletter.returns.collect.read_mail", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            collect()
    assert collect().starred == 1
    assert not Return.objects.exists()
