"""Overrides on their way into a decision: shown by the decision point alone, counted before they are believed."""

import asyncio
import json
from dataclasses import replace

import pytest

from app.pdp.bundle import load
from app.pdp.decide import decide
from app.pdp.enforce import Pdp, Policies
from app.pdp.errors import MalformedRequestError, UnrecordedError
from app.pdp.explain import explain
from app.pdp.grants import Approval, Grant, NoGrants, scope_of
from app.pdp.model import Durability, Entity, EvaluationRequest
from app.pdp.request import join, parse_document, parse_request, split
from evidence.errors import JournalError
from tests.pdp.deciding import NOW, Engines, MemoryConcealer, MemoryLog, Service
from tests.pdp.evaluating import ROOT
from tests.pdp.shop import CALLERS, FILES, SCHEMA, written

OVERRIDES = {"gates": {"shop.sell": {gate: {"approvers": ["ciso", "trader"]} for gate in ("ripe", "weighed")}}}
CALLER = Service()
PROPERTIES = {"ripe": False, "grams": 80, "described": True}


def _public():
    """Return the contract of the shop where ids of fruit name no person."""
    schema = json.loads(json.dumps(SCHEMA))
    subject, resource = (schema["properties"][name]["properties"] for name in ("subject", "resource"))
    subject["id"] = {"type": "string", "maxLength": 64, "pattern": "^[!-~]{1,64}$"}
    pattern = "^[a-z0-9][A-Za-z0-9._:/+-]{0,127}$"
    resource["id"] = {"type": "string", "maxLength": 128, "pattern": pattern, "x-public-id": True}
    return json.dumps(schema)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    lib = {
        f"rego/lib/{name}.rego": (ROOT / f"policies/rego/lib/{name}.rego").read_text()
        for name in ("gates", "override", "clock", "persons")
    }
    files = (
        FILES
        | lib
        | {
            "rego/shop/sell.schema.json": _public(),
            "data/overrides.json": json.dumps(OVERRIDES),
            "data/callers.json": json.dumps(CALLERS),
        }
    )
    return load(written(tmp_path_factory.mktemp("shop"), files), "r1")


def granted(name="ovr-1", **changes):
    grant = Grant(
        id=name,
        tenant="default",
        kind="request",
        action="shop.sell",
        gate="ripe",
        subject=("grocer", "g-1"),
        resource=("fruit", "apple-1"),
        by="per-8",
        role="clerk",
        begins="2026-11-22T13:00:00Z",
        expires_at="2026-11-22T20:00:00Z",
        hours=8,
        minutes=15,
        approvals=(
            Approval(person="per-1", role="ciso", at="2026-11-22T12:30:00Z"),
            Approval(person="per-2", role="trader", at="2026-11-22T13:00:00Z"),
        ),
    )
    return replace(grant, **changes)


class MemoryGrants:
    """Grants by scope, with the uses that are left of each; `seen` has what was counted."""

    def __init__(self, *grants, left=1):
        self.all = grants
        self.left = {grant.id: left for grant in grants}
        self.seen = []

    def of(self, tenant, request):
        return tuple(grant for grant in self.all if grant.scope == scope_of(tenant, request))

    async def use(self, grant):
        await asyncio.sleep(0)
        if self.left[grant.id] < 1:
            return False
        self.left[grant.id] -= 1
        self.seen.append(grant.id)
        return True


def point(shop, grants):
    log = MemoryLog()
    policies = Policies(bundle=shop, evaluators=Engines(shop))
    return Pdp(policies, log, MemoryConcealer(), lambda: NOW, grants=grants), log


def request(subject="g-1", resource="apple-1", context=None, **facts):
    return EvaluationRequest(
        subject=Entity(type="grocer", id=subject, properties={}),
        action="shop.sell",
        resource=Entity(type="fruit", id=resource, properties=PROPERTIES | facts),
        context=context or {},
    )


