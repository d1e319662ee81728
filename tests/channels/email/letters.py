"""A template with every kind of mark in it, and envelopes for it."""

from worker.channels.carrier import Envelope, MailTemplate, mark


def template(**changes) -> MailTemplate:
    values = {
        "headers": (
            ("From", '"Example, Psychotherapy" <news@blog.example>'),
            ("Subject", "Coping with school stress"),
            ("Message-ID", f"<{mark('copy')}@blog.example>"),
            ("List-Unsubscribe", f"<{mark('unsubscribe')}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
        "sender": "news@blog.example",
        "text": f"Hello\n\n.a dot\n{mark('unsubscribe')}\n{mark('why')}\n",
        "html": f"<p>Hello</p><a href='{mark('unsubscribe')}'>{mark('why')}</a>",
    }
    return MailTemplate(**{**values, **changes})


def envelope(address="ann@reader.example", key=1, **words) -> Envelope:
    return Envelope(
        key,
        address,
        {"copy": f"7.{key}", "unsubscribe": f"https://blog.example/u/{'x' * 120}?a=1&b=2", "why": "You asked <for> it & more.", **words},
    )


def people(*local_parts: str) -> list[Envelope]:
    return [envelope(f"{local}@reader.example", key) for key, local in enumerate(local_parts)]
