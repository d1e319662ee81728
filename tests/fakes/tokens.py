"""What the networks' stand-ins know of apps, consent and tokens (OAuth 2, code flow)."""

from base64 import b64encode
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from tests.fakes.network import Reply, Request

APP_ID, APP_SECRET = "app-1", "app-secret-never-shown"


@dataclass
class Tokens:
    """Of one account. Where `access` is empty, whatever comes is let in, as long as it has not ended here."""

    access: str = ""
    refresh: str = ""
    rotates: bool = True
    """A renewal ends the refresh token, and the access token with it."""
    renewed: int = 0
    ended: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    """code -> the redirect_uri it was given for."""

    def admits(self, token: str) -> bool:
        return bool(token) and token not in self.ended and (not self.access or token == self.access)

    def expire(self) -> None:
        """The access token's time is over."""
        self.ended.add(self.access)
        self.access = "nobody has this one"

    def consent(self, query: dict[str, str], separator: str) -> Reply:
        """The network's page that asks; "Allow" leads back with a code."""
        missing = [name for name in ("client_id", "redirect_uri", "response_type", "scope", "state") if not query.get(name)]
        if missing or query["response_type"] != "code":
            return Reply.page("Something is missing", f"<p>{', '.join(missing)}</p>", 400)
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = query["redirect_uri"]
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in query["scope"].split(separator))
        links = {"Allow": {"code": code}, "Deny": {"error": "access_denied"}}
        buttons = "".join(
            f'<p><a href="{escape(query["redirect_uri"] + "?" + urlencode(answer | {"state": query["state"]}))}">{word}</a></p>'
            for word, answer in links.items()
        )
        return Reply.page("An app asks for access", f"<ul>{scopes}</ul>{buttons}")

    def grant(self, form: dict[str, str]) -> str:
        """Carries a grant out; the error where there is one."""
        match form.get("grant_type"):
            case "authorization_code":
                if self.codes.pop(form.get("code", ""), None) != form.get("redirect_uri"):
                    return "invalid_grant"
            case "refresh_token":
                token = form.get("refresh_token", "")
                if not token or token in self.ended or (self.refresh and token != self.refresh):
                    return "invalid_grant"
                if self.rotates:
                    self.ended |= {token, self.access} - {""}
            case _:
                return "unsupported_grant_type"
        self.renewed += 1
        self.access = f"access-{self.renewed}-never-shown"
        if self.rotates or not self.refresh:
            self.refresh = f"refresh-{self.renewed}-never-shown"
        return ""


def bearer(request: Request) -> str:
    kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
    return token if kind == "Bearer" else ""


def is_app(request: Request) -> bool:
    """By Basic authentication."""
    expected = b64encode(f"{APP_ID}:{APP_SECRET}".encode()).decode()
    return request.headers.get("Authorization") == f"Basic {expected}"
