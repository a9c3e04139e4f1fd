"""`omega dsr`: what officers do on the node, each with a decision of the service."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from app import activation, schema
from app.cli import dsr
from app.cli.output import CommandError
from app.db import open_engine
from app.features.dsr import keeping
from app.features.dsr.running import run
from app.pdp.errors import DeniedError
from app.pep import CONTROL
from tests.features.gating import gating, shipped

DAY = 86_400
ASKED = {"kind": "erase", "law": "gdpr", "person": {"kind": "user", "id": "usr-1"}, "email": "ada@example.com"}


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self):
        self.seconds = 1_795_356_000  # as the decision point of these tests has it

    def time(self):
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(dsr, "time", made)
    return made


@pytest.fixture
def around(settings, monkeypatch, clock):  # noqa: ARG001 - the clock is set
    """A decision point instead of the service, and runs that are written down."""
    found, begun = gating(), []
    engine = open_engine(settings.key_store)
    schema.upgrade(engine)
    engine.dispose()

    def enforce(_settings, _asker, request):
        try:
            return found.pdp.enforce(request, CONTROL)
        except DeniedError as error:
            raise CommandError(f"denied: {', '.join(error.decision.failed)}", 1) from error

    monkeypatch.setattr(dsr, "enforce", enforce)
    monkeypatch.setattr(activation, "active", lambda _: None)
    monkeypatch.setattr(dsr, "load_snapshot", lambda _: shipped())
    monkeypatch.setattr(run, "begin", lambda _session, request, _permit, *, now: begun.append((request, now)))
    return SimpleNamespace(begun=begun, gating=found)


@pytest.fixture
def told(monkeypatch):
    """Put JSON on standard input."""

    def tell(value):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return tell


@pytest.fixture
def submitted(omega, around, told):  # noqa: ARG001 - there is a decision point
    """Return the id of a request that the node keeps."""
    told(ASKED)
    ended = omega("dsr", "submit", "--json")
    assert (ended.code, ended.errors) == (0, "")
    assert "/dsr/mine/" in ended.json["link"]
    assert "usr-1" not in ended.out
    return ended.json["id"]


def test_from_the_request_to_the_approval(omega, around, submitted):
    listed = omega("dsr", "list")
    assert submitted in listed.out
    assert omega("dsr", "list", "--json").json[0]["state"] == "identity_unverified"
    assert omega("dsr", "approve", submitted).code == 1
    assert omega("dsr", "verify", submitted, "--method", "documents").out == f"{submitted}: pending, 2 steps\n"
    assert "one alone" not in omega("dsr", "approve", submitted).out
    assert omega("dsr", "approve", submitted).message == "denied: second_person"
    assert around.begun == []
    shown = omega("dsr", "show", submitted)
    assert "verify (documents)  node" in shown.out
    assert "usr-1" not in shown.out
    said = omega("dsr", "show", submitted, "--said", "--json").json["said"]
    assert (said["account"], said["identifiers"]) == ("usr-1", {"email": "ada@example.com"})
    assert "account: usr-1" in omega("dsr", "show", submitted, "--said").out


def test_what_one_may_approve_begins(omega, around, told):
    told(ASKED | {"kind": "access"})
    identifier = omega("dsr", "submit", "--json").json["id"]
    omega("dsr", "verify", identifier, "--method", "in_person")
    assert omega("dsr", "approve", identifier, "--json").json["state"] == "approved"
    assert [request for request, _ in around.begun] == [identifier]


def test_holds_and_refusals(omega, around, submitted):
    omega("dsr", "verify", submitted, "--method", "documents")
    assert "legal hold" in omega("dsr", "hold", submitted, "--reason", "litigation:2026-17").out
    assert "pending" in omega("dsr", "release", submitted, "--reason", "litigation:2026-17").out
    assert omega("dsr", "deny", submitted, "--ground", "tired").message == "denied: named"
    assert "denied" in omega("dsr", "deny", submitted, "--ground", "legal_obligation").out
    assert omega("dsr", "list").out == "there are none\n"
    assert submitted in omega("dsr", "list", "--ended").out
    assert [body["action"] for _, body in around.gating.records].count("dsr.handle") == 5


def test_a_code_for_the_contact_on_file(omega, submitted):
    ended = omega("dsr", "code", submitted)
    assert len(ended.out.strip()) == 8
    assert "on file" in ended.errors
    assert omega("dsr", "code", submitted, "--json").json["seconds"] == 600


def test_how_clocks_stand(omega, submitted, clock):
    assert omega("dsr", "status").code == 0
    clock.seconds += 31 * DAY
    ended = omega("dsr", "status", "--json")
    assert (ended.code, ended.json["overdue"]) == (1, 1)
    assert keeping.fresh_id() != submitted


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "standard input holds no request"),
        (b'"' + b"x" * (64 << 10) + b'"', "standard input holds no request: a JSON text of more than 65536 bytes"),
        (b"[]", "standard input holds no request: it is no JSON object with `kind`, `law` and `person`"),
        (b"{}", "standard input holds no request: `person` is missing, or not as it has to be"),
        (
            json.dumps(ASKED | {"law": "mine"}).encode(),
            "standard input holds no request: `law` is missing, or none of those there are",
        ),
    ],
    ids=["no JSON", "too long", "no object", "nobody", "no law"],
)
@pytest.mark.usefixtures("around")
def test_requests_that_are_none(omega, told, data, said):
    told(data)
    ended = omega("dsr", "submit")
    assert ended.code == 2
    assert ended.message.startswith(said)


@pytest.mark.usefixtures("around")
def test_a_request_that_is_not_there(omega):
    for command in (("show", "dsr-none"), ("approve", "dsr-none"), ("code", "dsr-none")):
        ended = omega("dsr", *command)
        assert (ended.code, ended.message) == (1, "there is no such request")


@pytest.mark.usefixtures("around")
def test_a_request_in_plain_words(omega, told):
    told(ASKED)
    first, second = omega("dsr", "submit").out.splitlines()
    assert ": due 2026-12-22T" in first
    assert "/dsr/mine/dsr-" in second


def test_where_there_is_no_node(omega, tmp_path, monkeypatch):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    assert omega("dsr", "list").code == 2
