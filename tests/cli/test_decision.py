"""`omega decision replay`."""

import asyncio

import pytest

from app import decision_log
from app.decision_log import Outcome, Replay
from evidence.record import Record
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, sealed, subject_keys
from tests.test_decision_log import Starting, record_of


@pytest.fixture(autouse=True)
def starting(monkeypatch):
    monkeypatch.setattr(decision_log, "Evaluators", Starting)


@pytest.mark.parametrize("sealing", [False, True], ids=["from the journal", "from the store"])
def test_a_decision_that_comes_out_the_same(omega, settings, sealing):
    (recorded,) = decided(settings, body())
    if sealing:
        sealed(settings)
    ended = omega("decision", "replay", recorded.decision_id)
    assert (ended.code, ended.errors) == (0, "")
    first, was, now = ended.out.splitlines()
    assert first == f"{recorded.decision_id}: reproduced"
    assert was.split()[0] == "recorded"
    assert now.split()[0] == "replayed"
    assert was.split()[1] == now.split()[1]


def test_as_json(omega, settings):
    (recorded,) = decided(settings, body(ripe=False))
    result = recorded.decision.document()
    assert omega("decision", "replay", recorded.decision_id, "--json").json == {
        "outcome": "reproduced",
        "reason": None,
        "recorded": result,
        "replayed": result,
    }


def test_a_decision_that_comes_out_differently(omega, settings, monkeypatch):
    (recorded,) = decided(settings, body())

    async def differing(*_):
        return Replay(outcome=Outcome.DIFFERS, recorded=b'{"allow":true}', replayed=b'{"allow":false}')

    monkeypatch.setattr(decision_log, "replay", differing)
    ended = omega("decision", "replay", recorded.decision_id)
    assert ended.code == 1
    assert ended.out.splitlines()[1:] == ['  recorded  {"allow":true}', '  replayed  {"allow":false}']


def test_a_decision_whose_key_is_gone(omega, settings):
    (recorded,) = decided(settings, body())
    store = subject_keys(settings)
    asyncio.run(store.destroy(Record.parse(record_of(settings, recorded)).sealed[0]["subject"]))
    close_keys(store)
    ended = omega("decision", "replay", recorded.decision_id)
    assert (ended.code, ended.errors) == (2, "")
    assert ended.out.startswith(f"{recorded.decision_id}: not reproducible: the subject's key was destroyed\n")
    told = omega("decision", "replay", recorded.decision_id, "--json")
    assert (told.code, told.json["outcome"], "replayed" in told.json) == (2, "not reproducible", False)


@pytest.mark.parametrize(
    ("decision_id", "code"),
    [("what", "malformed"), ("01a203ec17c0f73dc8f6-3", "not-found")],
    ids=["no id", "nothing there"],
)
@pytest.mark.usefixtures("settings")
def test_what_cannot_be_found_is_one_line(omega, decision_id, code):
    ended = omega("decision", "replay", decision_id)
    assert ended.code == 2
    assert ended.message.startswith(f"{code}: ")


def test_without_a_node_there_is_nothing_to_replay(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    ended = omega("decision", "replay", "01a203ec17c0f73dc8f6-3")
    assert ended.code == 2
    assert "cannot be read" in ended.message
    assert not (tmp_path / "nowhere").exists()
