"""Signing by DKIM, for an operator whose relay does not.

https://www.rfc-editor.org/rfc/rfc6376 and, for Ed25519, https://www.rfc-editor.org/rfc/rfc8463
"""

import re
import time
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_ONCE_MORE = ["from", "subject"]
"""Signed as if they came twice: then nobody can add a second one (RFC 6376, 8.15)."""
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACES = re.compile(rb"[ \t]+")


@dataclass(frozen=True)
class Signer:
    """A key and where its public half is published: SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    def header(self, head: bytes, body: bytes) -> bytes:
        """The DKIM-Signature that goes before `head`. `body` is everything from the Content-Type on: its headers, then the content."""
        more, _, content = body.partition(b"\r\n\r\n")
        canonical = [_canonical(line) for line in (head + more).replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t").split(b"\r\n") if line]
        names = [line.partition(b":")[0].decode() for line in canonical]
        algorithm = "rsa" if isinstance(self.key, RSAPrivateKey) else "ed25519"
        unsigned = (
            f"DKIM-Signature: v=1; a={algorithm}-sha256; c=relaxed/simple; d={self.domain}; s={self.selector}; t={int(time.time())};\r\n"
            f" h={':'.join(names + _ONCE_MORE)};\r\n bh={b64encode(sha256(content).digest()).decode()};\r\n b="
        ).encode()
        signature = self._sign(b"".join([line + b"\r\n" for line in canonical]) + _canonical(_FOLD.sub(b"", unsigned)))
        return unsigned + signature + b"\r\n"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return _folded(self.key.sign(data, PKCS1v15(), SHA256()))
        return _folded(self.key.sign(sha256(data).digest()))


def _folded(signature: bytes) -> bytes:
    text = b64encode(signature)
    return b"\r\n ".join([text[at : at + 72] for at in range(0, len(text), 72)])


def _canonical(line: bytes) -> bytes:
    """An unfolded header in the relaxed form (RFC 6376, 3.4.2)."""
    name, _, value = line.partition(b":")
    return name.strip().lower() + b":" + _SPACES.sub(b" ", value).strip()


def read_signer(pem: str, selector: str, domain: str) -> Signer:
    """ValueError with a sentence that goes on after the key's name; it never repeats what stands there."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("does not hold a private key in PEM form without a password.") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("holds a key that DKIM does not know; make an RSA key of 2048 bits, or an Ed25519 key.")
    if isinstance(key, RSAPrivateKey) and key.key_size < 1024:
        raise ValueError("holds an RSA key of fewer than 1024 bits, which no mailbox provider accepts.")
    return Signer(domain, selector, key)
