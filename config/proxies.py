"""Who asked, and over what, when a proxy stands before us."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

Network = IPv4Network | IPv6Network
_SAID_BY_PROXIES = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


class TrustedProxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto from the networks it is given, and takes them away from all others."""

    def __init__(self, application: Callable[..., Iterable[bytes]], networks: Sequence[Network]) -> None:
        self._application = application
        self._networks = networks

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        said = {name: environ.pop(name, "") for name in _SAID_BY_PROXIES}
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._client(said["HTTP_X_FORWARDED_FOR"]) or environ["REMOTE_ADDR"]
            if said["HTTP_X_FORWARDED_PROTO"] in ("http", "https"):
                environ["wsgi.url_scheme"] = said["HTTP_X_FORWARDED_PROTO"]
        return self._application(environ, start_response)

    def _client(self, forwarded_for: str) -> str:
        """The nearest address that is not one of our proxies: what stands left of it anybody can have written."""
        for address in reversed([part.strip() for part in forwarded_for.split(",")]):
            if not self._trusts(address):
                return address if _is_address(address) else ""
        return ""

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
