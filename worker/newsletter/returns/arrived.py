"""How a mail of ours arrived: what its receiver says of it, and whether its headers are as Gmail wants them. Pure.

The receiver's verdict: https://www.rfc-editor.org/rfc/rfc8601 · what must agree with From: https://www.rfc-editor.org/rfc/rfc7489
(3.1) · one click to unsubscribe: https://www.rfc-editor.org/rfc/rfc8058
"""

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import NamedTuple

_RESULT = re.compile(r"(?:^|;)\s*(dkim|spf|dmarc)\s*=\s*(\w+)([^;]*)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?:header\.d|header\.i|header\.from|smtp\.mailfrom|smtp\.helo)\s*=\s*\"?(?:[^\s\"@;]*@)?([a-z0-9.-]+)", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()]*\)")
_WITH = re.compile(r"\bwith\s+(\w+)", re.IGNORECASE)
_ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")


class Verdict(NamedTuple):
    """One thing that was looked at. `ok`: also where it could not be told."""

    what: str
    ok: bool
    sentence: str


class _Result(NamedTuple):
    word: str
    domains: tuple[str, ...]


def verdicts(raw: bytes, *, is_own_machine: bool = False) -> Iterator[Verdict]:
    """`is_own_machine`: the relay is on this machine, so an unencrypted hop there is no fault."""
    mail = message_from_bytes(raw)
    own = parseaddr(_text(mail, "From"))[1].rpartition("@")[2].lower()
    told = _results(_of_the_receiver(mail.get_all("Authentication-Results", [])))
    dkim = _dkim(mail, told, own)
    yield dkim
    yield _spf(told, own, dkim.ok)
    yield _dmarc(told, own)
    yield _one_click(mail)
    yield _encrypted(mail, is_own_machine)


def _dkim(mail: Message, told: dict[str, list[_Result]], own: str) -> Verdict:
    if "DKIM-Signature" not in mail:
        sentence = (
            f"It arrived without a signature. Let the relay sign by DKIM for {own}, or set DKIM_KEY_FILE, DKIM_SELECTOR and DKIM_DOMAIN."
        )
        return Verdict("DKIM", False, sentence)
    if "dkim" not in told:
        return Verdict("DKIM", True, "It is signed; this mailbox does not say whether the signature holds, so that was not looked at.")
    passed = [domain for result in told["dkim"] if result.word == "pass" for domain in result.domains]
    if any(_aligned(domain, own) for domain in passed):
        return Verdict("DKIM", True, f"The signature holds and is {own}'s own.")
    if passed:
        sentence = f"The signature is {passed[0]}'s, not {own}'s, so it does not speak for the sender. Set up DKIM for {own} at the relay."
        return Verdict("DKIM", False, sentence)
    word = told["dkim"][0].word
    return Verdict("DKIM", False, f"The signature does not hold ({word}). Compare the key that {own} publishes with the one that signs.")


def _spf(told: dict[str, list[_Result]], own: str, is_signed: bool) -> Verdict:
    if "spf" not in told:
        return Verdict("SPF", True, "This mailbox does not say, so it was not looked at.")
    result = told["spf"][0]
    if result.word != "pass":
        return Verdict(
            "SPF", False, f"The relay may not send for this domain ({result.word}). Add it to the SPF record, a TXT record of {own}."
        )
    if any(_aligned(domain, own) for domain in result.domains):
        return Verdict("SPF", True, f"The relay may send for {own}.")
    if is_signed:
        return Verdict("SPF", True, f"It holds for another domain than {own}; the DKIM signature makes up for that.")
    return Verdict("SPF", False, f"It holds for another domain than {own}. Let the relay use an address of {own} for what comes back.")


def _dmarc(told: dict[str, list[_Result]], own: str) -> Verdict:
    if "dmarc" not in told:
        return Verdict("DMARC", True, "This mailbox does not say, so it was not looked at.")
    match told["dmarc"][0].word:
        case "pass":
            return Verdict("DMARC", True, f"It passes for {own}.")
        case "none":
            sentence = f"{own} publishes no policy, and Gmail and Yahoo ask for one. Publish a TXT record at _dmarc.{own}: v=DMARC1; p=none"
            return Verdict("DMARC", False, sentence)
    return Verdict("DMARC", False, f"It fails for {own}: neither DKIM nor SPF speaks for that domain. Mend one of them first.")


def _one_click(mail: Message) -> Verdict:
    if not all(name in mail for name in _ONE_CLICK):
        return Verdict("List-Unsubscribe", False, "The relay took the headers for unsubscribing out. Find the setting that replaces them.")
    if "DKIM-Signature" not in mail:
        return Verdict("List-Unsubscribe", False, "The headers are there but no signature covers them, so Gmail shows no button.")
    signed = [set(re.split(r"[\s:]+", found[1].lower())) for each in mail.get_all("DKIM-Signature", []) if (found := _signs(str(each)))]
    if any(headers.issuperset(_ONE_CLICK) for headers in signed):
        return Verdict("List-Unsubscribe", True, "One click unsubscribes, and the signature covers it as Gmail wants.")
    sentence = "The signature does not cover List-Unsubscribe and List-Unsubscribe-Post, so Gmail shows no button. Add both to the headers that the relay signs."
    return Verdict("List-Unsubscribe", False, sentence)


def _signs(signature: str) -> re.Match[str] | None:
    return re.search(r"(?:^|;)\s*h\s*=\s*([^;]+)", signature)


def _encrypted(mail: Message, is_own_machine: bool) -> Verdict:
    """By the receiver's own line: the topmost that tells of SMTP."""
    for received in mail.get_all("Received", []):
        text = " ".join(str(received).split())
        by = _WITH.search(_COMMENT.sub("", text))
        if by and "SMTP" in by[1].upper():
            if re.search(r"SMTPS|TLS", f"{by[1].upper()} {text.upper()}"):
                return Verdict("encryption", True, "The last leg to the mailbox was encrypted.")
            sentence = "The last leg to the mailbox was not encrypted. Let the relay use TLS towards other servers; Gmail asks for it."
            return Verdict("encryption", is_own_machine, sentence if not is_own_machine else "The last leg stayed on this machine.")
    return Verdict("encryption", True, "This mailbox does not say, so it was not looked at.")


def _of_the_receiver(headers: Sequence[object]) -> str:
    """The topmost header, and those below it in the same name: of a mailbox each of whose programs writes its own. Others may be anybody's."""
    texts = [_COMMENT.sub("", " ".join(str(each).split())) for each in headers]
    names = [re.split(r"[\s;]", text.lower(), maxsplit=1)[0] for text in texts]
    return ";".join(text.partition(";")[2] for text, name in zip(texts, names, strict=True) if name == names[0])


def _results(text: str) -> dict[str, list[_Result]]:
    """method -> results."""
    found: dict[str, list[_Result]] = {}
    for method, word, rest in _RESULT.findall(text):
        found.setdefault(method.lower(), []).append(_Result(word.lower(), tuple(name.lower() for name in _DOMAIN.findall(rest))))
    return found


def _aligned(domain: str, own: str) -> bool:
    """The same, or one below the other: near enough to "the same organization", for which it takes a list of all registries."""
    return domain == own or domain.endswith(f".{own}") or own.endswith(f".{domain}")


def _text(mail: Message, name: str) -> str:
    return " ".join(str(mail[name] or "").split())
