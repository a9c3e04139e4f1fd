"""A server that ends: at once, or after a time in which everybody is answered and nobody is kept."""

import asyncio
import os
import signal
import socket
from contextlib import asynccontextmanager

import pytest

from app.http_server import HttpServer

LONG = 60.0  # seconds, which no test waits
ASKED = b"GET / HTTP/1.1\r\nhost: omega\r\n\r\n"


class Application:
    """Answers at once, or when the test lets it."""

    def __init__(self):
        self.go, self.inside = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def __call__(self, _, receive, send):  # noqa: ARG002 - an application
        self.inside.set()
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(**options):
    """Lend a server that runs, its application, and the task that it runs in."""
    listening = socket.create_server(("127.0.0.1", 0))
    application = Application()
    server = HttpServer(application, **options)
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
        yield server, application, listening.getsockname(), task
    finally:
        server.stop()
        await task


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200")
    assert await reader.readexactly(2) == b"ok"
    return b"connection: close" in head


def told(number):
    os.kill(os.getpid(), number)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.001)


def test_while_it_drains_it_answers_everybody_and_keeps_nobody():
    """A connection that was kept, a request on its way, and a connection made afterwards."""

    async def main():
        began = []
        async with serving(drain=LONG, draining=lambda: began.append(1)) as (_, application, where, task):
            reader, writer = await asyncio.open_connection(*where)
            writer.write(ASKED)
            closes = [await answer(reader)]
            application.go.clear()
            application.inside.clear()
            other_reader, other_writer = await asyncio.open_connection(*where)
            other_writer.write(ASKED)
            await application.inside.wait()
            told(signal.SIGTERM)
            await until(lambda: began)
            application.go.set()
            closes.append(await answer(other_reader))
            writer.write(ASKED)
            closes.append(await answer(reader))
            late_reader, late_writer = await asyncio.open_connection(*where)
            late_writer.write(ASKED)
            closes.append(await answer(late_reader))
            ends = [await each.read() for each in (reader, other_reader, late_reader)]
            for each in (writer, other_writer, late_writer):
                each.close()
            return closes, ends, task.done(), began

    closes, ends, done, began = asyncio.run(main())
    assert closes == [False, True, True, True]
    assert ends == [b"", b"", b""]
    assert not done
    assert began == [1]


@pytest.mark.parametrize(
    ("drain", "signals"),
    [
        pytest.param(LONG, [signal.SIGTERM, signal.SIGTERM], id="told twice"),
        pytest.param(LONG, [signal.SIGTERM, signal.SIGINT], id="interrupted while it drains"),
        pytest.param(LONG, [signal.SIGINT], id="interrupted"),
        pytest.param(0.0, [signal.SIGTERM], id="no time to drain"),
        pytest.param(0.001, [signal.SIGTERM], id="the time is over"),
    ],
)
def test_it_ends(drain, signals):
    async def main():
        async with serving(drain=drain) as (server, _, _, task):
            for number in signals:
                told(number)
                await asyncio.sleep(0.002)
            await task
            return server.should_exit

    assert asyncio.run(main())
