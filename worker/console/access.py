"""Who may see and do what: every staff page goes through `staff_page`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from worker.lib.blogs import BlogFile, blog_file
from worker.models import Blog, Delivery, Post, Staff

P = ParamSpec("P")
Row = TypeVar("Row", Post, Delivery)
READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Desk:
    """Who sits here, and the blogs they are given."""

    staff: Staff
    blogs: Mapping[int, Blog]
    sees_everything: bool = False
    """All the blogs there are, so that nothing need be asked for by blog."""

    @property
    def may_change(self) -> bool:
        return self.staff.role != Staff.Role.READER

    @property
    def is_owner(self) -> bool:
        return self.staff.role == Staff.Role.OWNER

    def blog(self, slug: str) -> Blog:
        for blog in self.blogs.values():
            if blog.slug == slug:
                return blog
        raise Http404

    def at(self, slug: str) -> "Desk":
        """The same person, looking at one of their blogs."""
        blog = self.blog(slug)
        return Desk(self.staff, {blog.pk: blog})

    def post(self, pk: int) -> Post:
        return _found(Post.objects.select_related("blog").filter(pk=pk, blog__in=self.blogs).first())

    def delivery(self, pk: int) -> Delivery:
        return _found(Delivery.objects.select_related("blog", "post", "issue").filter(pk=pk, blog__in=self.blogs).first())


def _found(row: Row | None) -> Row:
    """Somebody else's is told like one that does not exist."""
    if row is None:
        raise Http404
    return row


def desk_of(staff: Staff) -> Desk:
    """No blogs named means all of them."""
    given = set(staff.blogs.values_list("pk", flat=True))
    return Desk(staff, {blog.pk: blog for blog in Blog.objects.order_by("slug") if not given or blog.pk in given}, not given)


def staff_page(view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Signed-in staff only; nothing of it stays in a cache. That a reader changes nothing, `ReadersChangeNothing` sees to."""

    @wraps(view)
    def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, Staff):
            return _to_sign_in(request)
        response = view(request, desk_of(request.user), *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    page.of_the_console = True  # type: ignore[attr-defined]  # stays on it through the decorators outside
    return page


class ReadersChangeNothing:
    """Middleware: whatever a reader sends to a staff page is refused, before the page is asked whether it takes such a thing at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        if not getattr(view, "of_the_console", False) or request.method in READING or not isinstance(request.user, Staff):
            return
        if request.user.role == Staff.Role.READER:
            raise PermissionDenied("You can look at everything here; changing it is for the office and the owner.")


def owners_page(view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """As `staff_page`, for the owner alone."""

    def page(request: HttpRequest, desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not desk.is_owner:
            raise PermissionDenied("Connections are for the owner to change.")
        return view(request, desk, *args, **kwargs)

    return staff_page(page)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(reverse("sign-in"))
    if request.method in READING:
        return redirect_to_login(request.get_full_path())
    messages.warning(request, "You were signed out meanwhile, so nothing was changed. Sign in, then do it once more.")
    return redirect_to_login("/")


def file_of(blog: Blog) -> BlogFile | None:
    return blog_file(blog.slug)


def name_of(blog: Blog) -> str:
    file = file_of(blog)
    return file.name if file else blog.slug


def zone_of(blog: Blog) -> tzinfo:
    """UTC where the blog's file is gone."""
    file = file_of(blog)
    return file.timezone if file else UTC


def client_address(request: HttpRequest) -> str:
    """By which wrong passwords are counted. Behind a proxy, config/proxies.py has put the browser's own here."""
    return str(request.META.get("REMOTE_ADDR") or "")
