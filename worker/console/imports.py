"""Taking a list from a file: first what would happen, line by line where something is wrong; then, on a yes, all of it or nothing."""

import zlib
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from worker.console.access import Desk, file_of, name_of, staff_page
from worker.console.page import page, typed
from worker.lib.language import number, said, speaks
from worker.lib.refused import Refused
from worker.models import Blog, Consent, ImportDraft
from worker.newsletter import choices
from worker.newsletter.imports import Basis, Sheet, Taken, read_sheet, take, without_unused
from worker.render.words import spoken_day

MISTAKES = 50
MOST_BYTES = 20_000_000
SAMPLE = 5


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form; posted, what the file would do. Nothing is on the list yet then."""
    if request.method != "POST":
        return _form(request, desk, [])
    blog = desk.blog(typed(request, "blog"))
    try:
        raw, basis = _file(request), _basis(request, desk)
        sheet = read_sheet(raw, _editions(blog))
        if sheet.mistakes:
            return _form(request, desk, sheet.mistakes, of_the_file=True)
        would = take(blog, sheet, basis, dry_run=True)
    except Refused as refused:
        return _form(request, desk, [str(refused)])
    draft = ImportDraft.objects.create(
        blog=blog,
        staff=desk.staff,
        made_at=timezone.now(),
        name=_name(request),
        basis=basis.basis,
        obtained_on=basis.obtained_on,
        proof=basis.proof,
        sheet=zlib.compress(without_unused(raw)),
    )
    return _preview(request, desk, draft, sheet, would)


@require_POST
@staff_page
def act(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """The yes to what was shown. A second one finds it done."""
    draft = ImportDraft.objects.select_related("blog").filter(pk=pk, staff=desk.staff, blog__in=desk.blogs).first()
    if draft is None:
        raise Http404
    basis = Basis(draft.basis, draft.obtained_on, draft.proof, desk.staff.email)
    sheet = read_sheet(zlib.decompress(draft.sheet), _editions(draft.blog))
    try:
        taken = take(draft.blog, sheet, basis)
    except Refused as refused:
        messages.warning(request, f"Nothing was imported: {refused}")
        return redirect("subscribers-import")
    draft.delete()
    messages.success(request, f"Imported: {'; '.join(map(said, sentences(taken))) or 'nobody'}.")
    return redirect("subscribers")


def sentences(taken: Taken) -> list[str]:
    """12 new; 3 known, with this consent added; 2 left out, because they have left."""
    taken_by = {
        "{} new": taken.imported,
        "{} on the list already, their consent is added": taken.renewed,
        "{} on the list already with this consent": taken.already,
        "{} left out, because they have left or may not be written to": taken.suppressed,
        "{} more than once in the file": taken.repeated,
    }
    return [what.format(number(count)) for what, count in taken_by.items() if count]


def _form(request: HttpRequest, desk: Desk, mistakes: list[str], *, of_the_file: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "blogs": {blog.slug: name_of(blog) for blog in desk.blogs.values()},
        "bases": dict(Consent.Basis.choices),
        "mistakes": mistakes[:MISTAKES],
        "of_the_file": of_the_file,
        "more": max(0, len(mistakes) - MISTAKES),
        "typed": request.POST,
        "today": timezone.now().date(),
    }
    return page(request, desk, "subscribers_import", context, status=422 if mistakes else 200)


def _preview(request: HttpRequest, desk: Desk, draft: ImportDraft, sheet: Sheet, would: Taken) -> HttpResponse:
    context = {
        "draft": draft,
        "blog": name_of(draft.blog),
        "basis": draft.get_basis_display(),
        "day": spoken_day(draft.obtained_on, speaks().code),
        "sentences": sentences(would),
        "unused": sheet.unused,
        "sample": sheet.rows[:SAMPLE],
        "rows": len(sheet.rows),
        "anything": would.imported + would.renewed > 0,
    }
    return page(request, desk, "subscribers_preview", context)


def _file(request: HttpRequest) -> bytes:
    given = request.FILES.get("file")
    if not isinstance(given, UploadedFile):
        raise Refused("There is no file; choose one.")
    if (given.size or 0) > MOST_BYTES:
        raise Refused("The file is larger than 20 MB; split it, or use `postlark subscribers import`.")
    raw: bytes = given.read()
    return raw


def _name(request: HttpRequest) -> str:
    given = request.FILES.get("file")
    return given.name or "" if isinstance(given, UploadedFile) else ""


def _basis(request: HttpRequest, desk: Desk) -> Basis:
    basis, proof = typed(request, "basis"), " ".join(typed(request, "proof").split())
    if basis not in Consent.Basis.values:
        raise Refused("Say why we may write to these people.")
    try:
        obtained = date.fromisoformat(typed(request, "obtained"))
    except ValueError:
        raise Refused("Say on which day they agreed, bought or inquired, as 2026-05-04.") from None
    return Basis(basis, obtained, proof, desk.staff.email)


def _editions(blog: Blog) -> list[str]:
    file = file_of(blog)
    return choices.editions(file) if file else ["instant"]
