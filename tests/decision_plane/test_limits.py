"""How often a caller may ask: what it is told, what is recorded, and whom it does not concern."""

import json

import pytest

from app.decision_plane import limits as module
from app.decision_plane.buckets import Buckets, Rate
from app.decision_plane.limits import Limits, ThrottledError
from app.pdp.callers import Caller
from app.pdp.callers import Limits as Allowed
from evidence.errors import JournalError
from tests.decision_plane.asking import JSON, Clock, Plane, body
from tests.pdp.deciding import Service
from tests.pdp.shop import CALLERS, stocked

READ = {"method": "GET", "path": "/v1/decisions/01a203ec17c0f73dc8f6-3"}


def caller(**allowed):
    return Caller(tenant="default", actions=frozenset(), subject_types=frozenset(), limits=Allowed(**allowed))


@pytest.fixture
def limited(tmp_path):
    callers = {
        "marketplace": CALLERS["marketplace"] | {"limits": {"per_second": 2, "burst": 3}},
        "till": CALLERS["marketplace"] | {"limits": {"per_day": 2}},
    }
    bundle = stocked(tmp_path, {"data/callers.json": json.dumps(callers)})
    return Plane(bundle, authenticate=lambda presented: named(presented.token))


def named(token):
    """Return the caller of a token `subject`, or `subject/tenant`."""
    subject, _, tenant = token.partition("/")
    return Service(subject=subject, tenant=tenant or "default")


def ask(plane, who="marketplace", **options):
    return plane.ask(body(), headers=[(b"authorization", f"Bearer {who}".encode()), JSON], **options)


def seen(plane):
    return [(found.type, found.body["caller"], found.body.get("suppressed")) for found in plane.log.records]


def test_a_caller_over_its_limit_is_told_when_to_come_back(limited):
    assert [ask(limited).status for _ in range(4)] == [200, 200, 200, 429]
    answer = ask(limited)
    assert (answer.code, answer.headers[b"retry-after"]) == ("too_many_requests", b"1")
    limited.clock.now += 1
    assert [ask(limited).status for _ in range(3)] == [200, 200, 429]


def test_nothing_is_decided_for_it(limited):
    for _ in range(9):
        ask(limited)
    assert [kind for kind, *_ in seen(limited)].count("decision") == 3


def test_its_first_refusal_of_a_minute_is_recorded_and_the_others_are_counted(limited):
    for _ in range(3):
        for _ in range(6):
            ask(limited)
        limited.clock.now += 60
    assert [found for found in seen(limited) if found[0] == "request.throttled"] == [
        ("request.throttled", "marketplace", 0),
        ("request.throttled", "marketplace", 2),
        ("request.throttled", "marketplace", 2),
    ]
    record = limited.log.records[3]
    assert (record.tenant, record.body) == (
        "default",
        {"caller": "marketplace", "limit": "per_second", "suppressed": 0},
    )
    assert record.sealed == ()


def test_without_evidence_it_is_not_even_refused(limited):
    for _ in range(3):
        ask(limited)
    limited.log.failing = JournalError("the disk is full")
    assert ask(limited).code == "evidence_unavailable"
    assert ask(limited).code == "too_many_requests"  # which is not worth a record


def test_a_quota_is_of_a_day(limited):
    assert [ask(limited, "till").status for _ in range(3)] == [200, 200, 429]
    assert ask(limited, "till").headers[b"retry-after"] == b"43200"
    limited.clock.now += 43_200
    assert [ask(limited, "till").status for _ in range(2)] == [200, 429]


def test_every_question_counts_whatever_comes_of_it(limited):
    assert limited.ask(b"{", headers=[(b"authorization", b"Bearer marketplace"), JSON]).status == 400
    assert [ask(limited, **READ).status, ask(limited).status, ask(limited, **READ).status] == [200, 200, 429]


def test_a_caller_that_nobody_registered_gets_few_denials(limited):
    statuses = [ask(limited, "stranger").status for _ in range(30)]
    assert statuses == [200] * 10 + [429] * 20
    assert [kind for kind, *_ in seen(limited)] == ["decision"] * 10 + ["request.throttled"]


@pytest.mark.parametrize("other", ["marketplace/other", "till", "stranger"], ids=["its namesake", "another", "nobody"])
def test_a_caller_over_its_limit_slows_down_nobody_else(limited, other):
    while ask(limited).status == 200:
        pass
    assert ask(limited, other).status == 200


def test_a_namesake_in_another_tenant_has_none_of_its_rights(limited):
    """Its limit is that of the unregistered, neither used up by nor using up the limit of the registered one."""
    assert [ask(limited, "marketplace/other").status for _ in range(12)] == [200] * 10 + [429] * 2
    assert ask(limited).document["decision"] is True


def test_a_batch_is_paid_by_what_comes_after():
    clock = Clock()
    limits = Limits(clock)
    one = caller(per_second=1, burst=2)
    limits.take(Service(), one)
    limits.charge(Service(), one, 9)
    clock.now += 8
    with pytest.raises(ThrottledError):
        limits.take(Service(), one)
    clock.now += 1
    limits.take(Service(), one)


def test_a_protocol_can_count_more_than_one(limited):
    limited.app._by.charge(Service(), 2)
    assert [ask(limited).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(("workers", "expected"), [(1, 8), (2, 4), (8, 1), (100, 1)])
def test_a_worker_gives_its_share(workers, expected):
    limits = Limits(Clock(), workers=workers)
    one = caller(per_second=8, burst=8)
    for _ in range(expected):
        limits.take(Service(), one)
    with pytest.raises(ThrottledError):
        limits.take(Service(), one)


def test_without_limits_nothing_is_counted():
    limits = Limits(Clock())
    for _ in range(100):
        limits.take(Service(), caller())
    assert len(limits._buckets) == 0


def test_no_more_callers_are_counted_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(module, "_MOST_CALLERS", 2)
    limits = Limits(Clock())
    for number in range(5):
        limits.take(Service(subject=f"s{number}"), None)
    assert len(limits._buckets) == 2


def test_limits_of_policies_that_are_gone_are_forgotten(monkeypatch):
    monkeypatch.setattr(module, "_MOST_LIMITS", 2)
    limits = Limits(Clock())
    for number in range(1, 6):
        limits.take(Service(), caller(per_second=number, burst=9))
    assert len(limits._known) == 1


def test_a_bucket_holds_no_more_than_it_can():
    clock = Clock()
    buckets = Buckets(clock, 8)
    clock.now += 1e9
    waits = [buckets.take("a", Rate(per_second=0.5, burst=2)).wait for _ in range(3)]
    assert waits == [0, 0, 2]


def test_a_registered_caller_without_limits_has_none(plane):
    assert {plane.ask(body()).status for _ in range(50)} == {200}
