"""However a person's address is written, on however many lists: one person, one copy."""

import csv
import io
import unicodedata
from datetime import date
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.newsletter.people import live_blog, planned
from worker.lib.address import address_key, read_address
from worker.models import Blog, Consent, Subscriber
from worker.newsletter.imports import Basis, read_sheet, take
from worker.newsletter.leave import unsubscribe
from worker.newsletter.people import find
from worker.newsletter.reader import load

pytestmark = pytest.mark.django_db
_numbers = count(1)

PEOPLE = {
    "ann@xn--rader-bsa.example": ("ann", ["réader.example", "xn--rader-bsa.example"]),
    "ann+news@xn--rader-bsa.example": ("ann+news", ["réader.example", "xn--rader-bsa.example"]),
    "o'neil.b@xn--strae-oqa.xn--rader-bsa.example": (
        "o'neil.b",
        ["straße.réader.example", "xn--strae-oqa.réader.example", "straße.xn--rader-bsa.example"],
    ),
    "ann@reader.example": ("ann", ["reader.example"]),
}
AROUND = st.sampled_from(["", " ", "\t", "\xa0", "\u200b", "\ufeff", "\u200e"])


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """(whose, as somebody wrote it)"""
    whose = draw(st.sampled_from(sorted(PEOPLE)))
    local, domains = PEOPLE[whose]
    domain = draw(st.sampled_from(domains))
    local, domain = draw(in_any_case(local)), draw(in_any_case(domain))
    domain = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), domain)
    if not domain.isascii():
        domain = domain.replace(".", draw(st.sampled_from(".\u3002\uff0e\uff61")))
    written = f'"{local}"@{domain}' if draw(st.booleans()) else f"{local}@{domain}"
    return whose, draw(AROUND) + written + draw(st.sampled_from(["", "."])) + draw(AROUND)


def in_any_case(word: str) -> st.SearchStrategy[str]:
    """ß stays as it is: its capital is another word's."""
    signs = [st.sampled_from([sign, sign.upper()] if len(sign.upper()) == 1 else [sign]) for sign in word]
    return st.tuples(*signs).map("".join)


@given(spellings())
def test_each_spelling_is_its_person(spelling):
    whose, written = spelling
    assert address_key(written) == whose
    assert address_key(read_address(written).written) == whose, "also as it is kept"


@hypothesis(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(st.lists(spellings(), min_size=1, max_size=8), min_size=1, max_size=3))
def test_whatever_lists_are_imported_in_whatever_order_each_person_gets_one_copy(settings, lists):
    blog = live_blog(slug=f"blog-{next(_numbers)}")
    before: set[str] = set()
    for number, spelled in enumerate(lists):
        taken = take(blog, read_sheet(as_csv(spelled), ["instant"]), basis(number))
        people = {whose for whose, _ in spelled}
        assert (taken.imported, taken.renewed) == (len(people - before), len(people & before))
        assert taken.repeated == len(spelled) - len(people)
        before |= people
    assert set(keys(blog)) == before
    assert Consent.objects.filter(subscriber__blog=blog).count() == sum(len({whose for whose, _ in spelled}) for spelled in lists)
    assert sorted(written_to(blog)) == sorted(before)


@hypothesis(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=spellings(), lists=st.lists(spellings(), min_size=1, max_size=8))
def test_whoever_left_under_one_spelling_has_left_under_every_other(settings, left, lists):
    blog = live_blog(slug=f"blog-{next(_numbers)}")
    whose, written = left
    take(blog, read_sheet(as_csv([left]), ["instant"]), basis(0))
    unsubscribe(find(blog, written))
    take(blog, read_sheet(as_csv(lists), ["instant"]), basis(1))
    assert whose not in written_to(blog)
    assert find(blog, written).state == Subscriber.State.UNSUBSCRIBED


def written_to(blog: Blog) -> list[str]:
    """The addresses of a newsletter's copies, as the relay is told them, in the form in which two are the same."""
    batches = planned(blog).batches.values_list("pk", flat=True)
    readers = (one for batch in batches for one in load(batch, blog.pk, date(2026, 11, 27)))
    return [one.address.lower() for one in readers if not one.left_out]


def as_csv(spelled: list[tuple[str, str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([["email"], *([written] for _, written in spelled)])
    return out.getvalue().encode()


def basis(number: int) -> Basis:
    return Basis("express", date(2026, 5, 4), f"list {number}", "a test")


def keys(blog: Blog) -> list[str]:
    return list(Subscriber.objects.filter(blog=blog).values_list("address_key", flat=True))
