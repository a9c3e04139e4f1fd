"""Who is told of alerts, on 127.0.0.1: a server of HTTP and one of SMTP that keep what they are sent."""

import socketserver
import ssl
import threading
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class HttpSink(ThreadingHTTPServer):
    """Answers `answers`, one after the other, the last for ever; keeps headers and bodies."""

    def __init__(self, *answers, port=0):
        self.answers, self.taken = list(answers), []
        super().__init__(("127.0.0.1", port), _Taking)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append((self.path, dict(self.headers.items()), body))
        status, headers = self.server.answers[0]
        if len(self.server.answers) > 1:
            self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class MailSink(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as is needed; `refuse` is the reply to a message, if it is to be refused.

    With `tls`, a context, it offers STARTTLS and takes nothing before that; with `at_once` it speaks TLS at once.
    """

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, *, refuse=None, refuse_recipients=False, tls=None, at_once=False):
        self.refuse, self.refuse_recipients, self.tls, self.at_once, self.taken = (
            refuse,
            refuse_recipients,
            tls,
            at_once,
            [],
        )
        super().__init__(("127.0.0.1", 0), _Mailing)

    @property
    def port(self):
        return self.server_address[1]


class _Mailing(socketserver.BaseRequestHandler):
    def handle(self):
        with suppress(OSError, ssl.SSLError), ExitStack() as opened:
            self._handle(opened)

    def _handle(self, opened):
        stream, secure, commands = self.request, False, []
        if self.server.at_once:
            stream, secure = opened.enter_context(self.server.tls.wrap_socket(stream, server_side=True)), True
        lines = opened.enter_context(stream.makefile("rb"))
        say = lambda text: stream.sendall(text.encode() + b"\r\n")  # noqa: E731
        say("220 sink")
        while line := lines.readline():
            command = line.decode().strip()
            commands.append(command)
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                offer = self.server.tls is not None and not secure
                say("250-sink\r\n250 STARTTLS" if offer else "250-sink\r\n250 AUTH PLAIN")
            elif verb == "STARTTLS":
                say("220 go")
                stream, secure = opened.enter_context(self.server.tls.wrap_socket(stream, server_side=True)), True
                lines = opened.enter_context(stream.makefile("rb"))
            elif verb == "AUTH":
                say("235 welcome")
            elif verb == "RCPT" and self.server.refuse_recipients:
                say("550 nobody")
            elif verb == "DATA":
                say("354 go")
                message = b"".join(iter(lines.readline, b".\r\n"))
                if self.server.refuse:
                    say(self.server.refuse)
                    continue
                self.server.taken.append((commands, message, secure))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")
