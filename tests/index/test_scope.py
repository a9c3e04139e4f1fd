"""What an engagement may see of the log: a table of records, and that SQL and Python agree about every one."""

from datetime import timedelta

import pytest

from app.index.errors import QueryError
from app.index.query import Query
from app.index.scope import Portal, of_engagement
from app.index.search import count, find, search
from tests.evidence.logs import START
from tests.index.logged import Logged, body

OURS, OTHERS = {"type": "engagement", "id": "soc2-2026"}, {"type": "engagement", "id": "iso-2026"}
BEGIN, END = START + timedelta(hours=2), START + timedelta(hours=20)

RECORDS = {
    "a decision of the tenant": (True, "acme", "decision", body()),
    "another record of the tenant": (True, "acme", "request.throttled", {"caller": "shop"}),
    "what an officer did about this engagement": (True, "acme", "decision", body(caller="control", resource=OURS)),
    "a decision of another tenant": (False, "other", "decision", body()),
    "a decision of the tenant that asks for the portal": (False, "default", "decision", body()),
    "policies put in force": (True, "system", "policy.activated", {"bundle": "cd" * 32, "revision": "r2"}),
    "policies put in force for another tenant": (False, "other", "policy.activated", {"bundle": "cd" * 32}),
    "something else of the system": (False, "system", "subject.erased", {}),
    "what the portal did for this engagement": (True, "default", "decision", body(caller="portal", resource=OURS)),
    "the same, before the period": (True, "default", "decision", body(caller="portal", resource=OURS)),
    "what the portal did for another engagement": (
        False,
        "default",
        "decision",
        body(caller="portal", resource=OTHERS),
    ),
    "what the portal did for another engagement of the tenant": (
        False,
        "acme",
        "decision",
        body(caller="portal", resource=OTHERS),
    ),
    "somebody who signed in to the portal": (False, "acme", "decision", body(caller="portal")),
    "what an officer did about another engagement": (
        False,
        "acme",
        "decision",
        body(caller="control", resource=OTHERS),
    ),
    "a decision before the period": (False, "acme", "decision", body()),
    "a decision after the period": (False, "acme", "decision", body()),
}


@pytest.fixture
def logged():
    made = Logged()
    chain = made.chain()
    for name, (_, tenant, kind, found) in RECORDS.items():
        made.log.time = START + timedelta(hours=1 if "before" in name else 30 if "after" in name else 10)
        chain.append(kind, tenant=tenant, body=found)
    made.publish()
    return made


@pytest.fixture
def scope():
    return of_engagement("soc2-2026", "acme", BEGIN, END, Portal())


@pytest.fixture
def numbers():
    """The sequence number of each record, behind the one that opens its chain."""
    return {name: number for number, name in enumerate(RECORDS, 1)}


def test_what_may_be_seen_is_found_and_nothing_else(engine, logged, scope, numbers):
    logged.indexer(engine).catch_up()
    expected = {numbers[name] for name, (seen, *_) in RECORDS.items() if seen}
    entries = search(engine, Query(type=None), scope).entries
    assert {int(entry.decision_id.partition("-")[2]) for entry in entries} == expected
    assert count(engine, Query(type=None), scope).number == len(expected)


@pytest.mark.parametrize("name", RECORDS)
def test_each_record_is_seen_or_is_as_one_that_is_not_there(engine, logged, scope, numbers, name):
    logged.indexer(engine).catch_up()
    found = find(engine, logged.log.chains[0].id, numbers[name], scope)
    assert (found is not None) is RECORDS[name][0]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query(tenant="other"), id="another tenant"),
        pytest.param(Query(tenant="other", type="policy.activated"), id="the policies of another tenant"),
        pytest.param(Query(type="subject.erased"), id="another type of the system's"),
        pytest.param(Query(since=END), id="after the period"),
        pytest.param(Query(resource="iso-2026"), id="another engagement"),
        pytest.param(Query(tenant="default", action="agent.delist"), id="an action that is none of ours"),
    ],
)
def test_no_query_leaves_the_scope(engine, logged, scope, query):
    logged.indexer(engine).catch_up()
    assert search(engine, query, scope).entries == ()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query(action="agent.publish"), id="by action"),
        pytest.param(Query(subject=f"psn_{'a' * 32}"), id="by subject"),
        pytest.param(Query(revision="r1"), id="by policy"),
        pytest.param(Query(allow=True), id="by outcome"),
        pytest.param(Query(type="decision"), id="by type"),
    ],
)
def test_every_way_leads_to_the_same_records(engine, logged, scope, numbers, query):
    logged.indexer(engine).catch_up()
    expected = {numbers[name] for name, (seen, _, kind, _) in RECORDS.items() if seen and kind == "decision"}
    assert {int(entry.decision_id.partition("-")[2]) for entry in search(engine, query, scope).entries} == expected


def test_a_record_that_is_not_there_is_not_found(engine, scope):
    assert find(engine, "0" * 20, 7, scope) is None


def test_a_period_needs_a_time_zone():
    with pytest.raises(QueryError, match="time zone"):
        of_engagement("soc2-2026", "acme", BEGIN.replace(tzinfo=None), END, Portal())
