"""LinkedIn's versioned API as https://learn.microsoft.com/linkedin describes it: a stand-in as strict as the real one and stricter.

    python -m tests.fakes.linkedin --port 8024 --state posts.jsonl

    POST   /rest/images?action=initializeUpload   where to put the picture, and its name
    PUT    /dms-uploads/5                         the picture, whole
    GET    /rest/images/URN                       whether it is ready
    POST   /rest/posts                            201 without a body; the name stands in x-restli-id. 422 for the same words twice
    GET    /rest/posts?q=author&author=URN        what was changed last comes first
    GET, POST, DELETE /rest/posts/URN             read one, change its commentary (PARTIAL_UPDATE), delete it
    GET    /rest/organizationAcls?q=roleAssignee  the pages the account may post for; GET /rest/organizations/7 its name
    GET    /v2/userinfo                           the member
    POST   /oauth/v2/accessToken, /oauth/v2/introspectToken
    GET    /oauth/v2/authorization                the page of consent

Commentary is little text: what it would cut off or take for markup is refused here, since the real one says nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.fakes import pictures
from tests.fakes.network import REFUSALS, Network, Post, Reply, Request, serve
from tests.fakes.tokens import APP_ID, APP_SECRET, Tokens, bearer

PAGE, MEMBER = "urn:li:organization:123456", "urn:li:person:aB-c_1"
VERSIONS = re.compile(r"2026(0[1-9]|1[01])|202512")
ON_A_PAGE = 10  # fewer than may be asked for, as a server may
MOST = {"commentary": 3000, "title": 400, "description": 4086}
MOST_PIXELS = 36_152_320
RESERVED = set(r"\|{}@[]()<>#*_~")
KEPT = {"author", "commentary", "visibility", "distribution", "lifecycleState", "isReshareDisabledByAuthor", "content"}
PAGE_SCOPES = "w_organization_social,r_organization_social,r_organization_admin"

# status, code, serviceErrorCode, message
WORDS = {
    "400": (400, "MISSING_REQUIRED_FIELD", 100, "A required field is missing"),
    "401": (401, "INVALID_ACCESS_TOKEN", 65600, "Invalid access token"),
    "401-revoked": (401, "REVOKED_ACCESS_TOKEN", 65601, "The token used in the request has been revoked by the user"),
    "401-expired": (401, "EXPIRED_ACCESS_TOKEN", 65602, "The token used in the request has expired"),
    "403": (403, "ACCESS_DENIED", 100, "Not enough permissions to access: partnerApiPostsExternal.CREATE.20260801"),
    "404": (404, "RESOURCE_NOT_FOUND", 0, "Could not find entity"),
    "422": (422, "UNPROCESSABLE_ENTITY", 0, "Content is not valid"),
    "426": (426, "NONEXISTENT_VERSION", 0, "Requested version 20251101 is not active"),
    "429": (429, "TOO_MANY_REQUESTS", 101, "Resource level throttle limit for calls to this resource is reached."),
    "429-day": (
        429,
        "TOO_MANY_REQUESTS",
        101,
        "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.",
    ),
    "500": (500, "INTERNAL_SERVER_ERROR", 0, "Internal Server Error"),
    "503": (503, "SERVICE_UNAVAILABLE", 0, "Service Unavailable"),
    "for-pages": (
        *(400, "ILLEGAL_ARGUMENT", 0),
        "Organization (Or Events) permissions must be used when using organization as author",
    ),
    "odd": (400, "ILLEGAL_ARGUMENT", 0, "Unable to obtain activity"),
    "odd-403": (403, "FORBIDDEN", 0, "The resource is forbidden"),
    "version-missing": (
        400,
        "VERSION_MISSING",
        0,
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
    ),
}


@dataclass
class Linkedin(Network):
    """LinkedIn, a stand-in."""

    refuses_duplicates: bool = True
    role: str = "ADMINISTRATOR"
    reads_images: bool = True
    """False: as for a member's token, which may not."""
    looks_at_picture: int = 0
    """How often it says "processing" of an uploaded picture before it is ready."""
    edits_silently_nothing: bool = False
    granted: str = PAGE_SCOPES
    names: dict[str, str] = field(default_factory=lambda: {"123456": "Example Psychotherapy"})

    refusals = (
        REFUSALS
        | {name: "refused in these words" for name in WORDS if name != "500"}
        | {
            "ghost": "refused as a duplicate of a post that was deleted",
            "author": "refused: the author's field",
            "408": "refused; whether it was done stays open",
        }
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = Tokens(access=self.token, rotates=False)
        self.images: dict[str, dict[str, Any]] = {}

    def kind(self, request: Request) -> str:
        match request.method, request.path.split("/")[1:]:
            case "POST", ["rest", "posts"]:
                return "post"
            case "GET", ["rest", "posts"]:
                return "list"
            case _, ["rest", "images", *_] | ["dms-uploads", _]:
                return "upload"
            case "DELETE", _:
                return "delete"
            case "POST", ["rest", "posts", _]:
                return "edit"
            case "POST", ["oauth", "v2", _]:
                return "token"
        return "read"

    def answer(self, request: Request) -> Reply:
        if request.path == "/oauth/v2/authorization":
            return self.tokens.consent(request.query, " ")
        if request.path.startswith("/oauth/v2/"):
            return self._token(request)
        if not self.tokens.admits(bearer(request)):
            return _refused("401")
        if request.path.startswith("/rest/"):
            if not request.headers.get("LinkedIn-Version"):
                return _refused("version-missing")
            if not VERSIONS.fullmatch(request.headers["LinkedIn-Version"]):
                return _refused("426")
            if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
                return _invalid("X-Restli-Protocol-Version is not 2.0.0")
        for method, pattern, does in self._ways():
            match = re.fullmatch(pattern, request.path)
            if match and request.method == method:
                return does(request, *map(unquote, match.groups()))
        return _refused("404")

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name == "echo":
            return _refused("422", message=f"Not with {request.headers['Authorization']}")
        if name == "ghost":
            return _duplicate_of("urn:li:share:7000000000000000009")
        if name == "author":
            wrong = {"code": "FIELD_VALIDATION", "description": "not allowed", "input": {"inputPath": {"fieldPath": "/author"}}}
            return _refused("422", errorDetails={"inputErrors": [wrong]})
        if name == "408":
            return Reply(408)
        reply = _refused(name.removesuffix("-bare"))
        return Reply(reply.status, reply.body, {**reply.headers, "Retry-After": f"{seconds:.0f}"}) if name == "429" else reply

    def as_read(self, text: str) -> str:
        return re.sub(r"\{hashtag\|#\|(\w+)\}|\\(.)", lambda found: found[2] or f"#{found[1]}", text)

    def _ways(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("POST", r"/rest/images", self._begin_upload),
            ("PUT", r"/dms-uploads/(\d+)", self._put),
            ("GET", r"/rest/images/([^/]+)", self._image),
            ("POST", r"/rest/posts", self._post),
            ("GET", r"/rest/posts", self._list),
            ("GET", r"/rest/posts/([^/]+)", self._one),
            ("POST", r"/rest/posts/([^/]+)", self._edit),
            ("DELETE", r"/rest/posts/([^/]+)", self._delete),
            ("GET", r"/rest/organizationAcls", self._roles),
            ("GET", r"/rest/organizations/(\d+)", self._organization),
            ("GET", r"/v2/userinfo", lambda request: Reply.of(200, {"sub": MEMBER.rpartition(":")[2], "name": "Sheema Khan"})),
        ]

    # Pictures ---------------------------------------------------------------------------------------------------------

    def _begin_upload(self, request: Request) -> Reply:
        try:
            (asked,) = _json(request).values()
        except ValueError as error:
            return _invalid(str(error))
        if request.query != {"action": "initializeUpload"} or asked not in ({"owner": PAGE}, {"owner": MEMBER}):
            return _invalid("initializeUploadRequest with an owner is needed")
        with self.lock:
            number = str(len(self.images) + 1)
            urn = f"urn:li:image:C4E10AQ{number}"
            self.images[urn] = {"id": urn, "owner": asked["owner"], "status": "WAITING_UPLOAD"}
        return Reply.of(
            200, {"value": {"uploadUrlExpiresAt": 1_900_000_000_000, "uploadUrl": f"{self.url}/dms-uploads/{number}", "image": urn}}
        )

    def _put(self, request: Request, number: str) -> Reply:
        image = self.images.get(f"urn:li:image:C4E10AQ{number}")
        if image is None or request.headers.get("Content-Type") != "application/octet-stream":
            return Reply(400)
        try:
            _, width, height = pictures.look_at(request.body)
        except ValueError:
            image["status"] = "PROCESSING_FAILED"
        else:
            image |= {
                "status": "AVAILABLE" if width * height < MOST_PIXELS else "PROCESSING_FAILED",
                "kept": self.keep_picture(request.body),
            }
        return Reply(201)

    def _image(self, request: Request, urn: str) -> Reply:
        if not self.reads_images:
            return _refused("403")
        if urn not in self.images:
            return _refused("404")
        if self.looks_at_picture > 0:
            self.looks_at_picture -= 1
            return Reply.of(200, self.images[urn] | {"status": "PROCESSING"})
        return Reply.of(200, self.images[urn])

    # Posts ------------------------------------------------------------------------------------------------------------

    def _post(self, request: Request) -> Reply:
        try:
            post = _json(request)
            wrong = self._wrong(post)
        except (KeyError, TypeError, ValueError) as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            return _invalid(wrong)
        article = post["content"]["article"]
        with self.lock:
            twin = next((each for each in self.all_standing() if self.refuses_duplicates and _same(each, post)), None)
            if twin:
                return _duplicate_of(twin.id)
            urn = f"urn:li:share:{7_000_000_000_000_000_000 + 1000 + len(self.posts)}"
            shown = {"picture": self.images[article["thumbnail"]]["kept"]} if "thumbnail" in article else {}
            self.commit(urn, post["commentary"], article["source"], post | shown)
        return Reply(201, b"", {"x-restli-id": urn})

    def _wrong(self, post: dict[str, Any]) -> str:
        """What LinkedIn would find wrong with this post, or would do wrong with it; empty: nothing."""
        if set(post) != KEPT or set(post["content"]) != {"article"}:
            return f"fields: {sorted(post)}"
        if post["author"] not in (PAGE, MEMBER):
            return "author is nobody"
        if (post["visibility"], post["lifecycleState"], post["isReshareDisabledByAuthor"]) != ("PUBLIC", "PUBLISHED", False):
            return "it is not public"
        nobody: dict[str, Any] = {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []}
        if post["distribution"] != nobody:
            return "distribution"
        article = post["content"]["article"]
        if set(article) - {"source", "title", "description", "thumbnail"} or not re.fullmatch(r"https?://\S+", article["source"]):
            return f"article: {article}"
        for name in ("title", "description"):
            if len(article.get(name, "")) >= MOST[name]:
                return f"{name} is too long"
        if "thumbnail" in article:
            image = self.images.get(article["thumbnail"], {})
            if (image.get("status"), image.get("owner")) != ("AVAILABLE", post["author"]):
                return f"thumbnail: {article['thumbnail']} is not ready, or somebody else's"
        return _wrong_commentary(post["commentary"])

    def _list(self, request: Request) -> Reply:
        asked = request.query
        start, count = int(asked.get("start", "0")), int(asked.get("count", "10"))
        if (asked.get("q"), request.headers.get("X-RestLi-Method")) != ("author", "FINDER") or not 1 <= count <= 100:
            return _invalid("a FINDER by author, of 1 to 100")
        if asked["author"] == MEMBER:
            return _refused("403")
        shown = [self._as_post(post) for post in self.shown() if post.body["author"] == asked["author"]]
        end = start + min(count, ON_A_PAGE)
        links = [{"rel": "next", "href": f"/rest/posts?start={end}", "type": "application/json"}] if end < len(shown) else []
        return Reply.of(200, {"elements": shown[start:end], "paging": {"start": start, "count": count, "links": links}})

    def _one(self, request: Request, urn: str) -> Reply:
        post = self.standing(urn)
        if post is None:
            return _refused("404")
        return _refused("403") if post.body["author"] == MEMBER else Reply.of(200, self._as_post(post))

    def _edit(self, request: Request, urn: str) -> Reply:
        post = self.standing(urn)
        if post is None:
            return _refused("404")
        try:
            words = _json(request)["patch"]["$set"]["commentary"]
        except (KeyError, TypeError, ValueError) as error:
            return _invalid(f"no patch: {error}")
        wrong = "not a PARTIAL_UPDATE" if request.headers.get("X-RestLi-Method") != "PARTIAL_UPDATE" else _wrong_commentary(words)
        if wrong:
            return _invalid(wrong)
        if not self.edits_silently_nothing:
            self.replace(post, words, post.body | {"commentary": words})
        return Reply(204)

    def _delete(self, request: Request, urn: str) -> Reply:
        self.remove(urn)
        return Reply(204)

    def _as_post(self, post: Post) -> dict[str, Any]:
        at = int(post.moment.timestamp() * 1000)
        kept = {name: value for name, value in post.body.items() if name != "picture"}
        return kept | {"id": post.id, "publishedAt": at, "createdAt": at, "lastModifiedAt": at}

    # Accounts and tokens ----------------------------------------------------------------------------------------------

    def _roles(self, request: Request) -> Reply:
        if request.query.get("q") != "roleAssignee":
            return _invalid("q=roleAssignee")
        roles = [{"organization": PAGE, "role": self.role, "state": "APPROVED", "roleAssignee": MEMBER}]
        others = [{"organization": "urn:li:organization:99", "role": "ANALYST", "state": "APPROVED", "roleAssignee": MEMBER}]
        return Reply.of(200, {"elements": roles + others, "paging": {"start": 0, "count": 10, "links": []}})

    def _organization(self, request: Request, number: str) -> Reply:
        return Reply.of(200, {"id": int(number), "localizedName": self.names[number]}) if number in self.names else _refused("403")

    def _token(self, request: Request) -> Reply:
        form = request.form()
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded" or "Authorization" in request.headers:
            return Reply.of(400, {"error": "invalid_request", "error_description": "a form, without a token"})
        if (form.get("client_id"), form.get("client_secret")) != (APP_ID, APP_SECRET):
            return Reply.of(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
        if request.path == "/oauth/v2/introspectToken":
            active = self.tokens.admits(form.get("token", ""))
            told = {"active": True, "status": "active", "scope": self.granted, "expires_at": 1_900_000_000, "client_id": APP_ID}
            return Reply.of(200, told if active else {"active": False, "status": "revoked"})
        with self.lock:
            if error := self.tokens.grant(form):
                return Reply.of(400, {"error": error, "error_description": "The provided token is invalid"})
            fresh = {"access_token": self.tokens.access, "refresh_token": self.tokens.refresh}
        return Reply.of(200, fresh | {"expires_in": 5_184_000, "refresh_token_expires_in": 31_536_000, "scope": self.granted})


def _wrong_commentary(text: str) -> str:
    """Little text is cut off at the first reserved character that stands bare; the real one says 201 all the same."""
    if not text.strip() or len(text) > MOST["commentary"]:
        return f"commentary has 1 to {MOST['commentary']} characters"
    bare = RESERVED & set(re.sub(r"\{hashtag\|#\|\w+\}|\\[\\|{}@\[\]()<>#*_~]", "", text))
    return f"bare in the commentary: {sorted(bare)}" if bare else ""


def _same(post: Post, other: dict[str, Any]) -> bool:
    return (post.body["author"], post.text, post.link) == (other["author"], other["commentary"], other["content"]["article"]["source"])


def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("Content-Type") != "application/json":
        raise ValueError("the body is not JSON")
    return request.json()


def _refused(name: str, *, message: str = "", **more: Any) -> Reply:
    status, code, number, words = WORDS[name]
    body = {"status": status, "code": code, "message": message or words} | ({"serviceErrorCode": number} if number else {})
    return Reply.of(status, body | more)


def _invalid(what: str) -> Reply:
    return _refused("422", message=f"ERROR :: {what}")


def _duplicate_of(urn: str) -> Reply:
    wrong = [{"code": "DUPLICATE_POST", "description": f"Content is a duplicate of {urn}"}]
    return _refused(
        "422", message=f"Content is a duplicate of {urn}", errorDetails={"inputErrors": wrong}, errorDetailType="com.linkedin.common"
    )


if __name__ == "__main__":
    serve(Linkedin, 8024)
