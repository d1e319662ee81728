"""Noticeboard: a small social network of our own.

python -m tests.fakes.noticeboard --port 8020 --state notices.jsonl

POST   /notices    {"author", "text", "link", "image", "alt"} -> 201 {"id", "url"}; 409 {"id"} where it refuses duplicates
GET    /notices    ?author=&since=&page=1 -> {"notices": [...], "next": 2 or null}, newest first
DELETE /notices/5  -> 204
POST   /pictures   {"address"} -> 201 {"id"}
GET    /n/5        the notice as a page
GET    /me         whose token this is
GET    /consent    asks a person; POST /token gives tokens: tests/fakes/grants.py
"""

from datetime import datetime
from html import escape
from typing import Any

from tests.fakes.grants import Grants, Refusal
from tests.fakes.network import REFUSALS, Network, Post, Reply, Request, serve

PAGE = 10
MOST = 500  # characters in a text
WORDS = {
    401: "no such token",
    403: "this account may not post",
    404: "no such board",
    422: "not like this",
    429: "slow down",
    500: "something broke",
    503: "closed",
}


class Noticeboard(Network):
    refusals = REFUSALS | {"ghost": "refused as a duplicate of a notice that does not exist"}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.addresses: list[str] = []
        """Of pictures."""
        self.grants = Grants()
        self.authors = [{"id": "postlark", "name": "Postlark"}]

    def kind(self, request: Request) -> str:
        match request.method, request.path.split("/")[1]:
            case "GET", "notices":
                return "list"
            case "POST", "notices":
                return "post"
            case "POST", "pictures":
                return "upload"
            case "DELETE", _:
                return "delete"
            case "POST", "token":
                return "token"
        return "read"

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/n/"):
            return self._page(request.path.removeprefix("/n/"))
        if request.path == "/consent":
            return self.grants.page(request.query)
        if request.path == "/token":
            return self._grant(request)
        if not self._admits(request.headers.get("Authorization", "")):
            return _refused(401)
        match request.method, request.path:
            case "GET", "/notices":
                return self._list(request.query)
            case "GET", "/me":
                until = self.grants.until.isoformat() if self.grants.until else None
                return Reply.of(
                    200, {"id": "7", "name": "The Practice", "scopes": self.grants.scopes, "until": until, "authors": self.authors}
                )
            case "POST", "/notices":
                return self._post({key: str(request.json().get(key, "")) for key in ("author", "text", "link", "image", "alt")})
            case "POST", "/pictures":
                self.addresses.append(str(request.json().get("address", "")))
                return Reply.of(201, {"id": f"picture-{len(self.addresses)}"})
            case "DELETE", path:
                return Reply(204) if self.remove(path.rpartition("/")[2]) else _refused(404)
        return Reply.of(404, {"error": "no such page"})

    def _admits(self, authorization: str) -> bool:
        """A board without tokens is open to everybody; one that has given tokens by consent knows those too."""
        said = authorization.removeprefix("Bearer ")
        return self.grants.knows(said) if self.grants.strict else said == self.token or not self.token or self.grants.knows(said)

    def _grant(self, request: Request) -> Reply:
        try:
            return Reply.of(200, self.grants.grant(request.json(), request.headers.get("Authorization", "")))
        except Refusal as refusal:
            return Reply.of(401, {"error": str(refusal)})

    def refusal(self, name: str, seconds: float, request: Request) -> Reply:
        if name == "echo":
            return Reply.of(422, {"error": f"not with {request.headers['Authorization']}"})
        if name == "ghost":
            return _refused_twin("999999")
        return _refused(int(name[:3]), **({"Retry_After": f"{seconds:.0f}"} if name in ("429", "503") else {}))

    def _post(self, notice: dict[str, str]) -> Reply:
        if not notice["text"].strip() or len(notice["text"]) > MOST:
            return Reply.of(422, {"error": f"a text has 1 to {MOST} characters"})
        with self.lock:
            twin = next((post for post in self.all_standing() if self.refuses_duplicates and _same(post, notice)), None)
            if twin:
                return _refused_twin(twin.id)
            post = self.commit(str(len(self.posts) + 1), notice["text"], notice["link"], notice)
        return Reply.of(201, {"id": post.id, "url": f"{self.url}/n/{post.id}"})

    def _list(self, query: dict[str, str]) -> Reply:
        since = datetime.fromisoformat(query.get("since") or "2000-01-01T00:00:00+00:00")
        author = query.get("author", "postlark")
        shown = [
            post.body | {"id": post.id, "at": post.at, "url": f"{self.url}/n/{post.id}"}
            for post in self.shown()
            if post.body["author"] == author and post.moment >= since
        ]
        page = int(query.get("page", "1"))
        last = page * PAGE
        return Reply.of(200, {"notices": shown[last - PAGE : last], "next": page + 1 if len(shown) > last else None})

    def _page(self, number: str) -> Reply:
        post = self.standing(number)
        if post is None:
            return _refused(404)
        image, alt = escape(post.body["image"]), escape(post.body["alt"])
        picture = f'<p><img src="{image}" alt="{alt}"></p>' if image else ""
        return Reply.page(post.body["author"], f"<p>{escape(post.text)}</p><p>{escape(post.link)}</p>{picture}")


def _same(post: Post, notice: dict[str, Any]) -> bool:
    return (post.body["author"], post.text, post.link) == (notice["author"], notice["text"], notice["link"])


def _refused(status: int, **headers: str) -> Reply:
    return Reply.of(status, {"error": WORDS[status]}, **headers)


def _refused_twin(number: str) -> Reply:
    return Reply.of(409, {"error": "you have posted this already", "id": number})


if __name__ == "__main__":
    serve(Noticeboard, 8020)
