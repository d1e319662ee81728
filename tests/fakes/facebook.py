"""Facebook Pages: a stand-in for the Graph API, as strict as the real one and stricter.

    python -m tests.fakes.facebook --port 8021 --token PAGE-TOKEN

    GET    /v26.0/me                       whose token it is
    GET    /v26.0/debug_token              the token's state, to the app alone
    POST   /v26.0/PAGE/feed                a form: message, link, fields -> {"id"} and the fields asked for
    GET    /v26.0/PAGE/published_posts     a page of posts, not in order, with the cursor of the next
    GET, POST, DELETE /v26.0/PAGE_POST     read one, change its message, delete it
    GET    /v26.0/oauth/access_token       code -> token of an hour -> token of 60 days
    GET    /v26.0/me/accounts              the Pages of whoever consented
    GET    /PAGE_POST                      the post as people see it

Every request carries its token in the header, never in the address. https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.network import REFUSALS, Network, Post, Reply, Request, serve

LONGEST = 63_206
ON_A_PAGE = 10  # the real one gives fewer than asked for as well
SHOWN = ("id", "message", "created_time", "permalink_url", "is_published", "attachments{unshimmed_url,url,title,type}")
FORM = "application/x-www-form-urlencoded"

# (HTTP status, code, subcode, message): the status says little, as on the real one.
CODES = {
    "401": (401, 190, 467, "Error validating access token: The session is invalid."),
    "403": (403, 200, 0, "(#200) Requires pages_manage_posts permission"),
    "404": (404, 803, 0, "(#803) Some of the aliases you requested do not exist"),
    "422": (422, 100, 0, "(#100) Invalid parameter"),
    "500": (500, 1, 0, "An unknown error occurred"),
    "503": (503, 2, 0, "Service temporarily unavailable"),
    "echo": (400, 100, 0, "(#100) Invalid parameter"),
}
LATER = ("1", "2", "4", "17", "32", "80001", "341", "613", "613/1996", "100/1390008")
NEVER = ("100", "200/1609008", "100/1609005", "1500", "100/1346003", "368/1404102", "100/1366046", "324", "506", "100/1366051", "9999")
PERSON = (
    *("3", "10", "102", "190", "200", "210", "299", "368", "803", "2635", "100/33", "200/1404078"),
    *("190/458", "190/459", "190/460", "190/463", "190/464", "190/467", "190/492", "190/4854002", "368/1404112", "368/1404006"),
)


@dataclass
class Facebook(Network):
    """Facebook, a stand-in."""

    page: str = "100200300400500"
    page_name: str = "Example Psychotherapy"
    app_id: str = "1234567890"
    app_secret: str = ""
    """Where it is set, every call with a token must prove that it knows it (appsecret_proof)."""
    scopes: list[str] = field(default_factory=lambda: ["pages_show_list", "pages_manage_posts", "pages_read_engagement"])
    expires_at: int = 0
    data_access_expires_at: int = 0
    usage: dict[str, str] = field(default_factory=dict)
    """Headers that say how much of the allowance is used, on every answer."""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    """The Pages of the person who consents: id, name, access_token, tasks."""

    refusals = (
        REFUSALS
        | {"no-success": "200, and success: false"}
        | {f"code-{code}": "refused with this code and subcode" for code in LATER + NEVER + PERSON}
    )

    # Which is which ---------------------------------------------------------------------------------------------------

    def kind(self, request: Request) -> str:
        match request.method, re.sub(r"^/v\d+\.\d+", "", request.path).split("/")[1:]:
            case "POST", [_, "feed"]:
                return "post"
            case "GET", [_, "published_posts"]:
                return "list"
            case "GET", ["me" | "debug_token"]:
                return "read"
            case _, ["oauth", _] | ["me", "accounts"]:
                return "token"
            case "DELETE", [_]:
                return "delete"
            case "POST", [_]:
                return "edit"
        return "read"

    def answer(self, request: Request) -> Reply:
        if request.method == "GET" and re.fullmatch(r"/\d+_\d+", request.path):
            post = self.standing(request.path[1:])
            return Reply.page(self.page_name, self._shown_to_people(post)) if post else Reply.page("This isn't available", "", 404)
        version, _, path = request.path[1:].partition("/")
        try:
            with self.lock:
                if not re.fullmatch(r"v2[5-9]\.0", version):
                    raise Wrong(2635, f"(#2635) You are calling a deprecated version of the Ads API: {version}")
                reply = self._answer(request, path.split("/"))
        except Wrong as wrong:
            reply = self._error(wrong.status, wrong.code, wrong.subcode, str(wrong))
        return Reply(reply.status, reply.body, {**reply.headers, **self.usage})

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name.startswith("429"):
            headers = {"Retry-After": f"{seconds:.0f}"} if name == "429" else {}
            reply = self._error(429, 4, 0, "(#4) Application request limit reached")
            return Reply(reply.status, reply.body, {**reply.headers, **headers})
        if name == "no-success":
            return Reply.of(200, {"success": False})
        if not name.startswith("code-"):
            status, code, subcode, message = CODES[name]
            return self._error(status, code, subcode, f"{message} {request.headers['Authorization']}" if name == "echo" else message)
        code, _, subcode = name.removeprefix("code-").partition("/")
        reply = self._error(400, int(code), int(subcode or 0), f"(#{code}) refused")
        usage = {"type": "pages", "call_count": 100, "total_time": 20, "estimated_time_to_regain_access": int(seconds / 60)}
        headers = {"X-Business-Use-Case-Usage": json.dumps({self.page: [usage]})} if code == "80001" else {}
        return Reply(reply.status, reply.body, {**reply.headers, **headers})

    def _error(self, status: int, code: int, subcode: int, message: str) -> Reply:
        error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEfGhIjKlMnO"}
        if subcode:
            error |= {"error_subcode": subcode, "error_user_title": "Something is wrong", "error_user_msg": "Please look into it."}
        return Reply.of(status, {"error": error})

    # What it does -----------------------------------------------------------------------------------------------------

    def _answer(self, request: Request, path: list[str]) -> Reply:
        match request.method, path:
            case "GET", ["oauth", "access_token"]:
                return self._token(request)
            case "GET", ["debug_token"]:
                return self._debug(request)
            case "GET", ["me", "accounts"]:
                return self._accounts(request)
        self._admit(request)
        match request.method, path:
            case "GET", ["me"]:
                return self._fields({"id": self.page, "name": self.page_name}, self._query(request, "fields"))
            case "POST", [self.page | "me", "feed"]:
                return self._post(request)
            case "GET", [self.page | "me", "published_posts"]:
                return self._list(request)
            case method, [name] if post := self.standing(name):
                return self._one(method, post, request)
        raise Wrong(100, f"Unsupported {request.method.lower()} request. Object with ID '{path[0]}' does not exist", 33)

    def _admit(self, request: Request, token: str = "") -> None:
        kind, _, given = str(request.headers.get("Authorization")).partition(" ")
        wanted = token or self.token
        if kind != "Bearer" or (wanted and given != wanted):
            raise Wrong(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if "access_token" in request.query:
            raise Wrong(100, "a token in the address ends in somebody's log")
        proof = request.query.get("appsecret_proof") or request.form().get("appsecret_proof")
        if self.app_secret and proof != hmac.new(self.app_secret.encode(), given.encode(), hashlib.sha256).hexdigest():
            raise Wrong(100, "API calls from the server require an appsecret_proof argument")

    def _query(self, request: Request, *allowed: str) -> dict[str, str]:
        _only(request.query, (*allowed, "appsecret_proof"))
        return request.query

    def _form(self, request: Request, *allowed: str) -> dict[str, str]:
        if request.headers.get("Content-Type") != FORM:
            raise Wrong(100, f"a form is wanted, not {request.headers.get('Content-Type')}")
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        if len(pairs) != len(dict(pairs)):
            raise Wrong(100, "a field comes twice")
        _only(dict(pairs), (*allowed, "appsecret_proof"))
        return dict(pairs)

    def _message(self, form: dict[str, str]) -> str:
        message = form.get("message", "")
        if not message.strip():
            raise Wrong(100, "(#100) Missing message or attachment")
        if len(message) > LONGEST:
            raise Wrong(100, "(#100) Name parameter too long")
        return message

    def _post(self, request: Request) -> Reply:
        form = self._form(request, "message", "link", "fields", "published")
        link = urlsplit(form.get("link", ""))
        message = self._message(form)
        if link.scheme not in ("http", "https") or not link.hostname:
            raise Wrong(1500, "(#1500) The url you supplied is invalid")
        if link.hostname.endswith("facebook.com"):
            raise Wrong(200, "(#200) Link to facebook.com", 1609008)
        latest = next(iter(reversed(self.all_standing())), None)
        if self.refuses_duplicates and latest and (latest.text, latest.link) == (message, form["link"]):
            raise Wrong(506, "(#506) Duplicate status message")
        post = self.commit(f"{self.page}_{7000 + len(self.posts)}", message, form["link"], {})
        return self._fields(self._show(post), form)

    def _list(self, request: Request) -> Reply:
        query = self._query(request, "fields", "limit", "after")
        limit = int(query.get("limit", "25"))
        if not 1 <= limit <= 100:
            raise Wrong(100, f"(#100) limit must be 1 to 100, not {limit}")
        start = int(query.get("after", "c0")[1:])
        end = start + min(limit, ON_A_PAGE)
        shown = [_chosen(self._show(post), query) for post in _ranked(self.shown())]
        paging: dict[str, Any] = {"cursors": {"before": f"c{start}", "after": f"c{end}"}}
        if end < len(shown):
            secret = {**query, "after": f"c{end}", "access_token": "the-real-one-has-it-here"}
            paging["next"] = f"https://graph.facebook.com{request.path}?{urlencode(secret)}"
        return Reply.of(200, {"data": shown[start:end], **({"paging": paging} if shown else {})})

    def _one(self, method: str, post: Post, request: Request) -> Reply:
        if method == "GET":
            return self._fields(self._show(post), self._query(request, "fields"))
        if method == "DELETE":
            self._query(request)
            self.remove(post.id)
        else:
            self.replace(post, self._message(self._form(request, "message")), post.body)
        return Reply.of(200, {"success": True})

    def _show(self, post: Post) -> dict[str, Any]:
        attachment = {"unshimmed_url": post.link, "url": f"https://l.facebook.com/l.php?{urlencode({'u': post.link})}", "type": "share"}
        return {
            "id": post.id,
            "message": post.text,
            "created_time": post.moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "permalink_url": f"{self.url}/{post.id}",
            "is_published": post.body.get("is_published", True),
            "attachments": {"data": [attachment | {"title": "A page"}]},
        }

    def _fields(self, document: dict[str, Any], asked: dict[str, str]) -> Reply:
        return Reply.of(200, _chosen(document, asked))

    # Connecting -------------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> Reply:
        names = ("client_id", "client_secret", "redirect_uri", "code", "grant_type", "fb_exchange_token")
        query = self._query(request, *names)
        if (query.get("client_id"), query.get("client_secret")) != (self.app_id, self.app_secret):
            raise Wrong(101, "Error validating client secret.")
        if query.get("code") == "the-code" and query.get("redirect_uri"):
            return Reply.of(200, {"access_token": "user-for-an-hour", "token_type": "bearer", "expires_in": 5100})
        if (query.get("grant_type"), query.get("fb_exchange_token")) == ("fb_exchange_token", "user-for-an-hour"):
            return Reply.of(200, {"access_token": "user-for-60-days", "token_type": "bearer", "expires_in": 5_183_944})
        raise Wrong(100, "This authorization code has been used.", 36009)

    def _accounts(self, request: Request) -> Reply:
        self._admit(request, "user-for-60-days")
        query = self._query(request, "fields", "limit", "after")
        start = int(query.get("after", "0"))
        paging = {"cursors": {"after": str(start + 2)}}
        if start + 2 < len(self.accounts):
            paging["next"] = f"https://graph.facebook.com/v26.0/me/accounts?after={start + 2}&access_token=secret"
        return Reply.of(200, {"data": self.accounts[start : start + 2], "paging": paging})

    def _debug(self, request: Request) -> Reply:
        self._admit_app(request)
        query = self._query(request, "input_token")
        valid = query["input_token"] == self.token
        known = {"app_id": self.app_id, "type": "PAGE", "profile_id": self.page, "scopes": self.scopes, "is_valid": valid}
        return Reply.of(200, {"data": known | {"expires_at": self.expires_at, "data_access_expires_at": self.data_access_expires_at}})

    def _admit_app(self, request: Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.app_id}|{self.app_secret}":
            raise Wrong(190, "Invalid OAuth access token signature.", status=401)


class Wrong(Exception):
    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status = code, subcode, status


def _only(given: Iterable[str], allowed: tuple[str, ...]) -> None:
    for name in given:
        if name not in allowed:
            raise Wrong(100, f"(#100) {name} is not expected here")


def _chosen(document: dict[str, Any], asked: dict[str, str]) -> dict[str, Any]:
    """Without `fields` the real one gives the id alone."""
    names = re.findall(r"[a-z_]+(?:\{[^}]*\})?", asked.get("fields", "id"))
    for name in names:
        if name not in SHOWN and name not in ("name",):
            raise Wrong(100, f"(#100) Tried accessing nonexisting field ({name})")
    return {key: document[key] for key in ("id", *(name.partition("{")[0] for name in names)) if key in document}


def _ranked(posts: list[Post]) -> list[Post]:
    """Not by time: the real one ranks."""
    return sorted(posts, key=lambda post: hashlib.md5(post.id.encode(), usedforsecurity=False).hexdigest())


if __name__ == "__main__":
    serve(Facebook, 8021)
