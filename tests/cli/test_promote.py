"""`omega policy promote`: what blocking would have meant for what the log holds."""

import json

import pytest

from app.node_log import record_now
from evidence.errors import DamagedJournalError
from evidence.record import Draft


def draft(*, failed=("described",), word="monitoring", allow=True, passed=("ripe", "weighed"), overrides=None):
    violations = [{"id": gate, "enforcement": word} for gate in failed]
    result = {"allow": allow, "passed": list(passed), "failed": list(failed), "violations": violations}
    body = {"action": "shop.sell", "subject": {"type": "grocer", "ref": "psn_1"}, "result": result}
    if overrides:
        result["overrides"] = overrides
    return Draft(type="decision", tenant="default", body=body)


def test_what_would_have_been_denied_is_counted_and_is_exit_code_1(omega, settings):
    used = [{"gate": "described", "id": "ovr-1"}]
    for each in (
        draft(),
        draft(allow=False),
        draft(word="blocking", overrides=used),
        draft(failed=(), passed=("ripe",)),
    ):
        record_now(settings, each)
    done = omega("policy", "promote", "shop.sell", "described")
    assert done.code == 1
    assert "4 decisions on shop.sell since " in done.out
    assert "1 more were denied for other reasons" in done.out
    assert "1 were denied by it, as it was blocking then; 1 of them were overridden" in done.out
    assert "1 did not ask it" in done.out
    assert done.out.endswith("blocking, described would have denied 1 that were allowed\n")
    told = json.loads(omega("policy", "promote", "shop.sell", "described", "--tenant", "default", "--json").out)
    assert told["by_subject"][0]["subject"] == "grocer"
    assert told["by_subject"][0]["count"] == 1


@pytest.mark.usefixtures("settings")
def test_where_nothing_would_have_been_denied_all_is_well(omega):
    done = omega("policy", "promote", "shop.sell", "described", "--since", "7d")
    assert (done.code, done.out.splitlines()[-1]) == (
        0,
        "blocking, described would have denied 0 that were allowed",
    )


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("named", [("shop.buy", "ripe"), ("shop.sell", "sweet")])
def test_a_gate_that_there_is_not(omega, named):
    done = omega("policy", "promote", *named)
    assert (done.code, done.errors) == (2, "omega: the policies in force have no such gate of such an action\n")


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("since", ["30", "0d", "month", "12345d"])
def test_a_span_is_a_number_of_days(omega, since):
    assert omega("policy", "promote", "shop.sell", "ripe", "--since", since).code == 2


def test_without_policies_in_force_it_is_one_line(omega, settings):
    for path in settings.bundles.glob("*"):
        path.unlink()
    done = omega("policy", "promote", "shop.sell", "ripe")
    assert (done.code, done.errors.count("\n")) == (2, 1)


def test_a_log_that_does_not_hold_is_one_line(omega, settings, monkeypatch):
    record_now(settings, draft())

    def damaged(*_):
        raise DamagedJournalError("the journal is damaged")

    monkeypatch.setattr("app.log_scan.decisions", damaged)
    done = omega("policy", "promote", "shop.sell", "ripe")
    assert (done.code, done.errors.count("\n")) == (2, 1)
