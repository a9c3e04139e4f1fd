"""`omega ai-act conformity`: the file of a system, written from a node's directory."""

import json

import pytest

from app.db import writing
from app.features.ai_act.rows import ClassificationRow
from app.pdp.enforce import Permit
from app.scheduling import opened_product
from tests.features.gating import shipped
from tests.node import in_force

THEN = 1_764_000_000  # 2025-11-24T16:00:00Z
OBLIGATIONS = [{"id": "class", "type": "classification", "class": "minimal"}]


@pytest.fixture
def node(settings, monkeypatch):
    """A node with one classified system, whose policies in force are those that are shipped."""
    permit = Permit(request=None, decision_id="", decision=None, bundle="", revision="")
    with opened_product(settings), writing(permit) as session:
        session.add(
            ClassificationRow(
                system="wf-1",
                number=1,
                kind="workflow",
                description={"title": "Stock forecast"},
                obligations=OBLIGATIONS,
                by="ofc-1",
                at=THEN,
                decision_id="d-1",
                bundle="b",
                revision="r",
            )
        )
    monkeypatch.setattr("app.cli.ai_act.load_snapshot", lambda _: shipped())
    return settings


def conformity(omega, path, *more, system="wf-1"):
    return omega("ai-act", "conformity", "--system", system, "--out", path, *more)


def test_the_file_is_written_and_is_the_same_again(omega, node, tmp_path):  # noqa: ARG001
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    period = ("--from", "2025-01-01", "--to", "2026-01-01")
    ended = conformity(omega, one, *period)
    assert (ended.code, ended.out) == (0, "")
    assert "things are missing" in ended.errors
    assert conformity(omega, other, *period).code == 0
    assert one.read_bytes() == other.read_bytes()
    document = json.loads(one.read_bytes())
    assert document["system"] == {"id": "wf-1", "kind": "workflow", "title": "Stock forecast"}
    assert document["period"] == {
        "from": "2025-01-01",
        "to": "2026-01-01",
        "as_of": "2026-01-01T00:00:00Z",
    }


def test_a_system_without_a_class_has_none(omega, node, tmp_path):  # noqa: ARG001
    ended = conformity(omega, tmp_path / "one.json", "--to", "2027-01-01", system="wf-2")
    assert (ended.code, ended.message) == (1, "there is no such system, or it had no class by then")
    assert not (tmp_path / "one.json").exists()


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (("--from", "2026-13-01"), "no day such as"),
        (("--from", "2026-02-01", "--to", "2026-02-01"), "the period is empty"),
    ],
    ids=["no day", "empty"],
)
def test_a_period_that_is_none_is_refused(omega, node, tmp_path, period, said):  # noqa: ARG001
    ended = conformity(omega, tmp_path / "one.json", *period)
    assert ended.code == 2
    assert said in ended.errors


def test_a_file_that_cannot_be_written_is_said(omega, node, tmp_path):  # noqa: ARG001
    ended = conformity(omega, tmp_path / "nowhere" / "one.json")
    assert (ended.code, ended.message) == (2, "`one.json`: No such file or directory")


def test_policies_without_clocks_have_no_file(omega, node, tmp_path, monkeypatch):
    monkeypatch.setattr("app.cli.ai_act.load_snapshot", lambda _: in_force(node))
    ended = conformity(omega, tmp_path / "one.json")
    assert (ended.code, ended.message) == (
        2,
        "the policies in force have no usable `incident_clocks` and `notices`",
    )


def test_without_a_node_nothing_is_made(omega, tmp_path, monkeypatch):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "none"))
    assert conformity(omega, tmp_path / "one.json").code == 2
    assert not (tmp_path / "none").exists()
