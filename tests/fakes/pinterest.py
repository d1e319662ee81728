"""Pinterest's API v5 as https://developers.pinterest.com/docs/api/v5/ describes it, as strict as it is there.

    python -m tests.fakes.pinterest --port 8023 --state pins.jsonl

    POST   /v5/pins                        201, the whole Pin
    GET    /v5/pins/5
    DELETE /v5/pins/5                      204
    GET    /v5/boards, /v5/boards/6/pins   ?page_size=&bookmark=, in no order
    GET    /v5/user_account
    POST   /v5/oauth/token                 Basic; a renewal ends the token it used
    GET    /oauth/                         the page of consent

It takes the same Pin twice, whatever `refuses_duplicates` says.
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

from tests.fakes import pictures
from tests.fakes.network import REFUSALS, Network, Post, Reply, Request, serve
from tests.fakes.tokens import Tokens, bearer, is_app

BOARD = "600700800900"
MOST_OF_A_PAGE = 10  # fewer than may be asked for, as a server may
MOST = {"title": 100, "description": 800, "alt_text": 500, "link": 2048}
FIELDS = {*MOST, "board_id", "board_section_id", "dominant_color", "media_source"}
SOURCES = {"image_base64": {"source_type", "content_type", "data"}, "image_url": {"source_type", "url"}}
LEAST_WIDTH, MOST_BYTES = 100, 20_000_000
SCOPES = "boards:read,boards:write,pins:read,pins:write,user_accounts:read"
WORDS = {
    "401": (401, 2, "Authentication failed."),
    "403": (403, 7, "You are not permitted to access that resource."),
    "404": (404, 40, "Board not found."),
    "408": (408, 0, "Request timed out."),
    "422": (422, 1, "Invalid request."),
    "429": (429, 8, "You have exceeded your rate limit. Try again later."),
    "500": (500, 0, "Oops! Something went wrong on our end."),
    "503": (503, 0, "Service unavailable."),
    "trial": (403, 29, "Apps with Trial access may not create Pins in production. Use the API Sandbox to create test Pins instead."),
    "site": (400, 1, "Sorry! This site doesn't allow you to save Pins."),
    "spam": (400, 1, "Sorry! We blocked this link because it may lead to spam."),
    "unfetched": (400, 235, "Sorry we could not fetch the image."),
    "small": (403, 1, "Your image is too small. Please choose a larger image and try again."),
}


class Pinterest(Network):
    refusals = REFUSALS | {
        "408": "refused; whether it was done stays open",
        "429-epoch": "refused; says in seconds since 1970 when to come again",
        "trial": "refused: the app has Trial access",
        "site": "refused: the linked site",
        "spam": "refused: the link",
        "unfetched": "refused: the picture's address did not answer",
        "small": "refused: the picture",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = Tokens(access=self.token)
        self.boards = {BOARD: {"id": BOARD, "name": "From our blog", "privacy": "PUBLIC"}}

    def kind(self, request: Request) -> str:
        match request.method, request.path:
            case "POST", "/v5/pins":
                return "post"
            case "GET", path if path.endswith("/pins") or path == "/v5/boards":
                return "list"
            case "DELETE", _:
                return "delete"
            case "POST", "/v5/oauth/token":
                return "token"
        return "read"

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) == ("GET", "/oauth/"):
            return self.tokens.consent(request.query, ",")
        if (request.method, request.path) == ("POST", "/v5/oauth/token"):
            return self._grant(request)
        if not self.tokens.admits(bearer(request)):
            return _refused("401")
        for method, pattern, does in self._ways():
            match = re.fullmatch(pattern, request.path)
            if match and request.method == method:
                return does(request, *match.groups())
        return Reply.of(404, {"code": 404, "message": f"{request.method} {request.path} is no endpoint."})

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name == "echo":
            return Reply.of(400, {"code": 1, "message": f"Invalid request, said {request.headers['Authorization']}"})
        if name == "429-epoch":
            return _refused("429", x_ratelimit_reset=f"{time.time() + seconds:.0f}")
        return _refused(name.removesuffix("-bare"), **({"x_ratelimit_reset": f"{seconds:.0f}"} if name == "429" else {}))

    def _ways(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("POST", r"/v5/pins", self._pin),
            ("GET", r"/v5/pins/(\d+)", self._one),
            ("DELETE", r"/v5/pins/(\d+)", self._delete),
            ("GET", r"/v5/boards", self._list_boards),
            ("GET", r"/v5/boards/(\d+)/pins", self._list_pins),
            ("GET", r"/v5/user_account", self._account),
        ]

    # Pins -------------------------------------------------------------------------------------------------------------

    def _pin(self, request: Request) -> Reply:
        try:
            pin = request.json()
            wrong = _wrong(pin, request)
        except ValueError as error:
            wrong = str(error)
        if wrong:
            return _invalid(wrong)
        if pin["board_id"] not in self.boards:
            return _refused("404")
        data = pin["media_source"].get("data")
        picture = base64.b64decode(data, validate=True) if data else b""
        if wrong := _wrong_picture(picture, pin["media_source"]) if data else "":
            return _refused("small") if wrong == "small" else _invalid(wrong)
        shown = self.keep_picture(picture) if picture else pin["media_source"]["url"]
        with self.lock:
            number = str(820_000_000_000_000_000 + len(self.posts) + 1)
            kept = {name: value for name, value in pin.items() if name != "media_source"} | {"picture": shown}
            post = self.commit(number, pin.get("description") or "", pin.get("link") or "", kept)
        return Reply.of(201, _as_pin(post))

    def _one(self, request: Request, number: str) -> Reply:
        post = self.standing(number)
        return Reply.of(200, _as_pin(post)) if post else Reply.of(404, {"code": 50, "message": "Pin not found."})

    def _delete(self, request: Request, number: str) -> Reply:
        return Reply(204) if self.remove(number) else Reply.of(404, {"code": 50, "message": "Pin not found."})

    # Lists ------------------------------------------------------------------------------------------------------------

    def _list_pins(self, request: Request, board: str) -> Reply:
        if board not in self.boards:
            return _refused("404")
        shown = [post for post in self.shown() if post.body["board_id"] == board]
        muddled = sorted(shown, key=lambda post: hashlib.sha256(post.id.encode()).digest())
        return _page(request, [_as_pin(post) for post in muddled])

    def _list_boards(self, request: Request) -> Reply:
        return _page(request, list(self.boards.values()))

    # Accounts and tokens ----------------------------------------------------------------------------------------------

    def _account(self, request: Request) -> Reply:
        return Reply.of(
            200,
            {"id": "2783136121146311751", "username": "examplepractice", "business_name": "Example Practice", "account_type": "BUSINESS"},
        )

    def _grant(self, request: Request) -> Reply:
        form = request.form()
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded" or form.get("continuous_refresh") != "true":
            return _invalid("a form with continuous_refresh is needed")
        if not is_app(request):
            return _refused("401")
        with self.lock:
            error = self.tokens.grant(form)
        if error:
            return Reply.of(400, {"code": 283, "message": f"Your {form.get('grant_type')} could not be used: {error}."})
        granted = {"response_type": form["grant_type"], "token_type": "bearer", "expires_in": 2_592_000, "scope": SCOPES}
        fresh = {"access_token": self.tokens.access, "refresh_token": self.tokens.refresh, "refresh_token_expires_in": 5_184_000}
        return Reply.of(200, granted | fresh)


def _wrong(pin: dict[str, Any], request: Request) -> str:
    """What Pinterest would find wrong with this request; empty: nothing."""
    if request.headers.get("Content-Type") != "application/json":
        return "the body is not JSON"
    if unknown := set(pin) - FIELDS:
        return f"unknown fields: {sorted(unknown)}"
    if not re.fullmatch(r"[0-9]+", str(pin.get("board_id"))):
        return f"{pin.get('board_id')!r} does not match '^\\d+$'"
    for name, most in MOST.items():
        if not isinstance(pin.get(name, ""), str) or len(pin.get(name, "")) > most:
            return f"{name} is no text of at most {most} characters"
    source = pin.get("media_source")
    if not isinstance(source, dict) or set(source) != SOURCES.get(source.get("source_type", "")):
        return "media_source is not one of its kinds"
    if source["source_type"] == "image_url" and not re.fullmatch(r"https?://[^\s]+", source["url"]):
        return "the picture's url is no address"
    return ""


def _wrong_picture(data: bytes, source: dict[str, str]) -> str:
    try:
        media_type, width, _ = pictures.look_at(data)
    except ValueError as error:
        return str(error)
    if source["content_type"] != media_type or media_type not in ("image/jpeg", "image/png"):
        return f"{source['content_type']} with a picture that is {media_type}"
    if len(data) > MOST_BYTES:
        return "the picture is too large"
    return "small" if width < LEAST_WIDTH else ""


def _as_pin(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "created_at": post.at[:19],  # Pinterest states no zone
        "board_id": post.body["board_id"],
        **{name: post.body.get(name) for name in MOST},
        "creative_type": "REGULAR",
        "is_owner": True,
        "media": {"media_type": "image", "images": {"600x": {"width": 600, "height": 900, "url": post.body["picture"]}}},
    }


def _page(request: Request, items: list[dict[str, Any]]) -> Reply:
    size = request.query.get("page_size", "25")
    start = request.query.get("bookmark", "0")
    if not size.isdecimal() or not 1 <= int(size) <= 250 or not start.isdecimal():
        return _invalid("page_size is 1 to 250, a bookmark is what we gave")
    end = int(start) + min(int(size), MOST_OF_A_PAGE)
    return Reply.of(200, {"items": items[int(start) : end], "bookmark": str(end) if len(items) > end else None})


def _refused(name: str, **headers: str) -> Reply:
    status, code, message = WORDS[name]
    return Reply.of(status, {"code": code, "message": message}, **headers)


def _invalid(what: str) -> Reply:
    return Reply.of(400, {"code": 1, "message": f"Invalid request: {what}"})


if __name__ == "__main__":
    serve(Pinterest, 8023)
