"""French has words for everything that people read, and nobody need remember to give it any."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.utils import translation
from jinja2 import Environment, nodes

from tests.house.catalogue import FRENCH, NAMES_IN_PLACE, catalogue, compiled, shown, templates, written
from worker.lib.language import said, shape

ADVICE = "Run `make words`, give it French words in locale/fr/LC_MESSAGES/django.po, and run it once more."
PAGES = [path for path in templates() if path.suffix == ".html"]


def forms(words: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def known() -> list[Message]:
    return [message for message in written() if message.id]


def test_everything_that_people_read_has_french_words() -> None:
    there = {(message.id, message.context): message for message in known()}
    missing = [
        message.id
        for message in catalogue()
        if message.id and not all(forms(getattr(there.get((message.id, message.context)), "string", "")))
    ]
    assert missing == [], ADVICE


def test_no_words_are_kept_that_nobody_says_any_more() -> None:
    wanted = {message.id for message in catalogue()}
    assert [message.id for message in known() if message.id not in wanted] == [], "Run `make words`."
    assert not written().obsolete


def test_no_words_are_only_guessed() -> None:
    assert [message.id for message in known() if message.fuzzy] == []


def places(text: str) -> set[str]:
    return set(NAMES_IN_PLACE.findall(text)) | set(re.findall(r"%\((\w+)\)s", text))


def test_the_same_things_stand_in_the_french_sentence() -> None:
    wrong = []
    for message in known():
        english = set().union(*map(places, forms(message.id)))
        *singular, last = forms(message.string)
        wrong += [(message.id, words) for words in (*singular, last) if not places(words) <= english or places(last) != english]
    assert wrong == []


def test_the_same_tags_stand_in_the_french_sentence() -> None:
    def tags(text: str) -> list[str]:
        return sorted(re.findall(r"<[^>]+>", text))

    assert [message.id for message in known() for words in forms(message.string) if tags(words) != tags(forms(message.id)[0])] == []


def test_french_is_set_as_canada_sets_it() -> None:
    """No-break spaces before a colon and inside guillemets, narrow ones before ; ! ?; curved apostrophes."""
    bare = re.compile(r" [;:!?»]|« |(?<=[a-zà-ÿ])'(?=[a-zà-ÿ])|[a-zà-ÿ][!?;](?:\s|$)")
    wrong = [words for message in known() for words in forms(message.string) if bare.search(re.sub(r"https?:\S+|<[^>]*>", "", words))]
    assert wrong == []


def test_what_is_compiled_is_what_is_written() -> None:
    assert FRENCH.with_suffix(".mo").read_bytes() == compiled(written()), "Run `make words`."


SAID_ALIKE = {"jusqu’à 7", "7 de 7"}
"""Of two sentences whose English is one only what stands in the places tells which it is."""


def test_every_sentence_is_found_again_and_no_part_of_it_stays_english() -> None:
    """What the code can write, with a figure in each place: told apart from every other sentence."""
    sentences = [message for message in known() if isinstance(message.id, str) and not message.context and "%(" not in message.id]
    wrong = []
    for message in sentences:
        english = NAMES_IN_PLACE.sub("7", message.id)
        french = shape(message.id, message.string).filled(dict.fromkeys(places(message.id), "7"))
        with translation.override("fr"):
            wrong += [(english, said(english))] if said(english) not in {french, *SAID_ALIKE} else []
    assert wrong == []


# Nothing bypasses it ------------------------------------------------------------------------------------------------------


class _Bare(HTMLParser):
    """Text, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("aria-label", "title", "alt", "placeholder")]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def bare_words(template: str) -> list[str]:
    """What stands in a template as it is, in no `trans` block and no `_()`."""
    kept = re.sub(r"\{#.*?#\}|\{%-? *trans\b.*?endtrans *-?%\}|\{%.*?%\}|\{\{.*?\}\}|<code\b.*?</code>", "", template, flags=re.S)
    reader = _Bare()
    reader.feed(kept)
    return [text.strip() for text in reader.found if re.search(r"[A-Za-z]{2}", re.sub(r"Postlark|https?://|narrow", "", text))]


def bare_constants(template: str) -> Iterator[str]:
    """English in an expression that nothing puts into French: `{{ "Look" if may else "Wait" }}`."""

    def walk(node: nodes.Node) -> Iterator[str]:
        if isinstance(node, nodes.Filter) and node.name == "said":
            return
        if (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Name)
            and node.node.name in ("_", "gettext", "ngettext", "url", "static")
        ):
            return
        if isinstance(node, nodes.Const) and isinstance(node.value, str) and re.match(r"[A-Z][a-z]|\w+ \w+ ", node.value):
            yield node.value
        for child in node.iter_child_nodes():
            yield from walk(child)

    for output in Environment(extensions=["jinja2.ext.i18n"]).parse(template).find_all(nodes.Output):
        yield from walk(output)


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_page_has_words_of_its_own_outside_the_catalogue(path: Path) -> None:
    assert bare_words(path.read_text()) + [text for text in bare_constants(path.read_text()) if text != "Postlark"] == []


def test_words_outside_the_catalogue_would_be_seen() -> None:
    assert bare_words('<p>{% trans %}In it{% endtrans %} Out of it <b title="Out, too">{{ _("In it") }}</b></p>') == [
        "Out of it",
        "Out, too",
    ]
    assert list(bare_constants('{{ "Look" if may else _("Wait") }}{{ "Gone"|said }}')) == ["Look"]


def test_a_shape_is_made_for_each_way_a_sentence_can_go() -> None:
    source = '''def told(n: "Number") -> str:
    """Not this docstring."""
    note = f"{n.people} {'reader' if n == 1 else 'readers'} got it at {spoken(n.at)}{zone}, says {n.who}."
    return note or "Nothing was sent."
'''
    assert list(shown(source, labels=False)) == [
        "{people} reader got it at {spoken}, says {who}.",
        "{people} readers got it at {spoken}, says {who}.",
        "Nothing was sent.",
    ]
