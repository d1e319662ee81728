"""What Postlark says is written in English by whoever knows the fact; a page says it in its reader's language.

A sentence is found in the catalogue (`locale/`) by its shape: "Posted on {name} at {spoken}." stands for every sentence of that
form. What has no entry, as a title, the staff's own words or a network's, stays as it is. Why: docs/adr/0014-one-sentence-two-languages.md.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from functools import cache, lru_cache
from gettext import GNUTranslations
from heapq import merge
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils import dateformat
from django.utils.dates import MONTHS, MONTHS_3, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override


class Language(NamedTuple):
    code: str
    tag: str
    """As browsers and screen readers know it."""
    name: str


ENGLISH, FRENCH = LANGUAGES = (Language("en", "en", "English"), Language("fr", "fr-CA", "Français"))
_PLACE = re.compile(r"\{(\w*)\}")
_FORM = re.compile(r"\{(?P<name>\w*)(?::(?P<one>[^{}|]*)\|(?P<many>[^{}|]*))?\}")
"""In what a sentence becomes: a place, or words that depend on the figure there, `{sent} {sent:envoyé|envoyés}`."""
_NEXT_SENTENCE = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][”’\")]))\s+(?=[“\"A-ZÀ-Þ\d])")


def speaks() -> Language:
    """The language that is active."""
    active = (get_language() or "").partition("-")[0]
    return next((each for each in LANGUAGES if each.code == active), ENGLISH)


def said(text: object) -> str:
    """`text`, which is English, in the language that is active. Escapes nothing and trusts nothing: what comes out is as safe as what went in."""
    language = speaks()
    return str(text) if language == ENGLISH else _said(str(text), language.code).text


class _Said(NamedTuple):
    text: str
    understood: bool
    """To its last word: else some of it stays as it is."""


_BETWEEN = " \xa0\u202f\n;,"
"""What joins a piece to the others stands outside it: ", for about $0.20"."""
TOO_LONG, TOO_MANY = 800, 12
"""A text of so many letters or sentences is none of ours; nothing is looked for in it."""


@lru_cache(maxsize=4096)
def _said(text: str, language: str) -> _Said:
    known, bare = _catalogue(language), text.strip(_BETWEEN)
    if not bare or len(bare) > TOO_LONG:
        return _Said(text, not bare)
    if words := known.exactly(bare):
        found = _Said(words, True)
    else:
        whole = _by_shape(bare, known.candidates(bare), language)
        found = whole if whole and whole.understood else _by_parts(bare, whole, language)
    return _Said(text.replace(bare, found.text), found.understood)


def _by_parts(text: str, whole: _Said | None, language: str) -> _Said:
    """Sentence by sentence, what is in brackets, or a list of which each term is known; `whole`, where that is understood no better."""
    if " · " in text:
        terms = [_said(term, language) for term in text.split(" · ")]
        return _Said(" · ".join(term.text for term in terms), all(term.understood for term in terms))
    sentences = _NEXT_SENTENCE.split(text)
    if len(sentences) > TOO_MANY:
        return _Said(text, False)
    if len(sentences) > 1:
        parts = _sentence_by_sentence(sentences, language)
        return parts if parts.understood or whole is None else whole
    terms = [_said(term, language) for term in text.split(", ")] if ", " in text else []
    if terms and all(term.understood for term in terms):
        return _Said(", ".join(term.text for term in terms), True)
    if whole:
        return whole
    if typed := _TYPED.match(text):
        rest = _said(text[typed.end() :], language)
        return _Said(typed[0] + rest.text, rest.understood)
    if text.startswith("(") and text.endswith(")"):
        inside = _said(text[1:-1], language)
        return _Said(f"({inside.text})", inside.understood)
    return _Said(text, False)


_TYPED = re.compile(r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*") """)
"""What somebody typed, as `repr` shows it, at the head of what is said of it."""


def _sentence_by_sentence(sentences: list[str], language: str) -> _Said:
    """As many of them together as are understood together; the first one by itself where none are."""
    for many in range(len(sentences) - 1, 0, -1):
        head = _said(" ".join(sentences[:many]), language)
        if head.understood or many == 1:
            rest = _said(" ".join(sentences[many:]), language)
            return _Said(f"{head.text} {rest.text}", head.understood and rest.understood)
    raise AssertionError("there are at least two")


def dated(day: date, form: str) -> str:
    """`day` in Django's `form`, which begins with it, in the language that is active: in French the first of a month is no 1."""
    spoken = dateformat.format(day, form)
    return spoken.replace("1 ", "1er ", 1) if speaks() == FRENCH and day.day == 1 else spoken


def number(value: int) -> str:
    """1,234; 1 234 in French."""
    return number_format(value, use_l10n=True, force_grouping=True)


class Shape(NamedTuple):
    """The fixed words of a sentence, in order, and the names of what stands between them."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    becomes: str

    def fit(self, text: str) -> dict[str, str] | None:
        """What stands at each place. In one pass, whatever the text: each fixed part is taken where it comes first, the last at the end."""
        first, *between, last = self.fixed
        if not text.startswith(first) or not text.endswith(last):
            return None
        values, before, at, end = list[str](), first, len(first), len(text) - len(last)
        for words in between:
            stands = text.find(words, at + _least(before), end)
            if stands < 0:
                return None
            values.append(text[at:stands])
            before, at = words, stands + len(words)
        if at + _least(before) > end:
            return None
        return dict(zip(self.names, [*values, text[at:end]], strict=True))

    @property
    def says_little(self) -> bool:
        """Such as "{what} on {name}.": it fits many a sentence that is not ours."""
        return sum(letter.isalpha() for letter in "".join(self.fixed)) < ENOUGH_LETTERS

    def runs_on(self, name: str) -> bool:
        """Whether it stands in the middle of a sentence, and so is no sentence itself."""
        before = self.fixed[self.names.index(name)].rstrip()
        return before != "" and before[-1] not in ":.!?"

    def quotes(self, name: str) -> bool:
        """Whether it stands in quotation marks: a name, which is nobody's to put into other words."""
        return self.fixed[self.names.index(name)].endswith("“")

    def filled(self, values: Mapping[str, str]) -> str:
        return _FORM.sub(lambda form: values[form["name"]] if form["one"] is None else _agreeing(form, values[form["name"]]), self.becomes)


