"""A sentence that is written in English, said in French."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.language import number, said, shape, speaks


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Needs you", "Vous attend"),
        ("Posted on LinkedIn at 09:04.", "Publié sur LinkedIn à 9 h 04."),
        ("Quiet hours: it goes out at Mon 23 Nov 08:00.", "Heures calmes : l’envoi part à lun 23 nov 8 h 00."),
        ("Quiet hours: it goes out at Tue 1 Dec 08:00.", "Heures calmes : l’envoi part à mar 1er déc 8 h 00."),
        (
            "Their consent ended on 1 August 2026: it came from an inquiry on 11 February 2026.",
            "Son consentement a pris fin le 1er août 2026 : il tenait à une demande de renseignements du 11 février 2026.",
        ),
        ("309 of 312 sent; 2 skipped, 1 refused.", "309 envoyés sur 312 ; 2 omis, 1 refusé."),
        (
            "184 of 312 sent so far (9 skipped); 117 still to go, next try at 14:05.",
            "184 envoyés sur 312 jusqu’ici (9 omis) ; 117 encore à envoyer, nouvel essai à 14 h 05.",
        ),
        ("1,312 of 1,312 sent.", "1 312 envoyés sur 1 312."),
        (
            "X asks to slow down. Nothing went out; trying again at 14:05.",
            "X demande de ralentir. Rien n’est parti ; nouvel essai à 14 h 05.",
        ),
        (
            "Held by desk@practice.example: she wants to read it. Release it to let it go.",
            "Retenu par desk@practice.example : she wants to read it. Libérez l’envoi pour qu’il parte.",
        ),
        (
            "Withdrawn by Ann: she found a mistake. 184 have it, of 3 it is not known, 128 will not get it.",
            "Retiré par Ann : she found a mistake. 184 l’ont, pour 3 on ne sait pas, 128 ne l’auront pas.",
        ),
        ("Posted on LinkedIn at 09:04, for about $0.20.", "Publié sur LinkedIn à 9 h 04, pour environ $0.20."),
        (
            "line 3: 'not an address' is not an e-mail address: there is no @.",
            "ligne 3 : 'not an address' n’est pas une adresse de courriel : il n’y a pas de @.",
        ),
        ("line 4: the language 'my own' is not one of en-CA, fr-CA.", "ligne 4 : la langue 'my own' n’est ni en-CA ni fr-CA."),
        ("they unsubscribed", "cette personne s’est désabonnée"),
        ("", ""),
        (" ", " "),
    ],
)
def test_what_postlark_says_is_said_in_french(english, french) -> None:
    assert said(english).replace("\u00a0", " ").replace("\u202f", " ") == french


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("{} of 5 sent.", ("0 envoyé sur 5.", "1 envoyé sur 5.", "2 envoyés sur 5.")),
        ("3 of 5 sent; {} refused.", ("3 envoyés sur 5 ; 0 refusé.", "3 envoyés sur 5 ; 1 refusé.", "3 envoyés sur 5 ; 2 refusés.")),
        (
            "3 of 5 sent; {} in doubt.",
            ("3 envoyés sur 5 ; 0 incertain.", "3 envoyés sur 5 ; 1 incertain.", "3 envoyés sur 5 ; 2 incertains."),
        ),
        ("{} accepted", ("0 accepté", "1 accepté", "2 acceptés")),
        ("{} came back", ("0 revenu", "1 revenu", "2 revenus")),
        ("{} new", ("0 nouveau", "1 nouveau", "2 nouveaux")),
        ("{} edited", ("0 modifié", "1 modifié", "2 modifiés")),
        ("{} delivered", ("0 livré", "1 livré", "2 livrés")),
    ],
)
def test_words_agree_with_their_figure(english, french) -> None:
    """In French nought is singular."""
    assert tuple(said(english.format(figure)).replace("\u00a0", " ").replace("\u202f", " ") for figure in (0, 1, 2)) == french


def test_in_english_it_stays_as_it_is() -> None:
    with translation.override("en"):
        assert said("Posted on LinkedIn at 09:04.") == "Posted on LinkedIn at 09:04."


@pytest.mark.parametrize(
    "words",
    [
        "421 4.7.0 Try again on another day, of your own choice, or never.",
        "She wants it on Tuesday, and not at once.",
        "Coping with school stress",
        "La bienveillance envers soi",
    ],
)
def test_other_peoples_words_stay_theirs(words) -> None:
    assert said(words) == words


def test_what_stands_in_quotation_marks_is_a_name() -> None:
    assert "« Needs you »" in said("Nothing of “Needs you” is out, so there is nothing to correct.").replace("\u00a0", " ")


def test_the_shape_with_the_most_words_of_its_own_is_the_one() -> None:
    assert said("X (Twitter) is paused by desk@practice.example. It goes out once somebody resumes it.").startswith(
        "X (Twitter) est suspendu par desk@"
    )


def test_a_text_that_nearly_fits_does_not_take_long() -> None:
    """No backtracking: each fixed part is looked for once from where the one before ended."""
    long = shape("{a}, {b}, {c}, {d} end.", "{a} {b} {c} {d}")
    assert long.fit(", " * 200_000 + "and no end") is None


@pytest.mark.parametrize("piece", ["It is on. ", "at on of ", ", and on the ", "A. ", "Held by X: ", "a at b on c. ", "(", "· "])
def test_a_text_of_many_pieces_is_not_looked_into_for_ever(piece) -> None:
    for times in (11, 80, 10_000):
        assert isinstance(said(piece * times), str)


@given(st.text())
def test_whatever_it_is_given_it_gives_a_text_back(text) -> None:
    with translation.override("fr"):
        assert isinstance(said(text), str)


@given(st.text(alphabet="<>&\"'{}%() ;,.:“”abAB", min_size=1))
def test_hostile_words_come_out_as_they_went_in(words) -> None:
    with translation.override("fr"):
        assert f"« {words} »" in said(f"Nothing of “{words}” is out, so there is nothing to correct.").replace("\u00a0", " ")


def test_numbers_are_grouped_as_the_language_does() -> None:
    assert speaks().tag == "fr-CA"
    assert number(63206).replace("\u202f", " ").replace("\u00a0", " ") == "63 206"
    with translation.override("en"):
        assert number(63206) == "63,206"
