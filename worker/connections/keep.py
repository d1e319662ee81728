"""Credentials on their way into a row and out of it. Nowhere else are they in the clear."""

import json

from worker.channels.base import Credentials
from worker.lib.crypto import decrypt, encrypt


def close(credentials: Credentials) -> str:
    return encrypt(json.dumps(credentials))


def opened(closed: str) -> Credentials:
    """Raises crypto.WrongKey. Empty for a connection that has none."""
    return dict(json.loads(decrypt(closed))) if closed else {}
