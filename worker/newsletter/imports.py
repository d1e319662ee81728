"""A list of readers from a file: read wholly first, and then taken wholly or not at all."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from io import StringIO
from typing import Any, NamedTuple

from django.db import transaction

from worker.lib import clock
from worker.lib.address import Address, read_address
from worker.lib.refused import Refused
from worker.lib.rows import Rows, ready
from worker.lib.sheet import FORMULA
from worker.lib.signing import address_hash
from worker.lib.text import legible, one_line, shortened
from worker.models import Blog, Consent, Subscriber, Suppression
from worker.newsletter.consent import ends_on, today
from worker.newsletter.sign_up import only_one
from worker.record.transition import note
from worker.render.words import spoken_day

MOST_BYTES = 100_000_000
COLUMNS = ("email", "name", "language", "topics", "edition")
_USED = (*COLUMNS, "state")
LANGUAGES = {"": "", "en": "en-CA", "en-ca": "en-CA", "fr": "fr-CA", "fr-ca": "fr-CA"}
_LONGEST = {"name": 200, "topics": 1000}

csv.field_size_limit(MOST_BYTES)  # a cell too long is one line's mistake, not the whole file's


class Row(NamedTuple):
    """One reader as the file states them."""

    address: Address
    name: str
    language: str
    topics: list[str]
    edition: str


@dataclass
class Sheet:
    """What a file says. With `mistakes`, nothing of it may be taken."""

    rows: list[Row] = field(default_factory=list)
    repeated: int = 0
    left: int = 0
    unused: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


class Basis(NamedTuple):
    """Why we may write to everybody in the file, and who says so."""

    basis: str
    obtained_on: date
    proof: str
    who: str


@dataclass(frozen=True)
class Taken:
    """What an import did, or would do."""

    imported: int = 0
    renewed: int = 0
    already: int = 0
    suppressed: int = 0
    repeated: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def read_sheet(raw: bytes, editions: Sequence[str]) -> Sheet:
    """UTF-8 CSV with a header; `;` between the columns is understood where the header has no comma.

    `editions`: what the blog sends; the first is theirs for whom the file names none.
    """
    sheet = Sheet()
    if not editions:
        sheet.mistakes.append("This blog sends no newsletter: its file has no section for e-mail.")
        return sheet
    if len(raw) > MOST_BYTES:
        sheet.mistakes.append("line 1: the file is larger than 100 MB; split it.")
        return sheet
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        sheet.mistakes.append(f"line {line}: this is not UTF-8 text; save the file as “CSV UTF-8”.")
        return sheet
    reader = _cells(text)
    try:
        _read_lines(((reader.line_num, cells) for cells in reader), sheet, editions)
    except csv.Error as error:
        sheet.mistakes.append(f"line {reader.line_num}: this is not CSV: {error}.")
    return sheet


def without_unused(raw: bytes) -> bytes:
    """Of a file in which `read_sheet` found no mistake, only the columns it has a use for.

    A list may come from a practice's own program, and what else that knows of a client is not for a newsletter to keep.
    """
    header, *lines = _cells(raw.decode("utf-8-sig"))
    used = [at for at, name in enumerate(header) if name.strip().lower() in _USED]
    kept = StringIO(newline="")
    csv.writer(kept).writerows([cells[at] for at in used if at < len(cells)] for cells in (header, *lines))
    return kept.getvalue().encode()


def _cells(text: str) -> Any:
    """The csv module's reader, which knows the line it is at."""
    header = text.partition("\n")[0]
    return csv.reader(StringIO(text, newline=""), delimiter=";" if ";" in header and "," not in header else ",", strict=True)


def _read_lines(lines: Iterator[tuple[int, list[str]]], sheet: Sheet, editions: Sequence[str]) -> None:
    _, header = next(lines, (1, []))
    columns = [name.strip().lower() for name in header]
    if columns.count("email") != 1:
        sheet.mistakes.append(f"line 1: the header must name the columns, one of them email; allowed are {', '.join(COLUMNS)}.")
        return
    sheet.unused = [name for name in columns if name not in _USED]
    seen: set[str] = set()
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if _had_left(columns, cells):
            sheet.left += 1
            continue
        try:
            row = _read_row(columns, cells, editions)
        except ValueError as mistake:
            sheet.mistakes.append(f"line {line}: {mistake}")
            continue
        if row.address.key in seen:
            sheet.repeated += 1
        else:
            seen.add(row.address.key)
            sheet.rows.append(row)


def _had_left(columns: list[str], cells: list[str]) -> bool:
    """An export says it of each person, and nobody comes back by way of a file."""
    state = dict(zip(columns, cells, strict=False)).get("state", "").strip().lower()
    return state in (Subscriber.State.UNSUBSCRIBED, Subscriber.State.FORGOTTEN)


