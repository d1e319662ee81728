"""The door is tried with real servers that misbehave. Only the look-up of names is replaced."""

import base64
import gzip
import re
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.processes import free_port
from worker.lib import http
from worker.lib.http import Answer, NoAnswer, request, told_to_wait

Script = Callable[[socket.socket, bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Mood: calm\r\n\r\nhello"
CERTIFICATE = Path(__file__).with_name("localhost.pem")


@contextmanager
def server(script: Script, *, tls: bool = False) -> Generator[int, None, None]:
    """Reads each request and lets the script answer. Yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def run() -> None:
            while not over.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(10)
                        line = context.wrap_socket(connection, server_side=True) if tls else connection
                        with line:
                            script(line, _request(line))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


def _request(line: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = line.recv(65536)
        received += piece
        if not piece or received.startswith(b"\x16"):  # the first byte of a TLS handshake
            return received
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def says(answer: bytes) -> Script:
    return lambda line, _: line.sendall(answer)


def until_cut(piece: bytes, start: bytes = b"") -> Script:
    """Sends `start`, then `piece` again and again until the other side hangs up."""

    def script(line: socket.socket, _: bytes) -> None:
        line.sendall(start)
        pause = threading.Event()
        for _ in range(1000):
            line.sendall(piece)
            pause.wait(0.01)

    return script


def get(port: int, **options: Any) -> Answer:
    return request("GET", f"http://127.0.0.1:{port}/", private=True, **options)


def refusal(port: int, **options: Any) -> NoAnswer:
    with pytest.raises(NoAnswer) as caught:
        get(port, **options)
    return caught.value


def test_it_gives_back_the_whole_answer_whatever_its_status() -> None:
    with server(says(OK.replace(b"200 OK", b"422 No"))) as port:
        answer = get(port)
    assert (answer.status, answer.body, answer.headers["x-MOOD"]) == (422, b"hello", "calm")


def test_it_sends_json_with_its_own_name_and_no_cookies() -> None:
    seen: list[bytes] = []

    def script(line: socket.socket, received: bytes) -> None:
        seen.append(received)
        line.sendall(OK.replace(b"X-Mood: calm", b"Set-Cookie: a=b"))

    with server(script) as port:
        for _ in range(2):
            request(
                "POST", f"http://127.0.0.1:{port}/things?a=1", json={"word": "ruhe"}, headers={"Authorization": "Bearer x"}, private=True
            )
    assert seen[0] == seen[1]
    assert seen[0].startswith(b"POST /things?a=1 HTTP/1.1\r\n")
    assert b"User-Agent: Postlark" in seen[0]
    assert b"Content-Type: application/json" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"word": "ruhe"}')


def test_it_takes_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with server(says(OK)) as port:
        assert get(port).status == 200


# Time and size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda line, _: line.recv(1), id="silence"),
        pytest.param(until_cut(b"X-Drip: drop\r\n", b"HTTP/1.1 200 OK\r\n"), id="headers drop by drop"),
        pytest.param(until_cut(b"a", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), id="body drop by drop"),
        pytest.param(until_cut(b"a", b"HTTP/1.1 200 OK\r\n\r\n"), id="body without length, drop by drop"),
        pytest.param(until_cut(b"1\r\na\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), id="chunks drop by drop"),
        pytest.param(until_cut(b"HTTP/1.1 100 Continue\r\n\r\n"), id="continue for ever"),
    ],
)
def test_it_is_over_within_its_total_time(script: Script) -> None:
    with server(script) as port:
        error = refusal(port, timeout=0.3)
    assert error.sent
    assert error.sentence == "127.0.0.1 did not answer in full within 0.3 seconds."


def test_it_reads_no_more_than_it_was_told_to() -> None:
    with server(until_cut(b"a" * 65536, b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        error = refusal(port, max_bytes=200_000)
    assert error.sent
    assert error.sentence == "127.0.0.1 sent more than 0.2 MB, which is more than Postlark reads."


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, br"])
def test_a_small_answer_that_unpacks_to_a_huge_one_counts_as_huge(encoding: str) -> None:
    bomb = packed(encoding, b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    tracemalloc.start()
    with server(says(bomb)) as port:
        assert "more than Postlark reads" in refusal(port, max_bytes=1_000_000).sentence
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


PACKED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}


def packed(encoding: str, data: bytes) -> bytes:
    body = PACKED[encoding](data)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(body)) + body


@pytest.mark.parametrize("encoding", PACKED)
def test_it_unpacks_what_is_packed(encoding: str) -> None:
    with server(says(packed(encoding, b"hello"))) as port:
        assert get(port).body == b"hello"


# Half and broken answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closes without a word"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="half a header"),
        pytest.param(OK.partition(b"X-Mood")[0], id="half the headers"),
        pytest.param(OK[:-2], id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="no last chunk"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", id="packed wrongly"),
    ],
)
def test_a_broken_answer_is_none_and_the_request_may_have_arrived(answer: bytes) -> None:
    with server(says(answer)) as port:
        error = refusal(port)
    assert error.sent
    assert error.sentence == "127.0.0.1 broke off before its answer was complete."


def test_it_does_not_repeat_by_itself() -> None:
    seen: list[bytes] = []
    with server(lambda line, received: seen.append(received)) as port:
        refusal(port)
    assert len(seen) == 1


# Not reached ------------------------------------------------------------------------------------------------------------


def test_a_refused_connection_has_sent_nothing() -> None:
    error = refusal(free_port())
    assert not error.sent
    assert error.sentence == "127.0.0.1 refused the connection: nothing listens there."


def test_an_unknown_name_has_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswer, match=re.escape("There is no machine by the name of nowhere.example.")) as caught:
        request("GET", "http://nowhere.example/")
    assert not caught.value.sent


def test_a_look_up_that_hangs_is_part_of_the_total_time(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(30) and [])
    with pytest.raises(NoAnswer, match=re.escape("slow.example could not be reached within 0.2 seconds.")) as caught:
        request("GET", "http://slow.example/", timeout=0.2)
    let_go.set()
    assert not caught.value.sent


@pytest.mark.parametrize(
    "url", ["ftp://blog.example/", "file:///etc/passwd", "http://", "http:///feed", "blog.example/feed", "http://[::1/"]
)
def test_it_takes_web_addresses_only(url: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        request("GET", url, private=True)
    assert not caught.value.sent


def test_a_password_in_the_address_is_not_told() -> None:
    with pytest.raises(NoAnswer) as caught:
        request("GET", f"http://me:hush@127.0.0.1:{free_port()}/?token=hush", private=True)
    assert "hush" not in caught.value.sentence


# Being told to wait -----------------------------------------------------------------------------------------------------


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("Sun, 22 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Sunday, 22-Nov-26 13:00:00 GMT", timedelta(hours=1)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("99999999999999", None),
        ("Sun, 22 Nov 2026 13:00:00 +99999999999999", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: timedelta | None) -> None:
    assert told_to_wait({"Retry-After": value}, NOW) == expected


# Private addresses ------------------------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "10.0.0.5", "172.16.1.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1%1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.5", "64:ff9b::7f00:1", "2002:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("address", PRIVATE)
def test_it_does_not_go_to_private_addresses(monkeypatch: pytest.MonkeyPatch, address: str, scheme: str) -> None:
    names_lead_to(monkeypatch, address)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it connected"))
    with pytest.raises(NoAnswer, match=r"leads to .* private network") as caught:
        request("GET", f"{scheme}://blog.example/")
    assert not caught.value.sent


@pytest.mark.parametrize(
    "url", ["http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://[::ffff:7f00:1]/", "http://localhost/"]
)
def test_nor_when_they_are_disguised(url: str) -> None:
    with pytest.raises(NoAnswer, match="private network"):
        request("GET", url)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_public_addresses_are_public(address: str) -> None:
    assert http._is_public(address)


def test_it_connects_to_the_address_that_was_checked_and_asks_for_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names_lead_to(monkeypatch, "127.0.0.1")
    seen: list[bytes] = []

    def script(line: socket.socket, received: bytes) -> None:
        seen.append(received)
        line.sendall(OK)

    with server(script) as port:
        assert request("GET", f"http://blog.example:{port}/", private=True).status == 200
    assert asked == ["blog.example"]
    assert f"Host: blog.example:{port}".encode() in seen[0]


def test_of_several_addresses_the_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    names_lead_to(monkeypatch, "10.0.0.5", "93.184.215.14", "93.184.215.15")
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NoAnswer):
        request("GET", "http://blog.example/")
    assert tried == ["93.184.215.14", "93.184.215.15"]


def names_lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name leads to these addresses. Returns the names that were looked up."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


# Redirects --------------------------------------------------------------------------------------------------------------


def redirect_to(*targets: str) -> Script:
    waiting = list(targets)

    def script(line: socket.socket, received: bytes) -> None:
        if waiting:
            line.sendall(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % waiting.pop(0).encode())
        else:
            line.sendall(OK.replace(b"hello", received.split(b" ")[1][:5].ljust(5)))

    return script


def test_redirects_are_followed_only_when_asked() -> None:
    with server(redirect_to("/over")) as port:
        assert get(port).status == 302
    with server(redirect_to("/over")) as port:
        answer = get(port, redirects=3)
    assert (answer.status, answer.body, answer.url) == (200, b"/over", f"http://127.0.0.1:{port}/over")


def test_too_many_redirects_are_an_answer_to_nobody() -> None:
    with server(redirect_to(*map("/{}".format, range(10)))) as port:
        error = refusal(port, redirects=3)
    assert error.sentence == "127.0.0.1 sends us on from one address to the next, more than 3 times."


@pytest.mark.parametrize("targets", [["/"], ["/a", "/b", "/a"]])
def test_a_circle_is_noticed(targets: list[str]) -> None:
    with server(redirect_to(*targets)) as port:
        assert refusal(port, redirects=5).sentence == "127.0.0.1 sends us round in a circle, from one address to the next and back."


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [([301], "/0"), ([308, 301], "/1"), ([302], ""), ([302, 301], ""), ([301, 307], "/0"), ([301, 303, 308], "/0"), ([], "")],
)
def test_only_permanent_redirects_move_an_address(statuses: list[int], moved: str) -> None:
    waiting = list(enumerate(statuses))

    def script(line: socket.socket, _: bytes) -> None:
        if not waiting:
            return line.sendall(OK)
        number, status = waiting.pop(0)
        return line.sendall(b"HTTP/1.1 %d On\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % (status, number))

    with server(script) as port:
        answer = get(port, redirects=5)
        assert answer.moved == (moved and f"http://127.0.0.1:{port}{moved}")


def test_every_hop_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_is_public", lambda address: address == "127.0.0.1")
    with (
        server(redirect_to("http://169.254.169.254/latest/meta-data/")) as port,
        pytest.raises(NoAnswer, match=r"169\.254\.169\.254 leads to"),
    ):
        request("GET", f"http://127.0.0.1:{port}/", redirects=3)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://["])
def test_a_redirect_leads_to_web_addresses_only(target: str) -> None:
    with server(redirect_to(target)) as port:
        assert "address" in refusal(port, redirects=3).sentence


def test_a_login_is_not_carried_to_another_host() -> None:
    seen: list[bytes] = []

    def script(line: socket.socket, received: bytes) -> None:
        seen.append(received)
        line.sendall(OK)

    with server(script) as other, server(redirect_to(f"http://127.0.0.1:{other}/")) as port:
        get(port, redirects=1, headers={"Authorization": "Bearer hush"})
    assert b"hush" not in seen[0]


@pytest.mark.usefixtures("trusted")
def test_it_does_not_follow_from_https_to_http() -> None:
    seen: list[bytes] = []
    with (
        server(lambda _, received: seen.append(received)) as plain,
        server(redirect_to(f"http://127.0.0.1:{plain}/"), tls=True) as port,
        pytest.raises(NoAnswer, match="from https to http"),
    ):
        request("GET", f"https://localhost:{port}/", private=True, redirects=3)
    assert seen == []


def test_a_name_and_password_in_the_address_are_given_to_the_server() -> None:
    seen: list[bytes] = []

    def script(line: socket.socket, received: bytes) -> None:
        seen.append(received)
        line.sendall(OK)

    with server(script) as port:
        request("GET", f"http://me:h%40sh@127.0.0.1:{port}/", private=True)
    assert b"uthorization: Basic " + base64.b64encode(b"me:h@sh") in seen[0]


# TLS --------------------------------------------------------------------------------------------------------------------


def secure(port: int) -> Answer:
    return request("GET", f"https://localhost:{port}/", private=True)


def test_a_host_that_cannot_prove_who_it_is_gets_nothing() -> None:
    seen: list[bytes] = []
    with server(lambda _, received: seen.append(received), tls=True) as port, pytest.raises(NoAnswer) as caught:
        secure(port)
    assert not caught.value.sent
    assert caught.value.sentence == "localhost could not prove who it is: self-signed certificate."
    assert not any(seen)


def test_a_host_that_speaks_no_tls_gets_nothing() -> None:
    with server(says(OK)) as port, pytest.raises(NoAnswer, match="does not speak TLS") as caught:
        secure(port)
    assert not caught.value.sent


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(http, "_tls", lambda: context)


@pytest.mark.usefixtures("trusted")
def test_it_speaks_tls_to_the_address_that_was_checked() -> None:
    with server(says(OK), tls=True) as port:
        assert secure(port).body == b"hello"


@pytest.mark.usefixtures("trusted")
def test_the_total_time_holds_inside_tls() -> None:
    with server(until_cut(b"a", b"HTTP/1.1 200 OK\r\n\r\n"), tls=True) as port, pytest.raises(NoAnswer, match="in full within") as caught:
        request("GET", f"https://localhost:{port}/", private=True, timeout=0.5)
    assert caught.value.sent
