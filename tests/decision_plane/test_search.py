"""Searches: who and what is found, page by page, and the one record that each page leaves."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decision_plane import search
from app.decision_plane.page_token import PageTokens, Place
from app.pdp import searching
from app.pdp.enforce import Policies
from app.pdp.errors import EvaluationError, MalformedRequestError
from app.pdp.searching import Kind, parse_query
from evidence.errors import JournalError
from tests.decision_plane.asking import BEARER, JSON, Plane
from tests.pdp.deciding import CHAIN, Service, key
from tests.pdp.shop import CALLERS, stocked

SUBJECT, RESOURCE, ACTION = (f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action"))
GROCER = {"type": "grocer", "id": "g-1"}
FACTS = {"ripe": True, "grams": 80, "described": True}
APPLE = {"type": "fruit", "id": "apple-1", "properties": FACTS}
SELL = {"action": {"name": "shop.sell"}}
FRUITS = [APPLE | {"id": f"fruit-{number}", "properties": FACTS | {"ripe": number % 2 == 0}} for number in range(20)]
GROCERS = [{"type": "grocer", "id": f"g-{number}"} for number in range(3)]
DIRECTORY = {
    "default": {"subjects": [*GROCERS, {"type": "guest", "id": "x"}], "resources": FRUITS},
    "other": {"subjects": [{"type": "grocer", "id": "secret"}], "resources": []},
}
FIND_FRUITS = {"subject": GROCER, "resource": {"type": "fruit"}} | SELL
FIND_GROCERS = {"subject": {"type": "grocer"}, "resource": APPLE} | SELL


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    changes = {"data/directory.json": json.dumps(DIRECTORY), "data/callers.json": json.dumps(CALLERS)}
    return stocked(tmp_path_factory.mktemp("market"), changes)


@pytest.fixture
def plane(market):
    return Plane(market)


def ask(plane, path, asked, /, **options):
    return plane.ask(json.dumps(asked).encode(), path=path, **options)


def ids(answer):
    assert answer.status == 200
    return [each["id"] for each in answer.document["results"]]


def paged(query, **page):
    return query | {"page": page}


def test_subjects_that_may(plane):
    answer = ask(plane, SUBJECT, FIND_GROCERS)
    assert answer.document["results"] == [{"type": "grocer", "id": f"g-{number}"} for number in range(3)]
    assert answer.document["page"] == {"next_token": "", "count": 3, "total": 3}


def test_resources_to_which_it_may_be_done(plane):
    assert ids(ask(plane, RESOURCE, FIND_FRUITS)) == [f"fruit-{number}" for number in range(0, 20, 2)]


def test_actions_that_may_be_done(plane):
    assert ask(plane, ACTION, {"subject": GROCER, "resource": APPLE}).document["results"] == [{"name": "shop.sell"}]
    unripe = APPLE | {"properties": FACTS | {"ripe": False}}
    assert ask(plane, ACTION, {"subject": GROCER, "resource": unripe}).document["results"] == []


def test_what_the_request_names_has_its_registered_facts_where_it_states_none(plane):
    """Stated facts are taken as they are: nothing is filled in between them."""
    ripe, unripe = ({"type": "fruit", "id": f"fruit-{number}"} for number in (0, 1))
    found = [
        ask(plane, ACTION, {"subject": GROCER, "resource": each}).document["results"]
        for each in (ripe, unripe, ripe | {"properties": {"grams": 80}}, unripe | {"properties": FACTS})
    ]
    assert found == [[{"name": "shop.sell"}], [], [], [{"name": "shop.sell"}]]


def test_an_obligation_stands_beside_its_result(plane):
    answer = ask(plane, ACTION, {"subject": GROCER, "resource": APPLE, "context": {"gift": True}})
    assert answer.document["results"] == [
        {"name": "shop.sell", "obligations": [{"id": "wrap", "layers": 2, "type": "notice"}]}
    ]


def test_what_the_caller_cannot_comply_with_is_not_found(plane):
    context = {"gift": True, "supported_obligations": []}
    answer = ask(plane, ACTION, {"subject": GROCER, "resource": APPLE, "context": context})
    assert answer.document["results"] == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param(SUBJECT, FIND_GROCERS | {"subject": {"type": "grocer", "id": "nobody"}}, id="a subject"),
        pytest.param(RESOURCE, FIND_FRUITS | {"resource": {"type": "fruit", "id": 7}}, id="a resource"),
        pytest.param(ACTION, {"subject": GROCER, "resource": APPLE, "action": 7}, id="an action"),
    ],
)
def test_the_id_of_what_is_looked_for_is_ignored(plane, path, query):
    assert ask(plane, path, query).document["results"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param(SUBJECT, FIND_GROCERS | {"subject": {"type": "spaceship"}}, id="a type nobody registered"),
        pytest.param(SUBJECT, FIND_GROCERS | {"action": {"name": "shop.fly"}}, id="an action that there is not"),
        pytest.param(SUBJECT, FIND_GROCERS | {"subject": {"type": "guest"}}, id="a type of another caller"),
        pytest.param(RESOURCE, FIND_FRUITS | {"resource": {"type": "spaceship"}}, id="a type of resources"),
    ],
)
def test_what_is_unknown_has_no_results(plane, path, query):
    answer = ask(plane, path, query)
    assert answer.document["results"] == []
    assert answer.document["page"] == {"next_token": "", "count": 0, "total": 0}
    assert len(plane.log.records) == 1


@pytest.mark.parametrize("token", [b"another", b"stranger"])
def test_a_caller_of_another_tenant_or_of_no_policy_finds_nothing(plane, token):
    headers = [(b"authorization", b"Bearer " + token), JSON]
    for path, query in ((SUBJECT, FIND_GROCERS), (ACTION, {"subject": GROCER, "resource": APPLE})):
        answer = ask(plane, path, query, headers=headers)
        assert (answer.document["results"], answer.document["context"]["evaluated"]) == ([], 0)


def test_pages_follow_one_another_until_the_end(plane):
    found, token = [], None
    while token != "":
        answer = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=4, **({"token": token} if token else {})))
        found += ids(answer)
        page = answer.document["page"]
        token = page["next_token"]
        assert page["count"] == len(answer.document["results"])
        assert ("total" in page) is (token == "")
    assert found == [f"fruit-{number}" for number in range(0, 20, 2)]
    assert page["total"] == 10
    assert [record.body["found"] for record in plane.log.records] == [4, 4, 2]
    assert [record.body["ended"] for record in plane.log.records] == [False, False, True]


def test_a_page_that_holds_the_last_result_is_the_last(plane):
    """The rest was looked at, so that nobody asks for a page with nothing on it."""
    answer = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=10))
    assert answer.document["page"] == {"next_token": "", "count": 10, "total": 10}


def test_the_limit_may_change_between_pages(plane):
    token = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=1)).document["page"]["next_token"]
    assert ids(ask(plane, RESOURCE, paged(FIND_FRUITS, token=token)))[0] == "fruit-2"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(FIND_FRUITS | {"subject": GROCER | {"id": "g-2"}}, id="another subject"),
        pytest.param(FIND_FRUITS | {"action": {"name": "shop.give"}}, id="another action"),
        pytest.param(FIND_FRUITS | {"context": {"gift": True}}, id="another context"),
        pytest.param(FIND_FRUITS | {"resource": {"type": "spaceship"}}, id="another type"),
    ],
)
def test_a_token_is_of_one_search(plane, query):
    token = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=1)).document["page"]["next_token"]
    answer = ask(plane, RESOURCE, paged(query, token=token))
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert answer.document["detail"].startswith("page_token: ")


def test_a_token_ends_with_the_policies(plane, tmp_path):
    token = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=1)).document["page"]["next_token"]
    other = stocked(tmp_path)
    plane.fakes.pdp.policies = Policies(bundle=other, evaluators=plane.fakes.engines)
    assert ask(plane, RESOURCE, paged(FIND_FRUITS, token=token)).status == 400


def test_another_worker_takes_the_token(plane, market):
    token = ask(plane, RESOURCE, paged(FIND_FRUITS, limit=1)).document["page"]["next_token"]
    assert ids(ask(Plane(market), RESOURCE, paged(FIND_FRUITS, token=token)))[0] == "fruit-2"


@given(st.text(max_size=60) | st.binary(max_size=40).map(bytes.hex))
def test_no_other_text_is_a_token(text):
    query = parse_query(FIND_FRUITS, Kind.RESOURCE)
    with pytest.raises(MalformedRequestError) as refused:
        PageTokens(b"s" * 32).place(text, query, Service(), "d")
    assert refused.value.code == "page_token"


def test_a_token_says_where_to_whom_it_was_given():
    query, tokens = parse_query(FIND_FRUITS, Kind.RESOURCE), PageTokens(b"s" * 32)
    place = Place(offset=70_000, found=3)
    token = tokens.token(place, query, Service(), "d")
    assert tokens.place(token, query, Service(), "d") == place
    for caller in (Service(tenant="other"), Service(subject="stranger")):
        with pytest.raises(MalformedRequestError):
            tokens.place(token, query, caller, "d")
    with pytest.raises(MalformedRequestError):
        PageTokens(b"t" * 32).place(token, query, Service(), "d")


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        pytest.param(SUBJECT, [], "member_type", id="no object"),
        pytest.param(SUBJECT, {"subject": {"type": "grocer"}, "resource": APPLE}, "member_missing", id="no action"),
        pytest.param(SUBJECT, FIND_GROCERS | {"resource": {"type": "fruit"}}, "member_missing", id="no resource id"),
        pytest.param(SUBJECT, FIND_GROCERS | {"subject": {}}, "member_missing", id="no type"),
        pytest.param(RESOURCE, FIND_FRUITS | {"subject": {"type": "grocer"}}, "member_missing", id="no subject id"),
        pytest.param(ACTION, {"subject": GROCER}, "member_missing", id="no resource"),
        pytest.param(RESOURCE, FIND_FRUITS | {"page": []}, "member_type", id="a page that is a list"),
        pytest.param(RESOURCE, paged(FIND_FRUITS, limit="1"), "member_type", id="a limit that is text"),
        pytest.param(RESOURCE, paged(FIND_FRUITS, limit=True), "member_type", id="a limit that is true"),
        pytest.param(RESOURCE, paged(FIND_FRUITS, limit=0), "page_limit", id="a limit of none"),
        pytest.param(RESOURCE, paged(FIND_FRUITS, token=7), "member_type", id="a token that is a number"),
        pytest.param(RESOURCE, FIND_FRUITS | {"page": {"token": "x"}}, "page_token", id="a token that is none"),
    ],
)
def test_what_is_no_search_is_refused_and_recorded(plane, path, query, code):
    answer = ask(plane, path, query)
    assert (answer.status, answer.code) == (400, "malformed_request")
    assert answer.document["detail"].startswith(f"{code}: ")
    assert [record.body["reason"] for record in plane.log.records] == [code]


def test_the_record_says_who_looked_for_what_and_how_much_was_found(plane, market):
    answer = ask(plane, RESOURCE, FIND_FRUITS)
    (found,) = plane.log.records
    assert (found.type, found.tenant) == ("search", "default")
    assert dict(found.body) == {
        "caller": "marketplace",
        "kind": "resource",
        "action": "shop.sell",
        "subject": {"type": "grocer", "ref": key("default", "grocer", "g-1").subject},
        "resource": {"type": "fruit", "ref": None},
        "evaluated": 20,
        "found": 10,
        "undecided": 0,
        "ended": True,
        "policy": {"bundle": market.digest, "revision": "r1", "engine": market.engine},
        "durability": "journal",
    }
    evidence = answer.document["context"]["evidence"]
    assert (evidence["chain"], evidence["seq"], evidence["durability"]) == (CHAIN, 0, "journal")
    (block,) = found.sealed
    sealed = json.loads(key("default", "grocer", "g-1").open(block, place=(f"{CHAIN}-0", 0)))
    assert sealed == {
        "search": "resource",
        "subject": GROCER | {"properties": {}},
        "action": {"name": "shop.sell"},
        "context": {},
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
        "resource": {"type": "fruit"},
    }


def test_what_a_search_names_is_under_the_key_of_each(plane):
    query = {"subject": GROCER, "resource": {"type": "secret-kind", "id": "apple-1"}}
    ask(plane, ACTION, query)
    (found,) = plane.log.records
    assert (found.body["action"], found.body["resource"]["type"]) == (None, None)
    texts = [
        key("default", *who).open(found.sealed[index], place=(f"{CHAIN}-0", index))
        for index, who in enumerate((("grocer", "g-1"), ("secret-kind", "apple-1")))
    ]
    assert (b"apple-1" in texts[0], b"apple-1" in texts[1], b"g-1" in texts[1]) == (False, True, False)
    assert b"secret-kind" not in plane.log.data[0]


def test_what_is_done_how_is_part_of_the_question(plane):
    ask(plane, SUBJECT, FIND_GROCERS | {"action": {"name": "shop.sell", "properties": {"soft": True}}})
    (block,) = plane.log.records[0].sealed
    sealed = json.loads(key("default", "fruit", "apple-1").open(block, place=(f"{CHAIN}-0", 0)))
    assert sealed["action"] == {"name": "shop.sell", "properties": {"soft": True}}


def test_a_receipt_and_a_safer_place_may_be_asked_for(plane):
    answer = ask(plane, SUBJECT, FIND_GROCERS, query=b"receipt=true&durability=locked")
    evidence = answer.document["context"]["evidence"]
    assert evidence["leaf_hash"] in evidence["receipt"]
    assert (evidence["durability"], plane.log.locked_to) == ("locked", 0)


def test_a_search_is_not_explained(plane):
    assert ask(plane, SUBJECT, FIND_GROCERS, query=b"explain=true").status == 400


def test_no_evidence_no_answer(plane):
    plane.log.failing = JournalError("no disk")
    assert ask(plane, SUBJECT, FIND_GROCERS).code == "evidence_unavailable"


def test_without_a_key_for_whom_it_names_nothing_is_looked_for(plane):
    plane.fakes.concealer.down = True
    assert ask(plane, SUBJECT, FIND_GROCERS).code == "evidence_unavailable"


def test_nobody_searches_without_a_token(plane):
    assert ask(plane, SUBJECT, FIND_GROCERS, headers=[JSON]).code == "unauthenticated"


def test_another_content_type_is_refused(plane):
    assert ask(plane, SUBJECT, FIND_GROCERS, headers=[BEARER]).status == 400


def test_who_got_no_answer_in_time_is_counted_and_not_found(plane):
    plane.fakes.engines.error = EvaluationError("evaluators_busy")
    answer = ask(plane, SUBJECT, FIND_GROCERS)
    assert answer.document["results"] == []
    assert (answer.document["context"]["evaluated"], answer.document["context"]["undecided"]) == (3, 3)
    assert plane.log.records[0].body["undecided"] == 3


def test_a_page_ends_when_its_time_is_spent(plane):
    """At least one round is made, so that every page comes further."""
    evaluate = plane.fakes.engines.evaluate

    async def slow(query, text):
        plane.ticks.now += 2
        return await evaluate(query, text)

    plane.fakes.engines.evaluate = slow
    answer = ask(plane, RESOURCE, FIND_FRUITS)
    assert answer.document["context"]["evaluated"] == 8
    token = answer.document["page"]["next_token"]
    assert ids(ask(plane, RESOURCE, paged(FIND_FRUITS, token=token)))[0] == "fruit-8"


def test_a_page_asks_about_so_many_candidates_and_no_more(plane, monkeypatch):
    monkeypatch.setattr(searching, "MOST", 10)
    answer = ask(plane, RESOURCE, FIND_FRUITS)
    assert answer.document["context"]["evaluated"] == 10
    assert answer.document["page"]["next_token"] != ""


def test_who_asks_for_too_many_results_gets_as_many_as_there_are_at_most(plane, monkeypatch):
    monkeypatch.setattr(search, "MOST_RESULTS", 2)
    assert len(ids(ask(plane, RESOURCE, paged(FIND_FRUITS, limit=9)))) == 2


def test_a_few_searches_at_once(plane):
    async def run():
        plane.fakes.engines.hold = asyncio.Event()
        data = json.dumps(FIND_GROCERS).encode()
        tasks = [asyncio.create_task(plane.asking(data, path=SUBJECT)) for _ in range(4)]
        for _ in range(20):
            await asyncio.sleep(0)
        refused = await plane.asking(data, path=SUBJECT)
        plane.fakes.engines.hold.set()
        return refused, await asyncio.gather(*tasks)

    refused, answers = asyncio.run(run())
    assert refused.code == "overloaded"
    assert [answer.status for answer in answers] == [200] * 4
    assert ask(plane, SUBJECT, FIND_GROCERS).status == 200


def test_an_action_with_a_place_of_its_own_keeps_its_searches_there(tmp_path):
    kept = "# METADATA\n# custom: {durability: locked, retention: sec1y}\n"
    changes = {"data/directory.json": json.dumps(DIRECTORY)}
    bundle = stocked(tmp_path, changes)
    source = kept + bundle.files["rego/shop/sell.rego"]
    plane = Plane(stocked(tmp_path, changes | {"rego/shop/sell.rego": source}))
    assert ask(plane, SUBJECT, FIND_GROCERS).document["context"]["evidence"]["durability"] == "locked"
    assert plane.log.asked_class == "sec1y"


MEMBERS = ["subject", "action", "resource", "context", "page", "type", "id", "name", "properties", "limit", "token"]


@given(
    st.sampled_from(Kind),
    st.recursive(
        st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
        max_leaves=12,
    ),
)
def test_a_value_is_a_search_or_a_request_that_is_none(kind, value):
    try:
        query = parse_query(value, kind)
    except MalformedRequestError:
        return
    assert parse_query(query.document(), kind) == query
