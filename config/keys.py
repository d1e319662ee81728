"""The two kinds of keys: from the environment, else made once and kept in the data folder, readable by its owner only."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.database import SQLITE
from config.env import Env
from worker.lib import keys
from worker.lib.crypto import is_key, new_key, split_keys
from worker.lib.files import draft

_MISSING = "{0} is missing; with DATABASE_URL set, every process needs the same one. Make one with: {1}"


@dataclass(frozen=True)
class SigningKeys:
    """`addresses`: under which addresses are hashed; never another, or nobody who left would be recognised. `file`: ours, if it is."""

    now: str
    older: list[str]
    addresses: str
    file: Path | None


def signing_keys(env: Env, data: Path, today: date) -> SigningKeys:
    """SECRET_KEY, under which links and sessions are signed, and what goes with it."""
    value, older, addresses = env.text("SECRET_KEY"), env.text("SECRET_KEY_FALLBACKS"), env.text("ADDRESS_KEY")
    if not value and env.text("DATABASE_URL"):
        env.mistakes.append(_MISSING.format("SECRET_KEY", "openssl rand -base64 48"))
    if older and not addresses:
        env.mistakes.append("ADDRESS_KEY is missing, though SECRET_KEY_FALLBACKS is set; set it to the very first SECRET_KEY, for good.")
    if value or env.text("DATABASE_URL"):
        return SigningKeys(value, keys.older(f"\n{older}", today), addresses or value, None)
    file = data / "secret_key"
    text = _kept(env, file, secrets.token_urlsafe(50))
    addresses = addresses or _kept(env, data / "address_key", keys.in_use(text))
    return SigningKeys(keys.in_use(text), keys.older(text, today), addresses, file)


def encryption_keys(env: Env, data: Path) -> tuple[list[str], Path | None]:
    """POSTLARK_KEYS, newest first, under which credentials are encrypted; and the file, where it is ours that keeps them."""
    given = split_keys(env.text("POSTLARK_KEYS"))
    _check(env, "POSTLARK_KEYS", given)
    if not given and env.text("DATABASE_URL"):
        env.mistakes.append(_MISSING.format("POSTLARK_KEYS", "openssl rand -base64 32"))
    if given or env.text("DATABASE_URL"):
        return given, None
    file = data / "postlark_keys"
    kept = split_keys(_kept(env, file, new_key()))
    _check(env, str(file), kept)
    return kept, file


def _check(env: Env, place: str, given: list[str]) -> None:
    for number, key in enumerate(given, start=1):
        if not is_key(key):  # never repeated here
            which = "" if len(given) == 1 else f"number {number} of the {len(given)} keys "
            env.mistakes.append(f"{place}: {which}is not a key; allowed are 32 bytes in base64. Make one with: openssl rand -base64 32")


def _kept(env: Env, file: Path, fresh: str) -> str:
    """The key in `file`, made on the first start. One that is lost is a mistake: another in its place would recognise nobody who left."""
    try:
        if not file.exists() and not (file.parent / SQLITE).exists():
            _write_once(file, fresh)
        text = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        wrong = error.strerror if isinstance(error, OSError) else "it is not text"
    else:
        wrong = "" if text else "it is empty"
    if not wrong:
        return text
    env.mistakes.append(
        f"{file} cannot be read: {wrong}. What is in the database beside it was made with this key: put your copy of it back."
    )
    return ""


def _write_once(file: Path, text: str) -> None:
    """Where two processes start at once, the first one's text stays."""
    ours = draft(file.parent, text.encode())
    with suppress(FileExistsError):
        os.link(ours, file)
    ours.unlink()
