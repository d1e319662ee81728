"""What a refusal says of a mailbox. Only a clear "there is none" takes a reader off."""

import pytest

from worker.channels.base import Bounce
from worker.channels.email.bounce import bounce


@pytest.mark.parametrize(
    ("status", "words", "means"),
    [
        ("5.1.1", "", "hard"),
        ("5.1.2", "", "hard"),
        ("5.1.10", "", "hard"),  # the domain says that it takes no mail (RFC 7505)
        ("", "550 5.1.1 <ann@reader.example>: Recipient address rejected: User unknown", "hard"),
        ("", "No such user here", "hard"),
        ("", "550 Requested action not taken: mailbox not found", "hard"),
        ("", "user ann does not exist", "hard"),
        ("5.0.0", "550 5.0.0 Unknown user", "hard"),
        ("5.2.1", "", "soft"),
        ("5.2.2", "", "soft"),
        ("5.3.2", "", "soft"),
        ("5.4.1", "Recipient address rejected: Access denied", "soft"),  # a provider's word for several things
        ("5.4.4", "", "soft"),
        ("4.4.7", "delivery time expired", "soft"),
        ("4.1.1", "", "soft"),
        ("", "550 Requested action not taken: mailbox unavailable", "soft"),
        ("5.1.0", "Address rejected", "soft"),
        ("5.1.8", "Sender address rejected: Domain not found", "blocked"),
        ("5.1.7", "", "blocked"),
        ("5.2.3", "message too long", "blocked"),
        ("5.3.4", "", "blocked"),
        ("5.5.2", "", "blocked"),
        ("5.6.1", "", "blocked"),
        ("5.7.1", "", "blocked"),
        ("5.7.26", "This mail is unauthenticated", "blocked"),
        ("5.7.515", "Access denied, sending domain does not meet the required authentication level", "blocked"),
        ("", "554 Blocked: your address is on a blocklist; unknown user reports welcome", "blocked"),
        ("", "550 SPF check failed", "blocked"),
    ],
)
def test_the_codes_and_where_there_are_none_the_words(status, words, means):
    assert bounce(status, words) == Bounce(means)


def test_a_status_goes_before_the_words():
    assert bounce("5.7.1", "no such user") == Bounce.BLOCKED
