"""The two kinds of keys: from the environment, else made once and kept in the data folder, readable by its owner only."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from config.env import Env
from worker.lib.crypto import is_key, new_key, split_keys

_MISSING = "{0} is missing; with DATABASE_URL set, every process needs the same one. Make one with: {1}"


def signing_key(env: Env, data: Path) -> str:
    """SECRET_KEY, under which links and sessions are signed."""
    value = env.text("SECRET_KEY")
    if not value and env.text("DATABASE_URL"):
        env.mistakes.append(_MISSING.format("SECRET_KEY", "openssl rand -base64 48"))
    if value or env.text("DATABASE_URL"):
        return value
    return _kept(data / "secret_key", secrets.token_urlsafe(50))


def encryption_keys(env: Env, data: Path) -> tuple[list[str], Path | None]:
    """POSTLARK_KEYS, newest first, under which credentials are encrypted; and the file, where it is ours that keeps them."""
    keys = split_keys(env.text("POSTLARK_KEYS"))
    for number, key in enumerate(keys, start=1):
        if not is_key(key):  # never repeated here
            which = "" if len(keys) == 1 else f"number {number} of the {len(keys)} keys "
            env.mistakes.append(
                f"POSTLARK_KEYS: {which}is not a key; allowed are 32 bytes in base64. Make one with: openssl rand -base64 32"
            )
    if not keys and env.text("DATABASE_URL"):
        env.mistakes.append(_MISSING.format("POSTLARK_KEYS", "openssl rand -base64 32"))
    if keys or env.text("DATABASE_URL"):
        return keys, None
    file = data / "postlark_keys"
    return split_keys(_kept(file, new_key())), file


def _kept(file: Path, fresh: str) -> str:
    if not file.exists():
        _write_once(file, fresh)
    return file.read_text().strip()


def _write_once(file: Path, text: str) -> None:
    """Whole, or not at all; where two processes start at once, the first one's text stays."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    with suppress(FileExistsError):
        os.link(draft, file)
    os.unlink(draft)
