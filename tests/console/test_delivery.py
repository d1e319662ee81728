import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from tests import clocks
from tests.console.conftest import client_of
from tests.console.test_hostile import EVIL
from tests.factories import DISCLAIMER, SHORT, make_blog, make_delivery, make_post
from worker.channels.carrier import mark
from worker.console import says
from worker.models import Attempt, Batch, Delivery, Event, Staff
from worker.record.transition import note

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def delivery() -> Delivery:
    return make_delivery(
        make_post(make_blog("example", channels={"facebook": {}, "email": {}})),
        due_at=clocks.now() + timedelta(hours=3),
        reason="Goes out later.",
    )


def test_the_first_sentence_is_the_heading(office, delivery) -> None:
    assert "<h1>Goes out later.</h1>" in text(office.get(f"/deliveries/{delivery.pk}"))


def test_the_story_tells_each_line_of_the_record_and_what_comes_next(office, delivery) -> None:
    note("The blog told us about the post.", post=delivery.post, blog=delivery.blog)
    note("Text made for Facebook.", delivery=delivery)
    note("A line about another one.", delivery=make_delivery(make_post(delivery.blog)))
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    assert page.index("The blog told us about the post.") < page.index("Text made for Facebook.") < page.index("It goes out.")
    assert "A line about another one." not in page


def test_times_are_exact_and_in_the_blogs_own_zone(office, delivery) -> None:
    Event.objects.create(at="2026-01-05T03:04:05Z", who="Postlark", what="The post is new.", delivery=delivery)
    assert ", 22:04:05" in text(office.get(f"/deliveries/{delivery.pk}"))


def test_it_shows_what_the_network_shows_with_the_disclaimer_marked_and_counted(office, delivery) -> None:
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    assert f"<mark>{SHORT}</mark>" in page
    assert f"{delivery.rendition.length} of 280" in page
    assert "Short disclaimer" in page


@pytest.mark.parametrize(("cost", "said"), [(205, True), (0, False)])
def test_what_it_cost_has_a_line_of_its_own(office, delivery, cost, said) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(cost=cost)
    page = office.get(f"/deliveries/{delivery.pk}").content.decode()
    assert [words in page for words in ("Cost: about $0.21", "Cost:")] == [said, said]


def test_technical_words_are_folded_away(office, delivery) -> None:
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=clocks.now(),
        outcome="transient",
        status="503",
        detail="upstream connect error",
        holder="desk-1:4711",
    )
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    folded = page[page.index("<details") : page.index("</details>")]
    for words in ("503", "upstream connect error", "desk-1:4711", "transient"):
        assert words in folded
        assert page.count(words) == 1


@pytest.mark.parametrize(
    ("state", "waits_for", "open_buttons"),
    [
        ("held", "person", {"release", "skip", "reword"}),
        ("pending", "clock", {"release", "hold", "skip", "reword"}),
        ("pending", "person", {"hold", "skip", "reword"}),
        ("sending", "network", set()),
        ("unknown", "network", {"there"}),
        ("unknown", "person", {"there", "not-there"}),
        ("sent", "nothing", {"send"}),
        ("failed", "person", {"send"}),
        ("rehearsed", "nothing", {"send"}),
        ("cancelled", "nothing", {"send"}),
    ],
)
def test_buttons_that_cannot_act_keep_their_place_and_say_why(office, delivery, state, waits_for, open_buttons) -> None:
    Delivery.objects.update(state=state, waits_for=waits_for, unknown_since=clocks.now() if state == "unknown" else None)
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    shown = {key for key in ("send", "reword", "release", "hold", "skip", "there", "not-there") if f'id="do-{key}"' in page}
    grey = {key for key in shown if f'<button id="do-{key}" class="button" type="button" disabled>' in page}
    assert shown - grey == open_buttons
    assert shown >= {"send", "reword", "release", "hold", "skip"}
    assert page[page.index('id="buttons"') :].count('<p class="small">') >= 1


@pytest.mark.parametrize(("mode", "label"), [("rehearsal", "Rehearse again…"), ("live", "Send for real…")])
def test_what_was_rehearsed_goes_for_real_only_where_its_channel_is_live(office, delivery, mode, label) -> None:
    make_blog(delivery.blog.slug, channels={delivery.channel: {"mode": mode}})
    Delivery.objects.update(state="rehearsed", waits_for="nothing")
    assert label in text(office.get(f"/deliveries/{delivery.pk}"))


