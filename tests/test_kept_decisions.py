"""Recorded decisions as their callers may see them: their own, wherever the record has come to."""

import asyncio

import pytest

from app import decision_log, keys
from app.db import open_engine
from app.decision_plane.http import ProblemError
from app.kek_opening import open_keks
from app.kept_decisions import KeptDecisions
from app.pdp.bundle import load_snapshot
from app.pdp.errors import EvaluationError
from app.pdp.explaining import Again, traced
from app.privacy.errors import KeyDestroyedError, SealedBlockError
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from tests.decision_plane.asking import body
from tests.node import decided, in_force, prepared, sealed
from tests.pdp.deciding import Service


@pytest.fixture
def settings(tmp_path):
    return prepared(tmp_path)


@pytest.fixture
def kept(settings):
    node = keys.load(settings.keys)
    engine = open_engine(settings.key_store)
    subject_keys = SubjectKeys(engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup)
    yield KeptDecisions(settings, node.log.verifier, subject_keys)
    subject_keys.close()
    engine.dispose()


def finding(kept, decision_id, tenant="default", subject="marketplace"):
    return asyncio.run(kept.find(decision_id, Service(tenant=tenant, subject=subject)))


def problem_of(kept, *arguments):
    with pytest.raises(ProblemError) as caught:
        finding(kept, *arguments)
    return caught.value.problem


@pytest.mark.parametrize("sealing", [False, True], ids=["in the journal", "in the store"])
def test_a_caller_sees_its_own_decisions_alone(settings, kept, sealing):
    (recorded,) = decided(settings, body())
    sealed(settings)
    if not sealing:
        (store,) = settings.data.glob("store/chains")
        store.rename(settings.data / "elsewhere")
    found = finding(kept, recorded.decision_id)
    assert found["record"]["body"]["caller"] == "marketplace"
    assert (found["status"], found["proof"] is not None) == (("proven", True) if sealing else ("journal", False))
    hidden = problem_of(kept, recorded.decision_id, "other")
    assert problem_of(kept, recorded.decision_id, "default", "stranger").code == "not_found"
    missing = problem_of(kept, f"{recorded.decision_id}00", "other")
    assert hidden.code == missing.code == "not_found"
    assert hidden.detail.replace(recorded.decision_id, "") == missing.detail.replace(f"{recorded.decision_id}00", "")


def test_a_store_that_is_away_shows_what_the_journal_has_and_claims_nothing_else(settings, kept):
    (recorded,) = decided(settings, body())
    sealed(settings)
    chains = settings.data / "store" / "chains"
    chains.rename(settings.data / "elsewhere")
    chains.touch()  # nothing can be read below a file
    assert finding(kept, recorded.decision_id)["status"] == "journal"
    for file in settings.journals.glob("*/*.evj"):
        file.rename(settings.data / file.name)
    found = problem_of(kept, recorded.decision_id)
    assert (found.code, found.status) == ("store_unavailable", 503)


@pytest.mark.parametrize("text", ["", "x", "01a203ec17c0f73dc8f6", "01a203ec17c0f73dc8f6-01", "../../keys-1", "é-1"])
def test_what_is_no_decision_id_names_no_decision(kept, text):
    sealed_nothing = problem_of(kept, text)
    assert sealed_nothing.code == "not_found"


def test_the_services_own_records_belong_to_no_caller(settings, kept):
    (recorded,) = decided(settings, body())
    opened = f"{recorded.appended.position.chain}-0"
    sealed(settings)
    assert problem_of(kept, opened).code == "not_found"


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        pytest.param("chains/*/segments/*", b"altered\n", "wrong-segment", id="a segment altered"),
        pytest.param("chains/*/seals/*", b"altered", "malformed", id="a seal altered"),
        pytest.param("log/leaves/*", b"altered\n", "malformed", id="leaves altered"),
    ],
)
def test_a_store_that_does_not_hold_is_not_a_missing_decision(settings, kept, name, content, detail, caplog):  # noqa: PLR0913, PLR0917
    (recorded,) = decided(settings, body())
    sealed(settings)
    (path,) = settings.data.glob(f"store/{name}")
    path.chmod(0o600)
    path.write_bytes(content)
    found = problem_of(kept, recorded.decision_id)
    assert (found.code, found.status) == ("evidence_damaged", 500)
    assert found.detail.startswith(detail)
    assert "the log does not hold: " in caplog.text


def replaying(kept, decision_id, *tenants):
    return asyncio.run(kept.replay(decision_id, tenants))


@pytest.fixture
def made_again(monkeypatch):
    """Decide again in this process, with what a test changes of the result; return the changes."""
    changes = {}

    def again(snapshot, document):
        told = asyncio.run(traced(load_snapshot(snapshot), document))
        return Again(result=told["result"] | changes, trace=None)

    monkeypatch.setattr(decision_log, "decide_again", again)
    return changes


def test_a_decision_comes_out_the_same_or_names_the_members_that_differ(settings, kept, made_again):
    (recorded,) = decided(settings, body())
    found = replaying(kept, recorded.decision_id, "default")
    bundle = in_force(settings)
    assert (found.verdict, found.differences) == ("same", ())
    assert (found.bundle, found.revision) == (bundle.digest, bundle.revision)
    made_again |= {"allow": False, "failed": ["ripe"]}
    found = replaying(kept, recorded.decision_id, "*")
    assert (found.verdict, found.differences) == ("differs", ("allow", "failed"))


@pytest.mark.slow
def test_a_decision_is_made_again_in_a_process_of_its_own(settings, kept):
    allowed, denied = decided(settings, body(), body(ripe=False))
    for recorded in (allowed, denied):
        found = replaying(kept, recorded.decision_id, "default")
        assert (found.verdict, found.differences) == ("same", ())


def test_a_decision_of_another_tenant_is_as_one_that_is_not_there(settings, kept):
    (recorded,) = decided(settings, body())
    for decision_id in (recorded.decision_id, f"{recorded.appended.position.chain}-0", "nonsense"):
        with pytest.raises(ProblemError) as caught:
            replaying(kept, decision_id, "other" if decision_id == recorded.decision_id else "*")
        assert caught.value.problem.code == "not_found"


def test_what_cannot_be_made_again_accuses_nobody(settings, kept, made_again, monkeypatch):
    (recorded,) = decided(settings, body())
    made_again["diagnostics"] = [{"code": "evaluation_timeout", "path": ""}]
    assert replaying(kept, recorded.decision_id, "default").verdict == "not_reproducible"

    def crash(*_):
        raise EvaluationError("evaluation_crashed")

    monkeypatch.setattr(decision_log, "decide_again", crash)
    assert replaying(kept, recorded.decision_id, "default").verdict == "not_reproducible"


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(KeyDestroyedError("gone"), "key_destroyed"), (SealedBlockError("torn"), "not_reproducible")],
    ids=["its key was destroyed", "it cannot be opened"],
)
def test_a_request_that_cannot_be_opened(settings, kept, monkeypatch, error, verdict):
    (recorded,) = decided(settings, body())

    async def fail(*_):
        raise error

    monkeypatch.setattr(decision_log, "open_request", fail)
    assert replaying(kept, recorded.decision_id, "default").verdict == verdict
