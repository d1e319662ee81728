"""The one door through which Postlark asks other machines.

Each call opens a connection of its own, is over within its total time, reads no more than it was told to, and goes to no
address on a private network unless allowed. Nothing is repeated, no proxy or password is taken from the environment.

It stands on urllib3's connections without requests' session around them: half the CPU of each call.
"""

import json as jsonlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException, HTTPResponse, IncompleteRead
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, cast
from urllib.parse import unquote, urljoin, urlsplit

import certifi
from urllib3 import BaseHTTPResponse, HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as SlowError
from urllib3.util import Url, make_headers, parse_url

USER_AGENT = "Postlark (announces new blog posts)"
_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
_PIECE = 65536
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status. `headers` are found in any case of letters; `url` is where it came from in the end.

    `moved`: where nothing but permanent redirects (301, 308) have led, if they have.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved: str = ""


class NoAnswer(Exception):
    """No whole answer came. `sent` is False only when certainly no byte of the request has reached the server."""

    def __init__(self, sentence: str, sent: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.sent = sent


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    timeout: float = 15.0,
    max_bytes: int = 10_000_000,
    private: bool = False,
    redirects: int = 0,
) -> Answer:
    """One request and its whole answer within `timeout` seconds in total, or NoAnswer.

    `max_bytes` holds for what comes over the wire and for what it unpacks to. `private` allows addresses that are not
    on the public internet. `redirects`: how many may be followed, GET only; every hop is checked like the first, and none
    leads in a circle or from https to http.
    """
    ends = time.monotonic() + timeout
    sent_headers = HTTPHeaderDict({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"})
    sent_headers.update(headers or {})
    if json is not None:
        body = jsonlib.dumps(json)
        sent_headers.setdefault("Content-Type", "application/json")
    been, moved, permanent = {url}, "", True
    for _ in range(redirects + 1):
        answer = _Call(url, ends, timeout, private).make(method, sent_headers, body, max_bytes)
        target = answer.headers.get("location")
        if not redirects or method != "GET" or answer.status not in _REDIRECTS or not target:
            return replace(answer, url=url, moved=moved)
        url, before = _target(url, target, been), url
        if urlsplit(url).netloc != urlsplit(before).netloc:
            sent_headers.discard("Authorization")
        permanent = permanent and answer.status in _PERMANENT
        moved = url if permanent else moved
    raise NoAnswer(f"{_host(before)} sends us on from one address to the next, more than {redirects} times.", sent=True)


def told_to_wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What Retry-After says, in seconds or as a date (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3). None: nothing of use."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal() and len(said) < 9:
        return timedelta(seconds=int(said))
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))


def _target(url: str, location: str, been: set[str]) -> str:
    """Where the redirect leads; NoAnswer where Postlark does not follow."""
    try:
        target = urljoin(url, location)
        before, after = urlsplit(url).scheme, urlsplit(target).scheme
    except ValueError:
        raise NoAnswer(f"{_host(url)} sends us on to something that is no address.", sent=True) from None
    if not target.isprintable() or " " in target:
        raise NoAnswer(f"{_host(url)} sends us on to something that is no address.", sent=True)
    if target in been:
        raise NoAnswer(f"{_host(url)} sends us round in a circle, from one address to the next and back.", sent=True)
    if before == "https" and after == "http":
        raise NoAnswer(f"{_host(url)} sends us on from https to http, where anybody on the way could change what we read.", sent=True)
    been.add(target)
    return target


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