@pytest.mark.parametrize(
    ("key", "form", "state", "said"),
    [
        ("release", {"reason": ""}, "pending", "Released by office0@practice.example. Goes out now."),
        ("hold", {"reason": "a typo"}, "held", "Held by office0@practice.example: a typo."),
        ("cancel", {"reason": "no fitting picture"}, "cancelled", "Cancelled by office0@practice.example: no fitting picture."),
        ("skip", {"reason": "no fitting picture"}, "skipped", "Skipped by office0@practice.example: no fitting picture."),
    ],
)
def test_an_action_is_done_once_and_written_down_with_who_and_why(office, delivery, key, form, state, said) -> None:
    address = f"/deliveries/{delivery.pk}/{key}"
    assert office.get(address).status_code == 200
    answer = office.post(address, form)
    assert (answer.status_code, answer["Location"]) == (302, f"/deliveries/{delivery.pk}")
    delivery.refresh_from_db()
    assert delivery.state == state
    assert said in delivery.reason
    assert Event.objects.get(delivery=delivery).who == "office0@practice.example"
    words_for = {"hold": "held", "cancel": "cancelled", "skip": "skipped"}
    if key in words_for:
        again = office.post(address, form, follow=True)
        assert re.search(rf"This can(&#39;|')t be {words_for[key]} now\. ", text(again)), "and what happened instead follows"
        assert Event.objects.filter(delivery=delivery).count() == 1


@pytest.mark.parametrize("key", ["hold", "cancel", "skip"])
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_what_stops_a_delivery_needs_a_reason(office, delivery, key, reason) -> None:
    answer = office.post(f"/deliveries/{delivery.pk}/{key}", {} if reason is None else {"reason": reason})
    assert answer.status_code == 422
    assert "Write down why" in text(answer)
    delivery.refresh_from_db()
    assert delivery.state == "pending"


def test_what_can_no_longer_be_done_is_not_offered(office, delivery) -> None:
    Delivery.objects.update(state="cancelled", waits_for="nothing", finished_at=clocks.now())
    page = text(office.get(f"/deliveries/{delivery.pk}/hold"))
    assert "This can’t be done as it stands now." in page
    assert 'type="submit" disabled>Hold it' in page


