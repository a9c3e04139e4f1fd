"""The decision point: decided, recorded, and only then answered; and what the record shows of whom."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.pdp.bundle import load
from app.pdp.enforce import Policies
from app.pdp.errors import (
    DeniedError,
    EvaluationError,
    MalformedRequestError,
    NoPoliciesError,
    TooLargeError,
    UnrecordedError,
)
from app.pdp.fast_path import MACHINE_ENGINE
from app.pdp.model import Durability, Entity, EvaluationRequest
from app.pdp.request import MAX_DOCUMENT, join, parse_document, parse_request, split
from app.pdp.strict_json import encode
from app.privacy.errors import SealedBlockError
from evidence.errors import JournalError, RecordTooLargeError, RetentionError
from evidence.record import Record, leaf
from evidence.writer import Writer
from tests.pdp.deciding import CHAIN, GONE, NOW, Engines, Service, deciding, key
from tests.pdp.evaluating import ROOT
from tests.pdp.shop import FILES, asked, decided, stocked
from tests.tenancy import files

CALLER = Service()
FACTS = {"ripe": True, "grams": 80, "described": True}
WHO = ("default", "grocer", "g-1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def point(shop):
    return deciding(shop)


def request(subject=("grocer", "g-1"), action="shop.sell", resource=("fruit", "apple-1"), context=None, **facts):
    return EvaluationRequest(
        subject=Entity(type=subject[0], id=subject[1], properties={}),
        action=action,
        resource=Entity(type=resource[0], id=resource[1], properties=FACTS | facts),
        context=context or {},
    )


def evaluate(point, asked_for=None, caller=CALLER):
    return asyncio.run(point.pdp.evaluate(asked_for or request(), caller))


def test_a_decision_is_answered_with_the_place_of_its_record(point):
    recorded = evaluate(point)
    assert recorded.decision.allow is True
    assert recorded.decision_id == f"{CHAIN}-0"
    assert recorded.appended.leaf == leaf(point.log.data[0])
    assert recorded.bundle is point.pdp.policies.bundle


def test_the_record_says_who_asked_what_and_how_it_was_decided(point, shop):
    recorded = evaluate(point, request(ripe=False, described=False))
    (found,) = point.log.records
    assert (found.type, found.tenant) == ("decision", "default")
    assert dict(found.body) == {
        "caller": "marketplace",
        "action": "shop.sell",
        "subject": {"type": "grocer", "ref": key(*WHO).subject},
        "resource": {"type": "fruit", "ref": key("default", "fruit", "apple-1").subject},
        "policy": {"bundle": shop.digest, "revision": "r1", "engine": shop.engine},
        "result": recorded.decision.document(),
        "durability": "journal",
    }
    assert found.body["result"]["failed"] == ["described", "ripe"]


class _Fast:
    """Stands for a fast path: its answer, and what is looked at again."""

    def __init__(self, answer):
        self._answer, self.again, self.closed = answer, [], False

    def answer(self, _query, _text):
        return self._answer

    def trusts(self, _query):
        return True

    def chosen(self):
        return True

    def look_again(self, *what):
        self.again.append(what)

    async def close(self):
        self.closed = True


ALLOWED = {"allow": True, "passed": ["described", "ripe", "weighed"], "failed": [], "obligations": []}


def test_the_record_names_the_engine_that_decided(point, shop):
    answer = json.dumps({"result": [{"expressions": [{"value": ALLOWED}]}]}).encode()
    fast = _Fast(answer)
    point.pdp.policies = replace(point.pdp.policies, fast=fast)
    recorded = evaluate(point, request(ripe=False))  # which the interpreter would deny
    assert recorded.decision.allow is True
    assert point.log.records[0].body["policy"] == {"bundle": shop.digest, "revision": "r1", "engine": MACHINE_ENGINE}
    [(query, _, looked_at, decision_id)] = fast.again
    assert (query, looked_at, decision_id) == ("data.shop.sell.decision", answer, recorded.decision_id)


def test_a_fast_path_without_an_answer_leaves_it_to_the_evaluators(point, shop):
    point.pdp.policies = replace(point.pdp.policies, fast=_Fast(None))
    assert evaluate(point).decision.allow is True
    assert point.log.records[0].body["policy"]["engine"] == shop.engine


@pytest.mark.parametrize("fast", [None, _Fast(None)], ids=["alone", "with a fast path"])
def test_policies_end_with_all_that_runs_them(shop, fast):
    ended = []

    class Pool:
        async def close(self):
            ended.append("evaluators")

    asyncio.run(Policies(bundle=shop, evaluators=Pool(), fast=fast).close())
    assert ended == ["evaluators"]
    assert fast is None or fast.closed


def test_a_disagreement_of_the_engines_is_on_record(point, shop):
    asyncio.run(point.pdp.disagreed(shop, "shop.sell", "c-7"))
    [found] = point.log.records
    identity = {"bundle": shop.digest, "revision": "r1", "engine": shop.engine}
    assert (found.type, found.tenant) == ("engine.disagreed", "system")
    assert dict(found.body) == identity | {"action": "shop.sell", "decision": "c-7"}


FRUIT = ("default", "fruit", "apple-1")


def test_the_sealed_blocks_hold_the_request_and_what_the_pdp_states(point):
    evaluate(point, request(context={"claims": "I am the owner"}))
    blocks = point.log.records[0].sealed
    assert [block["subject"] for block in blocks] == [key(*WHO).subject, key(*FRUIT).subject]
    texts = [key(*who).open(blocks[index], place=(f"{CHAIN}-0", index)) for index, who in enumerate((WHO, FRUIT))]
    environment = {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"}
    assert parse_document(join(*texts)) == asked() | {
        "context": {"claims": "I am the owner"},
        "environment": environment,
    }
    with pytest.raises(SealedBlockError):
        key(*WHO).open(blocks[0], place=(f"{CHAIN}-1", 0))


def test_what_is_said_of_each_person_is_under_that_persons_key_alone(point):
    evaluate(point)
    blocks = point.log.records[0].sealed
    subject = key(*WHO).open(blocks[0], place=(f"{CHAIN}-0", 0))
    resource = key(*FRUIT).open(blocks[1], place=(f"{CHAIN}-0", 1))
    assert (b"g-1" in subject, b"apple-1" in subject, b"grams" in subject) == (True, False, False)
    assert (b"g-1" in resource, b"apple-1" in resource, b"grams" in resource) == (False, True, True)


def test_a_person_who_asks_about_himself_is_one_person(point):
    evaluate(point, request(subject=("fruit", "apple-1")))
    assert {block["subject"] for block in point.log.records[0].sealed} == {key(*FRUIT).subject}


class Kept:
    """Payloads in memory, sealed as they would be."""

    def __init__(self):
        self.objects = {}
        self.error = None

    async def keep(self, person, text):
        if self.error is not None:
            raise self.error
        name = f"request/{person.subject}/{len(self.objects):032x}"
        reference, self.objects[name] = person.seal_payload(text, name=name)
        return reference


def test_a_large_request_is_kept_beside_the_record_before_the_record_is_written(point):
    point.pdp._payloads = kept = Kept()
    recorded = evaluate(point, request(context={"note": "x" * 60_000}))
    found = point.log.records[0]
    assert (found.sealed, len(point.log.data[0]) < 4_096) == ((), True)
    references = found.body["payloads"]
    assert [each["subject"] for each in references] == [key(*WHO).subject, key(*FRUIT).subject]
    texts = [
        key(*who).open_payload(each, kept.objects[each["object"]])
        for who, each in zip((WHO, FRUIT), references, strict=True)
    ]
    assert parse_document(join(*texts))["context"] == {"note": "x" * 60_000}
    assert recorded.decision.allow is True


@pytest.mark.parametrize(("size", "inline"), [(15_000, True), (17_000, False)])
def test_the_limit_is_on_the_whole_request(point, size, inline):
    point.pdp._payloads = Kept()
    evaluate(point, request(context={"note": "x" * size}))
    found = point.log.records[0]
    assert (len(found.sealed) == 2, "payloads" in found.body) == (inline, not inline)


def test_a_large_public_request_is_one_payload(tmp_path):
    point = deciding(public(tmp_path))
    point.pdp._payloads, point.pdp._inline = Kept(), 0
    evaluate(point)
    assert len(point.log.records[0].body["payloads"]) == 1


def test_what_cannot_be_kept_is_not_decided(point):
    point.pdp._payloads, point.pdp._inline = kept, _ = Kept(), 0
    kept.error = UnrecordedError("no objects")
    with pytest.raises(UnrecordedError):
        evaluate(point)
    assert point.log.data == []


def test_what_is_too_large_for_a_record_and_cannot_stand_beside_it_is_not_decided(point):
    with pytest.raises(UnrecordedError, match="larger than 65280"):
        evaluate(point, request(context={"note": "x" * 60_000}))


def test_what_is_larger_than_any_record_keeps_is_refused(point):
    with pytest.raises(TooLargeError):
        evaluate(point, request(context={"note": "x" * MAX_DOCUMENT}))
    assert point.log.data == []


def test_a_person_who_is_erased_meanwhile_leaves_no_record(point):
    class Erased:
        subject = f"psn_{'0' * 32}"

        def seal(self, _text, **_):
            raise UnrecordedError("destroyed")

    async def person(*_):
        return Erased()

    point.concealer.person = person
    with pytest.raises(UnrecordedError, match="destroyed"):
        evaluate(point)
    assert point.log.data == []


@given(
    rest=st.dictionaries(st.text(max_size=4).filter(lambda name: name != "resource"), st.integers(), min_size=1),
    resource=st.dictionaries(st.text(max_size=4), st.text(max_size=4)),
)
def test_what_was_split_is_joined_byte_for_byte(rest, resource):
    whole = {**rest, "resource": resource}
    try:
        parts = split(whole)
    except MalformedRequestError:
        return
    assert join(*parts) == encode(whole)


def test_the_environment_is_the_pdps_own_clock_in_utc(shop):
    point = deciding(shop)
    point.pdp._clock = lambda: NOW + timedelta(hours=10, seconds=1)
    evaluate(point)
    text = key(*WHO).open(point.log.records[0].sealed[0], place=(f"{CHAIN}-0", 0))
    assert json.loads(text)["environment"]["time"] == "2026-11-23T00:00:01Z"


@pytest.mark.parametrize(
    ("changed", "names", "codes"),
    [
        pytest.param({"action": "shop.burn"}, (None, None, None), ["unknown_action"], id="no policy has the action"),
        pytest.param(
            {"subject": ("robber", "r")},
            ("shop.sell", None, None),
            ["caller_not_registered"],
            id="the caller may not speak of such subjects",
        ),
        pytest.param({"ripe": "no"}, ("shop.sell", None, None), ["fact_type"], id="the contract does not hold"),
        pytest.param({}, ("shop.sell", "grocer", "fruit"), [], id="the contract holds"),
    ],
)
def test_names_stand_in_clear_only_where_policy_knows_them(point, changed, names, codes):
    recorded = evaluate(point, request(**changed))
    body = point.log.records[0].body
    assert (body["action"], body["subject"]["type"], body["resource"]["type"]) == names
    assert [found.code for found in recorded.decision.diagnostics] == codes


def public(tmp_path):
    """Return the small bundle, whose contract says that ids of fruit name nobody."""
    files = stocked(tmp_path / "plain").files
    contract = json.loads(files["rego/shop/sell.schema.json"])
    pattern = "^[a-z0-9][A-Za-z0-9._:/+-]{0,127}$"
    contract["properties"]["resource"]["properties"]["id"] = {
        "type": "string",
        "maxLength": 128,
        "pattern": pattern,
        "x-public-id": True,
    }
    return stocked(tmp_path / "public", {"rego/shop/sell.schema.json": json.dumps(contract)})


def test_an_id_that_the_contract_calls_public_stands_in_clear(tmp_path):
    point = deciding(public(tmp_path))
    evaluate(point)
    assert point.log.records[0].body["resource"] == {"type": "fruit", "id": "apple-1"}


def test_a_public_id_of_another_form_is_concealed(tmp_path):
    point = deciding(public(tmp_path))
    recorded = evaluate(point, request(resource=("fruit", "Alice Smith")))
    assert [found.code for found in recorded.decision.diagnostics] == ["fact_out_of_bounds"]
    assert "id" not in point.log.records[0].body["resource"]
    assert b"Alice" not in point.log.data[0]


@pytest.mark.parametrize("mode", ["refusing", "failing"])
@pytest.mark.parametrize(
    "error", [JournalError("the disk is full"), RecordTooLargeError("too large")], ids=["disk", "size"]
)
def test_without_a_record_there_is_no_decision(point, mode, error):
    setattr(point.log, mode, error)
    with pytest.raises(UnrecordedError):
        evaluate(point)
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.enforce(request(), CALLER))
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.refuse(CALLER, "not_json", "0" * 64, 0))
    other = replace(point.pdp.policies)
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.activate(other, None))
    assert point.pdp.policies is not other
    assert point.log.data == []


def test_policies_are_in_force_once_that_is_on_record(point, shop):
    other = replace(point.pdp.policies)
    asyncio.run(point.pdp.activate(other, "0" * 64))
    assert point.pdp.policies is other
    body = Record.parse(point.log.data[0]).body
    assert (body["bundle"], body["previous"]) == (shop.digest, "0" * 64)


ACME = Service(tenant="acme")


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """Return the policies of a tenant that sells what is heavy alone."""
    return stocked(tmp_path_factory.mktemp("heavy"), files("acme", 70))


def own(point, heavy):
    """Give a tenant policies of its own; return them."""
    policies = Policies(bundle=heavy, evaluators=Engines(heavy))
    asyncio.run(point.pdp.activate(policies, None, tenant="acme"))
    return policies


def test_a_tenant_is_decided_for_by_its_own_policies_and_everybody_else_by_the_nodes(point, shop, heavy):
    own(point, heavy)
    assert [(record.tenant, record.body["bundle"]) for record in point.log.records] == [("acme", heavy.digest)]
    light = request(grams=60)
    theirs, ours = evaluate(point, light, ACME), evaluate(point, light)
    assert (theirs.decision.allow, theirs.bundle, theirs.decision.failed) == (False, heavy, ("weighed",))
    assert (ours.decision.allow, ours.bundle) == (True, shop)
    assert [record.body["policy"]["bundle"] for record in point.log.records[1:]] == [heavy.digest, shop.digest]
    other = evaluate(point, light, Service(tenant="globex"))
    assert (other.bundle, [found.code for found in other.decision.diagnostics]) == (shop, ["caller_not_registered"])


def test_another_tenants_name_is_not_known_to_a_tenants_policies(point, heavy):
    point.pdp.own["globex"] = own(point, heavy)
    recorded = evaluate(point, request(), Service(tenant="globex"))
    assert [found.code for found in recorded.decision.diagnostics] == ["caller_not_registered"]


def test_the_evaluators_of_a_tenant_that_are_gone_are_nobody_elses(point, heavy):
    own(point, heavy).evaluators.error = GONE
    with pytest.raises(type(GONE)):
        evaluate(point, caller=ACME)
    assert evaluate(point).decision.allow is True


def test_the_nodes_policies_never_stand_in_for_those_of_a_tenant(point):
    point.pdp.own["acme"] = None
    for asking in (point.pdp.evaluate, point.pdp.enforce):
        with pytest.raises(NoPoliciesError):
            asyncio.run(asking(request(), ACME))
    assert point.log.data == []
    assert evaluate(point).decision.allow is True


def test_a_fresh_chain_is_told_what_is_in_force_for_whom(point, shop, heavy):
    point.pdp.own |= {"acme": Policies(bundle=heavy, evaluators=None), "globex": None}
    asyncio.run(point.pdp.introduce([point.log]))
    told = [(each.type, each.tenant, each.body["bundle"], each.body["previous"]) for each in point.log.records]
    assert told == [
        ("policy.activated", "system", shop.digest, None),
        ("policy.activated", "acme", heavy.digest, None),
    ]
    point.log.refusing = JournalError("the disk is full")
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.introduce([point.log]))


def test_what_cannot_be_recorded_is_not_in_force_for_a_tenant_either(point, heavy):
    point.log.failing = JournalError("the disk is full")
    with pytest.raises(UnrecordedError):
        own(point, heavy)
    assert point.pdp.own == {}


def test_decisions_of_a_tenant_go_into_its_own_class_unless_the_action_says_otherwise(point, tmp_path):
    point.pdp.retention = {"acme": "hipaa6y"}
    asked = []
    for caller in (ACME, CALLER):
        evaluate(point, caller=caller)
        asked.append(point.log.asked_class)
        asyncio.run(point.pdp.refuse(caller, "not_json", "0" * 64, 0))
        asked.append(point.log.asked_class)
    assert asked == ["hipaa6y", "hipaa6y", None, None]
    sell = "# METADATA\n# custom: {retention: aiact1y}\n" + FILES["rego/shop/sell.rego"]
    strict = stocked(tmp_path, {"rego/shop/sell.rego": sell})
    point.pdp.policies = Policies(bundle=strict, evaluators=Engines(strict))
    evaluate(point, caller=ACME)
    assert point.log.asked_class == "aiact1y"


def test_without_a_key_there_is_no_decision(point):
    point.concealer.down = True
    with pytest.raises(UnrecordedError):
        evaluate(point)
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.refuse(CALLER, "not_json", "0" * 64, 0))
    assert point.log.data == []


def test_the_log_knows_of_a_record_that_is_coming(point):
    point.engines.hold = asyncio.Event()

    async def main():
        deciding_it = asyncio.create_task(point.pdp.evaluate(request(), CALLER))
        await asyncio.sleep(0)
        expected = point.log.expected
        point.engines.hold.set()
        await deciding_it
        return expected, point.log.expected

    assert asyncio.run(main()) == (1, 0)


def test_without_evaluators_nothing_is_recorded(point):
    point.engines.error = GONE
    with pytest.raises(type(GONE)):
        evaluate(point)
    assert point.log.data == []


def test_a_time_out_is_a_recorded_deny(point):
    point.engines.error = EvaluationError("evaluation_timeout")
    recorded = evaluate(point)
    assert recorded.decision.allow is False
    assert point.log.records[0].body["result"]["diagnostics"] == [{"code": "evaluation_timeout", "path": ""}]


def test_a_request_that_code_made_of_no_json_is_refused_before_it_is_decided(point):
    with pytest.raises(MalformedRequestError) as caught:
        evaluate(point, request(context={"when": NOW}))
    assert caught.value.code == "not_json"
    assert point.log.data == []


def test_an_allow_is_a_permit(point):
    permit = asyncio.run(point.pdp.enforce(request(), CALLER))
    assert permit.request == request()
    assert permit.decision_id == f"{CHAIN}-0"


def test_a_deny_is_an_error_that_names_its_record(point):
    with pytest.raises(DeniedError) as caught:
        asyncio.run(point.pdp.enforce(request(ripe=False), CALLER))
    assert caught.value.decision_id == f"{CHAIN}-0"
    assert len(point.log.data) == 1


def test_policies_may_change_while_a_request_is_decided(shop, tmp_path):
    point = deciding(shop)
    other = deciding(stocked(tmp_path, {"data/notes.json": "{}"}))

    async def main():
        point.engines.hold = asyncio.Event()
        first = asyncio.create_task(point.pdp.evaluate(request(), CALLER))
        await asyncio.sleep(0)
        point.pdp.policies = other.pdp.policies
        point.engines.hold.set()
        return await first, await point.pdp.evaluate(request(), CALLER)

    before, after = asyncio.run(main())
    assert (before.bundle, after.bundle) == (shop, other.pdp.policies.bundle)
    assert [record.body["policy"]["bundle"] for record in point.log.records] == [shop.digest, after.bundle.digest]


def test_a_refusal_is_recorded_with_the_hash_sealed(point):
    asyncio.run(point.pdp.refuse(CALLER, "not_json", "ab" * 32, 7))
    (found,) = point.log.records
    assert (found.type, found.tenant) == ("request.refused", "default")
    assert dict(found.body) == {"caller": "marketplace", "reason": "not_json", "suppressed": 7}
    caller = key("default", "caller", "marketplace")
    assert caller.open(found.sealed[0], place=(f"{CHAIN}-0", 0)) == b"ab" * 32
    assert b"ab" * 32 not in point.log.data[0]


def test_what_is_no_decision_is_noted_with_its_caller(point):
    asyncio.run(point.pdp.note("token.issued", CALLER, {"token_id": "00"}))
    (found,) = point.log.records
    assert (found.type, found.tenant, found.sealed) == ("token.issued", "default", ())
    assert dict(found.body) == {"caller": "marketplace", "token_id": "00"}
    point.log.failing = JournalError("the disk is full")
    with pytest.raises(UnrecordedError):
        asyncio.run(point.pdp.note("token.issued", CALLER, {}))


# What a caller can write anywhere in a request, in a form that stands in no record by accident.
SECRET = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"]), max_size=12).map("zq~{}~qz".format)
FACT = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | SECRET,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SECRET, inner, max_size=3),
    max_leaves=6,
)
FACTS_OF_ANYBODY = st.dictionaries(SECRET, FACT, max_size=4)
ACTIONS = ["marketplace.publish", "marketplace.purchase", "marketplace.refund", "marketplace.payout"]


def documents(name):
    """Return requests like one that some policy takes, with free text wherever there is room for it."""
    base = json.loads((ROOT / "examples" / "publish.json").read_text())
    return st.fixed_dictionaries(
        {
            "subject": st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["developer", "buyer"]) | SECRET,
                    "id": SECRET,
                    "properties": st.just(base["subject"]["properties"]) | FACTS_OF_ANYBODY,
                }
            ),
            "action": st.fixed_dictionaries({"name": st.sampled_from(name) | SECRET}),
            "resource": st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["release", "listing", "order"]) | SECRET,
                    "id": st.just("invoice-reader:2.4.0") | SECRET,
                    "properties": FACTS_OF_ANYBODY.map(lambda more: base["resource"]["properties"] | more)
                    | FACTS_OF_ANYBODY,
                }
            ),
            "context": FACTS_OF_ANYBODY,
        }
    )


@pytest.fixture(scope="module")
def marketplace():
    return load(ROOT / "policies", "r1")


@settings(max_examples=150, deadline=None)
@given(document=documents(ACTIONS))
@example(document=json.loads((ROOT / "examples" / "publish.json").read_text()))
def test_nothing_that_a_caller_writes_stands_in_clear_but_public_ids(marketplace, document):
    point = deciding(marketplace)
    recorded = evaluate(point, parse_request(json.dumps(document).encode()))
    data = point.log.data[0]
    body = point.log.records[0].body
    assert b"zq~" not in data
    assert document["subject"]["id"].encode() not in data
    if recorded.decision.diagnostics:
        assert document["resource"]["id"].encode() not in data
    else:
        assert body["resource"] == {"type": document["resource"]["type"], "id": document["resource"]["id"]}
    seal = key("default", document["subject"]["type"], document["subject"]["id"])
    text = seal.open(point.log.records[0].sealed[0], place=(recorded.decision_id, 0))
    assert json.loads(text)["context"] == document["context"]


def test_without_a_chain_of_its_class_nothing_is_decided(point, monkeypatch):
    def chain(retention_class):
        raise RetentionError(f"there is no chain of class `{retention_class}`")

    monkeypatch.setattr(point.log, "chain", chain)
    with pytest.raises(UnrecordedError, match="no chain of class"):
        evaluate(point)


def evaluate_all(point, *asked_for, **options):
    return asyncio.run(point.pdp.evaluate_all(asked_for, CALLER, **options))


def test_many_are_decided_and_recorded_in_their_order(point):
    found = evaluate_all(point, request(), request(ripe=False), request(action="shop.give"))
    assert [each.decision.allow for each in found] == [True, False, False]
    assert [each.appended.position.seq for each in found] == [0, 1, 2]
    assert [record.body["result"] for record in point.log.records] == [each.decision.document() for each in found]


def test_of_none_nothing_is_recorded(point):
    assert evaluate_all(point) == []
    assert point.log.data == []


def test_many_are_appended_in_one_go_once_all_are_decided(point):
    """Whoever is decided first waits for the last, so that one sync does for all."""

    async def run():
        point.engines.hold = asyncio.Event()
        task = asyncio.create_task(point.pdp.evaluate_all([request(action="shop.give"), request()], CALLER))
        for _ in range(5):  # the first is decided by then, without the engine
            await asyncio.sleep(0)
        assert point.log.expected == 1
        assert point.log.data == []
        point.engines.hold.set()
        return await task

    assert len(asyncio.run(run())) == 2
    assert len(point.log.data) == 2


def test_with_a_fast_path_no_decision_of_many_waits_and_nobody_is_named_twice(point, monkeypatch):
    answer = json.dumps({"result": [{"expressions": [{"value": ALLOWED}]}]}).encode()
    point.pdp.policies = replace(point.pdp.policies, fast=_Fast(answer))
    named, tasks = [], []

    async def person(tenant, kind, identifier):
        named.append(identifier)
        tasks.append(asyncio.current_task())
        return key(tenant, kind, identifier)

    monkeypatch.setattr(point.concealer, "person", person)
    asked_for = [request(), request(action="shop.give"), request(ripe=False)]
    assert [each.decision.allow for each in evaluate_all(point, *asked_for)] == [True, False, True]
    assert (sorted(named), len(set(tasks))) == (["apple-1", "g-1"], 1)

    named.clear()
    tasks.clear()
    other = request(subject=("grocer", "g-2"))
    assert [each.decision.allow for each in evaluate_all(point, request(), other)] == [True, True]
    assert (sorted(named), len(set(tasks))) == (["apple-1", "g-1", "g-2"], 3)  # who is new is waited for side by side


@pytest.mark.parametrize(
    ("until", "ripe", "seen"),
    [
        pytest.param(False, [True, False, True], 2, id="up to the first deny"),
        pytest.param(True, [False, True, False], 2, id="up to the first permit"),
        pytest.param(False, [True, True], 2, id="there is no deny"),
        pytest.param(True, [False], 1, id="there is no permit"),
    ],
)
def test_what_comes_after_the_one_that_settles_it_is_not_recorded(point, until, ripe, seen):
    found = evaluate_all(point, *[request(ripe=each) for each in ripe], until=until)
    assert [each.decision.allow for each in found] == ripe[:seen]
    assert len(point.log.data) == seen


def test_a_log_that_takes_only_some_gives_no_answer_to_any(point):
    """The second is refused when the first is in; what became of that one is heard, and not told."""
    taken = point.log.append

    def once(build, **options):
        point.log.refusing = JournalError("full") if point.log.data else None
        return taken(build, **options)

    point.log.append = once
    with pytest.raises(UnrecordedError):
        evaluate_all(point, request(), request())
    assert len(point.log.data) == 1


def test_many_that_cannot_be_put_on_disk_are_one_error(point):
    point.log.failing = JournalError("no disk")
    with pytest.raises(UnrecordedError):
        evaluate_all(point, request(), request())


def test_where_one_cannot_be_sealed_nothing_is_recorded(point):
    point.concealer.down = True
    with pytest.raises(UnrecordedError):
        evaluate_all(point, request(), request())
    assert point.log.data == []


def test_each_of_many_is_as_durable_as_was_asked(point):
    found = evaluate_all(point, request(), request(), durability=Durability.LOCKED)
    assert [each.durability for each in found] == [Durability.LOCKED] * 2
    assert point.log.locked_to == 1


def test_one_sync_does_for_many(shop, tmp_path):
    async def run():
        writer = Writer.open(tmp_path / "journals", retention_class="std7y", version="1")
        synced = []
        begin = writer._sync.start

        def counting(done):
            synced.append(1)
            begin(done)

        writer._sync.start = counting
        point = deciding(shop)
        point.log.append = writer.append
        found = await point.pdp.evaluate_all([request(ripe=each % 2 == 0) for each in range(20)], CALLER)
        syncs = len(synced)
        await writer.close()
        return [each.appended.position.seq for each in found], syncs

    assert asyncio.run(run()) == (list(range(1, 21)), 1)


def test_a_deny_for_an_obligation_comes_out_the_same_from_the_record(point, shop):
    asked_for = request(context={"gift": True, "supported_obligations": ["hold"]})
    recorded = evaluate(point, replace(asked_for, action_properties={"soft": True}))
    assert [each.code for each in recorded.decision.diagnostics] == ["obligation_unsupported"]
    assert point.log.records[0].body["result"]["diagnostics"][0]["path"] == "context/supported_obligations"
    document = parse_document(recorded.asked)
    assert document["action"] == {"name": "shop.sell", "properties": {"soft": True}}
    assert decided(shop, document).decision == recorded.decision
