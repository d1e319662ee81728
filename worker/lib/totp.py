"""A second step at sign-in: the six digits that an authenticator app shows, new every half minute (RFC 6238)."""

import hmac
import secrets
from base64 import b32decode, b32encode
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP = timedelta(seconds=30)
EITHER_SIDE = 1  # a phone's clock may be half a minute off


def new_secret() -> str:
    """As it is kept and as a person can type it into the app: base32, without padding."""
    return b32encode(secrets.token_bytes(20)).decode()


def uri(secret: str, email: str) -> str:
    """What the app reads from the picture (https://github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    return f"otpauth://totp/{quote(f'Postlark:{email}')}?{urlencode({'secret': secret, 'issuer': 'Postlark'})}"


def matching_step(secret: str, code: str, now: datetime, used: int | None) -> int | None:
    """The half minute that `code` belongs to; None when it is wrong, or was used already: `used` is the newest that was."""
    code = "".join(code.split())
    step_now = int(now.timestamp() // STEP.total_seconds())
    for step in range(step_now - EITHER_SIDE, step_now + EITHER_SIDE + 1):
        if (used is None or step > used) and hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            return step
    return None


def code_of(secret: str, step: int) -> str:
    seconds = int(STEP.total_seconds())
    # Apps know SHA-1 only, whatever the address says; as a keyed hash of a counter it is sound.
    return TOTP(b32decode(secret), 6, SHA1(), seconds, enforce_key_length=False).generate(step * seconds).decode()
