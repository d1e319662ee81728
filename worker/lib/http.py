"""The one door through which Postlark asks other machines.

Each call opens a connection of its own, is over within its total time, reads no more than it was told to, and goes to no
address on a private network unless allowed. Nothing is repeated, no proxy or password is taken from the environment.
"""

import json as jsonlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse, IncompleteRead
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

USER_AGENT = "Postlark (announces new blog posts)"
_REDIRECTS = {301, 302, 303, 307, 308}
_PIECE = 65536
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status. `headers` are found in any case of letters; `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


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
    on the public internet. `redirects`: how many may be followed, GET only; every hop is checked like the first.
    """
    ends = time.monotonic() + timeout
    sent_headers = CaseInsensitiveDict({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate", **(headers or {})})
    if json is not None:
        body = jsonlib.dumps(json)
        sent_headers.setdefault("Content-Type", "application/json")
    for _ in range(redirects + 1):
        call = _Call(url, ends, timeout, private)
        answer = call.make(method, sent_headers, body, max_bytes)
        target = answer.headers.get("location")
        if not redirects or method != "GET" or answer.status not in _REDIRECTS or not target:
            return answer
        url = _target(url, target)
        if urlsplit(url).netloc != urlsplit(answer.url).netloc:
            sent_headers.pop("Authorization", None)
    raise NoAnswer(f"{call.host} sends us on from one address to the next, more than {redirects} times.", sent=True)


class _Call:
    """One request: where it may go, by when it must be over, and whether a byte of it can have left."""

    def __init__(self, url: str, ends: float, timeout: float, private: bool) -> None:
        try:
            parts = urlsplit(url)
            self.host = parts.hostname or ""
        except ValueError:
            self.host = ""
        if not self.host or parts.scheme not in ("http", "https"):
            raise NoAnswer("The address is not one that begins with https:// or http:// and a host name.", sent=False)
        self.url = url
        self.private = private
        self.connected = False
        self.late = False
        self._ends = ends
        self._seconds = f"{timeout:g} seconds"
        self._timer: threading.Timer | None = None
        self._twin: socket.socket | None = None

    def make(self, method: str, headers: Mapping[str, str], body: bytes | str | None, max_bytes: int) -> Answer:
        try:
            prepared = requests.Request(method, self.url, headers=dict(headers), data=body).prepare()
            with _Adapter(self) as adapter:
                response = adapter.send(prepared, stream=True, timeout=self.remaining())
                content = self._read(response.raw, max_bytes)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._no_answer(error) from None
        finally:
            self._unwatch()
        if self.late:
            raise self._too_late()
        return Answer(response.status_code, response.headers, content, self.url)

    def remaining(self) -> float:
        """Seconds left; NoAnswer when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._too_late()
        return left

    def open(self, host: str, port: int) -> socket.socket:
        """A socket connected to an address that was looked up once and checked."""
        failure: OSError | None = None
        for family, address in self._allowed(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self.remaining())
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                self._watch(sock)
                return sock
        raise self._no_answer(failure) from None

    def secured(self, error: Exception) -> NoAnswer:
        """The TLS handshake failed: nothing of the request has been sent."""
        if self.late or isinstance(error, TimeoutError):
            return self._too_late()
        reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it does not speak TLS as it should"
        return NoAnswer(f"{self.host} could not prove who it is: {reason}.", sent=False)

    def _allowed(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        found = self._resolve(host, port)
        allowed = [(family, address) for family, address in found if self.private or _is_public(address[0])]
        if not allowed:
            raise NoAnswer(
                f"{self.host} leads to {found[0][1][0]}, an address on a private network; Postlark goes there only where that is allowed.",
                sent=False,
            )
        return allowed

    def _resolve(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        """In a thread, because the system's resolver takes no time limit."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
        try:
            found: list[tuple[socket.AddressFamily, Any]] = answers.get(timeout=self.remaining())
        except queue.Empty:
            raise self._too_late() from None
        if not found:
            raise NoAnswer(f"There is no machine by the name of {self.host}.", sent=False)
        return found

    def _watch(self, sock: socket.socket) -> None:
        """Cut the line when time is up: time-outs on the socket only count from byte to byte.

        The twin shares the connection, so the cut also reaches it inside TLS, where the socket itself has been taken over.
        """
        self._twin = sock.dup()
        self._timer = threading.Timer(self.remaining(), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.late = True
        if self._twin:
            with suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)

    def _unwatch(self) -> None:
        if self._timer and self._twin:
            self._timer.cancel()
            self._timer.join()
            self._twin.close()

    def _read(self, raw: BaseHTTPResponse, max_bytes: int) -> bytes:
        pieces = bytearray()
        with raw:
            while piece := raw.read(_PIECE, decode_content=True):
                pieces += piece
                if max(len(pieces), raw.tell()) > max_bytes:
                    raise NoAnswer(f"{self.host} sent more than {max_bytes / 1e6:g} MB, which is more than Postlark reads.", sent=True)
        return bytes(pieces)

    def _too_late(self) -> NoAnswer:
        what = "did not answer in full" if self.connected else "could not be reached"
        return NoAnswer(f"{self.host} {what} within {self._seconds}.", sent=self.connected)

    def _no_answer(self, error: Exception | None) -> NoAnswer:
        if self.late or isinstance(error, TimeoutError | requests.Timeout):
            return self._too_late()
        if self.connected:
            return NoAnswer(f"{self.host} broke off before its answer was complete.", sent=True)
        if isinstance(error, ConnectionRefusedError):
            return NoAnswer(f"{self.host} refused the connection: nothing listens there.", sent=False)
        return NoAnswer(f"{self.host} could not be reached.", sent=False)


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise NoAnswer(f"{urlsplit(url).hostname} sends us on to something that is no address.", sent=True) from None


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


class _PlainConnection(HTTPConnection):
    """`_new_conn` is urllib3's one place that opens a socket. It is private there, so a test holds it to that."""

    response_class = _WholeHead

    def __init__(self, *args: Any, call: _Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = call

    def _new_conn(self) -> socket.socket:
        return self.call.open(self._dns_host, self.port or self.default_port)

    def connect(self) -> None:
        super().connect()
        self.call.connected = True


class _SecureConnection(HTTPSConnection):
    response_class = _WholeHead

    def __init__(self, *args: Any, call: _Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = call

    def _new_conn(self) -> socket.socket:
        return self.call.open(self._dns_host, self.port or self.default_port)

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, HTTPError) as error:
            raise self.call.secured(error) from None
        self.call.connected = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Sends one call's request. Used without a Session: no cookies, no redirects, nothing from the environment."""

    def __init__(self, call: _Call) -> None:
        self._call = call
        super().__init__()

    def __enter__(self) -> "_Adapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.conn_kw["call"] = self._call
        return pool

    def cert_verify(self, *args: Any) -> None:
        """`_tls` verifies already; requests would read the authorities' file again for every connection."""


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
