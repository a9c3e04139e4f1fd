import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn

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


@pytest.mark.parametrize("target", [b"/a#b", b"/#", b"/a?b#c"])
def test_a_fragment_is_refused_and_not_cut_off(target):
    async def main():
        async with connected() as (reader, writer):
            writer.write(b"GET " + target + b" HTTP/1.1\r\nhost: a\r\n\r\n")
            return (await reader.read()).split(b" ")[1]

    assert run(main) == b"400"
