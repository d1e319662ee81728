"""E-mail addresses: which ones a relay can take, and when two of them are the same."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import idna

from worker.lib.text import without_unseen

# RFC 5322 dot-atom. Quoted local parts are legal and unused; a slip of the pen is far likelier.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_MOST = 254  # RFC 5321, 4.5.3.1.3, without its angle brackets


class Address(NamedTuple):
    """`written`: as the person wrote it. `wire`: what a relay understands. `key`: equal for two spellings of one address."""

    written: str
    wire: str
    key: str


def read_address(text: str) -> Address:
    """ValueError with a sentence that goes on after the address: "is not an e-mail address: there is no @."

    Quotation marks that change nothing, a dot at the very end and what nobody sees are slips of the pen, and left out.
    A domain has no case and may hold accents (it travels as xn--...). What stands before the @ may have case by the
    letter of RFC 5321; no provider of note acts on it, so it is kept for the envelope and ignored for comparing.
    """
    if len(text) > 4 * _MOST:  # before anything looks at it letter by letter
        raise ValueError("is not an e-mail address: it is too long.")
    local, at, domain = unicodedata.normalize("NFC", without_unseen(text).strip()).rpartition("@")
    if not at:
        raise ValueError("is not an e-mail address: there is no @.")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = local[1:-1]  # the same mailbox by RFC 5322, 3.2.4
    if not local.isascii():
        raise ValueError("has accents or other letters before the @, which this version cannot write to.")
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise ValueError("is not an e-mail address: look at what stands before the @.")
    ascii_domain = _ascii(domain)
    wire = f"{local}@{ascii_domain}"
    if len(wire) > _MOST:
        raise ValueError("is not an e-mail address: it is too long.")
    return Address(f"{local}@{domain.removesuffix('.')}", wire, f"{local.lower()}@{ascii_domain}")


def wire(written: str, key: str) -> str:
    """What a relay understands, of an address that was read before, from its two other forms."""
    return key if written == key else written[: written.rindex("@")] + key[key.rindex("@") :]


def address_key(text: str) -> str:
    """The form in which two spellings of one address are equal. ValueError as in `read_address`."""
    return read_address(text).key


def masked(email: str) -> str:
    """`a•••@reader.example`: enough for its owner, too little for whoever a mail was forwarded to, and fit for the record."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


@lru_cache(maxsize=1000)  # of a long list most are at few providers
def _ascii(domain: str) -> str:
    try:
        ascii_domain = domain.lower()
        if not domain.isascii() or "xn--" in ascii_domain:  # what claims to be an accent on the wire must be one
            ascii_domain = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("is not an e-mail address: look at what stands after the @.") from None
    ascii_domain = ascii_domain.removesuffix(".")
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("is not an e-mail address: look at what stands after the @.")
    return ascii_domain
