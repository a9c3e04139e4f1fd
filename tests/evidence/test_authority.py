import contextlib
import socket
import ssl
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import authority
from evidence.errors import AuthorityError, MalformedError
from tests.evidence.authority import made

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """Answers every connection with the same bytes, then closes it; keeps what it was sent."""

    def __init__(self, reply, tls=None):
        self.reply, self.tls, self.received = reply, tls, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    @property
    def url(self):
        return f"http{'s' * (self.tls is not None)}://127.0.0.1:{self.port}"

    def serve(self):
        while True:
            with contextlib.suppress(OSError):
                connection = self.listening.accept()[0]
                if self.ended.is_set():
                    connection.close()
                    return
                with connection:
                    self.answer(connection)

    def answer(self, connection):
        connection.settimeout(10)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            head = data.partition(b"\r\n\r\n")[0]
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            while len(data) < len(head) + 4 + length:
                data += connection.recv(65536)
            self.received.append(data)
            for part in self.reply if isinstance(self.reply, list) else [self.reply]:
                if isinstance(part, float):
                    self.ended.wait(part)
                else:
                    connection.sendall(part)

    def close(self):
        self.ended.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(10)
        self.listening.close()


@pytest.fixture
def server():
    started = []

    def start(reply, tls=None):
        started.append(Server(reply, tls))
        return started[-1]

    yield start
    for each in started:
        each.close()


def ask(url, *, limit=100, deadline=5.0):
    return authority.post(url, b"question", content_type="text/x-test", limit=limit, deadline=deadline)


def test_a_question_and_its_answer(server):
    running = server(OK)
    answer = ask(f"{running.url}/a/b?c=d")
    assert answer == authority.Answer(status=200, content_type="text/plain", body=b"hi")
    head, _, body = running.received[0].partition(b"\r\n\r\n")
    assert body == b"question"
    assert head.split(b"\r\n") == [
        b"POST /a/b?c=d HTTP/1.1",
        f"host: 127.0.0.1:{running.port}".encode(),
        b"user-agent: omega",
        b"content-type: text/x-test",
        b"content-length: 8",
        b"connection: close",
    ]


def test_a_document_and_where_it_is(server):
    running = server(OK)
    assert authority.get(f"{running.url}/keys", limit=100).body == b"hi"
    assert running.received[0].split(b"\r\n") == [
        b"GET /keys HTTP/1.1",
        f"host: 127.0.0.1:{running.port}".encode(),
        b"user-agent: omega",
        b"connection: close",
        b"",
        b"",
    ]


def test_without_a_path_the_root_is_asked(server):
    running = server(OK)
    ask(running.url)
    assert running.received[0].startswith(b"POST / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        ([b"HTTP/1.1 200 OK\r\nContent-", b"Length: 5\r\n\r\nhel", b"lo"], b"hello"),
    ],
    ids=["until the end", "an old server", "in chunks", "after a continue", "nothing", "in pieces"],
)
def test_answers_of_many_forms(server, reply, expected):
    assert ask(server(reply).url).body == expected


def test_any_status_is_an_answer_and_no_redirect_is_followed(server):
    elsewhere = server(OK)
    running = server(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())
    assert ask(running.url).status == 302
    assert elsewhere.received == []


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + bytes(101),
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes(101),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(100_000),
    ],
    ids=[
        "nothing",
        "another protocol",
        "no status",
        "cut short",
        "no chunk",
        "an endless header",
        "too many headers",
        "a byte too much",
        "a byte too much, unannounced",
        "far too much",
    ],
)
def test_what_is_no_answer(server, reply):
    with pytest.raises(AuthorityError):
        ask(server(reply).url)


@pytest.mark.parametrize(
    "reply",
    [[30.0, OK], [OK[:20], 30.0], [part for byte in OK for part in (bytes([byte]), 0.05)]],
    ids=["silent", "silent in the middle", "a byte at a time"],
)
def test_a_slow_authority(server, reply):
    before = time.monotonic()
    with pytest.raises(AuthorityError, match="did not answer within"):
        ask(server(reply).url, deadline=0.3)
    assert time.monotonic() - before < 10


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(AuthorityError, match="Connection refused"):
        ask(f"http://127.0.0.1:{port}/")


def test_a_deadline_that_has_passed(server):
    with pytest.raises(AuthorityError, match="did not answer within"):
        ask(server(OK).url, deadline=0.0)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    made(
        folder,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        "tls.key",
        "-out",
        "tls.pem",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    return context, folder / "tls.pem"


def test_over_tls(server, tls, monkeypatch):
    context, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(server(OK, context).url).body == b"hi"


def test_a_certificate_that_nobody_trusts(server, tls):
    running = server(OK, tls[0])
    with pytest.raises(AuthorityError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(running.url)
    assert running.received == []


@pytest.mark.parametrize(
    "url", ["http://tsa.example", "https://tsa.example/path?a=b", "http://127.0.0.1:3180/", "http://[::1]:80/tsr"]
)
def test_where_to_ask(url):
    assert authority.parse_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tsa.example",
        "/path",
        "file:///etc/passwd",
        "ftp://tsa.example/",
        "http://",
        "http:///path",
        "http://user:secret@tsa.example/",
        "http://tsa.example/#part",
        "http://tsa.example/a b",
        "http://tsa.example/\r\nx: y",
        "http://tsa.example/ä",
        "http://tsa.example:0/",
        "http://tsa.example:99999/",
        "http://tsa.example:x/",
        "http://[::1/",
    ],
)
def test_where_nobody_is_asked(url):
    with pytest.raises(MalformedError):
        authority.parse_url(url)


@settings(deadline=None)  # a busy machine
@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://h"]))
def test_no_url_raises_another_error(text, start):
    with contextlib.suppress(MalformedError):
        authority.parse_url(start + text)


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: "]))
def test_no_answer_raises_another_error(data, start):
    with contextlib.suppress(AuthorityError):
        authority._parse("POST", start + data, 100)
