"""In which language the console speaks, and to whom."""

import pytest
from django.test import Client

from tests.console.conftest import client_of
from tests.factories import make_blog
from worker.models import Staff

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
