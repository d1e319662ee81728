"""The first sentence of every failure in docs/failures.md, for somebody who reads French."""

import re

import pytest
from django.utils import translation

from tests.failures.test_failures import SENTENCES
from worker.lib.language import said

BLOG = "Example Psychotherapy"
ENGLISH = re.compile(r"\b(the|is|was|it|and|of|to|at|on|not|by|for|this|that|there|who|your|again|post|send|held)\b", re.IGNORECASE)


@pytest.mark.parametrize("failure", SENTENCES)
def test_the_first_sentence_is_french_to_its_end(failure: str) -> None:
    sentence, button = SENTENCES[failure]
    with translation.override("fr"):
        french = said(re.sub(f"^{BLOG} (?=The )", "", sentence).replace("…", "14:05"))  # the page names the blog before it
        assert not ENGLISH.search(french), french
        assert said(button) != button
