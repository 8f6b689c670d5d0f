"""Enforces HTTP/1.1 by the standards (RFC 9110, RFC 9112): what h11 reads and should not is refused here, before any other code sees it.

Each refusal is an `h11.RemoteProtocolError` with the status to answer; after it the connection ends.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

import h11

HEADER_BYTES = 16 << 10  # of a request's line and headers together, and of any line inside a chunked body
HEADERS = 100
TARGET_BYTES = 8_000  # what RFC 9112, section 3, asks a server to take
CHUNKS, CHUNK_BYTES = 1_000, 32  # a body in more chunks than this has at least so many bytes in each, on average
# If two of these headers came, another program might read the other one.
ONCE = frozenset({b"authorization", b"content-type", b"forewarn-acting-for", b"host", b"idempotency-key"})

_host = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]*)?").fullmatch
_origin = re.compile(rb"https?://[^/?#]*", re.IGNORECASE).match

Headers = list[tuple[bytes, bytes]]  # names in lower case
Refusal = tuple[HTTPStatus, str]


class Wire(h11.Connection):
    """Is h11's side of a server's connection, strict where h11 is lenient; `refusal` is what the last error said."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEADER_BYTES)
        self._chunks = self._bytes = 0
        self.refusal: Refusal = (HTTPStatus.BAD_REQUEST, "")
        self.answers_have_bodies = True

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Returns h11's next event. Raises `RemoteProtocolError` for what h11 lets pass."""
        try:
            event = super().next_event()
            if type(event) is h11.Data:
                self._count(event)
            elif type(event) is h11.Request:
                self._chunks = self._bytes = 0
                self.answers_have_bodies = event.method != b"HEAD"
                return _checked(event)
        except h11.RemoteProtocolError as error:
            self.refusal = (HTTPStatus(error.error_status_hint), str(error))
            raise error.with_traceback(None)  # noqa: B904  h11's frames hold the error that holds them
        return event

    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self.answers_have_bodies = True

    def _count(self, data: h11.Data) -> None:
        """Counts chunks: a body in a million chunks of one byte would be read for seconds without a pause."""
        self._chunks += data.chunk_start
        self._bytes += len(data.data)
        if self._chunks > CHUNKS and self._bytes < self._chunks * CHUNK_BYTES:
            raise _refused(HTTPStatus.BAD_REQUEST, f"chunks of a body have {CHUNK_BYTES} bytes or more")


def _checked(request: h11.Request) -> h11.Request:
    """Returns the request, its target in origin form."""
    headers = [(name.lower(), value) for name, value in request.headers.raw_items()]
    for rule in RULES:
        if found := rule(request, headers):
            raise _refused(*found)
    if request.target.startswith(b"/") or (origin := _origin(request.target)) is None:
        return request
    path = request.target[origin.end() :]
    return replace(request, target=path if path.startswith(b"/") else b"/" + path)


def _refused(status: HTTPStatus, why: str) -> h11.RemoteProtocolError:
    return h11.RemoteProtocolError(why, error_status_hint=status)


def version(request: h11.Request, _: Headers) -> Refusal | None:
    """Refuses another major version, which is another protocol (RFC 9110, section 2.5)."""
    return None if request.http_version[:2] == b"1." else (HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here")


def size(request: h11.Request, headers: Headers) -> Refusal | None:
    """Refuses headers that are too large: what arrives in one piece is as bounded as what arrives in several (RFC 6585, section 5)."""
    if len(request.target) > TARGET_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG, f"a target may have {TARGET_BYTES} bytes"
    if len(headers) > HEADERS or sum([len(name) + len(value) for name, value in headers]) > HEADER_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"there may be {HEADERS} headers of {HEADER_BYTES} bytes together"
    return None


def framing(request: h11.Request, headers: Headers) -> Refusal | None:
    """Refuses two lengths, or a coding that HTTP/1.0 has not: others may see another end of the body (RFC 9112, section 6.1)."""
    names = {name for name, _ in headers}
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0"):
        return HTTPStatus.BAD_REQUEST, "Transfer-Encoding comes without Content-Length, and not in HTTP/1.0"
    return None


def single(_: h11.Request, headers: Headers) -> Refusal | None:
    """Refuses a header that comes twice and is no list (RFC 9110, section 5.3)."""
    names = [name for name, _ in headers if name in ONCE]
    return (HTTPStatus.BAD_REQUEST, f"twice among the headers: {b', '.join(names).decode()}") if len({*names}) < len(names) else None


def host(_: h11.Request, headers: Headers) -> Refusal | None:
    """Refuses a Host that is no authority (RFC 9112, section 3.2). What it says is used for nothing."""
    fine = all(_host(value) for name, value in headers if name == b"host")
    return None if fine else (HTTPStatus.BAD_REQUEST, "Host is not a host")


def target(request: h11.Request, _: Headers) -> Refusal | None:
    """Refuses a target other than a path, a whole http address, or for OPTIONS an asterisk (RFC 9112, section 3.2).

    Nothing is tunnelled: CONNECT has no target here.
    """
    asked = request.target
    known = asked.startswith(b"/") or _origin(asked) or (asked == b"*" and request.method == b"OPTIONS")
    return None if known else (HTTPStatus.BAD_REQUEST, "the target is neither a path nor an http address")


RULES: tuple[Callable[[h11.Request, Headers], Refusal | None], ...] = (version, size, framing, single, host, target)
