from ipaddress import ip_network

import pytest

from config.proxies import TrustedProxies

NETWORKS = [ip_network("10.0.0.0/8"), ip_network("::1")]


def seen(peer: str, **said: str) -> dict[str, str]:
    """The request as the application sees it."""
    kept = {}
    environ = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        **{f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in said.items()},
    }
    TrustedProxies(lambda environ, start: kept.update(environ) or [], NETWORKS)(environ, None)
    return kept


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, <script>", "10.0.0.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", ""),
    ],
)
def test_it_believes_trusted_proxies_only_and_the_nearest_stranger(peer, forwarded_for, client):
    assert seen(peer, **{"for": forwarded_for})["REMOTE_ADDR"] == client


def test_it_believes_the_scheme_of_a_trusted_proxy_only():
    assert seen("10.0.0.1", proto="https")["wsgi.url_scheme"] == "https"
    assert seen("203.0.113.9", proto="https")["wsgi.url_scheme"] == "http"


def test_the_application_never_sees_what_proxies_say():
    environ = seen("203.0.113.9", **{"for": "1.2.3.4", "host": "evil.example", "proto": "https"})
    assert not [name for name in environ if "FORWARDED" in name]
