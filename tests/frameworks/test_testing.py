"""What tests show over rows: what is a deviation and what is none, and which rows were looked at."""

import hashlib
from datetime import UTC, datetime, timedelta

from frameworks.testing import Outcome, Row
from tests.frameworks.rows import (
    CHAIN,
    START,
    YEAR,
    Written,
    at,
    decision,
    machine,
    one,
    person,
    prepared,
    results,
    written,
)  # fmt: skip

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OTHER = "018f0000000000000002"

LACKS = {"each": [{"path": "body.result.failed", "lacks": "second_factor"}]}


def test_each_row_holds_every_condition():
    rows = written(
        (decision("a.b"), 1), (decision("a.b", failed=["second_factor"]), 2), (decision("a.c", failed=["x"]), 3)
    )
    test = machine({"each": [*LACKS["each"], {"path": "body.action", "equals": "a.b"}]})
    result = one(rows, test)
    assert (result.outcome, result.deviation_count, at(result)) == (Outcome.DEVIATIONS, 2, ["1", "2"])
    assert [each.reason for each in result.deviations] == [
        "`body.result.failed lacks second_factor` does not hold",
        "`body.action equals a.b` does not hold",
    ]
    assert result.deviations[0].time == "2026-01-01T02:00:00.000000Z"


def test_a_result_says_what_was_looked_at():
    log = Written()
    rows = [
        log.row({**decision("a.b"), "policy": {"revision": revision}}, START + hours * HOUR, chain=chain)
        for chain, hours, revision in ((CHAIN, 3, "git:2"), (CHAIN, 4, "git:1"), (OTHER, 1, "git:2"), (OTHER, 2, None))
    ]
    result = one(rows, machine(LACKS))
    found = result.population
    assert (result.test, result.control, result.outcome) == ("c/t", "c", Outcome.EFFECTIVE)
    assert (found.count, found.first, found.last) == (4, f"{CHAIN}-0", f"{OTHER}-1")
    assert (found.first_time, found.last_time) == (rows[2].time, rows[1].time)
    assert found.revisions == ("git:1", "git:2")
    assert found.sha256 == hashlib.sha256(b"".join(bytes.fromhex(row.leaf) for row in rows)).hexdigest()
    assert found.query == '{"types":["decision"]}'
    assert (result.effective, result.collected) == (rows[1].time, "2027-01-31T00:00:00.000000Z")
    assert result.tested_at == result.collected


def test_what_nobody_did_did_not_occur():
    result = one([], machine(LACKS))
    assert (result.outcome, result.population.count, result.effective) == (Outcome.DID_NOT_OCCUR, 0, "")
    assert result.population.sha256 == hashlib.sha256().hexdigest()


def test_rows_outside_of_the_period_are_not_of_it():
    log = Written()
    moments = [START - timedelta(microseconds=1), START, YEAR.end - timedelta(microseconds=1), YEAR.end]
    rows = [log.row(decision("a.b"), moment) for moment in moments]
    assert at(one(rows, machine({"none": True}))) == ["1", "2"]


def test_the_first_hundred_deviations_are_named_and_all_counted():
    log = Written()
    result = one([log.row(decision("a.b")) for _ in range(130)], machine({"none": True}))
    assert (result.deviation_count, len(result.deviations), at(result)[-1]) == (130, 100, "99")
    assert result.deviations[0].reason == "there should be none"


def test_who_wants_rows_is_told_each_of_them():
    heard = []
    rows = written((decision("a.b"), 1), (decision("a.c"), 2))
    test = machine({"none": True}, {"actions": ["a.c"]})
    results(rows, test, sink=lambda name, row: heard.append((name, row.seq)))
    assert heard == [("c/t", 1)]


def test_a_body_of_any_form_has_no_action_and_no_revision():
    odd = Row(chain=CHAIN, seq=0, time=written((decision("a.b"), 1))[0].time, leaf="00" * 32, document={"body": 3})
    assert one([odd], machine({"none": True}, {"actions": ["a.b"]})).outcome is Outcome.DID_NOT_OCCUR
    missing = machine({"none": True}, {"where": [{"path": "body.action", "exists": False}]})
    assert one([odd], missing).population.revisions == ()
    listed = Row(chain=CHAIN, seq=0, time=odd.time, leaf=odd.leaf, document={"body": {"action": ["a.b"]}})
    assert one([listed], machine({"none": True}, {"actions": ["a.b"]})).outcome is Outcome.DID_NOT_OCCUR


def test_only_a_tenants_records_and_the_services_own_are_asked_of_for_a_tenant():
    log = Written()
    rows = [log.row(decision("a.b"), START, tenant=tenant) for tenant in ("default", "other", "system")]
    assert at(one(rows, machine({"none": True}), tenant="other")) == ["1", "2"]
    assert one(rows, machine({"unbroken": True}), tenant="other").outcome is Outcome.EFFECTIVE


# the configuration

LEVEL = machine({"each": [{"path": "rank", "at_least": 3}]}, {"configuration": "store"})


def configured(rank):
    return [
        Row(
            chain="configuration.store",
            seq=0,
            time="2026-01-01T00:00:00.000000Z",
            leaf="00" * 32,
            document={"rank": rank},
        )
    ]


def test_the_configuration_is_tested_where_it_is_handed_in():
    def tested(name, rows):
        testing = prepared(LEVEL)
        assert testing.wants("store")
        assert not testing.wants("keys")
        testing.take_configuration(name, rows)
        return testing.finish()[0]

    assert tested("store", configured(3)).outcome is Outcome.EFFECTIVE
    assert tested("store", configured(1)).deviations[0].position == "configuration.store-0"
    assert tested("store", []).outcome is Outcome.DID_NOT_OCCUR
    assert tested("keys", configured(3)).outcome is Outcome.NOT_TESTED
    elsewhere = machine({"none": True}, {"configuration": "store", "where": [{"path": "rank", "equals": 9}]})
    testing = prepared(elsewhere)
    testing.take_configuration("store", configured(3))
    assert testing.finish()[0].outcome is Outcome.DID_NOT_OCCUR


def test_records_are_none_of_the_configuration():
    assert one(written((decision("a.b"), 1)), LEVEL).outcome is Outcome.NOT_TESTED


FOLLOWED = machine(
    {"followed": {"by": {"actions": ["a.review"]}, "key": "body.action", "by_key": "body.action", "within": "2h"}},
    {"actions": ["a.break"]},
)


def test_no_name_and_no_value_of_a_request_stands_in_a_reason():
    rows = written((decision("a.b", failed=["second_factor"]), 1), (decision("a.break"), 2))
    found = [each for test in (machine(LACKS), FOLLOWED) for each in one(rows, test).deviations]
    assert len(found) == 2
    assert not any(person("ann") in each.reason for each in found)
    assert datetime.fromisoformat(found[0].time) == datetime(2026, 1, 1, 1, tzinfo=UTC)
