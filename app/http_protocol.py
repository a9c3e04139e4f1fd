"""uvicorn's HTTP protocol, held to what it is lax about: the size of a head, the time for one, fragments."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 << 10
"""Bytes of request line and headers, and of what came with them in one read; beyond it the connection is closed."""

HEAD_SECONDS: Final = 15.0
"""Time from the opening of a connection to the end of its first head; later ones have uvicorn's keep-alive limit."""


class HttpProtocol(HttpToolsProtocol):
    """Closes connections whose head is too long, or does not come."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head: int | None = 0  # bytes of the head so far; None inside a body
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head."""
        if self._head is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.transport.close()
                return
        super().data_received(data)

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
        self._in_time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count again."""
        self._head = 0
        super().on_message_complete()

    def close_after_answer(self) -> None:
        """Have the answer that is on its way, if there is one, be the last."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
