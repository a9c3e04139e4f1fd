import asyncio
import gc
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app import http_protocol
from app.http_protocol import HttpProtocol


async def application(_, receive, send):
    """Answers with the number of bytes of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"%08d" % size})


@asynccontextmanager
async def connected():
    """Lend a connection to a server with our protocol."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(application, http=HttpProtocol, lifespan="off", log_level="error"))
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # what was not taken is not waited for
            server.should_exit = True
            await serving
            await asyncio.sleep(0)


def run(main):
    return asyncio.run(main())


def posted(size):
    return b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b" ")[1], int(await reader.readexactly(8))


def test_bodies_are_not_counted_as_heads():
    async def main():
        async with connected() as (reader, writer):
            answers = []
            for size in (0, 200_000, 5):
                writer.write(posted(size))
                answers.append(await answer(reader))
            return answers

    assert run(main) == [(b"200", 0), (b"200", 200_000), (b"200", 5)]


@pytest.mark.parametrize("part", [b"a: b\r\n", b"x" * 4096], ids=["many lines", "one line"])
def test_a_head_that_does_not_end_is_cut_off(part):
    async def main():
        async with connected() as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nb: ")
            written = 0
            while not reader.at_eof() and written < 64 << 20:
                writer.write(part * 64)
                written += len(part) * 64
                try:
                    await writer.drain()
                    await asyncio.wait_for(reader.read(1), 0.001)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
            return written

    assert run(main) < 64 << 20


def test_a_connection_that_asks_nothing_is_closed(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)

    async def main():
        async with connected() as (reader, _):
            return await reader.read()

    assert run(main) == b""


def test_a_peer_that_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(http_protocol, "READING_SECONDS", 0.05)
    cut = asyncio.Event()
    lost = HttpProtocol.connection_lost

    def noted(protocol, error):
        lost(protocol, error)
        cut.set()

    monkeypatch.setattr(HttpProtocol, "connection_lost", noted)

    async def main():
        async with answering(parts=(b"x" * 65_536,) * 512) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            reader._transport.pause_reading()
            await cut.wait()
            reader._transport.resume_reading()
            return len(await reader.read())

    assert run(main) < 512 * 65_536


def test_a_peer_that_reads_slowly_gets_all_of_it():
    async def main():
        async with answering(parts=(b"x" * 65_536,) * 64) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            size = 0
            while part := await reader.read(65_536):
                size += part.count(b"x")
                await asyncio.sleep(0)
            return size

    assert run(main) == 64 * 65_536


@pytest.mark.parametrize("target", [b"/a#b", b"/#", b"/a?b#c"])
def test_a_fragment_is_refused_and_not_cut_off(target):
    async def main():
        async with connected() as (reader, writer):
            writer.write(b"GET " + target + b" HTTP/1.1\r\nhost: a\r\n\r\n")
            return (await reader.read()).split(b" ")[1]

    assert run(main) == b"400"


@asynccontextmanager
async def answering(headers=(), parts=(b"hello",), seen=None):
    """Lend a connection to a server that answers with these headers and parts, and keeps the scopes in `seen`."""

    async def app(scope, receive, send):
        if seen is not None:
            seen.append((scope.get("extensions"), await receive()))
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, http=HttpProtocol, lifespan="off", log_level="critical", server_header=False, date_header=False
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            server.should_exit = True
            await serving


LENGTH = (b"content-length", b"5")
OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "whole": (b"GET", {"headers": [LENGTH, (b"a", b"b")]}, OK + b"content-length: 5\r\na: b\r\n\r\nhello"),
    "a head alone": (b"HEAD", {"headers": [LENGTH]}, OK + b"content-length: 5\r\n\r\n"),
    "of no length": (b"GET", {}, OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    "in parts": (b"GET", {"headers": [LENGTH], "parts": (b"hel", b"lo")}, OK + b"content-length: 5\r\n\r\nhello"),
    "chunked": (
        b"GET",
        {"headers": [(b"transfer-encoding", b"chunked")]},
        OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ),
    "the last": (
        b"GET",
        {"headers": [LENGTH, (b"connection", b"close")]},
        OK + b"content-length: 5\r\nconnection: close\r\n\r\nhello",
    ),
    "of another length": (b"GET", {"headers": [(b"content-length", b"4")]}, OK + b"content-length: 4\r\n\r\n"),
}


@pytest.mark.parametrize(("method", "options", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_arrives_as_it_was_meant(method, options, expected):
    async def main():
        async with answering(**options) as (reader, writer):
            writer.write(method + b" / HTTP/1.1\r\nhost: a\r\n\r\n")
            return await reader.readexactly(len(expected))

    assert run(main) == expected


@pytest.mark.parametrize("header", [(b"a", b"b\nc: d"), (b"a\rb", b"c"), (b"a", b"\0")])
def test_a_head_of_more_lines_than_headers_is_not_sent(header):
    async def main():
        async with answering(headers=[LENGTH, header]) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            return await reader.read()

    assert run(main) == b""


def test_who_wants_the_connection_closed_is_told_that_it_is():
    async def main():
        async with answering(headers=[LENGTH]) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            return await reader.read()

    assert run(main) == OK + b"content-length: 5\r\nconnection: close\r\n\r\nhello"


def test_requests_that_come_together_are_answered_in_turn():
    async def main():
        seen = []
        async with answering(headers=[LENGTH], seen=seen) as (reader, writer):
            writer.write(b"".join(posted(size) for size in (1, 2, 3)))
            await reader.readexactly(3 * len(OK + b"content-length: 5\r\n\r\nhello"))
        return seen

    assert [extensions[http_protocol.WHOLE_BODY]["body"] for extensions, _ in run(main)] == [b"x", b"xx", b"xxx"]


def test_a_body_that_comes_in_two_is_not_whole():
    async def main():
        seen = []
        async with answering(headers=[LENGTH], seen=seen) as (reader, writer):
            writer.write(posted(5)[:-1])
            await asyncio.sleep(0.05)
            writer.write(b"x")
            await reader.readuntil(b"hello")
        return seen

    assert run(main) == [(None, {"type": "http.request", "body": b"xxxx", "more_body": True})]


def test_a_request_leaves_nothing_for_the_collector_of_garbage():
    async def main():
        async with connected() as (reader, writer):
            gc.collect()
            gc.disable()
            try:
                for _ in range(3):
                    writer.write(posted(5))
                    await answer(reader)
                return sum(isinstance(each, RequestResponseCycle) for each in gc.get_objects())
            finally:
                gc.enable()

    assert run(main) == 1  # the one that the connection still has
