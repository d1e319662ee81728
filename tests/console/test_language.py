"""In which language the console speaks, and to whom."""

import pytest
from django.test import Client

from tests.console.conftest import client_of
from tests.factories import NOON, make_blog, make_delivery, make_post
from worker.models import Delivery, Event, Issue, Staff

pytestmark = pytest.mark.django_db
FRENCH = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}


def speaks(answer) -> str:
    return answer.content.decode().partition('<html lang="')[2].partition('"')[0]


def test_the_door_speaks_the_browsers_language() -> None:
    assert speaks(Client().get("/sign-in", headers=FRENCH)) == "fr-CA"
    assert speaks(Client().get("/sign-in", headers={"Accept-Language": "de,en;q=0.1"})) == "en"
    assert "Accept-Language" in Client().get("/sign-in")["Vary"]


def test_a_browser_that_says_nothing_hears_the_blogs_language_where_all_share_one() -> None:
    make_blog("first", language="fr-CA")
    assert speaks(Client().get("/sign-in")) == "fr-CA"
    make_blog("second", language="en-CA")
    assert speaks(Client().get("/sign-in")) == "en"


def test_what_a_person_chose_goes_before_what_their_browser_asks_for(office) -> None:
    assert speaks(office.get("/", headers=FRENCH)) == "fr-CA"
    assert office.post("/language", {"language": "en", "back": "/log?state=sent"})["Location"] == "/log?state=sent"
    assert speaks(office.get("/", headers=FRENCH)) == "en"
    assert Staff.objects.get().language == "en"


@pytest.mark.parametrize(("language", "back"), [("tlh", "/"), ("", "//elsewhere.example"), ("fr'--", "https://elsewhere.example/")])
def test_what_is_not_offered_changes_nothing_and_leads_nowhere_else(office, language, back) -> None:
    assert office.post("/language", {"language": language, "back": back})["Location"] == "/"
    assert Staff.objects.get().language == ""


def test_a_reader_hears_their_browsers_language_and_changes_nothing() -> None:
    reader = client_of("reader")
    page = reader.get("/", headers=FRENCH)
    assert speaks(page) == "fr-CA"
    assert 'action="/language"' not in page.content.decode()
    assert reader.post("/language", {"language": "en"}).status_code == 403


def test_the_language_of_one_request_is_not_that_of_the_next(office) -> None:
    office.get("/", headers=FRENCH)
    assert speaks(office.get("/", headers={"Accept-Language": "en"})) == "en"


def french_page(client: Client, address: str) -> str:
    body = b"".join(client.get(address, headers=FRENCH)).decode()
    return body.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_stored_sentence_is_said_in_french_and_stays_english_in_its_row(office) -> None:
    delivery = make_delivery(
        make_post(make_blog("example", channels={"facebook": {}}), title="Needs you"),
        "facebook",
        state="held",
        waits_for="person",
        reason="Held by desk@practice.example: a typo. Release it to let it go.",
    )
    page = french_page(office, f"/deliveries/{delivery.pk}")
    assert "<h1>Retenu par desk@practice.example : a typo. Libérez l’envoi pour qu’il parte.</h1>" in page
    assert "Needs you" in page, "a title is nobody's to translate"
    delivery.refresh_from_db()
    assert delivery.reason.startswith("Held by")


def test_a_newsletters_name_is_ours_to_say(office) -> None:
    blog = make_blog("example", channels={"email": {"editions": ["weekly mon 09:00"]}})
    issue = Issue.objects.create(blog=blog, edition="weekly", day="2026-11-23", since="2026-11-16T09:00:00Z", due_at="2026-11-23T14:00:00Z")
    delivery = Delivery.objects.create(
        blog=blog, issue=issue, edition="weekly", channel="email", state="held", waits_for="person", reason="Held.", created_at=NOON
    )
    assert "Infolettre de la semaine, 23 novembre 2026" in french_page(office, f"/deliveries/{delivery.pk}")


def test_a_spreadsheet_has_french_headings_and_sentences_and_the_states_that_programs_read(office) -> None:
    make_delivery(make_post(make_blog("example")), "facebook", state="failed", waits_for="person", reason="X asks to slow down.")
    headings, line, *_ = french_page(office, "/log.csv").splitlines()
    assert headings.startswith("numéro,blogue,canal,occasion,état,attend,raison,créé le")
    assert "failed" in line
    assert "X demande de ralentir." in line


def test_what_went_wrong_is_told_in_french_too(office) -> None:
    assert "Cette page n’existe pas." in french_page(office, "/nothing")
    office.post("/language", {"language": "fr"})
    assert "Cette page n’existe pas." in office.get("/nothing").content.decode()


def test_choosing_a_language_is_nobodys_business_but_ones_own(office) -> None:
    office.post("/language", {"language": "fr"})
    assert not Event.objects.exists()
