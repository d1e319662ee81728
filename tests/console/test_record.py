"""Every line of the record, for whom it concerns."""

from datetime import date, timedelta

import pytest

from tests import clocks
from tests.console.conftest import client_of
from tests.factories import make_blog, make_delivery, make_post
from worker.console import record
from worker.models import Delivery, Issue, Staff
from worker.record import seal
from worker.record.transition import note

pytestmark = pytest.mark.django_db


def test_each_line_says_who_did_what_and_which_seal_closes_it(office) -> None:
    delivery = make_delivery(make_post(make_blog()))
    line = note("Held by ann@practice.example: <b>wait</b>.", who="ann@practice.example", delivery=delivery)
    seal.seal(clocks.now() + timedelta(minutes=2))
    note("Something just now.", blog=delivery.blog)
    page = office.get("/record").content.decode()
    assert "Held by ann@practice.example: &lt;b&gt;wait&lt;/b&gt;." in page
    assert f'href="/deliveries/{delivery.pk}"' in page
    assert f'id="line-{line.pk}"' in page
    assert ("seal 1" in page, "not sealed yet" in page) == (True, True)
    assert f"{delivery.post.title}, Facebook" in page
    assert page.index("Something just now.") < page.index("Held by")


def test_a_newsletter_has_its_name_in_the_language_of_whoever_looks(office) -> None:
    Staff.objects.update(language="fr")
    issue = Issue.objects.create(blog=make_blog(), edition="weekly", day=date(2026, 12, 1), since=clocks.now(), due_at=clocks.now())
    delivery = Delivery.objects.create(
        blog=issue.blog, issue=issue, channel="email", state="held", waits_for="person", reason="Held.", created_at=clocks.now()
    )
    note("Planned.", delivery=delivery)
    assert "Infolettre de la semaine, 1er décembre 2026, Courriel" in office.get("/record").content.decode()


def test_it_goes_on_page_after_page(office, monkeypatch) -> None:
    monkeypatch.setattr(record, "LINES_A_PAGE", 2)
    lines = [note(f"Line {number}.", blog=make_blog()) for number in range(5)]
    first = office.get("/record").content.decode()
    assert ("Line 4." in first, "Line 3." in first, "Line 2." in first) == (True, True, False)
    last = office.get(f"/record?before={lines[1].pk}").content.decode()
    assert ("Line 0." in last, "Older" in last) == (True, False)
    assert office.get("/record?before=x").status_code == 200


def test_of_other_blogs_and_of_the_installation_nothing_is_shown(db) -> None:
    mine, other = make_blog("mine"), make_blog("other")
    for words, blog in (("Of mine.", mine), ("Of another.", other), ("Of the keys.", None)):
        note(words, blog=blog)
    page = client_of("office", mine).get("/record").content.decode()
    assert ("Of mine." in page, "Of another." in page, "Of the keys." in page) == (True, False, False)
