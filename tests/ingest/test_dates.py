from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ingest.dates import believable, date_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("Fri, 20 Nov 2026 14:00:00 GMT", at(20, 14)),
        ("Fri, 20 Nov 2026 14:00:00", at(20, 14)),
        ("2026-11-20T14:00:00-05:00", at(20, 19)),
        ("Friday, November 20, 2026", at(20)),
        ("Friday, November 20th, 2026 at 2:30 pm", at(20, 14, 30)),
        ("Nov 20, 2026 12:05 AM EST", at(20, 5, 5)),
        ("ven., 20 nov. 2026 14:00:00 +0000", at(20, 14)),
        ("ven., 20 nov. 2026 14:00:00 HNE", at(20, 19)),
        ("vendredi 20 novembre 2026 14:00", at(20, 14)),
        ("samedi 21 novembre 2026 à 9 h 30", at(21, 9, 30)),
        ("1er décembre 2025 à 9 h", at(1, 9, month=12, year=2025)),
        ("lun., 02 févr. 2026 10:00:00 -0500", at(2, 15, month=2)),
        ("mar. 03 mars 2026 08:00", at(3, 8, month=3)),
        ("mar. 4 août 2026", at(4, month=8)),
        ("4 août 2026, mardi", at(4, month=8)),
        ("3 juin 2026", at(3, month=6)),
        ("14 juillet 2026", at(14, month=7)),
        ("Fri, 20 Nov 2026 24:00:00 GMT", at(21)),
        ("20/11/2026", at(20)),
        ("11/20/2026 3:00 PM", at(20, 15)),
        ("2026/11/20", at(20)),
        ("1795183200", at(20, 14)),
        ("1795183200000", at(20, 14)),
    ],
)
def test_what_people_and_programs_write_for_a_date(stated: str, moment: datetime) -> None:
    assert date_of(stated) == moment


@pytest.mark.parametrize(
    "stated",
    ["", "soon", "11/03/2026", "Fri, 20 Nov 2026 25:00:00 GMT", "31 février 2026", "0000-00-00 00:00:00", "2026", "nov. 2026", "1"],
)
def test_what_is_no_date_or_could_be_two_is_none(stated: str) -> None:
    assert date_of(stated) is None


@given(st.text(max_size=150))
def test_any_words_are_a_date_or_none(stated: str) -> None:
    moment = date_of(stated)
    assert moment is None or moment.utcoffset() == timedelta(0)


def test_the_first_that_can_be_true_is_believed() -> None:
    assert believable([None, at(1, year=1762), at(1, year=2099), at(20), at(19)], NOW) == at(20)
    assert believable([at(1, year=1970)], NOW) is None
