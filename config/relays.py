"""The mail relays, and what must be so before any newsletter may leave."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from config.env import Env
from worker.channels.email import MailboxSettings, RelaySettings, Signer, is_loopback, parse_mailbox, parse_relay, read_signer
from worker.lib.blogs import BlogFile

Relays = Mapping[str, RelaySettings | None]
Said = TypeVar("Said", RelaySettings, MailboxSettings)


def read_relays(env: Env) -> Relays:
    """EMAIL_URL is the relay `default`, EMAIL_URL_MAIN is `main`. None: it is set, and the mistake in it is told."""
    return dict(_read(env.matching(r"EMAIL_URL(?:_[A-Z0-9_]+?)?"), parse_relay, env.mistakes))


def read_mailboxes(env: Env) -> Mapping[str, MailboxSettings]:
    """RETURNS_URL is the mailbox of all relays, RETURNS_URL_MAIN that of the relay `main`."""
    said = _read(env.matching(r"RETURNS_URL(?:_[A-Z0-9_]+?)?"), parse_mailbox, env.mistakes)
    return {name: mailbox for name, mailbox in said if mailbox}


def _read(variables: Mapping[str, str], parse: Callable[[str], Said], mistakes: list[str]) -> Iterator[tuple[str, Said | None]]:
    """The relay that a variable's end names, and what the variable says of it."""
    for variable, url in variables.items():
        name = variable.partition("_URL")[2].lstrip("_").lower() or "default"
        try:
            yield name, parse(url)
        except ValueError as mistake:
            mistakes.append(f"{variable} {mistake}")
            yield name, None


def read_dkim(env: Env) -> Signer | None:
    """None: the relay signs."""
    said = {name: env.text(name) for name in ("DKIM_KEY", "DKIM_SELECTOR", "DKIM_DOMAIN")}
    missing = ["DKIM_KEY_FILE" if name == "DKIM_KEY" else name for name, value in said.items() if not value]
    if len(missing) == len(said):
        return None
    if missing:
        env.mistakes.append(f"{' and '.join(missing)} must be set too: to sign by DKIM takes a key, its selector and its domain.")
        return None
    for name in ("DKIM_SELECTOR", "DKIM_DOMAIN"):
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", said[name]):
            env.mistakes.append(f"{name} is {said[name]!r}; allowed are letters, digits, hyphens and dots, as in mail.blog.example.")
            return None
    try:
        return read_signer(said["DKIM_KEY"], said["DKIM_SELECTOR"], said["DKIM_DOMAIN"].lower())
    except ValueError as mistake:
        env.mistakes.append(f"DKIM_KEY_FILE {mistake}")
        return None


def live_mail_mistakes(blogs: Iterable[BlogFile], relays: Relays, public_url: str) -> list[str]:
    """A newsletter leaves only through a relay, and only with an unsubscribe link that a reader can use."""
    mistakes = []
    for blog in blogs:
        email = blog.channels.get("email")
        if email is None or email.mode != "live" or blog.sender is None:
            continue
        name = blog.sender.relay or "default"
        variable = f"EMAIL_URL_{blog.sender.relay.upper()}" if blog.sender.relay else "EMAIL_URL"
        relay = relays.get(name)
        if name not in relays:
            mistakes.append(
                f"{blog.slug}.toml: channels.email.mode is live, but no relay is named: set {variable} to smtp://USER:PASSWORD@HOST:PORT or anymail+mailgun://KEY@DOMAIN, or the mode to rehearsal."
            )
        elif (
            relay and not public_url.startswith("https://") and not (relay.is_loopback and is_loopback(urlsplit(public_url).hostname or ""))
        ):
            mistakes.append(
                f"{blog.slug}.toml: channels.email.mode is live, but PUBLIC_URL is {public_url}: the unsubscribe link in each mail needs an https address that readers can reach."
            )
    return mistakes
