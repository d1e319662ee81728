"""Bytes as the parser should see them, where feeds tell lies about their encoding that it believes."""

import re

_WIDE = re.compile(
    rb"(<\?xml[^>]{0,200}?)\sencoding\s*=\s*[\"'](?:utf-?(?:16|32)|ucs-?[24]|iso-10646-ucs-[24])[^\"'>]{0,9}[\"']", re.IGNORECASE
)
_WIDE_HEADER = re.compile(r";\s*charset\s*=\s*[\"']?(?:utf-?(?:16|32)|ucs-?[24])[^;]*", re.IGNORECASE)


def honest(body: bytes, content_type: str) -> tuple[bytes, str]:
    """(body, content type) without what is plainly untrue of the body: that it is UTF-16 or UTF-32, or that it is not UTF-8."""
    if b"\0" not in body[:1000]:
        body, content_type = _WIDE.sub(rb"\1", body[:1000]) + body[1000:], _WIDE_HEADER.sub("", content_type)
    if body.isascii():
        return body, content_type
    try:
        text, broken = body.decode(), 0
    except UnicodeDecodeError:
        text = body.decode(errors="replace")
        broken = text.count("\ufffd")
    letters = sum(not each.isascii() for each in text) - broken
    # By chance, what is in another encoding has fewer letters of UTF-8 than broken ones.
    if b"\0" in body[:1000] or letters <= broken:
        return body, content_type
    kind = content_type.partition(";")[0].strip() or "application/xml"
    return text.encode() if broken else body, f"{kind}; charset=utf-8"
