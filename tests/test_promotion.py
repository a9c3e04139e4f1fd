"""What a gate would have denied: counted in the log, whatever else stands in it."""

from types import SimpleNamespace

from app.promotion import EXAMPLES, would_have_denied

NOW = "2026-11-22T14:00:00.000000Z"


def decided(number, kind="grocer", *, failed=("described",), word="monitoring", allow=True, **more):
    """Return the record of a decision, in which `failed` failed, each with the same word; None for a draft."""
    violations = [{"id": gate, "enforcement": word} for gate in failed if word]
    passed = [gate for gate in ("described", "ripe") if gate not in failed]
    result = {"allow": allow, "passed": passed, "failed": list(failed), "violations": violations}
    overridden = more.pop("overridden", False)
    if overridden:
        result["overrides"] = [{"gate": gate, "id": "ovr-1"} for gate in failed]
    place = {"time": more.pop("time", NOW), "tenant": more.pop("tenant", "default")}
    position = SimpleNamespace(decision_id=f"c-{number}")
    body = {"action": more.pop("action", "shop.sell"), "subject": {"type": kind}, "result": result}
    return SimpleNamespace(body=body, position=position, **place)


def counted(*records, **asked):
    wanted = {"action": "shop.sell", "gate": "described", "since": "2026-11-01T00:00:00.000000Z"} | asked
    return would_have_denied(((each, b"") for each in records), **wanted).document()


def test_allows_in_which_it_failed_are_counted_by_kind_of_subject():
    records = [decided(number) for number in range(EXAMPLES + 2)] + [decided(99, "guest"), decided(100, failed=())]
    found = counted(*records)
    assert (found["decisions"], found["would_deny"]) == (9, 8)
    assert found["by_subject"] == [
        {"subject": "grocer", "count": 7, "examples": [f"c-{number}" for number in range(EXAMPLES)]},
        {"subject": "guest", "count": 1, "examples": ["c-99"]},
    ]


def test_a_draft_counts_as_well():
    assert counted(decided(1, word=None))["would_deny"] == 1


def test_what_was_denied_anyway_is_counted_apart():
    found = counted(decided(1, failed=("described", "ripe"), allow=False))
    assert (found["would_deny"], found["denied_anyway"]) == (0, 1)


def test_what_it_denied_itself_and_what_was_overridden_is_counted_apart():
    found = counted(decided(1, word="blocking", allow=False), decided(2, word="blocking", overridden=True))
    assert (found["would_deny"], found["blocked"], found["overridden"]) == (0, 2, 1)


def test_where_it_was_not_asked_nothing_is_known():
    other = decided(1)
    other.body["result"] |= {"failed": [], "passed": ["ripe"], "violations": []}
    assert counted(other)["not_asked"] == 1


def test_other_actions_other_tenants_and_what_is_older_do_not_count():
    records = [
        decided(1, action="shop.hire"),
        decided(2, tenant="other"),
        decided(3, time="2026-10-31T23:59:59.999999Z"),
        decided(4),
    ]
    assert counted(*records, tenant="default")["decisions"] == 1
    assert counted(*records)["decisions"] == 2


def test_memory_does_not_grow_with_the_kinds_of_subjects():
    found = counted(*(decided(number, f"kind{number}") for number in range(200)), decided(200, None))
    assert found["would_deny"] == 201
    assert len(found["by_subject"]) == 65
    assert found["by_subject"][0]["subject"] == "(others)"
