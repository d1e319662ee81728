"""X, API v2, as https://docs.x.com/x-api describes it: a stand-in as strict as the real one and stricter.

    python -m tests.fakes.twitter --port 8022 --state tweets.jsonl

    POST   /2/tweets             201 {"data": {"id", "text"}}; 403 for the same words twice
    GET    /2/users/ID/tweets    newest first, a page and the token of the next; addresses in the text are t.co's
    DELETE /2/tweets/5           200 {"data": {"deleted": true}}
    POST   /2/media/upload       base64 in JSON; GET ?command=STATUS while it is looked at
    POST   /2/media/metadata     the picture's description
    GET    /2/users/me
    POST   /2/oauth2/token       Basic; each refresh token once; PKCE
    GET    /i/oauth2/authorize   the page of consent

Whoever asks signs with OAuth 1.0a (checked to the last character) or brings an OAuth 2.0 token.
"""

import base64
import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from tests.fakes import pictures
from tests.fakes.network import REFUSALS, Network, Post, Reply, Request, serve
from tests.fakes.tokens import Tokens, bearer, is_app
from worker.lib.weight import weight

USER = {"id": "2244994945", "name": "Example Psychotherapy", "username": "examplepractice"}
ON_A_PAGE = 10  # fewer than may be asked for, as a server may
MOST_WEIGHT, MOST_BYTES, MOST_ALT = 280, 5_000_000, 1000
SCOPE = "tweet.read tweet.write users.read media.write offline.access"
PROBLEM = "https://api.twitter.com/2/problems/"
ADDRESS = re.compile(r"https?://\S+")

