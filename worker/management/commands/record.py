from argparse import SUPPRESS
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from worker.management.command import PostlarkCommand
from worker.record import seal


class Command(PostlarkCommand):
    help = "The record itself: whether any line of it was changed, removed or slipped in after it was closed."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify")
        verify = verbs.add_parser("verify", help="recompute the chain of seals over all lines")
        verify.add_argument(
            "--noted", default="", metavar="HASH", help="a last hash that was printed earlier: is it still part of the chain?"
        )
        verify.add_argument("--json", action="store_true", default=SUPPRESS, help="one JSON document on stdout, nothing else")

    def act(self, *, noted: str, **_: Any) -> tuple[Any, Iterator[str]]:
        verdict = seal.verify()
        broken = [*verdict.broken]
        if noted and not seal.noted(noted):
            broken.append("The hash you noted is no seal of this record: the chain was made anew since then, or this is another record.")
        if broken:
            raise CommandError(" ".join(broken))
        return asdict(verdict) | {"ok": True}, _lines(verdict)


def _lines(verdict: seal.Verdict) -> Iterator[str]:
    if not verdict.seals:
        yield f"The record has {verdict.unsealed} lines; none is sealed yet."
        return
    yield f"The record holds: {verdict.lines} lines under {verdict.seals} {'seal' if verdict.seals == 1 else 'seals'}, each as it was written."
    if verdict.unsealed:
        yield f"{verdict.unsealed} lines of the last moments are not sealed yet."
    yield f"The last hash, to note down elsewhere: {verdict.head}"
