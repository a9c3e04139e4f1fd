"""The certification program itself: it names every section, and a PDP that does nothing right fails."""

import json
import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bench import certification
from bench.certification_cases import cases

SECTIONS = {
    *(f"c-2-2-{number}" for number in range(1, 10)),
    *(f"c-2-4-{number}" for number in range(1, 7)),
    *("c-2-3", "c-2-5-1", "c-2-5-2", "c-2-6", "c-3-3"),
    *(f"c-3-2-{number}" for number in range(1, 8)),
    *(f"c-3-4-{number}" for number in range(1, 4)),
    *("c-4-2-1", "c-4-2-2", "c-4-2-4", "c-4-3-1", "c-4-3-3", "c-4-4-1", "c-4-4-2", "c-4-4-3"),
    *("c-4-5-1", "c-4-5-2", "c-4-6-1", "c-4-6-2", "c-4-7-1", "c-4-7-2", "c-6-2", "c-6-3", "c-6-4"),
}


class Careless(BaseHTTPRequestHandler):
    """Answers everything with 200 and the same object."""

    said = b"{}"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self.said)))
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_):
        pass


@pytest.fixture
def careless():
    with HTTPServer(("127.0.0.1", 0), Careless) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_section_that_asks_for_something_has_a_case():
    ids = [case.id for case in cases()]
    assert len(set(ids)) == len(ids)
    assert {each.partition(" ")[0] for each in ids} == SECTIONS


@pytest.mark.parametrize(
    "said", [b"{}", b"[]", b"", b'{"decision": "yes", "evaluations": {}, "results": 7}'], ids=["{}", "[]", "", "wrong"]
)
def test_a_pdp_that_does_nothing_right_fails_every_case(careless, monkeypatch, capsys, said):
    monkeypatch.setattr(Careless, "said", said)
    assert certification.main(["--url", careless, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in told if not each["failure"]] == []


def test_where_nobody_answers_everything_fails_and_the_table_says_so(capsys):
    assert certification.main(["--url", "http://127.0.0.1:1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all("FAIL  no answer" in line for line in lines[: len(cases())])
    assert re.fullmatch(r"discovery +0 of 3", lines[-1])