def _read_row(columns: list[str], cells: list[str], editions: Sequence[str]) -> Row:
    """ValueError with the sentence about the line."""
    if len(cells) != len(columns):
        raise ValueError(f"it has {len(cells)} columns, the header {len(columns)}.")
    said = {name: _said(cell) for name, cell in zip(columns, cells, strict=True)}
    if not said["email"]:
        raise ValueError("the e-mail address is missing.")
    try:
        address = read_address(said["email"])
    except ValueError as mistake:
        raise ValueError(f"{shortened(said['email'], 60)!r} {mistake}") from None
    language = LANGUAGES.get(said.get("language", "").lower().replace("_", "-"))
    if language is None:
        raise ValueError(f"the language {shortened(said['language'], 60)!r} is not one of en-CA, fr-CA.")
    edition = said.get("edition", "").lower() or editions[0]
    if edition not in editions:
        raise ValueError(f"the edition {shortened(edition, 60)!r} is not one that this blog sends: {', '.join(editions)}.")
    for column, most in _LONGEST.items():
        if len(said.get(column, "")) > most:
            raise ValueError(f"the {column} has more than {most} characters.")
    topics = [one_line(topic) for topic in said.get("topics", "").split(";") if topic.strip()]
    return Row(address, one_line(said.get("name", "")), language, topics, edition)


def _said(cell: str) -> str:
    """Without what nobody can read, and without the apostrophe that an export puts before what would be a formula."""
    text = legible(cell).strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def take(blog: Blog, sheet: Sheet, basis: Basis, *, dry_run: bool = False) -> Taken:
    """Write down who is new, with why we may write; who is known gets the new consent beside the old. Never who has left.

    Refused when the basis is no longer in force, or a line has a mistake; nothing has changed then.
    """
    _check(sheet, basis, today(blog, clock.now()))
    rows, hashes = _ready(blog, sheet), [address_hash(row.address.key) for row in sheet.rows]
    with transaction.atomic():
        only_one(blog)  # two imports at once come one after the other
        left = set(Suppression.objects.filter(blog=blog).values_list("address_hash", flat=True))
        known = {key: (pk, state) for key, pk, state in Subscriber.objects.filter(blog=blog).values_list("address_key", "pk", "state")}
        welcome = [at for at, row in enumerate(sheet.rows) if not _stays_out(hashes[at] in left, known.get(row.address.key))]
        fresh = [at for at in welcome if sheet.rows[at].address.key not in known]
        there = [known[sheet.rows[at].address.key][0] for at in welcome if sheet.rows[at].address.key in known]
        has_it = _with_this_consent(blog, basis)
        to_renew = [pk for pk in there if pk not in has_it]
        if not dry_run:
            rows._replace(values=[rows.values[at] for at in fresh]).insert()
            _agree(blog, [sheet.rows[at].address.key for at in fresh], to_renew, basis)
            _note(blog, len(fresh), len(to_renew), basis)
    suppressed = len(sheet.rows) - len(welcome) + sheet.left
    return Taken(len(fresh), len(to_renew), len(there) - len(to_renew), suppressed, sheet.repeated)


def _check(sheet: Sheet, basis: Basis, day: date) -> None:
    if sheet.mistakes:
        raise Refused("\n".join(sheet.mistakes))
    last = ends_on(basis.basis, basis.obtained_on)
    if basis.obtained_on > day:
        raise Refused(f"{spoken_day(basis.obtained_on, 'en')} is in the future; say on which day the consent was given.")
    if last and last < day:
        raise Refused(
            f"This consent ended on {spoken_day(last, 'en')}: a purchase gives 24 months, an inquiry 6. Nobody on the list may be written to on it."
        )
    if not basis.proof.strip():
        raise Refused(
            "The proof is missing; say where it can be seen that these people agreed, for example “sign-up sheet, open day 2026”."
        )


def _stays_out(is_suppressed: bool, known: tuple[int, str] | None) -> bool:
    return is_suppressed or (known is not None and known[1] != Subscriber.State.CONFIRMED)


def _with_this_consent(blog: Blog, basis: Basis) -> set[int]:
    same = Consent.objects.filter(subscriber__blog=blog, basis=basis.basis, obtained_on=basis.obtained_on, proof=basis.proof)
    return set(same.values_list("subscriber_id", flat=True))


def _ready(blog: Blog, sheet: Sheet) -> Rows:
    columns = ("email", "address_key", "name", "language", "topics", "edition")
    each = ((row.address.written, row.address.key, row.name, row.language, row.topics, row.edition) for row in sheet.rows)
    return ready(Subscriber, {"blog_id": blog.pk, "created_at": clock.now()}, columns, each)


def _agree(blog: Blog, fresh: list[str], to_renew: list[int], basis: Basis) -> None:
    """`fresh`: the keys of those who have just been written down."""
    there = dict(Subscriber.objects.filter(blog=blog).values_list("address_key", "pk"))
    new = [there[key] for key in fresh]
    same = {
        "basis": basis.basis,
        "obtained_on": basis.obtained_on,
        "ends_on": ends_on(basis.basis, basis.obtained_on),
        "proof": basis.proof,
        "recorded_at": clock.now(),
        "recorded_by": basis.who,
    }
    ready(Consent, same, ("subscriber_id",), ((pk,) for pk in (*new, *to_renew))).insert()


def _note(blog: Blog, imported: int, renewed: int, basis: Basis) -> None:
    what = f"{imported} {'reader was' if imported == 1 else 'readers were'} imported, the consent of {renewed} was renewed ({basis.basis}, obtained {basis.obtained_on})."
    note(what, who=basis.who, blog=blog, data={"imported": imported, "renewed": renewed, "basis": basis.basis, "proof": basis.proof})
