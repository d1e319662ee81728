"""What people are told before they agree, as the law asks: what for, who asks, where they are, and that a yes can be taken back.

CASL section 10 (1); CRTC regulations SOR/2012-36, section 4. Who agrees, agrees to one version of these words, which is kept.
"""

from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Max

from worker.lib import clock
from worker.lib.blogs import BlogFile, Sender
from worker.models import Blog, Wording

_ENGLISH = (
    "Yes, {who} may send me the posts of {blog} by e-mail.",
    "I can take this back at any time, by the link at the foot of each mail or by writing to {who}.",
    "{who}, {mailing_address}, {contact}.",
)
_FRENCH = (
    "Oui, {who} peut m’envoyer les articles de {blog} par courriel.",
    "Je peux retirer mon accord en tout temps, par le lien au bas de chaque courriel ou en écrivant à {who}.",
    "{who}, {mailing_address}, {contact}.",
)


def sentences(file: BlogFile, language: str) -> list[str]:
    """The yes itself, how it is taken back, and who asks."""
    sender = file.sender
    assert sender is not None, "a blog with an e-mail channel has a sender; its file was refused otherwise"
    words = {"who": _who(sender, language), "blog": file.name, "mailing_address": sender.mailing_address, "contact": sender.contact}
    return [each.format(**words) for each in (_FRENCH if language == "fr-CA" else _ENGLISH)]


def in_use(blog: Blog, file: BlogFile, language: str) -> Wording:
    """The version that says what `sentences` says now; a new one where the words or the sender have changed."""
    text = "\n".join(sentences(file, language))
    digest = sha256(f"{language}\n{text}".encode()).hexdigest()
    known = Wording.objects.filter(blog=blog, digest=digest)
    while (wording := known.first()) is None:
        number = (Wording.objects.filter(blog=blog).aggregate(last=Max("number"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                Wording.objects.create(blog=blog, number=number, language=language, text=text, digest=digest, first_used_at=clock.now())
        except IntegrityError:
            continue  # somebody else was first, with this one or with another
    return wording


def _who(sender: Sender, language: str) -> str:
    if not sender.on_behalf_of:
        return sender.name
    return f"{sender.name} {'au nom de' if language == 'fr-CA' else 'on behalf of'} {sender.on_behalf_of}"