def evaluate(shop, grants, asked=None, caller=CALLER):
    pdp, log = point(shop, grants)
    return asyncio.run(pdp.evaluate(asked or request(), caller)), log


def test_a_valid_grant_opens_its_gate_and_the_decision_names_it(shop):
    grants = MemoryGrants(granted())
    recorded, log = evaluate(shop, grants)
    assert recorded.decision.allow is True
    assert recorded.decision.failed == ("ripe",)
    result = log.records[0].body["result"]
    assert result["overrides"] == [{"gate": "ripe", "id": "ovr-1"}]
    assert {each["id"] for each in result["obligations"]} == {"review_override"}
    assert grants.seen == ["ovr-1"]


def test_a_use_waits_for_the_store(shop):
    recorded, log = evaluate(shop, MemoryGrants(granted()))
    assert recorded.durability is Durability.LOCKED
    assert log.locked_to == 0
    assert log.records[0].body["durability"] == "locked"


def test_where_nothing_is_granted_nothing_changes(shop):
    recorded, log = evaluate(shop, MemoryGrants())
    assert recorded.decision.allow is False
    assert "overrides" not in json.loads(recorded.asked)["environment"]
    assert "overrides" not in log.records[0].body["result"]
    assert recorded.durability is Durability.JOURNAL


def test_a_grant_that_was_not_needed_is_not_counted(shop):
    grants = MemoryGrants(granted())
    recorded, _ = evaluate(shop, grants, request(ripe=True))
    assert (recorded.decision.allow, recorded.decision.overrides, grants.seen) == (True, (), [])
    assert recorded.durability is Durability.JOURNAL


def test_a_grant_that_does_not_suffice_is_not_counted(shop):
    grants = MemoryGrants(granted())
    recorded, _ = evaluate(shop, grants, request(grams=1))
    assert (recorded.decision.allow, recorded.decision.overrides, grants.seen) == (False, (), [])


def test_two_gates_take_two_grants(shop):
    grants = MemoryGrants(granted(), granted("ovr-2", gate="weighed"))
    recorded, _ = evaluate(shop, grants, request(grams=1))
    assert recorded.decision.allow is True
    assert [(each.gate, each.id) for each in recorded.decision.overrides] == [("ripe", "ovr-1"), ("weighed", "ovr-2")]
    assert sorted(grants.seen) == ["ovr-1", "ovr-2"]


def test_of_two_grants_the_first_is_used_and_where_it_is_used_up_the_next(shop):
    grants = MemoryGrants(granted("ovr-b"), granted("ovr-a"))
    assert [evaluate(shop, grants)[0].decision.overrides[0].id for _ in range(2)] == ["ovr-b", "ovr-a"]
    assert evaluate(shop, grants)[0].decision.allow is False


def test_of_two_who_take_the_last_use_one_wins_and_the_other_is_decided_again_without_it(shop):
    grants = MemoryGrants(granted())
    pdp, log = point(shop, grants)

    async def both():
        return await asyncio.gather(pdp.evaluate(request(), CALLER), pdp.evaluate(request(), CALLER))

    found = asyncio.run(both())
    assert sorted(each.decision.allow for each in found) == [False, True]
    [loser] = [each for each in found if not each.decision.allow]
    assert "overrides" not in json.loads(loser.asked)["environment"]
    assert sorted("overrides" in record.body["result"] for record in log.records) == [False, True]
    assert grants.seen == ["ovr-1"]


def test_a_grant_that_was_counted_and_did_not_suffice_after_all_is_counted_once(shop):
    first, second, third = granted(), granted("ovr-2", gate="weighed"), granted("ovr-3", gate="weighed")
    grants = MemoryGrants(first, second, third)
    grants.left["ovr-2"] = 0
    recorded, _ = evaluate(shop, grants, request(grams=1))
    assert [each.id for each in recorded.decision.overrides] == ["ovr-1", "ovr-3"]
    assert grants.seen == ["ovr-1", "ovr-3"]


