"""Django's own mailer on one connection, a template each: `python -m benchmarks._django_mailer PORT MESSAGES`."""

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

    text = engines["django"].from_string((f"{PARAGRAPH}\n" * 1000)[:6600] + "\n{{ link }}\n")
    # One long line, as HTML made for mail is: whoever sends it must encode it (RFC 5322, 2.1.1).
    html = engines["django"].from_string((f"<p>{PARAGRAPH}</p>" * 1000)[:10900] + "<a href='{{ link }}'>Leave</a>")
    with get_connection("django.core.mail.backends.smtp.EmailBackend") as connection:
        for number in range(messages):
            words = {"link": f"https://blog.example/u/{number}.{'x' * 43}"}
            headers = {"List-Unsubscribe": f"<{words['link']}>"}
            to = [f"reader.{number}@reader.example"]
            mail = EmailMultiAlternatives(
                "Going outside", text.render(words), "news@blog.example", to, connection=connection, headers=headers
            )
            mail.attach_alternative(html.render(words), "text/html")
            mail.send()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
