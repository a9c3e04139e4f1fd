"""uvicorn's HTTP protocol, held to what it is lax about: the size of a head, the time for one, who does not read."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from uvicorn._types import ASGI3Application, ASGISendCallable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES: Final = 64 << 10
"""Bytes of request line and headers, and of what came with them in one read; beyond it the connection is closed."""

HEAD_SECONDS: Final = 15.0
"""Time from the opening of a connection to the end of its first head; later ones have uvicorn's keep-alive limit."""


READING_SECONDS: Final = 30.0
"""Time in which a peer has to take what waits for it, down to a few KiB; one that does not is gone."""

WHOLE_BODY: Final = "omega.body"
"""An extension of the scope: has the `body`, where all of it came before anybody was told of the request."""

_CONTROLS: Final = bytes([*range(0x20), 0x7F])
_CARED_FOR: Final = (b"\r\nconnection:", b"\r\ntransfer-encoding:")  # by uvicorn


class HttpProtocol(HttpToolsProtocol):
    """Closes connections whose head is too long, or does not come; hands over in one what came, or goes, in one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head: int | None = 0  # bytes of the head so far; None inside a body
        self._late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_one = False  # nobody has been told yet of the request that is being read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._in_time()
        self._read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the clock for a peer that does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop it."""
        self._read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head."""
        if self._head is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.transport.close()
                return
        super().data_received(data)
        self._in_one = False

    def on_url(self, url: bytes) -> None:
        """Refuse a fragment, which no request has (RFC 9112, section 3.2): what is judged would lack it.

        Raises:
            ValueError: there is one; the caller gets 400.
        """
        if b"#" in url:
            raise ValueError("a fragment")
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """Count no further until the next request."""
        self._head = None
        self._in_one = True
        self._in_time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count again."""
        self._head = 0
        if self._in_one:
            self.scope["extensions"] = {WHOLE_BODY: {"body": bytes(self.cycle.body)}}
        super().on_message_complete()

    def close_after_answer(self) -> None:
        """Have the answer that is on its way, if there is one, be the last."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # The cycle must not refer to what refers to it: each request would then wait for the collector of garbage.
        super()._start_asgi_task(cycle, lambda scope, receive, send: app(scope, receive, _Sending(cycle, send).send))

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Sending:
    """Has an answer that is whole leave in one write; any other is left to uvicorn."""

    __slots__ = ("_cycle", "_send", "_start")

    def __init__(self, cycle: RequestResponseCycle, send: ASGISendCallable) -> None:
        self._cycle, self._send = cycle, send
        self._start: MutableMapping[str, Any] | None = None

    async def send(self, message: Any) -> None:
        """See the ASGI specification."""
        if self._start is None and message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if self._sent(start, message):
                return
            await self._send(start)  # type: ignore[arg-type]
        await self._send(message)

    def _sent(self, start: MutableMapping[str, Any], message: MutableMapping[str, Any]) -> bool:
        """Send an answer of one part, if nothing about it or its connection is out of the ordinary."""
        cycle, headers, body = self._cycle, start["headers"], message.get("body", b"")
        if cycle.default_headers or cycle.disconnected or cycle.flow.write_paused or not cycle.keep_alive:
            return False
        if message.get("more_body") or cycle.scope["method"] == "HEAD":
            return False
        lines = [STATUS_LINE[start["status"]], *[b"%b: %b\r\n" % header for header in headers], b"\r\n"]
        head = b"".join(lines)
        if len(head.translate(None, _CONTROLS)) != len(head) - 2 * len(lines):
            return False  # more than line ends: uvicorn refuses it
        if (b"content-length", b"%d" % len(body)) not in headers or any(name in head for name in _CARED_FOR):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(head + body)
        cycle.message_event.set()
        cycle.on_response()
        return True