class _Call:
    """One request: where it may go, by when it must be over, and whether a byte of it can have left."""

    def __init__(self, url: str, ends: float, timeout: float, private: bool) -> None:
        try:
            self.url = parse_url(url)
        except (HTTPError, ValueError):
            self.url = Url()
        self.host = (self.url.host or "").strip("[]")
        if not self.host or self.url.scheme not in ("http", "https"):
            raise NoAnswer("The address is not one that begins with https:// or http:// and a host name.", sent=False)
        self.private = private
        self.connected = False
        self._ends = ends
        self._seconds = f"{timeout:g} seconds"

    def make(self, method: str, headers: HTTPHeaderDict, body: bytes | str | None, max_bytes: int) -> Answer:
        line = (_SecureConnection if self.url.scheme == "https" else _PlainConnection)(self)
        try:
            line.request(method, self.url.request_uri, body, self._signed_in(headers), preload_content=False)
            with line.getresponse() as response:
                content = self._read(response, max_bytes)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise self._no_answer(error) from None
        finally:
            line.close()
        return Answer(response.status, response.headers, content, str(self.url))

    def _signed_in(self, headers: HTTPHeaderDict) -> Mapping[str, str]:
        """A name and password in the address are for the server to ask for."""
        if not self.url.auth or "Authorization" in headers:
            return headers
        return {**make_headers(basic_auth=unquote(self.url.auth)), **headers}

    def remaining(self) -> float:
        """Seconds left; NoAnswer when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._too_late()
        return left

    def open(self, host: str, port: int) -> "_Socket":
        """A socket connected to an address that was looked up once and checked."""
        failure: OSError | None = None
        for family, address in self._allowed(host, port):
            sock = _Socket(family, socket.SOCK_STREAM)
            sock.call = self
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self.remaining())
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise self._no_answer(failure) from None

    def secured(self, error: Exception) -> NoAnswer:
        """The TLS handshake failed: nothing of the request has been sent."""
        if isinstance(error, TimeoutError | SlowError):
            return self._too_late()
        reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it does not speak TLS as it should"
        return NoAnswer(f"{self.host} could not prove who it is: {reason}.", sent=False)

    def _allowed(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        found = self._resolve(host, port)
        allowed = [(family, address) for family, address in found if self.private or _is_public(address[0])]
        if not allowed:
            raise NoAnswer(
                f"{self.host} leads to {found[0][1][0]}, an address on a private network; Postlark goes there only where allow_private_addresses in the blog's file lets it.",
                sent=False,
            )
        return allowed

    def _resolve(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        """In a thread, because the system's resolver takes no time limit; an address in numbers needs none."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        if _in_numbers(host):
            _look_up(host, port, answers)
        else:
            threading.Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
        try:
            found: list[tuple[socket.AddressFamily, Any]] = answers.get(timeout=self.remaining())
        except queue.Empty:
            raise self._too_late() from None
        if not found:
            raise NoAnswer(f"There is no machine by the name of {self.host}.", sent=False)
        return found

    def _read(self, response: BaseHTTPResponse, max_bytes: int) -> bytes:
        """Unpacked piece by piece, so that a small answer that unpacks to a huge one is noticed before it is unpacked."""
        pieces = bytearray()
        while piece := response.read(_PIECE, decode_content=True):
            pieces += piece
            if max(len(pieces), response.tell()) > max_bytes:
                raise NoAnswer(f"{self.host} sent more than {max_bytes / 1e6:g} MB, which is more than Postlark reads.", sent=True)
        return bytes(pieces)

    def _too_late(self) -> NoAnswer:
        what = "did not answer in full" if self.connected else "could not be reached"
        return NoAnswer(f"{self.host} {what} within {self._seconds}.", sent=self.connected)

    def _no_answer(self, error: Exception | None) -> NoAnswer:
        if isinstance(error, TimeoutError | SlowError):
            return self._too_late()
        if self.connected:
            return NoAnswer(f"{self.host} broke off before its answer was complete.", sent=True)
        if isinstance(error, ConnectionRefusedError):
            return NoAnswer(f"{self.host} refused the connection: nothing listens there.", sent=False)
        return NoAnswer(f"{self.host} could not be reached.", sent=False)


def _in_numbers(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[Any]") -> None:
    try:
        answers.put([(family, address) for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
    except (OSError, UnicodeError):
        answers.put([])


def _is_public(text: str) -> bool:
    address = ip_address(text)
    inner = _carried(address) if isinstance(address, IPv6Address) else None
    return address.is_global and not address.is_multicast and (inner is None or _is_public(str(inner)))


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64): it is where the packets end."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class _WholeHead(HTTPResponse):
    """http.client takes a line that breaks off among the headers for their end; here it is no answer."""

    def begin(self) -> None:
        stream = self.fp
        self.fp = cast("Any", _Unbroken(stream))
        try:
            super().begin()
        finally:
            if self.fp is not None:  # None: an answer without a body is closed already
                self.fp = stream


class _Unbroken:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._stream.readline(limit)
        if not line.endswith(b"\n") and len(line) != limit:
            raise IncompleteRead(line)
        return line

    def close(self) -> None:
        self._stream.close()


class _InTime:
    """A socket's own time-out counts from byte to byte; here every read and write gets what is left of the whole."""

    call: _Call

    def recv_into(self, *args: Any) -> int:
        cast("Any", self).settimeout(self.call.remaining())
        return int(cast("Any", super()).recv_into(*args))

    def sendall(self, *args: Any) -> None:
        cast("Any", self).settimeout(self.call.remaining())
        cast("Any", super()).sendall(*args)


class _Socket(_InTime, socket.socket):
    pass


class _TLSSocket(_InTime, ssl.SSLSocket):
    pass


class _PlainConnection(HTTPConnection):
    """`_new_conn` is urllib3's one place that opens a socket. It is private there, so a test holds it to that."""

    response_class = _WholeHead

    def __init__(self, call: _Call) -> None:
        super().__init__(call.url.host or "", call.url.port)
        self.call = call

    def _new_conn(self) -> socket.socket:
        return self.call.open(self._dns_host, self.port or self.default_port)

    def connect(self) -> None:
        super().connect()
        self.call.connected = True


class _SecureConnection(HTTPSConnection):
    response_class = _WholeHead

    def __init__(self, call: _Call) -> None:
        context = _tls()
        context.sslsocket_class = _TLSSocket
        super().__init__(call.url.host or "", call.url.port, ssl_context=context)
        self.call = call

    def _new_conn(self) -> socket.socket:
        return self.call.open(self._dns_host, self.port or self.default_port)

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, HTTPError) as error:
            raise self.call.secured(error) from None
        cast("_TLSSocket", self.sock).call = self.call
        self.call.connected = True


@cache
def _tls() -> ssl.SSLContext:
    """Once: reading the authorities' file takes 17 ms."""
    return ssl.create_default_context(cafile=certifi.where())
