"""Limits the connections of one process: how many there are, how long each waits for its client, and which is closed above the limit.

A connection waits for its client while a request has not arrived, while a request's body is on its way, and while an answer is not taken.
Those that wait have deadlines; and when there are too many connections, the one that has waited longest is closed, so that a new client
gets in. uvicorn has no such limits.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from shared.http.problems import Problem
from shared.http.wire import Wire
from shared.metrics import HTTP_CONNECTIONS, HTTP_REFUSED
from shared.settings import Settings

UNREAD_BYTES = 32 << 20  # of answers that wait to be taken, over all connections
BUFFERED = 16 << 10  # bytes of an answer that do not count as waiting
LEAVING, THROWN_AWAY = 2.0, 8 << 20  # seconds, and bytes, that a client has to notice that its body is not wanted any more

# Clients' mistakes are counted and answered, and not worth a line each.
_quiet = logging.getLogger("uvicorn.error.connection")
_quiet.setLevel(logging.ERROR)


class Connections:
    """Keeps all open connections, and since when each waits for its client: the longest first."""

    def __init__(self, settings: Settings, limit: int) -> None:
        self.settings, self.limit = settings, limit
        self.open: set[Connection] = set()
        self.waiting: dict[Connection, float] = {}
        self.unread: dict[Connection, None] = {}

    def add(self, connection: "Connection", now: float) -> None:
        """Adds a connection; above the limit the one that has waited longest is closed."""
        self.open.add(connection)
        HTTP_CONNECTIONS.inc()  # not set: a process may have two servers
        if len(self.open) > self.limit and self.waiting:
            next(iter(self.waiting)).let_go("connections_full")
        self.wait(connection, now)

    def remove(self, connection: "Connection") -> None:
        if connection in self.open:
            self.open.remove(connection)
            HTTP_CONNECTIONS.dec()
        self.waiting.pop(connection, None)
        self.unread.pop(connection, None)

    def wait(self, connection: "Connection", now: float) -> None:
        """Marks that the connection waits for its client from now on."""
        if connection in self.open:
            self.waiting.pop(connection, None)
            self.waiting[connection] = now

    def answer_waits(self, connection: "Connection") -> None:
        """Marks that an answer is not taken as fast as it is given. If too much is waiting so, what has waited longest is thrown away."""
        self.unread[connection] = None
        sizes = {each: each.unread for each in self.unread}
        total = sum(sizes.values())
        for each, size in sizes.items():
            if total <= UNREAD_BYTES:
                break
            each.let_go("answer_unread")
            total -= size

    def sweep(self, now: float) -> None:
        """Closes the connections whose client has had its time. It is called twice a second."""
        for connection, since in list(self.waiting.items()):
            connection.expire(now - since)


class Connection(H11Protocol):
    """Is one connection, strict about HTTP and about time."""

    def __init__(self, *, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.conn = self._wire = Wire()
        self.logger = _quiet
        self._all, self._settings = connections, connections.settings
        self._left_early, self._thrown_away = False, 0  # closed while its client was still sending, and bytes that came after
        self._deferred = False  # a request has arrived before the answer to the one before it was taken

    @property
    def unread(self) -> int:
        """Returns the bytes of answers that wait to be taken."""
        return self._raw.get_write_buffer_size()

    # ── while it is open ─────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.set_write_buffer_limits(high=BUFFERED)
        super().connection_made(transport)
        self._raw, self.transport = transport, Leaving(transport, self.leave)
        self._all.add(self, self.loop.time())

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            self._thrown_away += len(data)
            if self._thrown_away > THROWN_AWAY:
                self._raw.abort()
            return
        if self.timeout_keep_alive_task is not None:  # it rested, and a request begins to arrive
            self._all.wait(self, self.loop.time())
        super().data_received(data)

    def handle_events(self) -> None:
        """Begins no request while the answer to the one before it is not taken."""
        if self.flow.write_paused and self._resting:
            self._deferred = True
            self.flow.pause_reading()
            return
        super().handle_events()
        if self._whole_request:
            self._all.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        self._all.wait(self, self.loop.time())
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.wait(self, self.loop.time())
        self._all.answer_waits(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all.unread.pop(self, None)
        if self._deferred:
            self._deferred = False
            self.flow.resume_reading()
            self.handle_events()

    @property
    def _resting(self) -> bool:
        """Returns True when no request is under way, though one may be arriving."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _whole_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    # ── its end ──────────────────────────────────────────────────────────────────────────────

    def expire(self, waited: float) -> None:
        """Closes the connection if its client has had its time.

        The reader of a body limits its time, and an idle connection has uvicorn's own timer.
        """
        settings = self._settings
        if self.transport.is_closing():
            if waited > (LEAVING if self._left_early else settings.http_answer_seconds):
                self._raw.abort()
        elif self.flow.write_paused:
            if waited > settings.http_answer_seconds:
                self.let_go("answer_unread")
        elif self._resting and self.timeout_keep_alive_task is None and waited > settings.http_header_seconds:
            HTTP_REFUSED.labels("headers_slow").inc()
            if self.conn.trailing_data[0]:
                self.refuse(Problem(408, f"a request's headers have {settings.http_header_seconds:g} s to arrive"))
            else:
                self.transport.close()

    def let_go(self, reason: str) -> None:
        """Closes the connection at once, whatever is still to be sent or received."""
        self._all.remove(self)
        HTTP_REFUSED.labels(reason).inc()
        self._raw.abort()

    def leave(self) -> None:
        """Closes the connection, in stages if its client may still be sending what we do not want (RFC 9112, section 9.6).

        To close at once would make the kernel reset the connection, and what the client has received and not read is gone. So
        our side is closed first, and what still comes is thrown away for two seconds or 8 MiB.
        """
        self._all.wait(self, self.loop.time())
        unfinished = self.conn.their_state in (h11.SEND_BODY, h11.ERROR) or bool(self.conn.trailing_data[0])
        self._left_early = unfinished or self.flow.read_paused
        if self._left_early:
            self.flow.resume_reading()
            self._raw.write_eof()
        else:
            self._raw.close()

    def refuse(self, problem: Problem) -> None:
        """Answers what is no request, or not all of one, and closes."""
        if self.cycle is not None:  # the handler of the request learns that the client is gone
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = problem.response()
            headers = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=response.status_code, headers=headers, reason=STATUS_PHRASES[response.status_code]),
                h11.Data(data=bytes(response.body) if self._wire.answers_have_bodies else b""),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn says the same of all that h11 refuses
        HTTP_REFUSED.labels("malformed").inc()
        self.refuse(Problem(*self._wire.refusal))

    def _unsupported_upgrade_warning(self) -> None:
        """Stays silent when a client asks for another protocol: it is answered in this one (RFC 9110, section 7.8)."""


class Leaving(asyncio.Transport):
    """Is a connection's transport as uvicorn sees it: closing it makes the connection close in stages."""

    def __init__(self, transport: asyncio.Transport, leave: Callable[[], None]) -> None:
        super().__init__()
        # The connection refers to this: a reference back would keep both until the garbage collector runs, which is seldom.
        self._transport, self._leave, self._left = transport, WeakMethod(leave), False

    def is_closing(self) -> bool:
        return self._left or self._transport.is_closing()

    def close(self) -> None:
        leave = self._leave()
        if leave is not None and not self.is_closing():
            self._left = True
            leave()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
