"""What the database keeps but nobody may read there: encrypted under POSTLARK_KEYS, the newest key first.

Every key in the list still opens what it once closed, so a new one is put in front and the old ones stay behind it.
https://cryptography.io/en/latest/fernet/#cryptography.fernet.MultiFernet
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class WrongKey(Exception):
    """The sentence says what to do. What could not be opened is never part of it."""

    def __init__(self) -> None:
        super().__init__(
            "What is stored here was encrypted with a key that is not among POSTLARK_KEYS. Put that key back, behind the newer ones, or connect again."
        )


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(closed: str) -> str:
    """Raises WrongKey."""
    try:
        return _keys().decrypt(closed.encode()).decode()
    except InvalidToken:
        raise WrongKey from None


def under_the_newest_key(closed: str) -> str:
    """The same, encrypted anew. Raises WrongKey."""
    try:
        return _keys().rotate(closed.encode()).decode()
    except InvalidToken:
        raise WrongKey from None


def new_key() -> str:
    return Fernet.generate_key().decode()


def split_keys(text: str) -> list[str]:
    """As POSTLARK_KEYS holds them: newest first, with commas or white space between."""
    return text.replace(",", " ").split()


def is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def _keys() -> MultiFernet:
    # A kept file is read anew each time: a process that runs on while the keys are rotated must be able to open what others closed.
    file = settings.KEPT_POSTLARK_KEYS
    keys: Sequence[str] = split_keys(file.read_text()) if file else settings.POSTLARK_KEYS
    return MultiFernet([Fernet(key) for key in keys])
