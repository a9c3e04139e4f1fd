"""A line to an S3 server on which answers are late, lost, torn, wrong, or errors of the service."""

import http.client
import socket
import struct
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>not now</Message></Error>'


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_PUT(self):
        """Pass a request on, or let it meet its fault."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.meet(self.command, self.path)
        if fault is None:
            self._answer(*self._passed_on(body))
        else:
            getattr(self, f"_{fault}")(body)

    do_GET = do_HEAD = do_POST = do_PUT  # noqa: N815 - the names are those of http.server

    def _passed_on(self, body):
        connection = http.client.HTTPConnection(*self.server.target, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status, headers, body, *, until=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        size = {name.lower(): value for name, value in headers}.get("content-length", len(body))
        self.send_header("content-length", size if self.command == "HEAD" else len(body))
        self.end_headers()
        self.wfile.write(body[:until])

    def _error(self, status, code):
        self._answer(status, [("content-type", "application/xml")], ERROR.format(code).encode())

    def _internal_error(self, _):
        self._error(500, "InternalError")

    def _slow_down(self, _):
        self._error(503, "SlowDown")

    def _conflict(self, _):
        self._error(409, "ConditionalRequestConflict")

    def _skewed(self, _):
        self._error(403, "RequestTimeTooSkewed")

    def _reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _done_and_reset(self, body):
        self._passed_on(body)
        self._reset(body)

    def _done_and_error(self, body):
        self._passed_on(body)
        self._internal_error(body)

    def _done_and_late(self, body):
        self._passed_on(body)
        self.server.ending.wait(self.server.late)
        self.close_connection = True

    def _late(self, _):
        self.server.ending.wait(self.server.late)
        self.close_connection = True

    def _half(self, body):
        status, headers, data = self._passed_on(body)
        self._answer(status, headers, data, until=len(data) // 2)
        self.close_connection = True

    def _garbage(self, body):
        self._passed_on(body)
        self._answer(200, [("content-type", "text/html")], b"<html>please log in</html>")

    def _wrong_tags(self, body):
        status, headers, data = self._passed_on(body)
        wrong = {"etag": f'"{"0" * 32}"', "x-amz-checksum-sha256": "A" * 43 + "="}
        self._answer(status, [(name, wrong.get(name.lower(), value)) for name, value in headers], data)


FAULTS = [
    *("internal_error", "slow_down", "conflict", "skewed", "reset", "done_and_reset", "done_and_error"),
    *("done_and_late", "late", "half", "garbage", "wrong_tags"),
]


class Proxy(ThreadingHTTPServer):
    """The line. Faults are met once each."""

    daemon_threads = True

    def __init__(self, server, *, late):
        super().__init__(("127.0.0.1", 0), Handler)
        self.server, endpoint = server, urlsplit(server.options.endpoint)
        self.target = endpoint.hostname, endpoint.port
        self.late, self.ending = late, threading.Event()
        self.faults, self.counted = {}, Counter()
        self._lock = threading.Lock()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"

    def next(self, faults):
        """Have faults be met from now on: what is to happen to the n-th request of a method, or of kind `LIST`."""
        with self._lock:
            self.faults, self.counted = dict(faults), Counter()

    def meet(self, method, path):
        """Count a request; return what is to happen to it."""
        kind = "LIST" if "versions" in urlsplit(path).query else method
        with self._lock:
            self.counted[kind] += 1
            return self.faults.pop((kind, self.counted[kind]), None)

    def handle_error(self, *_):
        """A client that is gone is no error."""


@contextmanager
def fault_proxy(server, *, late):
    """Run a line to `server`; answers that are late are so by `late` seconds."""
    proxy = Proxy(server, late=late)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.ending.set()
        proxy.shutdown()
        thread.join()
        proxy.server_close()