def test_a_person_settles_what_nobody_could_find_out(office, delivery) -> None:
    Delivery.objects.update(state="unknown", waits_for="person", unknown_since=clocks.now())
    office.post(f"/deliveries/{delivery.pk}/there", {"address": "https://facebook.example/1"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.remote_url) == ("sent", "https://facebook.example/1")
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    assert "Nothing is in doubt any more." in page


def test_an_address_that_is_no_web_address_is_not_kept(office, delivery) -> None:
    Delivery.objects.update(state="unknown", waits_for="person", unknown_since=clocks.now())
    office.post(f"/deliveries/{delivery.pk}/there", {"address": "javascript:alert(1)"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.remote_url) == ("sent", "")


def test_nobody_is_led_to_where_a_post_was_taken_down(office, delivery) -> None:
    Delivery.objects.update(state="withdrawn", waits_for="nothing", finished_at=clocks.now(), remote_url="https://facebook.example/1")
    for page in ("/", f"/deliveries/{delivery.pk}", f"/posts/{delivery.post_id}"):
        assert 'href="https://facebook.example/1"' not in text(office.get(page))


def test_nothing_is_sent_again_while_postlark_still_looks(office, delivery) -> None:
    Delivery.objects.update(state="unknown", waits_for="network", unknown_since=clocks.now())
    answer = office.post(f"/deliveries/{delivery.pk}/not-there", follow=True)
    assert "still looking" in text(answer)
    delivery.refresh_from_db()
    assert delivery.state == "unknown"


def test_a_newsletter_shows_its_sum(office, delivery) -> None:
    mail = make_delivery(delivery.post, "email", state="sending", waits_for="network", reason="Being sent.")
    Batch.objects.create(delivery=mail, number=1, size=100, waiting=17, sent=72, refused=2, skipped=9)
    Batch.objects.create(delivery=mail, number=2, size=100, waiting=100)
    page = text(office.get(f"/deliveries/{mail.pk}"))
    plain = "".join(part.partition(">")[2] for part in page[page.index("200 readers") - 1 :].split("<"))
    assert plain.startswith("200 readers = 72 sent + 2 refused + 9 skipped + 117 waiting")


@pytest.fixture
def mail(delivery) -> Delivery:
    html = f'<p>Words {EVIL}</p><p>{DISCLAIMER}</p><p>{mark("why")} <a href="{mark("unsubscribe")}">Unsubscribe</a></p>'
    words = {
        "subject": "A subject",
        "text": f"Words\n{DISCLAIMER}\n{mark('unsubscribe')}",
        "html": html,
        "disclaimer": DISCLAIMER,
        "length": 5,
        "limit": None,
    }
    return make_delivery(delivery.post, "email", rendition=words)


def test_a_mail_stands_in_a_frame_that_runs_nothing(office, mail) -> None:
    page = text(office.get(f"/deliveries/{mail.pk}"))
    assert f'<iframe src="/deliveries/{mail.pk}/mail"' in page
    assert " sandbox " in page[page.index("<iframe") : page.index("</iframe>")]
    assert "allow-" not in page
    frame = office.get(f"/deliveries/{mail.pk}/mail")
    policy = {part.strip().partition(" ")[0]: part.strip().partition(" ")[2] for part in frame["Content-Security-Policy"].split(";")}
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert policy["frame-ancestors"] == "'self'"
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


def test_personal_marks_are_replaced_by_samples(office, mail) -> None:
    for address in (f"/deliveries/{mail.pk}", f"/deliveries/{mail.pk}/mail"):
        page = text(office.get(address))
        assert "\ue000" not in page
        assert "#unsubscribe" in page


def test_a_networks_escaping_is_not_shown() -> None:
    assert says.as_shown("a \\(b\\)", "facebook") == "a \\(b\\)"
    assert says.marked("A b A", "A") == (("A", True), (" b ", False), ("A", True))
    assert says.marked("A b", "") == (("A b", False),)


def test_a_mail_page_asks_only_for_its_own_post(mail) -> None:
    stranger = client_of("owner", make_blog("other"))
    assert stranger.get(f"/deliveries/{mail.pk}/mail").status_code == 404


def test_an_address_that_cannot_be_read_is_no_link(office) -> None:
    broken = "https://[::1"
    words = {"text": "Words", "link": broken, "length": 5, "limit": None}
    delivery = make_delivery(make_post(make_blog(), url=broken), state="sent", waits_for="nothing", remote_url=broken, rendition=words)
    for address in ("/", f"/posts/{delivery.post_id}", f"/deliveries/{delivery.pk}"):
        answer = office.get(address)
        assert answer.status_code == 200
        assert f'href="{broken}' not in text(answer)


def test_a_mail_can_be_opened_in_a_mail_program(office) -> None:
    blog = make_blog("example", channels={"email": {}})
    delivery = make_delivery(
        make_post(blog), "email", rendition={"subject": "On grief", "text": SHORT, "html": f"<p>{SHORT}</p>", "length": 30}
    )
    assert f"/deliveries/{delivery.pk}/mail.eml" in text(office.get(f"/deliveries/{delivery.pk}"))
    answer = office.get(f"/deliveries/{delivery.pk}/mail.eml")
    letter = message_from_bytes(answer.content, policy=policy.default)
    assert answer["Content-Type"] == "message/rfc822"
    assert (letter["Subject"], letter["To"]) == ("On grief", "a.reader@example.com")
    assert SHORT in letter.get_body(("html",)).get_content()


def test_each_part_is_counted_against_its_own_limit(office) -> None:
    blog = make_blog("example", channels={"pinterest": {}})
    rendition = {
        "text": SHORT,
        "description": SHORT,
        "title": "On grief",
        "alt": "A path",
        "link": "https://b.ca/",
        "length": 30,
        "limit": 800,
    }
    delivery = make_delivery(make_post(blog), "pinterest", rendition=rendition)
    page = text(office.get(f"/deliveries/{delivery.pk}"))
    for count in ("Text 30 of 800", "Title 8 of 100", "Picture&#39;s description 6 of 500"):
        assert f"<span>{count}</span>" in page
    assert "<span>Description" not in page
    Staff.objects.update(language="fr")
    assert "<span>Titre 8 sur 100</span>" in text(office.get(f"/deliveries/{delivery.pk}"))
