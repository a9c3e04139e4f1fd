"""The process that looks for names: what it answers, and what becomes of whoever waits for one that dies or hangs."""

import io
import json
import sys

import pytest

from app.privacy.detection.finding import Kind, Lane
from app.privacy.redaction.errors import NamesError
from app.privacy.redaction.names_lane import NamesLane, command
from app.privacy.redaction.names_process import (
    LARGEST,
    READY,
    FrameError,
    answered,
    findings_in,
    receive,
    send,
)
from tests.privacy.redaction.redacted import Mails, Names


def asked(**body):
    return json.dumps({"body": body, "language": "en"}).encode()


def test_every_lane_looks_at_the_document():
    found = findings_in(answered(asked(json={"by": "Sarah Connor, sarah@example.com"}), (Mails(), Names())))
    assert [(each.kind, each.path, each.lane) for each in found] == [
        (Kind.EMAIL, "/by", Lane.PATTERNS),
        (Kind.PERSON, "/by", Lane.NAMES),
    ]


def test_a_document_that_nobody_can_look_through_is_answered_with_nothing():
    deep = answered(asked(json=json.loads("[" * 70 + "]" * 70)), (Mails(),))
    with pytest.raises(FrameError):
        findings_in(deep)


def test_a_frame_comes_out_as_it_went_in():
    stream = io.BytesIO()
    send(stream, b"one")
    send(stream, b"")
    stream.seek(0)
    assert [receive(stream), receive(stream)] == [b"one", b""]
    with pytest.raises(FrameError):
        receive(stream)


@pytest.mark.parametrize("sent", [b"\0\0\0\5ab", (LARGEST + 1).to_bytes(4), b"\0"])
def test_what_is_no_frame(sent):
    with pytest.raises(FrameError):
        receive(io.BytesIO(sent))


@pytest.mark.parametrize("answer", [b"null", b"[1]", b"[{}]", b"{", b'[{"lane": "guess"}]', b"[" * 100_000])
def test_what_holds_no_findings(answer):
    with pytest.raises(FrameError):
        findings_in(answer)


def program(body):
    """Return the command of a process that runs `body` with the frames at hand."""
    head = "import sys, time\nfrom app.privacy.redaction.names_process import *\n"
    return [sys.executable, "-c", f"{head}i, o = sys.stdin.buffer, sys.stdout.buffer\n{body}"]


READY_THEN = "send(o, READY)\n"


@pytest.mark.slow
def test_a_process_answers_until_nobody_asks_and_is_started_again_when_it_died():
    once = READY_THEN + "receive(i)\nsend(o, b'[]')\nif receive(i): sys.exit(1)"
    with NamesLane(program(once)) as lane:
        assert lane.find({"text": "x"}, "en") == ()
        with pytest.raises(NamesError, match="has ended"):
            lane.find({"text": "x"}, "en")
        assert lane.find({"text": "x"}, "en") == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="it ends at once"),
        pytest.param("send(o, b'no')\nreceive(i)", id="it is not ready"),
        pytest.param("receive(i); time.sleep(600)", id="it hangs"),
    ],
)
def test_a_process_that_does_not_become_ready(body):
    with NamesLane(program(body), seconds=1.5) as lane, pytest.raises(NamesError):
        lane.start()


@pytest.mark.slow
def test_a_process_that_answers_nonsense():
    answering = program(READY_THEN + "receive(i)\nsend(o, b'null')\nreceive(i)")
    with NamesLane(answering) as lane, pytest.raises(NamesError, match="cannot look through"):
        lane.find({"text": "x"}, "en")


@pytest.mark.slow
def test_a_process_that_does_not_want_to_end_is_killed(monkeypatch):
    monkeypatch.setattr("app.privacy.redaction.names_lane._ENDING", 0.05)
    lane = NamesLane(program(READY_THEN + "time.sleep(600)"))
    lane.start()
    lane.start()
    process = lane._process
    lane.close()
    assert process.returncode == -9


def test_a_program_that_is_not_there():
    with NamesLane(["/nowhere/at/all"]) as lane, pytest.raises(NamesError, match="cannot be started"):
        lane.start()


@pytest.mark.slow
def test_the_shipped_process_finds_a_name_and_an_address_and_what_an_installation_adds(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("recognisers: [{name: staff, kind: STAFF_ID, expression: 'E[0-9]{6}', score: 0.9}]")
    with NamesLane(command(1 << 30, own)) as lane:
        found = lane.find({"text": "Sarah Connor writes from sarah@example.com about E123456"}, "en")
    assert {each.kind for each in found} >= {Kind.PERSON, Kind.EMAIL, "STAFF_ID"}
    assert READY == b'"ready"'
