"""One request's mail: the newsletter once, and beside it each reader's own words, as anymail takes them."""

from collections.abc import Callable, Mapping, Sequence
from email.mime.image import MIMEImage
from html import escape

from anymail.message import AnymailMessage

from worker.channels.carrier import INLINE_PICTURE, MARK, Envelope, MailTemplate
from worker.channels.email.copies import one_line

COPY = "copy"
"""The name under which our own id of a copy is told to a provider, and comes back in its reports."""
_AS_HTML = "_html"
_OF_THE_MAIL = {"from", "subject", "reply-to"}
_OF_THE_PROVIDER = {"message-id"}
"""Each provider gives a mail its own, by which it knows it; ours travels as COPY."""


def letter(
    template: MailTemplate, envelopes: Sequence[Envelope], slot: Callable[[str], str], literal: Callable[[str], str]
) -> AnymailMessage:
    """For all of them in one request. `slot`: how the provider writes the place of one reader's words; `literal`: how it writes all others."""
    message = _message(
        template, lambda text: _filled(text, slot, literal), lambda text: _filled(text, lambda name: slot(name + _AS_HTML), literal)
    )
    message.to = [envelope.address for envelope in envelopes]
    message.merge_data = {envelope.address: _words(envelope) for envelope in envelopes}
    message.merge_headers = {envelope.address: _own_headers(template, envelope) for envelope in envelopes}
    message.merge_metadata = {envelope.address: _metadata(envelope) for envelope in envelopes}
    return message


def letter_for(template: MailTemplate, envelope: Envelope) -> AnymailMessage:
    """For one, with everything in its place."""
    own = envelope.personal
    message = _message(template, lambda text: filled(text, own), lambda text: filled(text, _escaped(own)))
    message.to = [envelope.address]
    message.extra_headers |= _own_headers(template, envelope)
    message.metadata = _metadata(envelope)
    return message


def filled(text: str, words: Mapping[str, str]) -> str:
    """With these words in place of the marks. KeyError for a mark that has none."""
    return MARK.sub(lambda found: words[found[1]], text)


def _message(template: MailTemplate, text: Callable[[str], str], html: Callable[[str], str]) -> AnymailMessage:
    """What all have in common."""
    named = {name.lower(): one_line(value) for name, value in template.headers}
    message = AnymailMessage(
        subject=text(named["subject"]),
        body=text(template.text),
        from_email=named["from"],
        reply_to=[named["reply-to"]] if "reply-to" in named else None,
        headers={name: one_line(value) for name, value in _list_headers(template) if not MARK.search(value)},
    )
    if template.label:
        message.tags = [template.label]
    if template.html:
        message.attach_alternative(html(template.html), "text/html")
    if template.picture and template.html:
        message.attach(_enclosed(template))
    return message


def _enclosed(template: MailTemplate) -> MIMEImage:
    assert template.picture is not None
    kind = template.picture.media_type.partition("/")[2]
    image = MIMEImage(template.picture.data, kind)
    image.add_header("Content-Disposition", "inline", filename=f"picture.{kind}")
    image.add_header("Content-ID", f"<{INLINE_PICTURE.removeprefix('cid:')}>")
    return image


def _own_headers(template: MailTemplate, envelope: Envelope) -> dict[str, str]:
    """Those that are another one for each reader: List-Unsubscribe."""
    return {name: one_line(filled(value, envelope.personal)) for name, value in _list_headers(template) if MARK.search(value)}


def _list_headers(template: MailTemplate) -> list[tuple[str, str]]:
    return [(name, value) for name, value in template.headers if name.lower() not in _OF_THE_MAIL | _OF_THE_PROVIDER]


def _metadata(envelope: Envelope) -> dict[str, str]:
    return {COPY: envelope.personal[COPY]} if COPY in envelope.personal else {}


def _words(envelope: Envelope) -> dict[str, str]:
    return envelope.personal | {name + _AS_HTML: word for name, word in _escaped(envelope.personal).items()}


def _escaped(words: Mapping[str, str]) -> dict[str, str]:
    return {name: escape(word) for name, word in words.items()}


def _filled(text: str, slot: Callable[[str], str], literal: Callable[[str], str]) -> str:
    *parts, last = MARK.split(text)
    return "".join(literal(words) + slot(name) for words, name in zip(parts[::2], parts[1::2], strict=True)) + literal(last)
