"""`omega decision`: replay, explain."""

import asyncio

import pytest

from app import decision_log
from app.decision_log import Outcome, Replay
from app.pdp.bundle import parse_snapshot
from app.pdp.errors import EvaluationError
from app.pdp.explain import Trace
from app.pdp.explaining import Again, traced
from evidence.record import Record
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, sealed, subject_keys
from tests.test_decision_log import Starting, record_of, rewritten


@pytest.fixture(autouse=True)
def starting(monkeypatch):
    monkeypatch.setattr(decision_log, "Evaluators", Starting)


def again_in_this_process(path, text):
    told = asyncio.run(traced(parse_snapshot(path.read_bytes()), text))
    if "held" not in told:
        return Again(result=told["result"], trace=None)
    lines = {file: frozenset(lines) for file, lines in told["lines"].items()}
    return Again(result=told["result"], trace=Trace(held=told["held"], lines=lines))


@pytest.fixture
def explaining(monkeypatch):
    monkeypatch.setattr(decision_log, "decide_again", again_in_this_process)


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
    assert (ended.code, ended.errors) == (4, "")
    assert ended.out.startswith(f"{recorded.decision_id}: sealed, key destroyed: the subject's key was destroyed\n")
    told = omega("decision", "replay", recorded.decision_id, "--json")
    assert (told.code, told.json["outcome"], "replayed" in told.json) == (4, "sealed, key destroyed", False)


def test_without_a_place_for_objects_nothing_is_replayed(omega, settings, monkeypatch):
    (recorded,) = decided(settings, body())
    monkeypatch.setenv("OMEGA_OBJECTS", "http://example.org/")
    ended = omega("decision", "replay", recorded.decision_id)
    assert (ended.code, "is no place" in ended.message) == (2, True)


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


DENIED = """\
{id}: deny

Gates:
  FAILED     ripe: the fruit is ripe
             critical, blocking; soc2/CC8.1, iso27001/A.8.30
             rego/shop/sell.rego:14 did not hold; lines evaluated: 14
               resource/properties/ripe = false
  passed     weighed: the fruit weighs enough
             high, blocking; soc2/CC8.1
             rego/shop/sell.rego:19 held
             rego/shop/sell.rego:21 did not hold; lines evaluated: 21
  monitored  described: the fruit is described
             low, monitoring; soc2/CC2.3
             rego/shop/sell.rego:26 did not hold; lines evaluated: 26
               resource/properties/described = false

For an allow, this has to become true:
  ripe: the fruit is ripe (resource/properties/ripe)
"""


@pytest.mark.usefixtures("explaining")
def test_a_deny_is_explained_in_plain_words(omega, settings):
    (recorded,) = decided(settings, body(ripe=False, described=False))
    ended = omega("decision", "explain", recorded.decision_id)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.out == DENIED.replace("{id}", recorded.decision_id)


@pytest.mark.usefixtures("explaining")
def test_an_allow_is_explained_too(omega, settings):
    (recorded,) = decided(settings, body())
    ended = omega("decision", "explain", recorded.decision_id)
    assert ended.out.startswith(f"{recorded.decision_id}: allow\n")
    assert ended.out.endswith("\nNothing has to change: it was allowed.\n")


@pytest.mark.usefixtures("explaining")
def test_facts_that_broke_the_contract_are_named(omega, settings):
    (recorded,) = decided(settings, body(grams=None, ripe="yes"))
    ended = omega("decision", "explain", recorded.decision_id)
    assert "No policy answered:\n  fact_missing  resource/properties/grams\n" in ended.out
    assert "  fact_type  resource/properties/ripe\n" in ended.out
    assert "  not asked  ripe: the fruit is ripe\n" in ended.out
    assert "  fact_missing: state this fact (resource/properties/grams)\n" in ended.out


