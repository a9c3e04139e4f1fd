"""uvicorn as the processes of this project run it: on a socket they are handed, until they are told to stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.http_protocol import HttpProtocol

_GRACE = 5  # seconds a request in flight has at shutdown
_CLOSE = (b"connection", b"close")


class HttpServer(uvicorn.Server):
    """A server of one application; SIGTERM and SIGINT end it once what is in flight is answered.

    SIGTERM ends it later, if it is given time to drain: until then it answers everybody, on new connections too, and
    asks each to go elsewhere next time, so that who balances load can notice and nobody meets a closed port. A second
    signal, or SIGINT, does not wait.
    """

    def __init__(self, application: Any, *, drain: float = 0.0, draining: Callable[[], None] = lambda: None) -> None:
        """Prepare to serve an ASGI application on the running loop, which takes the signals from here on.

        Args:
            application: answers.
            drain: seconds between SIGTERM and the end.
            draining: is called when they begin.
        """
        config = uvicorn.Config(
            application,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,  # its lines are ours
            log_level="error",
            server_header=False,
            proxy_headers=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        config.load()  # now, because it would undo what `drain` does
        super().__init__(config)
        self._drain, self._told = drain, draining
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.TimerHandle | None = None
        self._loop.add_signal_handler(signal.SIGTERM, self.drain)
        self._loop.add_signal_handler(signal.SIGINT, self.stop)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn's own way raises signals again before its caller has let go of things."""
        yield

    def drain(self) -> None:
        """Answer with `connection: close` from now on, and stop when the time is over; at once, if it began before."""
        if not self._drain or self._end is not None:
            self.stop()
            return
        self._told()
        self.config.encoded_headers = [*self.config.encoded_headers, _CLOSE]  # which uvicorn looks at now and then
        self.server_state.default_headers = self.config.encoded_headers
        for connection in self.server_state.connections:
            if isinstance(connection, HttpProtocol):
                connection.close_after_answer()
        self._end = self._loop.call_later(self._drain, self.stop)

    def stop(self) -> None:
        """Take no more, answer what is in flight, and return from `serve`."""
        if self._end is not None:
            self._end.cancel()
        self.should_exit = True
