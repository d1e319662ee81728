"""anymail words the requests, our own door sends them: one connection each, over in time, nothing followed, nothing repeated."""

import time
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from worker.lib import http
from worker.lib.http import Answer, NoAnswer

ANSWER_WITHIN = 30.0  # seconds
_MOST_BYTES = 5_000_000


class Door:
    """`until`: on time.monotonic(), when the last answer is in or given up. `last`: what came of the latest request; None: none was made."""

    def __init__(self, until: float, *, private: bool) -> None:
        self._until, self._private = until, private
        self.last: Answer | NoAnswer | None = None

    def ask(self, method: str, url: str, **request: Any) -> Answer:
        """Raises NoAnswer."""
        self.last = None
        seconds = max(0.05, min(ANSWER_WITHIN, self._until - time.monotonic()))
        try:
            self.last = http.request(method, url, timeout=seconds, max_bytes=_MOST_BYTES, private=self._private, **request)
        except NoAnswer as error:
            self.last = error
            raise
        return self.last

    def session(self) -> requests.Session:
        """For anymail: whatever it asks for leaves here."""
        session = _Session()
        session.trust_env = False
        session.mount("https://", _Adapter(self))
        session.mount("http://", _Adapter(self))
        return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """A request that sends mail is not made a second time elsewhere."""
        return None


class _Adapter(HTTPAdapter):
    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("accept-encoding", "connection")}
        try:
            answer = self._door.ask(request.method or "", request.url or "", headers=headers, body=request.body)
        except NoAnswer as error:
            raise requests.ConnectionError(error.sentence, request=request) from error
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, answer.url, request
        response.headers.update(answer.headers)
        response.raw = BytesIO(answer.body)
        return response