@pytest.mark.usefixtures("explaining")
def test_an_action_that_no_policy_has_is_explained(omega, settings):
    (recorded,) = decided(settings, body().replace(b"shop.sell", b"shop.steal"))
    ended = omega("decision", "explain", recorded.decision_id)
    assert "Gates" not in ended.out
    assert "  unknown_action: ask for an action that the policies have (action/name)\n" in ended.out


@pytest.mark.usefixtures("explaining")
def test_a_fact_that_is_not_there_is_said_to_be_missing(omega, settings):
    (recorded,) = decided(settings, body(grams=1))
    ended = omega("decision", "explain", recorded.decision_id)
    assert "               context/gift = (missing)\n               resource/properties/grams = 1\n" in ended.out


@pytest.mark.usefixtures("explaining")
def test_an_explanation_as_json(omega, settings):
    (recorded,) = decided(settings, body(ripe=False))
    told = omega("decision", "explain", recorded.decision_id, "--json").json
    assert told["again"] == {"outcome": "reproduced", "reason": None}
    assert [change["id"] for change in told["changes"]] == ["ripe"]
    assert told["gates"][0]["facts"] == [{"path": "resource/properties/ripe", "stated": True, "value": False}]


def test_without_the_key_an_explanation_has_no_values(omega, settings):
    (recorded,) = decided(settings, body(ripe=False))
    store = subject_keys(settings)
    asyncio.run(store.destroy(Record.parse(record_of(settings, recorded)).sealed[0]["subject"]))
    close_keys(store)
    ended = omega("decision", "explain", recorded.decision_id)
    assert ended.code == 0
    why = "sealed, key destroyed: the subject's key was destroyed"
    assert ended.out.splitlines()[1] == f"which rules held cannot be told: {why}"
    assert "  FAILED     ripe" in ended.out
    assert "             rego/shop/sell.rego:14\n" in ended.out
    assert " = " not in ended.out


def test_an_evaluation_that_ends_itself_is_still_explained(omega, settings, monkeypatch):
    def cut_off(*_):
        raise EvaluationError("evaluation_timeout")

    monkeypatch.setattr(decision_log, "decide_again", cut_off)
    (recorded,) = decided(settings, body(ripe=False))
    ended = omega("decision", "explain", recorded.decision_id)
    assert "evaluating again ended with `evaluation_timeout`" in ended.out
    assert "resource/properties/ripe = false" in ended.out


@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param([], "decided again, it differs", id="another result"),
        pytest.param([{"code": "evaluation_timeout", "path": ""}], "the evaluation was cut off", id="cut off"),
    ],
)
@pytest.mark.usefixtures("explaining")
def test_a_result_that_does_not_come_out_again_has_no_trace(omega, settings, monkeypatch, found, says):
    (recorded,) = decided(settings, body(ripe=False))
    lie = recorded.decision.document() | {"allow": False, "passed": [], "diagnostics": found}
    data = rewritten(record_of(settings, recorded), result=lie)
    monkeypatch.setattr(decision_log, "find", lambda *_: decision_log.Found(record=data, status="journal", proof=None))
    ended = omega("decision", "explain", recorded.decision_id)
    assert says in ended.out
    assert "held;" not in ended.out


def test_what_cannot_be_explained_is_one_line(omega, settings):
    (recorded,) = decided(settings, body())
    position = recorded.appended.position
    ended = omega("decision", "explain", f"{position.chain}-0")
    assert (ended.code, ended.message) == (2, "not-found: a record of type `chain.opened` is no decision")
    (path,) = settings.bundles.glob("*.json")
    path.unlink()
    ended = omega("decision", "explain", recorded.decision_id)
    assert (ended.code, "cannot read the bundle that decided" in ended.message) == (2, True)


@pytest.mark.slow
def test_a_process_of_its_own_explains(omega, settings):
    (recorded,) = decided(settings, body(ripe=False, described=False))
    assert omega("decision", "explain", recorded.decision_id).out == DENIED.replace("{id}", recorded.decision_id)