def _agreeing(form: re.Match[str], figure: str) -> str:
    """In French nought is singular, too."""
    return form["one"] if re.sub(r"\D", "", figure) in ("0", "1") else form["many"]


def _least(before: str) -> int:
    """How long what comes next is at least. It may be nothing where it is joined to what is before: "{sent} sent{others}."."""
    return 1 if not before or before[-1] in " “(" else 0


def shape(english: str, becomes: str) -> Shape:
    fixed = _PLACE.split(english)
    return Shape(tuple(fixed[::2]), tuple(fixed[1::2]), becomes)


def _by_shape(text: str, shapes: Iterable[Shape], language: str) -> _Said | None:
    """In the words of the first shape that fits and is understood, else of the first that fits; the most fixed words come first."""
    second_best = None
    for each in shapes:
        values = each.fit(text)
        if values is None:
            continue
        said = {name: _Said(value, True) if each.quotes(name) else _value(value, language) for name, value in values.items()}
        strange = [name for name, new in said.items() if not new.understood and not _is_name(values[name])]
        filled = each.filled({name: new.text for name, new in said.items()})
        if not strange:
            return _Said(filled, True)
        if not each.says_little and not any(each.runs_on(name) and _NEXT_SENTENCE.search(values[name]) for name in strange):
            second_best = second_best or _Said(filled, False)
    return second_best


ENOUGH_LETTERS = 8


def _is_name(text: str) -> bool:
    """A name, a number, an address, or what somebody typed; other words that are not known are not ours."""
    return _TYPED.fullmatch(text + " ") is not None or all(
        word[0].isupper() or word[0] in "(+#$" or word[0].isdecimal() or "@" in word for word in text.split()
    )


def _value(text: str, language: str) -> _Said:
    words = text.split(" ")
    known = [word for word in map(_moment_or_figure, words) if word is not None]
    if len(known) < len(words):
        return _said(text, language)
    if language == FRENCH.code:  # 1 May, but le 1er mai
        known = ["1er" if word == "1" and after in _calendar() else word for word, after in zip(known, [*words[1:], ""], strict=True)]
    return _Said(" ".join(known), True)


def _moment_or_figure(word: str) -> str | None:
    """One word of `14:05`, `Mon 23 Nov 14:05`, `23 November 2026`, or a figure like `1,234`; None for any other word."""
    if name := _calendar().get(word):
        return str(name)
    if clock := _CLOCK.fullmatch(word):
        return dateformat.time_format(time(int(clock[1]), int(clock[2])), gettext("H:i"))
    if _GROUPED.fullmatch(word):
        return number(int(word.replace(",", "")))
    return word if _FIGURE.fullmatch(word) else None


_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_FIGURE = re.compile(r"\d+")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+")


@cache
def _calendar() -> dict[str, Promise | str]:
    """English name of a day or month -> the same in the language of whoever looks."""
    with override(None):
        long = {str(name): name for names in (WEEKDAYS, WEEKDAYS_ABBR, MONTHS) for name in names.values()}
        return {**{str(name).capitalize(): name for name in MONTHS_3.values()}, **long}


class _Catalogue:
    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self.exact: dict[str, str] = {}
        self._shapes: dict[str, list[Shape]] = defaultdict(list)
        for english, becomes in ((english.strip(_BETWEEN), becomes.strip(_BETWEEN)) for english, becomes in entries):
            if _PLACE.search(english):
                new = shape(english, becomes)
                self._shapes[_first_word(new.fixed[0])].append(new)
            else:
                self.exact[english] = becomes
        for shapes in self._shapes.values():
            shapes.sort(key=_most_words_first)

    def exactly(self, text: str) -> str | None:
        """Also where only the first letter is another: within a sentence, and at its head."""
        found = self.exact.get(text)
        if found is None and (other := self.exact.get(text[:1].swapcase() + text[1:])):
            return (other[:1].upper() if text[:1].isupper() else other[:1].lower()) + other[1:]
        return found

    def candidates(self, text: str) -> Iterator[Shape]:
        buckets = (self._shapes.get(word, []) for word in {_first_word(text + " "), ""})
        return merge(*buckets, key=_most_words_first)


def _most_words_first(each: Shape) -> int:
    return -sum(map(len, each.fixed))


def _first_word(text: str) -> str:
    """Empty where the first word is not whole."""
    word, space, _ = text.partition(" ")
    return word if space else ""


@cache
def _catalogue(language: str) -> _Catalogue:
    with (Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        return _Catalogue(_Entries(file).singular())


class _Entries(GNUTranslations):
    _catalog: dict[str | tuple[str, int], str]

    def singular(self) -> Iterator[tuple[str, str]]:
        for english, becomes in self._catalog.items():
            if isinstance(english, str) and english and "\x04" not in english:
                yield english, becomes
