"""The subscribers' pages: who gets it, who does not and why; off by phone; a list that is shown before it is taken."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog
from tests.newsletter.people import live_blog, make_subscriber, planned
from worker.models import Blog, Confirmation, Event, ImportDraft, Recipient, Staff, Subscriber, Suppression
from worker.newsletter import lapse, sign_up
from worker.newsletter.leave import forget, unsubscribe

pytestmark = pytest.mark.django_db
BECAUSE = {"reason": "She rang."}


@pytest.fixture
def blog(settings) -> Blog:
    settings.RELAYS = {}
    return live_blog()


def sheet(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("open day.csv", text.encode(), content_type="text/csv")


def offered(text: str, **values: str) -> dict:
    yesterday = (clocks.now() - timedelta(days=1)).date().isoformat()  # it may still be that where the blog is
    return {"blog": "example", "basis": "express", "obtained": yesterday, "proof": "sign-up sheet", "file": sheet(text), **values}


def acts(reader: Subscriber) -> dict[str, dict]:
    one = f"/subscribers/{reader.pk}"
    blog = {"blog": "example"}
    return {
        f"{one}/off": BECAUSE,
        f"{one}/let-in": BECAUSE,
        f"{one}/forget": BECAUSE,
        "/subscribers/bar": {**blog, **BECAUSE, "email": "bob@reader.example"},
        "/subscribers/export": blog,
        "/subscribers/ask": blog,
        "/subscribers/import": offered("email\ncid@reader.example\n"),
    }


def test_nobody_is_led_to_sign_in_and_changes_nothing(blog) -> None:
    reader = make_subscriber(blog)
    for address in ("/subscribers", "/subscribers/import", f"/subscribers/{reader.pk}"):
        assert Client().get(address)["Location"].startswith("/sign-in?next=/"), address
    for address, fields in acts(reader).items():
        assert Client().post(address, fields).status_code == 302, address
    assert not Event.objects.exists()


def test_a_reader_of_the_console_sees_everything_is_offered_nothing_and_changes_nothing(blog) -> None:
    reader, client = make_subscriber(blog, "ann@reader.example"), client_of("reader")
    for address in ("/subscribers", f"/subscribers/{reader.pk}"):
        page = client.get(address).content.decode()
        assert "ann@reader.example" in page
        assert page.count('method="post"') == 1, "only the one to sign out"
    for address, fields in acts(reader).items():
        assert client.post(address, fields).status_code == 403, address
    reader.refresh_from_db()
    assert reader.state == "confirmed"
    assert not Event.objects.exists()


def test_another_blogs_people_learn_nothing(blog) -> None:
    reader, stranger = make_subscriber(blog, "ann@reader.example"), client_of("owner", make_blog("other"))
    assert stranger.get(f"/subscribers/{reader.pk}").status_code == 404
    for address in ("/subscribers", "/subscribers?q=ann@reader.example", "/subscribers?blog=example"):
        assert f"/subscribers/{reader.pk}" not in stranger.get(address).content.decode()
    for address, fields in acts(reader).items():
        assert stranger.post(address, fields).status_code == 404, address
    reader.refresh_from_db()
    assert reader.state == "confirmed"


def test_an_act_without_the_forms_own_sign_is_refused(blog, office) -> None:
    office.handler.enforce_csrf_checks = True
    for address, fields in acts(make_subscriber(blog)).items():
        assert office.post(address, fields).status_code == 403, address
    assert not Event.objects.exists()


def test_each_line_says_why_we_may_write_and_until_when(blog, office, clock) -> None:
    clock.move_to("2026-11-20 17:00Z")
    make_subscriber(blog, "asked@reader.example", obtained_on=date(2026, 5, 4))
    make_subscriber(blog, "bought@reader.example", basis="purchase", obtained_on=date(2024, 12, 1))
    make_subscriber(blog, "lapsed@reader.example", basis="inquiry", obtained_on=date(2026, 5, 19))
    make_subscriber(blog, "none@reader.example", basis="")
    unsubscribe(make_subscriber(blog, "left@reader.example"))
    page = office.get("/subscribers").content.decode()
    for sentence in (
        "They asked for it on 4 May 2026.",
        "A purchase on 1 December 2024: until 1 December 2026, 11 days left.",
        "Their consent ended on 19 November 2026: it came from an inquiry on 19 May 2026.",
        "No consent to write to them is on record.",
        "Left on 20 November.",
    ):
        assert sentence in page
    assert "the consent of 1 reader ends within a month" in page


def test_a_readers_page_says_the_days_as_people_do_in_either_language(blog, office) -> None:
    reader = make_subscriber(blog, basis="purchase", obtained_on=date(2026, 5, 1))
    for language, since, until in (("en", "1 May 2026", "1 May 2028"), ("fr", "1er mai 2026", "1er mai 2028")):
        Staff.objects.update(language=language)
        page = office.get(f"/subscribers/{reader.pk}").content.decode()
        assert f"<dd>{since}</dd>" in page
        assert f"<dd>{until}</dd>" in page


def test_the_page_of_a_reader_whose_consent_ended_says_how_they_come_back(blog, office) -> None:
    ended = make_subscriber(blog, basis="inquiry", obtained_on=date(2020, 1, 1))
    page = office.get(f"/subscribers/{ended.pk}").content.decode()
    assert "Why we could write, until it ended" in page
    assert 'they sign up themselves: <a href="/subscribe/example">' in page
    left = make_subscriber(blog, basis="inquiry", obtained_on=date(2020, 1, 1))
    unsubscribe(left)
    for reader in (make_subscriber(blog), left):
        assert "they sign up themselves" not in office.get(f"/subscribers/{reader.pk}").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ANN%2Bnews@Réader.example", ["ann"]),
        ("q=reader", ["cid", "bob"]),
        ("q=Lee", ["bob"]),
        ("q=%00", []),
        ("q=%25", []),
        ("state=left", ["cid"]),
        ("state=on", ["bob", "ann"]),
        ("state=ended", ["bob"]),
        ("state=nonsense", ["cid", "bob", "ann"]),
        ("blog=other", []),
    ],
)
def test_people_are_found_by_address_name_and_state(blog, office, query, found) -> None:
    make_subscriber(blog, "ann+news@réader.example")
    make_subscriber(blog, "bob@reader.example", name="Bob Lee", basis="inquiry", obtained_on=date(2020, 1, 1))
    unsubscribe(make_subscriber(blog, "cid@reader.example"))
    page = office.get(f"/subscribers?{query}").content.decode()
    shown = [part.split(">")[1].partition("@")[0].partition("+")[0] for part in page.split('class="reader"><a')[1:]]
    if query == "q=%00":  # what is left of it looks for everybody
        return
    assert shown == found


def test_older_readers_are_a_page_away_and_none_is_left_out(blog, office) -> None:
    made = {make_subscriber(blog).pk for _ in range(120)}
    seen, address = [], "/subscribers?state=on"
    while address:
        page = office.get(address).content.decode()
        seen += [int(part.partition('"')[0]) for part in page.split('id="subscriber-')[1:]]
        older = page.partition('class="pages"')[2].partition("</p>")[0].rpartition('<a href="')[2].partition('">Older')
        address = "/subscribers" + older[0].replace("&amp;", "&") if older[1] else ""
    assert sorted(seen) == sorted(made)


def test_what_is_known_of_an_address_that_is_not_on_the_list_is_said(blog, office) -> None:
    forget(make_subscriber(blog, "ann@reader.example"), "desk")
    address = sign_up.Address("bob@reader.example", "bob@reader.example", "bob@reader.example")
    sign_up.ask(blog, sign_up.Wish(address, "en-CA", [], "instant"), "203.0.113.7")
    assert "they asked to be forgotten." in office.get("/subscribers?q=Ann@reader.example").content.decode()
    assert "has not confirmed; no mail has left yet." in office.get("/subscribers?q=bob@reader.example").content.decode()
    assert "Nobody on the list is like that." in office.get("/subscribers?q=cid@reader.example").content.decode()


def test_a_persons_page_answers_did_they_get_it(blog, office) -> None:
    reader = make_subscriber(blog, "ann@reader.example", basis="purchase")
    delivery = planned(blog)
    Recipient.objects.update(state="refused", reason="Their mailbox is full.", detail="RCPT: 552 5.2.2 <full>", at=clocks.now())
    page = office.get(f"/subscribers/{reader.pk}").content.decode()
    for said in (delivery.post.title, "Refused", "Their mailbox is full.", "552 5.2.2 &lt;full&gt;", "paper form", "Bought or contracted"):
        assert said in page


def test_somebody_who_rings_is_off_at_once_and_the_reason_is_kept(blog, office) -> None:
    reader = make_subscriber(blog, "ann@reader.example")
    assert office.post(f"/subscribers/{reader.pk}/off", {"reason": ""}).status_code == 302
    reader.refresh_from_db()
    assert reader.state == "confirmed"
    page = office.post(f"/subscribers/{reader.pk}/off", {"reason": "Ann rang, ann@reader.example"}, follow=True).content.decode()
    assert "They are off the list" in page
    assert "“Ann rang, (an address)”" in page
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"
    assert Blog.objects.get(slug="example").suppressions == 1
    assert Event.objects.get(subscriber=reader).who == "office0@practice.example"


def test_an_address_is_barred_and_let_in_again(blog, office) -> None:
    reader = make_subscriber(blog, "ann@reader.example")
    fields = {"blog": "example", "email": "ANN@reader.example", **BECAUSE}
    assert "is not written to any more" in office.post("/subscribers/bar", fields, follow=True).content.decode()
    assert "staff decided so (She rang.)" in office.get(f"/subscribers/{reader.pk}").content.decode()
    assert "may be written to again" in office.post(f"/subscribers/{reader.pk}/let-in", BECAUSE, follow=True).content.decode()
    assert not Suppression.objects.exists()
    for wrong in ({"email": "nobody"}, {"reason": ""}):
        office.post("/subscribers/bar", {**fields, **wrong})
    assert not Suppression.objects.exists()


def test_a_list_is_shown_first_and_then_taken_once(blog, office) -> None:
    make_subscriber(blog, "ann@reader.example", basis="inquiry")
    text = "email,name\nAnn@reader.example,Ann\nbob@reader.example,<b>Bob</b>\nBOB@reader.example,Bob\n"
    page = office.post("/subscribers/import", offered(text)).content.decode()
    for said in ("1 new", "1 on the list already, their consent is added", "1 more than once in the file", "&lt;b&gt;Bob&lt;/b&gt;"):
        assert said in page
    assert Subscriber.objects.count() == 1
    address = f"/subscribers/import/{ImportDraft.objects.get().pk}"
    assert client_of("owner").post(address).status_code == 404, "it is somebody else's"
    assert "Imported: 1 new; 1 on the list already" in office.post(address, follow=True).content.decode()
    assert Subscriber.objects.count() == 2
    assert office.post(address).status_code == 404


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("email\nann\nbob@\n", {}, "line 3: &#39;bob@&#39; is not an e-mail address"),
        ("email\nann\n", {}, "Put these lines right in the file, then choose it once more below."),
        ("email\nann@reader.example\n", {"basis": ""}, "Say why we may write to these people."),
        ("email\nann@reader.example\n", {"obtained": "yesterday"}, "Say on which day"),
        ("email\nann@reader.example\n", {"obtained": "2999-01-01"}, "is in the future"),
        ("email\nann@reader.example\n", {"basis": "inquiry", "obtained": "2020-01-01"}, "This consent ended on 1 July 2020"),
        ("email\nann@reader.example\n", {"proof": " "}, "say where it can be seen"),
        ("email\n" + "a" * 1_000_000 + "@reader.example\n", {}, "it is too long."),
        ("email\n" + "nobody\n" * 500, {}, "and 450 more."),
    ],
)
def test_a_list_with_a_mistake_is_not_taken_and_each_line_says_why(blog, office, text, values, said) -> None:
    answer = office.post("/subscribers/import", offered(text, **values))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert len(answer.content) < 60_000
    assert not ImportDraft.objects.exists()
    assert not Subscriber.objects.exists()


def test_the_list_goes_home_without_formulas_and_the_record_knows_who_took_it(blog, office) -> None:
    make_subscriber(blog, "=cmd@reader.example", name='@SUM(1+1)*cmd|" /C calc"!A0')
    answer = office.post("/subscribers/export", {"blog": "example"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert (rows[0]["email"], rows[0]["name"][:2]) == ("'=cmd@reader.example", "'@")
    assert Event.objects.get().who == "office0@practice.example"


def test_whose_consent_ends_is_asked_once(blog, office) -> None:
    today = clocks.now().date()
    ends_soon = today - timedelta(days=170)
    make_subscriber(blog, "ann@reader.example", basis="inquiry", obtained_on=ends_soon)
    make_subscriber(blog, "asked@reader.example")
    assert "1 reader is asked by mail now." in office.post("/subscribers/ask", {"blog": "example"}, follow=True).content.decode()
    assert "nobody is asked twice" in office.post("/subscribers/ask", {"blog": "example"}, follow=True).content.decode()
    assert Confirmation.objects.get().kind == "renew"
    assert lapse.lapsing(Subscriber.objects.all(), today).count() == 1


def test_a_list_for_a_blog_without_a_newsletter_is_refused_in_a_sentence() -> None:
    make_blog("quiet", channels={"facebook": {"mode": "rehearsal"}})
    answer = client_of("office").post("/subscribers/import", offered("email\nann@reader.example\n", blog="quiet"))
    assert answer.status_code == 422
    assert "This blog sends no newsletter" in answer.content.decode()