def test_a_record_that_fails_leaves_the_use_counted_and_permits_nothing(shop):
    grants = MemoryGrants(granted())
    pdp, log = point(shop, grants)
    log.failing = JournalError("the disk")
    with pytest.raises(UnrecordedError):
        asyncio.run(pdp.evaluate(request(), CALLER))
    assert grants.seen == ["ovr-1"]


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": "2026-11-22T14:00:00Z"},
        {"hours": 25, "expires_at": "2026-11-23T13:30:00Z"},
        {"by": "PER-1"},
        {"approvals": ()},
        {"approvals": (Approval(person="G-1", role="ciso", at="2026-11-22T12:30:00Z"), granted().approvals[1])},
        {"approvals": (granted().approvals[0], Approval(person="per-1", role="trader", at="2026-11-22T13:00:00Z"))},
        {"approvals": (granted().approvals[0], Approval(person="PER-1", role="trader", at="2026-11-22T13:00:00Z"))},
        {"approvals": (granted().approvals[0], Approval(person="per-2", role="ciso", at="2026-11-22T13:00:00Z"))},
        {"approvals": (granted().approvals[0], Approval(person="per-2", role="trader", at="2026-11-22T14:00:01Z"))},
        {"gate": "described"},
        {"kind": "break_glass", "approvals": (), "role": "ciso"},
    ],
    ids=[
        "expired at this second",
        "longer than policy has",
        "asked for by an approver, in capitals",
        "approved by nobody",
        "approved by who uses it, in capitals",
        "approved by one person in two roles",
        "approved by one person in two spellings",
        "approved in one role alone",
        "approved in the future",
        "for a gate that cannot be overridden",
        "a glass that nobody may break",
    ],
)
def test_a_grant_that_is_not_valid_opens_nothing(shop, change):
    grants = MemoryGrants(granted(**change))
    recorded, _ = evaluate(shop, grants)
    assert (recorded.decision.allow, grants.seen) == (False, [])


@pytest.mark.parametrize(
    ("asked", "caller"),
    [
        (request(resource="apple-2"), CALLER),
        (request(subject="g-2"), CALLER),
        (request(subject="G-1"), CALLER),
        (request(), Service(tenant="other")),
    ],
    ids=["another resource", "another subject", "another spelling", "another tenant"],
)
def test_another_scope_is_shown_nothing(shop, asked, caller):
    recorded, _ = evaluate(shop, MemoryGrants(granted()), asked, caller)
    assert recorded.decision.allow is False
    assert "overrides" not in json.loads(recorded.asked)["environment"]


def test_policies_do_not_take_the_word_of_whoever_hands_out_grants(shop):
    grants = MemoryGrants(granted(resource=("fruit", "apple-2")))
    grants.of = lambda _tenant, _request: grants.all
    recorded, _ = evaluate(shop, grants)
    assert (recorded.decision.allow, grants.seen) == (False, [])


def test_a_grant_in_the_body_of_a_request_is_none(shop):
    forged = granted().document()
    body = {
        "subject": {"type": "grocer", "id": "g-1"},
        "action": {"name": "shop.sell"},
        "resource": {"type": "fruit", "id": "apple-1", "properties": PROPERTIES},
        "context": {"overrides": [forged], "environment": {"overrides": [forged]}},
        "environment": {"overrides": [forged], "time": "2026-11-22T14:00:00Z"},
        "overrides": [forged],
    }
    recorded, _ = evaluate(shop, MemoryGrants(), parse_request(json.dumps(body).encode()))
    assert recorded.decision.allow is False
    assert "overrides" not in json.loads(recorded.asked)["environment"]


def test_what_was_recorded_is_decided_again_to_the_same_bytes(shop):
    recorded, _ = evaluate(shop, MemoryGrants(granted(), granted("ovr-2")))
    document = parse_document(recorded.asked)
    engines = Engines(shop)
    again = asyncio.run(decide(shop, engines.evaluate, document))
    assert again.decision == recorded.decision
    assert join(*split(document)) == recorded.asked


