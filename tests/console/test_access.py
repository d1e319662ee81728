import pytest
from django.test import RequestFactory

from worker.console.access import client_address


@pytest.mark.parametrize(
    ("proxies", "socket", "forwarded", "address"),
    [
        ([], "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (["10.0.0.0/8"], "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (["10.0.0.0/8"], "10.1.2.3", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.1.2.3", "192.0.2.66, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        (["10.0.0.1"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "nonsense", "nonsense"),
        (["::1"], "::1", "2001:db8::1", "2001:db8::1"),
        ([], "", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_socket_unless_a_trusted_proxy_speaks_for_it(settings, proxies, socket, forwarded, address) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=socket, **headers)) == address
