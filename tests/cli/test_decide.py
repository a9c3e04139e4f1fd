"""`omega decide`: what it asks, and what it makes of every kind of answer."""

import http.server
import io
import json
import socket
import sys
import threading
from types import SimpleNamespace

import pytest

from app import activation, keys
from app.cli import asking, decide
from app.identity import OwnTokens, Verifier
from tests.decision_plane.asking import body
from tests.pdp.deciding import Engines

REASON = {"id": "ripe", "message": "the fruit is ripe", "severity": "high", "enforcement": "blocking", "controls": []}
MONITORED = REASON | {"id": "described", "enforcement": "monitoring"}


def decision(allow, **context):
    found = {"decision_id": "01a203ec17c0f73dc8f6-3", "reasons": [], "obligations": [], "diagnostics": []}
    return 200, {"decision": allow, "context": found | context}


def problem(status, **members):
    return status, {"type": "urn:omega:problem:x", "title": "it is wrong", "status": status} | members


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        service = self.server.service
        length = int(self.headers["content-length"])
        service.asked.append((self.path, dict(self.headers), self.rfile.read(length)))
        status, answer = service.answer
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def service(monkeypatch, settings):
    """Run a service that answers what the test says, and remembers what it was asked."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.service = SimpleNamespace(answer=decision(allow=True), asked=[], settings=settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("OMEGA_PORT", str(server.server_port))
        yield server.service
        server.shutdown()
        thread.join()


@pytest.fixture
def question(tmp_path):
    path = tmp_path / "question.json"
    path.write_bytes(body())
    return path


def test_an_allow_is_a_yes(omega, service, question):
    ended = omega("decide", question)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out == "allow\n  recorded as 01a203ec17c0f73dc8f6-3\n"
    ((path, headers, sent),) = service.asked
    assert (path, sent) == ("/access/v1/evaluation", body())
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("arguments", "caller"),
    [([], ("marketplace", "default")), (["--caller", "shop", "--tenant", "acme"], ("shop", "acme"))],
    ids=["as usual", "as somebody else"],
)
def test_it_asks_with_a_token_of_this_node(omega, service, question, arguments, caller):
    omega("decide", question, *arguments)
    token = {name.lower(): value for name, value in service.asked[0][1].items()}["authorization"]
    verifier = Verifier(OwnTokens(keys.load(service.settings.keys).token.public_key(), issuer=service.settings.origin))
    found = verifier.verify(token.removeprefix("Bearer "), decide.datetime.now(decide.UTC).timestamp())
    assert (found.subject, found.tenant) == caller


def test_a_deny_is_a_no_with_its_reasons(omega, service, question):
    service.answer = decision(
        allow=False,
        reasons=[REASON, MONITORED],
        diagnostics=[{"code": "fact_missing", "path": "context/gift"}, {"code": "undefined", "path": ""}],
        obligations=[{"id": "hold", "type": "notice"}],
    )
    ended = omega("decide", question)
    assert (ended.code, ended.errors) == (1, "")
    assert ended.out.splitlines() == [
        "deny",
        "  failed: ripe: the fruit is ripe (high)",
        "  failed: described: the fruit is ripe (high, monitoring only)",
        "  problem: fact_missing context/gift",
        "  problem: undefined",
        "  obligation: hold (notice)",
        "  recorded as 01a203ec17c0f73dc8f6-3",
    ]


def test_as_json_the_whole_answer_is_printed(omega, service, question):
    service.answer = decision(allow=False, reasons=[REASON])
    ended = omega("decide", question, "--json")
    assert ended.code == 1
    assert ended.json == service.answer[1]


def test_a_question_may_come_from_standard_input(omega, service, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(body())))
    assert omega("decide", "-").code == 0
    assert service.asked[0][2] == body()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(problem(400, detail="not_json: at 1"), (2, "it is wrong: not_json: at 1"), id="no request"),
        pytest.param(problem(401), (2, "it is wrong"), id="no valid token"),
        pytest.param(problem(503, title="no evidence"), (3, "no evidence"), id="no evidence"),
        pytest.param((500, b"oops"), (3, "HTTP Error 500: Internal Server Error"), id="an error that is no problem"),
        pytest.param((404, b"[]"), (2, "HTTP Error 404: Not Found"), id="another service"),
        pytest.param(
            (502, {"title": 1, "detail": None}), (3, "HTTP Error 502: Bad Gateway"), id="a problem of no form"
        ),
    ],
)
def test_a_problem_is_one_line(omega, service, question, answer, expected):
    service.answer = answer
    ended = omega("decide", question)
    assert (ended.code, ended.message) == expected


@pytest.mark.parametrize(
    "answer",
    [b"<html>", b"[]", b"{}", b'{"decision": true}', b'{"decision": "true", "context": {}}', b'{"context": {}}'],
)
def test_what_is_no_recorded_decision_is_no_service(omega, service, question, answer):
    service.answer = (200, answer)
    ended = omega("decide", question)
    assert ended.code == 3
    assert ended.message.startswith("no service at http://127.0.0.1:")


@pytest.mark.usefixtures("settings")
def test_where_nobody_listens_there_is_no_service(omega, question):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    ended = omega("decide", question, "--url", f"{url}/")
    assert ended.code == 3
    assert ended.message.startswith(f"no service at {url}: ")
    assert ended.message.endswith("start it with `omega serve`")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("ftp://example.org", 2, id="another protocol"),
        pytest.param("file:///etc/passwd", 2, id="a file"),
        pytest.param("127.0.0.1:8420", 2, id="no protocol"),
        pytest.param("http://127.0.0.1 8420", 3, id="a space"),
        pytest.param("http://[::1", 3, id="half an address"),
        pytest.param("http:///nowhere", 3, id="nobody"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_is_no_url_is_one_line(omega, question, url, code):
    ended = omega("decide", question, "--url", url)
    assert ended.code == code
    assert url in ended.message


@pytest.mark.usefixtures("settings")
def test_a_service_on_ipv6_is_asked_as_such(omega, question, monkeypatch):
    monkeypatch.setenv("OMEGA_HOST", "::1")
    monkeypatch.setattr(asking.urllib.request, "urlopen", refusing)
    assert omega("decide", question).message.startswith("no service at http://[::1]:0: ")


def refusing(request, **_):
    raise OSError(request.host)


@pytest.mark.usefixtures("settings")
def test_a_file_that_is_not_there_is_one_line(omega, tmp_path):
    ended = omega("decide", tmp_path / "nothing.json")
    assert ended.code == 2
    assert ended.message.endswith("nothing.json` cannot be read: No such file or directory")


def test_without_keys_nobody_is_asked(omega, question, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    assert omega("decide", question).code == 2


class Dry:
    """Stands for `Evaluators`: the engine of the snapshot, in this process."""

    @classmethod
    async def start(cls, path, fingerprint, **options):
        assert options.keys() == {"count", "deadline", "memory"}
        started = cls()
        started.evaluate = Engines(bundle := decide.load_snapshot(path)).evaluate
        assert fingerprint == bundle.fingerprint()
        return started

    async def close(self):
        pass


@pytest.mark.usefixtures("settings")
def test_a_dry_run_asks_nobody_and_says_so(omega, question, monkeypatch):
    monkeypatch.setattr(decide, "Evaluators", Dry)
    ended = omega("decide", question, "--dry-run")
    assert (ended.code, ended.out) == (0, "allow\n")
    assert ended.errors == "dry run: nothing is recorded, and nobody may act on the answer\n"
    question.write_bytes(body(ripe=False))
    denied = omega("decide", question, "--dry-run", "--json")
    assert denied.code == 1
    assert denied.json["decision"] is False
    assert denied.json["context"]["recorded"] is False
    assert [reason["id"] for reason in denied.json["context"]["reasons"]] == ["ripe"]


@pytest.mark.usefixtures("settings")
def test_a_dry_run_knows_who_would_ask(omega, question, monkeypatch):
    monkeypatch.setattr(decide, "Evaluators", Dry)
    ended = omega("decide", question, "--dry-run", "--caller", "stranger")
    assert ended.code == 1
    assert "problem: caller_not_registered environment/caller" in ended.out


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
def test_a_dry_run_uses_real_evaluators(omega, question):
    assert omega("decide", question, "--dry-run").out == "allow\n"


def dry(omega, question):
    ended = omega("decide", question, "--dry-run")
    assert ended.out == ""
    said, last = ended.errors.splitlines()
    assert said.startswith("dry run")
    return ended.code, last


@pytest.mark.usefixtures("settings")
def test_a_dry_run_of_no_request_is_refused(omega, question):
    question.write_bytes(b"{")
    assert dry(omega, question) == (2, "omega: not_json: no JSON at character 1")
    question.write_bytes(b" " * 40_000)
    assert dry(omega, question) == (2, "omega: request_too_large: a JSON text of more than 32768 bytes")


def test_a_dry_run_without_policies_is_refused(omega, question, settings):
    activation.active(settings.bundles).unlink()
    code, last = dry(omega, question)
    assert (code, last) == (2, "omega: the bundle in force cannot be read: No such file or directory")
    (settings.bundles / "active").unlink()
    code, last = dry(omega, question)
    assert code == 2
    assert "no policies are in force" in last


def test_more_than_a_journal_is_asked_for_by_word(omega, service, question):
    service.answer = decision(allow=True, evidence={"durability": "locked"})
    ended = omega("decide", question, "--durability", "locked")
    assert service.asked[0][0] == "/access/v1/evaluation?durability=locked"
    assert ended.out == "allow\n  recorded as 01a203ec17c0f73dc8f6-3, locked in the store\n"


def test_a_receipt_is_kept(omega, service, question, tmp_path):
    service.answer = decision(allow=False, evidence={"receipt": "the log says so"})
    assert omega("decide", question, "--receipt", tmp_path / "receipt").code == 1
    assert service.asked[0][0] == "/access/v1/evaluation?receipt=true"
    assert (tmp_path / "receipt").read_text() == "the log says so"


def test_a_receipt_that_did_not_come_is_said(omega, service, question, tmp_path):
    service.answer = decision(allow=True, evidence={})
    ended = omega("decide", question, "--receipt", tmp_path / "receipt")
    assert (ended.code, ended.errors) == (2, "omega: the answer has no receipt\n")


def test_a_receipt_that_has_no_place_is_said(omega, service, question, tmp_path):
    service.answer = decision(allow=True, evidence={"receipt": "x"})
    ended = omega("decide", question, "--receipt", tmp_path / "no" / "receipt")
    assert ended.code == 2
    assert "cannot be written: No such file or directory" in ended.errors
