"""Nobody learns that a mail was opened unless a host is asked for something, and these are seen."""

import pytest

from tests.render.test_email import SEEN, a_mail
from worker.render.hosts import hosts_asked


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://spy.example/1x1.gif">',
        "<img src='//spy.example/a'>",
        '<img srcset="https://spy.example/a 1x, https://spy.example/b 2x">',
        '<td background="http://spy.example/a">',
        '<td style="background: url(https://spy.example/a)">',
        "<style>body { background: URL( 'https://spy.example/a' ) }</style>",
        '<style>@import "https://spy.example/a.css";</style>',
        '<link rel="stylesheet" href="https://spy.example/a.css">',
        '<video poster="https://spy.example/a"></video>',
        '<object data="https://spy.example/a"></object>',
        '<iframe src="https://spy.example/a"></iframe>',
        '<svg><image xlink:href="https://spy.example/a"/></svg>',
        '<!--[if mso]><img src="https://spy.example/a"><![endif]-->',
        '<base href="https://spy.example/">',
    ],
)
def test_whatever_would_be_loaded_is_seen(html: str) -> None:
    assert hosts_asked(f"<p>On grief</p>{html}<p>It comes in waves.</p>") == ["spy.example"]


@pytest.mark.parametrize(
    "html", ['<a href="https://x.com/intent">X</a>', '<img src="cid:picture@postlark">', '<img src="data:image/png;base64,AA">', ""]
)
def test_a_link_or_what_travels_in_the_mail_asks_nobody(html: str) -> None:
    assert hosts_asked(html) == []


def test_a_newsletter_asks_nobody() -> None:
    assert hosts_asked(a_mail(picture=SEEN).html) == []
