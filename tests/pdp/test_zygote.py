"""The zygote and the evaluator's loop, seen from the other end of their sockets."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.pdp import frames, zygote
from app.pdp.engine import Engine
from tests.pdp.evaluating import (
    ECHO,
    FAILING,
    PANICKING,
    PATIENT,
    POLICY,
    ROOT,
    WHOLE,
    ask,
    children,
    fingerprint,
    numbered,
    readable,
    running,
    write,
)
from tests.pdp.evaluating import zygote as zygote_of_ours


@pytest.fixture
def engine():
    return Engine({"t.rego": POLICY.replace("s39", "s0")}, "{}")


def answers(engine, *requests):
    """Return what an evaluator answers to the requests, which all lie there when it starts."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for query, text in requests:
            ours.sendall(frames.request(query, text))
        ours.shutdown(socket.SHUT_WR)
        zygote.serve(engine, theirs)
        theirs.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as stream:
            heads = iter(lambda: stream.read(frames.ANSWER.size), b"")
            return [stream.read(*frames.ANSWER.unpack(head)) for head in heads]


def test_requests_are_answered_in_order_until_there_are_no_more(engine):
    first, *rest = answers(engine, (ECHO, numbered(1)), (FAILING, b'{"s": ""}'), ("data.t.nothing", b"{}"))
    assert b'"value": 1,' in first
    assert rest == [b"", b"{}"]


def test_a_result_that_is_too_long_is_a_failure(engine, monkeypatch):
    monkeypatch.setattr(frames, "RESULT", 1000)
    assert answers(engine, (WHOLE, b'"' + b"x" * 1000 + b'"'), ("data.t.nothing", b"{}")) == [b"", b"{}"]


def test_an_engine_that_has_broken_down_answers_no_more(engine, capfd):
    assert answers(engine, ("data.t.nothing", b"{}"), (PANICKING, b'{"s": ""}'), (ECHO, b"{}")) == [b"{}"]
    capfd.readouterr()


def test_other_bytes_than_the_worker_loaded_are_not_looked_at(tmp_path):
    snapshot = write(tmp_path / "bundle.json")
    of_the_worker = fingerprint(snapshot)
    assert zygote.load(snapshot, of_the_worker)[1] == "0a1b"
    write(snapshot, revision="another")
    with pytest.raises(ValueError, match=r"^bundle\.json:1:1: is not what it was"):
        zygote.load(snapshot, of_the_worker)


def test_a_fork_that_fails_is_told(engine, monkeypatch):
    def full():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", full)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stream, far = socket.socketpair()
    with ours, theirs, stream:
        with far:
            socket.send_fds(ours, [frames.FORK], [far.fileno()])
        assert zygote._fork(theirs, engine, 1 << 28)
        assert ours.recv(frames.PACKET) == frames.REFUSED
        assert not stream.recv(1)


def test_a_whole_life(tmp_path):
    snapshot = write(tmp_path / "bundle.json")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control = theirs.fileno()
    command = [
        sys.executable,
        "-m",
        "app.pdp.zygote",
        *map(str, (os.getpid(), control, snapshot, fingerprint(snapshot), 1 << 28)),
    ]
    with ours, subprocess.Popen(command, pass_fds=[control], cwd=ROOT) as process:
        theirs.close()
        assert ours.recv(frames.PACKET) == frames.LOADED + b"0a1b"
        for number in range(3):
            process_descriptor, answer = evaluated(ours, numbered(number))
            assert b'"value": %d,' % number in answer
            readable(process_descriptor)
            os.close(process_descriptor)
        ours.close()
        assert process.wait() == 0


def test_a_bundle_that_cannot_be_loaded_is_told_in_one_packet(tmp_path):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control = theirs.fileno()
    long = "é" * frames.PACKET
    snapshot = write(tmp_path / "bundle.json", modules={"t.rego": f"package t\necho := {long}"})
    command = [
        sys.executable,
        "-m",
        "app.pdp.zygote",
        *map(str, (os.getpid(), control, snapshot, fingerprint(snapshot), 1 << 28)),
    ]
    with ours, subprocess.Popen(command, pass_fds=[control], cwd=ROOT) as process:
        theirs.close()
        reason = ours.recv(2 * frames.PACKET)
        assert process.wait() == 0
    assert reason.startswith(frames.REFUSED + b"t.rego:2:")
    assert len(reason) <= frames.PACKET


def evaluated(control, text):
    """Fork an evaluator, ask it, let it end by itself; return its process descriptor and its answer."""
    stream, far = socket.socketpair()
    with stream:
        with far:
            socket.send_fds(control, [frames.FORK], [far.fileno()])
        message, (process,), _, _ = socket.recv_fds(control, frames.PACKET, 1)
        assert message == frames.LOADED
        assert stream.recv(1) == frames.READY
        stream.sendall(frames.request(ECHO, text))
        (size,) = frames.ANSWER.unpack(stream.recv(frames.ANSWER.size))
        return process, stream.recv(size)


def test_a_worker_that_leaves_during_the_load_leaves_no_trace(tmp_path):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control = theirs.fileno()
    snapshot = write(tmp_path / "bundle.json")
    arguments = map(str, (os.getpid(), control, snapshot, fingerprint(snapshot), 1 << 28))
    ours.close()
    with theirs:
        ended = subprocess.run(
            [sys.executable, "-m", "app.pdp.zygote", *arguments],
            pass_fds=[control],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.slow
def test_memory_of_an_evaluator_stays_flat(tmp_path):
    async def main():
        async with running(write(tmp_path / "bundle.json"), count=1, deadline=PATIENT) as evaluators:
            (number,) = children(zygote_of_ours())
            sizes = []
            for _ in range(4):
                for _ in range(10):
                    await asyncio.gather(*[ask(evaluators, ECHO, numbered(n)) for n in range(400)])
                    await asyncio.gather(*[ask(evaluators, FAILING, b'{"s": "x"}') for _ in range(100)])
                sizes.append(pages(number))
            return sizes

    first, *_, last = asyncio.run(main())
    assert last - first < 64


def pages(number):
    return int(Path(f"/proc/{number}/statm").read_text().split()[1])
