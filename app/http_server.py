"""uvicorn as the processes of this project run it: on a socket they are handed, until they are told to stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.http_protocol import HttpProtocol

_GRACE = 5  # seconds a request in flight has at shutdown


class HttpServer(uvicorn.Server):
    """A server of one application; SIGTERM and SIGINT end it once what is in flight is answered."""

    def __init__(self, application: Any) -> None:
        """Prepare to serve an ASGI application on the running loop, which takes the signals from here on."""
        config = uvicorn.Config(
            application,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn's own way raises signals again before its caller has let go of things."""
        yield

    def stop(self) -> None:
        """Take no more, answer what is in flight, and return from `serve`."""
        self.should_exit = True
