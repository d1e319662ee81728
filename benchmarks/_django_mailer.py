"""Django's own mailer on one connection, the post put into a template for each: `python -m benchmarks._django_mailer PORT MESSAGES`."""

import sys

import django
from django.conf import settings

PARAGRAPH = "Going outside helps: a walk of twenty minutes, without the phone, and a word to somebody on the way."


def main(port: int, messages: int) -> None:
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates"}
    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, TEMPLATES=[engine])
    django.setup()
    from django.core.mail import EmailMultiAlternatives, get_connection
    from django.template import engines

    text = engines["django"].from_string("{% for each in paragraphs %}{{ each }}\n{% endfor %}\n{{ link }}\n")
    # One long line, as HTML made for mail is: whoever sends it must encode it (RFC 5322, 2.1.1).
    html = engines["django"].from_string("{% for each in paragraphs %}<p>{{ each }}</p>{% endfor %}<a href='{{ link }}'>Leave</a>")
    lines, blocks = [PARAGRAPH] * (6600 // len(f"{PARAGRAPH}\n")), [PARAGRAPH] * (10900 // len(f"<p>{PARAGRAPH}</p>"))
    with get_connection("django.core.mail.backends.smtp.EmailBackend") as connection:
        for number in range(messages):
            link = f"https://blog.example/u/{number}.{'x' * 43}"
            headers = {"List-Unsubscribe": f"<{link}>"}
            to = [f"reader.{number}@reader.example"]
            mail = EmailMultiAlternatives(
                "Going outside",
                text.render({"paragraphs": lines, "link": link}),
                "news@blog.example",
                to,
                connection=connection,
                headers=headers,
            )
            mail.attach_alternative(html.render({"paragraphs": blocks, "link": link}), "text/html")
            mail.send()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