# status, title, detail, and what follows PROBLEM in its type: problem JSON (RFC 9457), X's newer shape.
PROBLEMS = {
    "401": (401, "Unauthorized", "Unauthorized", "about:blank"),
    "402": (402, "CreditsDepleted", "Your enrolled account does not have any credits to fulfill this request.", "credits"),
    "402-new": (402, "Payment Required", "credits depleted", "credits-depleted"),
    "spend-cap": (403, "SpendCapReached", "Your enrolled account has reached its billing cycle spend cap.", "spend-cap-reached"),
    "403": (403, "Forbidden", "You are not permitted to use this.", "not-authorized-for-resource"),
    "404": (404, "Not Found Error", "Could not find what was asked for.", "resource-not-found"),
    "422": (422, "Unprocessable Entity", "The request cannot be processed.", "invalid-request"),
    "429": (429, "Too Many Requests", "Too Many Requests", "rate-limit-exceeded"),
    "429-capped": (429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", "usage-capped"),
    "500": (500, "Internal Server Error", "Something is broken.", "about:blank"),
    "503": (503, "Service Unavailable", "Service Unavailable", "about:blank"),
    "duplicate": (403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.", "about:blank"),
    "spam": (
        403,
        "Forbidden",
        "This request looks automated. To protect our users from spam we can't complete this action.",
        "about:blank",
    ),
    "not-permitted": (403, "Forbidden", "You are not permitted to perform this action.", "about:blank"),
    "suspended": (403, "Forbidden", "User is suspended.", "user-suspended"),
    "read-only": (403, "Forbidden", "Your client app is not configured with the appropriate permissions.", "oauth1-permissions"),
    "not-enrolled": (403, "Client Forbidden", "You must use keys from a developer App attached to a Project.", "client-forbidden"),
    "unsupported": (403, "Unsupported Authentication", "Authenticating this way is forbidden.", "unsupported-authentication"),
    "too-long": (403, "Forbidden", "Your Tweet text is too long.", "about:blank"),
    "cashtags": (400, "Invalid Request", "A post may hold one cashtag only.", "invalid-request"),
    "media-ids": (400, "Invalid Request", "Your media IDs are invalid.", "invalid-request"),
    "token-refused": (400, "invalid_request", "Value passed for the token was invalid.", "about:blank"),
}
# The shape of old: codes.
CODES = {"code-32": 401, "code-64": 403, "code-88": 429, "code-89": 401, "code-186": 403, "code-187": 403, "code-226": 403, "code-261": 403}


@dataclass
class Twitter(Network):
    """X, a stand-in."""

    refuses_duplicates: bool = True
    consumer: tuple[str, str] = ("", "")
    """The app's own key and secret, for OAuth 1.0a."""
    access: tuple[str, str] = ("", "")
    """The account's token and secret, for OAuth 1.0a."""
    looks_at_picture: int = 0
    """How often it says "pending" of an uploaded picture before it is taken."""
    descriptions: dict[str, str] = field(default_factory=dict)

    refusals = (
        REFUSALS
        | {name: "refused in these words" for name in [*PROBLEMS, *CODES] if name != "500"}
        | {
            "429-day": "refused for the day, though the 15 minutes' limit is not used up",
            "408": "refused; whether it was done stays open",
            "partial": "success with errors and without what was asked for",
        }
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = Tokens(access=self.token)
        self._challenges: dict[str, str] = {}
        self._media: dict[str, str] = {}

    def kind(self, request: Request) -> str:
        match request.method, request.path.split("/")[1:]:
            case "POST", ["2", "tweets"]:
                return "post"
            case "GET", ["2", "users", _, "tweets"]:
                return "list"
            case _, ["2", "media", _]:
                return "upload"
            case "DELETE", _:
                return "delete"
            case "POST", ["2", "oauth2", _]:
                return "token"
        return "read"

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) == ("GET", "/i/oauth2/authorize"):
            return self._consent(request)
        if (request.method, request.path) == ("POST", "/2/oauth2/token"):
            return self._grant(request)
        if not self._admits(request):
            return _problem("401")
        for method, pattern, does in self._ways():
            match = re.fullmatch(pattern, request.path)
            if match and request.method == method:
                return does(request, *match.groups())
        return _problem("404")

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name in CODES:
            return Reply.of(CODES[name], {"errors": [{"code": int(name[5:]), "message": "refused"}]})
        if name == "partial":
            return Reply.of(
                201 if self.kind(request) == "post" else 200, {"errors": [{"title": "Not Found Error", "detail": "no such thing"}]}
            )
        if name == "408":
            return Reply(408)
        if name == "echo":
            return _problem("422", detail=f"said {request.headers['Authorization']}")
        headers = {}
        if name in ("429", "429-day"):
            until = f"{math.ceil(time.time() + seconds)}"
            headers = {"x_rate_limit_limit": "100", "x_rate_limit_remaining": "0", "x_rate_limit_reset": until}
        if name == "429-day":
            soon = f"{math.ceil(time.time() + 60)}"
            headers |= {"x_rate_limit_remaining": "57", "x_rate_limit_reset": soon}
            headers |= {"x_user_limit_24hour_limit": "100", "x_user_limit_24hour_remaining": "0", "x_user_limit_24hour_reset": until}
        return _problem(re.sub(r"-(bare|day)$", "", name), **headers)

    def _ways(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("POST", r"/2/tweets", self._post),
            ("DELETE", r"/2/tweets/(\d+)", self._delete),
            ("GET", r"/2/users/me", lambda request: Reply.of(200, {"data": USER})),
            ("GET", rf"/2/users/{USER['id']}/tweets", self._list),
            ("POST", r"/2/media/upload", self._upload),
            ("GET", r"/2/media/upload", self._status),
            ("POST", r"/2/media/metadata", self._describe),
        ]

    # Posts ------------------------------------------------------------------------------------------------------------

    def _post(self, request: Request) -> Reply:
        try:
            tweet = _json(request, {"text", "media"})
        except ValueError as error:
            return _problem("422", status=400, detail=str(error))
        text, media = tweet.get("text", ""), tweet.get("media", {"media_ids": []})
        if not isinstance(text, str) or not text.strip() or set(media) != {"media_ids"}:
            return _problem("422", status=400, detail="text is missing, or media holds what it must not")
        if weight(text) > MOST_WEIGHT:
            return _problem("too-long")
        if not all(isinstance(each, str) and each in self._media for each in media["media_ids"]):
            return _problem("media-ids")
        with self.lock:
            if self.refuses_duplicates and any(post.text == text for post in self.all_standing()):
                return _problem("duplicate")
            number = str(1_990_000_000_000_000_000 + len(self.posts) + 1)
            shown = [{"picture": self._media[each], "alt": self.descriptions.get(each, "")} for each in media["media_ids"]]
            link = ADDRESS.search(text)
            self.commit(number, text, link[0] if link else "", shown[0] if shown else {})
        return Reply.of(201, {"data": {"id": number, "text": text, "edit_history_tweet_ids": [number]}})

    def _delete(self, request: Request, number: str) -> Reply:
        return Reply.of(200, {"data": {"deleted": self.remove(number)}})

    def _list(self, request: Request) -> Reply:
        asked = request.query
        known = {"max_results", "start_time", "tweet.fields", "pagination_token"}
        most = asked.get("max_results", "10")
        if set(asked) - known or not most.isdecimal() or not 5 <= int(most) <= 100:
            return _problem("422", status=400, detail=f"not with {asked}")
        since = asked.get("start_time", "2006-03-21T00:00:00Z")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", since):
            return _problem("422", status=400, detail=f"start_time is no moment: {since}")
        shown = [post for post in self.shown() if post.at[:19] >= since[:19]]
        start = int(asked.get("pagination_token", "p0")[1:])
        end = start + min(int(most), ON_A_PAGE)
        page = [self._as_tweet(post, asked.get("tweet.fields", "").split(",")) for post in shown[start:end]]
        meta = {"result_count": len(page)} | ({"next_token": f"p{end}"} if end < len(shown) else {})
        return Reply.of(200, ({"data": page} if page else {}) | {"meta": meta})

    def _as_tweet(self, post: Post, fields: list[str]) -> dict[str, Any]:
        """Every address in the text becomes t.co's; a picture adds one at the end."""
        urls: list[dict[str, Any]] = []

        def short(match: re.Match[str]) -> str:
            urls.append({"url": f"https://t.co/{len(urls)}abc", "expanded_url": match[0], "display_url": match[0][8:30] + "…"})
            return str(urls[-1]["url"])

        text = ADDRESS.sub(short, post.text)
        if post.body.get("picture"):
            page = f"https://x.com/{USER['username']}/status/{post.id}/photo/1"
            urls.append({"url": "https://t.co/picture", "expanded_url": page, "display_url": "pic.x.com/abc", "media_key": "3_1"})
            text += " https://t.co/picture"
        whole = {"created_at": f"{post.at[:23]}Z", "entities": {"urls": urls}}
        return {"id": post.id, "text": escape(text, quote=False), "edit_history_tweet_ids": [post.id]} | {
            name: value for name, value in whole.items() if name in fields
        }

    # Pictures ---------------------------------------------------------------------------------------------------------

    def _upload(self, request: Request) -> Reply:
        try:
            sent = _json(request, {"media", "media_category", "media_type", "shared"})
            data = base64.b64decode(sent["media"], validate=True)
            pictures.look_at(data)
        except (KeyError, ValueError) as error:
            return _problem("422", status=400, detail=f"no picture: {error}")
        if sent.get("media_category") != "tweet_image" or len(data) > MOST_BYTES:
            return _problem("422", status=400, detail="media_category is required; a picture has 5 MB at most")
        with self.lock:
            number = str(1_880_000_000_000_000_000 + len(self._media) + 1)
            self._media[number] = self.keep_picture(data)
        return Reply.of(
            200, {"data": self._processed(number) | {"media_key": f"3_{number}", "expires_after_secs": 86_400, "size": len(data)}}
        )

    def _status(self, request: Request) -> Reply:
        number = request.query.get("media_id", "")
        if request.query.get("command") != "STATUS" or number not in self._media:
            return _problem("404")
        return Reply.of(200, {"data": self._processed(number)})

    def _processed(self, number: str) -> dict[str, Any]:
        """Where nothing is to be waited for, nothing is said of it."""
        if self.looks_at_picture <= 0:
            return {"id": number}
        self.looks_at_picture -= 1
        return {"id": number, "processing_info": {"state": "pending", "check_after_secs": 0}}

    def _describe(self, request: Request) -> Reply:
        try:
            sent = _json(request, {"id", "metadata"})
            words = sent["metadata"]["alt_text"]["text"]
        except (KeyError, TypeError, ValueError) as error:
            return _problem("422", status=400, detail=f"not so: {error}")
        if sent["id"] not in self._media or not isinstance(words, str) or not 1 <= len(words) <= MOST_ALT:
            return _problem("422", status=400, detail="no such picture, or a description that is too long")
        self.descriptions[sent["id"]] = words
        return Reply.of(200, {"data": {"id": sent["id"], "associated_metadata": sent["metadata"]}})

    # Accounts and tokens ----------------------------------------------------------------------------------------------

    def _admits(self, request: Request) -> bool:
        said = request.headers.get("Authorization") or ""
        return self._is_signed(request) if said.startswith("OAuth ") else self.tokens.admits(bearer(request))

    def _is_signed(self, request: Request) -> bool:
        """https://www.rfc-editor.org/rfc/rfc5849#section-3.4"""
        said = dict(re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"]))
        said = {name: unquote(value) for name, value in said.items()}
        if said.get("oauth_signature_method") != "HMAC-SHA1" or not said.get("oauth_nonce") or not said.get("oauth_timestamp"):
            return False
        if not self.access[0]:
            return bool(said.get("oauth_token") and said.get("oauth_consumer_key") and said.get("oauth_signature"))
        if (said.get("oauth_consumer_key"), said.get("oauth_token")) != (self.consumer[0], self.access[0]):
            return False
        pairs = [*((name, value) for name, value in said.items() if name != "oauth_signature"), *request.query.items()]
        encoded = sorted((_percent(name), _percent(value)) for name, value in pairs)
        parameters = "&".join(f"{name}={value}" for name, value in encoded)
        base = "&".join(map(_percent, (request.method, self.url + request.path, parameters)))
        key = f"{_percent(self.consumer[1])}&{_percent(self.access[1])}"
        made = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
        return hmac.compare_digest(made, said.get("oauth_signature", ""))

    def _consent(self, request: Request) -> Reply:
        if request.query.get("code_challenge_method") != "S256" or not request.query.get("code_challenge"):
            return Reply.page("Something went wrong", "<p>You weren't able to give access to the App.</p>", 400)
        reply = self.tokens.consent(request.query, " ")
        if reply.status == 200:
            self._challenges[list(self.tokens.codes)[-1]] = request.query["code_challenge"]
        return reply

    def _grant(self, request: Request) -> Reply:
        form = request.form()
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return _problem("token-refused")
        if not is_app(request):
            return Reply.of(401, {"error": "unauthorized_client", "error_description": "Missing valid authorization header"})
        with self.lock:
            if form.get("grant_type") == "authorization_code" and self._challenges.pop(form.get("code", ""), "") != _challenge(form):
                return Reply.of(400, {"error": "invalid_request", "error_description": "Value passed for the code verifier did not match."})
            if self.tokens.grant(form):
                return Reply.of(400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."})
            given = {"access_token": self.tokens.access, "refresh_token": self.tokens.refresh}
        return Reply.of(200, given | {"token_type": "bearer", "expires_in": 7200, "scope": SCOPE})


def _challenge(form: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()


def _json(request: Request, allowed: set[str]) -> dict[str, Any]:
    if request.headers.get("Content-Type") != "application/json":
        raise ValueError("the body is not JSON")
    document = request.json()
    if unknown := set(document) - allowed:
        raise ValueError(f"unknown fields: {sorted(unknown)}")
    return document


def _percent(text: str) -> str:
    return quote(text, safe="-._~")


def _problem(name: str, *, status: int = 0, detail: str = "", **headers: str) -> Reply:
    own, title, words, kind = PROBLEMS[name]
    status = status or own
    problem = {"title": title, "detail": detail or words, "type": kind if kind == "about:blank" else PROBLEM + kind, "status": status}
    return Reply.of(status, problem, **headers)


if __name__ == "__main__":
    serve(Twitter, 8022)