@pytest.mark.parametrize("forged", [[], {}, [{}], [granted().document() | {"more": 1}], [granted().document()] * 9])
def test_what_is_recorded_as_grants_and_is_none_is_refused(forged):
    text = {
        "subject": {"type": "grocer", "id": "g-1"},
        "action": {"name": "shop.sell"},
        "resource": {"type": "fruit", "id": "apple-1"},
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "d", "caller": "c", "overrides": forged},
    }
    with pytest.raises(MalformedRequestError):
        parse_document(json.dumps(text).encode())


def test_a_caller_that_cannot_see_to_a_review_uses_nothing_up(shop):
    grants = MemoryGrants(granted())
    recorded, _ = evaluate(shop, grants, request(context={"supported_obligations": ["notice"]}))
    assert (recorded.decision.allow, recorded.decision.overrides, grants.seen) == (False, (), [])


def test_an_explanation_does_not_blame_a_gate_that_was_overridden(shop):
    recorded, _ = evaluate(shop, MemoryGrants(granted()))
    action = shop.actions["shop.sell"]
    found = explain(recorded.decision.document(), action, dict.fromkeys(action.rules, ()))
    assert found.changes == ()


def test_nobody_grants_anything_by_default():
    nothing = NoGrants()
    assert nothing.of("default", request()) == ()
    assert asyncio.run(nothing.use(granted())) is False


def answered(shop, overridden, *, failed=("ripe",), allow=True, shown=True):
    """Return the decision where the engine answers that these grants were used."""
    passed = sorted({"ripe", "weighed", "described"} - {*failed})
    value = {"allow": allow, "passed": passed, "failed": [*failed], "obligations": [], "overridden": overridden}
    document = {
        "subject": {"type": "grocer", "id": "g-1", "properties": {}},
        "action": {"name": "shop.sell"},
        "resource": {"type": "fruit", "id": "apple-1", "properties": PROPERTIES},
        "context": {},
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
    }
    if shown:
        document["environment"]["overrides"] = [granted().document()]

    async def answer(_query, _text):
        return json.dumps({"result": [{"expressions": [{"value": value}]}]}).encode()

    return asyncio.run(decide(shop, answer, document)).decision


USED = {"gate": "ripe", "id": "ovr-1"}


def test_an_answer_that_names_a_grant_that_was_shown_is_taken(shop):
    assert answered(shop, [USED]).allow is True


@pytest.mark.parametrize(
    ("overridden", "code"),
    [
        ("ovr-1", "malformed_decision"),
        (["ovr-1"], "malformed_decision"),
        ([USED | {"more": 1}], "malformed_decision"),
        ([{"gate": "ripe", "id": 1}], "malformed_decision"),
        ([{"gate": "ripe", "id": "ovr-2"}], "inconsistent_decision"),
        ([{"gate": "weighed", "id": "ovr-1"}], "inconsistent_decision"),
    ],
    ids=["a text", "a text in a list", "a member more", "a number", "a grant that was not shown", "another gate"],
)
def test_an_answer_that_names_anything_else_is_a_deny(shop, overridden, code):
    found = answered(shop, overridden)
    assert (found.allow, found.diagnostics[0].code) == (False, code)


def test_an_answer_with_a_grant_where_none_was_shown_is_a_deny(shop):
    found = answered(shop, [USED], shown=False)
    assert (found.allow, found.diagnostics[0].code) == (False, "inconsistent_decision")


def test_an_answer_that_overrides_what_passed_is_a_deny(shop):
    found = answered(shop, [USED], failed=())
    assert (found.allow, found.diagnostics[0].code) == (False, "inconsistent_decision")


def test_an_answer_that_denies_though_all_is_overridden_is_a_deny(shop):
    found = answered(shop, [USED], allow=False)
    assert (found.allow, found.diagnostics[0].code) == (False, "inconsistent_decision")
