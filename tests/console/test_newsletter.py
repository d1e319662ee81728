"""A newsletter on its way: who stands behind each term of the sum, its pace, pausing, stopping, a test copy."""

from datetime import timedelta

import pytest

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.console.newsletter import spoken_pace
from worker.models import Batch, Delivery, Recipient, Subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail() -> Delivery:
    """Three have it, one was refused, two wait."""
    blog, now = make_blog("example", channels={"email": {"mode": "live"}}), clocks.now()
    delivery = make_delivery(make_post(blog), "email", state="sending", waits_for="network", edition="instant", reason="Being sent.")
    batch = Batch.objects.create(delivery=delivery, number=1, attempt=1, size=6, waiting=2, sent=3, refused=1)
    for number, state in enumerate(["sent", "sent", "sent", "refused", "waiting", "waiting"]):
        address = f"reader{number}@example.org"
        reader = Subscriber.objects.create(blog=blog, email=address, address_key=address, name=f"R {number}", created_at=now)
        at = now - timedelta(seconds=10) if state != "waiting" else None
        why = "There is no such mailbox." if state == "refused" else ""
        Recipient.objects.create(batch=batch, delivery=delivery, subscriber=reader, state=state, reason=why, at=at)
    return delivery


def people(page: str) -> set[str]:
    return {f"reader{number}" for number in range(6) if f"reader{number}@example.org" in page}


def test_each_term_opens_its_people(office, mail) -> None:
    page = office.get(f"/deliveries/{mail.pk}").content.decode()
    for term, found in {"sent": {"reader0", "reader1", "reader2"}, "refused": {"reader3"}, "waiting": {"reader4", "reader5"}}.items():
        address = f"/deliveries/{mail.pk}/people?state={term}"
        assert f'href="{address}"' in page
        assert people(office.get(address).content.decode()) == found
    everybody = office.get(f"/deliveries/{mail.pk}/people").content.decode()
    assert len(people(everybody)) == 6
    assert "There is no such mailbox." in everybody


def test_its_people_are_a_page_at_a_time(office, mail, monkeypatch) -> None:
    monkeypatch.setattr("worker.console.newsletter.PEOPLE_A_PAGE", 4)
    address, seen = f"/deliveries/{mail.pk}/people", []
    while address:
        page = office.get(address).content.decode()
        seen += sorted(people(page))
        more = page.partition('<p class="pages"><a href="')[2].partition('"')[0].replace("&amp;", "&")
        address = f"/deliveries/{mail.pk}/people{more}" if more else ""
    assert seen == [f"reader{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("a_second", "waiting", "said"),
    [
        (10, 117, "10 a second, about 12 seconds left"),
        (0.5, 300, "30 a minute, about 10 minutes left"),
        (1, 1, "1 a second, about 1 second left"),
        (2, 100_000, "2 a second, about 14 hours left"),
        (5, 0, "5 a second"),
        (0, 5, ""),
    ],
)
def test_its_pace_is_said_as_people_say_it(a_second, waiting, said) -> None:
    assert spoken_pace(a_second, waiting) == said


def test_it_is_paused_between_two_readers_and_goes_on(office, mail) -> None:
    office.post(f"/deliveries/{mail.pk}/hold", {"reason": "a wrong date"})
    mail.refresh_from_db()
    assert mail.state == "held"
    assert mail.reason.endswith("a wrong date. 3 of 6 readers had it by then. Release it to let it go on.")
    assert "Go on…" in office.get(f"/deliveries/{mail.pk}").content.decode()
    office.post(f"/deliveries/{mail.pk}/release")
    mail.refresh_from_db()
    assert mail.state == "pending"


def test_it_is_stopped_for_good_and_the_sum_says_so_at_once(office, mail) -> None:
    office.post(f"/deliveries/{mail.pk}/cancel", {"reason": "the wrong post"})
    mail.refresh_from_db()
    assert mail.state == "cancelled"
    batch = mail.batches.get()
    assert (batch.sent, batch.refused, batch.skipped, batch.waiting) == (3, 1, 2, 0)
    page = office.get(f"/deliveries/{mail.pk}").content.decode()
    assert "Stopped at 3" in page
    assert "3 of 6 readers had it by then. What was on its way then is in the sum." in page


def test_of_a_stopped_one_too_somebody_answers_for_the_readers_in_doubt(office, mail) -> None:
    mail.batches.update(unknown=2, waiting=0, skipped=0)
    assert "Answer…" not in office.get("/").content.decode()
    Delivery.objects.filter(pk=mail.pk).update(state="cancelled", waits_for="nothing")
    assert "Answer…" in office.get("/").content.decode()
    page = office.get(f"/deliveries/{mail.pk}").content.decode()
    assert f'href="/deliveries/{mail.pk}/there"' in page
    assert "They do not…" in page
    assert "so it does not go to them" in office.get(f"/deliveries/{mail.pk}/not-there").content.decode()


def test_a_test_copy_goes_to_a_colleague_and_to_nobody_else(mail) -> None:
    office = client_of("office")
    address = f"/deliveries/{mail.pk}/test"
    refused = office.post(address, {"to": "reader0@example.org"})
    assert refused.status_code == 422
    assert "somebody who signs in here" in refused.content.decode()
    assert not Delivery.objects.filter(occasion="test").exists()


def test_its_readers_are_not_shown_to_another_practice(mail) -> None:
    assert client_of("owner", make_blog("other")).get(f"/deliveries/{mail.pk}/people").status_code == 404


@pytest.fixture
def doubted(mail) -> Delivery:
    """Through, but of three it is not known whether they have it."""
    Recipient.objects.filter(state="sent").update(state="unknown", reason="The line broke.")
    Recipient.objects.filter(state="waiting").update(state="sent", at=clocks.now())
    Batch.objects.update(state="done", waiting=0, sent=2, unknown=3)
    Delivery.objects.update(state="sent", waits_for="nothing", finished_at=clocks.now())
    return mail


def test_each_reader_in_doubt_can_be_answered_for_alone(office, doubted) -> None:
    page = office.get(f"/deliveries/{doubted.pk}/there").content.decode()
    assert people(page) == {"reader0", "reader1", "reader2"}
    office.post(f"/deliveries/{doubted.pk}/there", {"whom": "some", "reader": ["reader0@example.org"]})
    states = dict(Recipient.objects.values_list("subscriber__name", "state"))
    assert [states[f"R {number}"] for number in range(3)] == ["sent", "unknown", "unknown"]
    office.post(f"/deliveries/{doubted.pk}/not-there", {"whom": "all", "reader": ["reader1@example.org"]})
    states = dict(Recipient.objects.values_list("subscriber__name", "state"))
    assert [states[f"R {number}"] for number in range(3)] == ["sent", "waiting", "unknown"], "who is ticked is meant"


def test_nobody_is_settled_where_nobody_was_chosen(office, doubted) -> None:
    answer = office.post(f"/deliveries/{doubted.pk}/not-there", {"whom": "some"})
    assert answer.status_code == 422
    assert "Choose at least one reader" in answer.content.decode()
    assert Recipient.objects.filter(state="unknown").count() == 3


def test_everybody_in_doubt_is_answered_for_in_one(office, doubted) -> None:
    office.post(f"/deliveries/{doubted.pk}/there", {"whom": "all"})
    assert not Recipient.objects.filter(state="unknown").exists()
