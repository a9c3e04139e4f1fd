"""The conformity file: statements with their sources, what is missing as missing, the same bytes for the same input."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import schema
from app.db import open_engine
from app.features.ai_act.conformity import conformity_file, encode
from app.features.ai_act.contract_form import read
from app.features.ai_act.errors import AiActError
from app.features.ai_act.gathering import gather
from app.features.ai_act.node_records import NodeRecords, NoRecords
from app.features.ai_act.system import article_of
from app.index.rows import CHAIN, CHECKPOINT, DECISION
from app.settings import Settings
from frameworks import catalog
from tests.features.ai_act.registering import HOUR, SHORTLIST, at, opened, send
from tests.features.gating import shipped
from tests.features.serving import NOW

FIRST, LAST = date(2025, 11, 23), date(2026, 11, 30)
CHAIN_ID = "0123456789abcdef0123"


def settings(path, **more):
    return Settings.from_environment({"OMEGA_DATA": str(path), **more})


@pytest.fixture
def index(tmp_path):
    """The settings of a node whose index knows two decisions about a system, and one about another."""
    node = settings(tmp_path)
    engine = open_engine(node.index)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    chain = {
        "chain": CHAIN_ID,
        "log": "l",
        "retention_class": "std7y",
        "segments": 1,
        "records": 4,
        "head": "",
        "sealed_at": "t",
    }
    with engine.begin() as connection:
        connection.execute(CHAIN.insert().values(chain))
        connection.execute(CHECKPOINT.insert().values(number=7, size=1, root="", sealed_at="t"))
        for seq, (resource, allow, month) in enumerate(
            [("wf-4b1e", True, "11"), ("wf-4b1e", False, "11"), ("wf-9", True, "11"), ("wf-4b1e", True, "12")]
        ):
            time = f"2026-{month}-22T14:00:00.000000Z"
            row = {"chain": CHAIN_ID, "seq": seq, "segment": 0, "time": time, "tenant": "default", "type": "decision"}
            row |= {"action": "studio.run", "resource_ref": resource, "allow": allow}
            connection.execute(DECISION.insert().values(row))
    engine.dispose()
    return node


def described(records, system="wf-4b1e", last=LAST, now=int(NOW)):
    return conformity_file(gather(system, FIRST, last, bundle=shipped(), records=records, now=now))


def places(document):
    return {f"{section['id']}: {each['place']}": each for section in document["sections"] for each in section["places"]}


@pytest.fixture
def classified(compliance):
    answer = send(compliance, "systems", {"system": "wf-4b1e", "kind": "workflow"} | SHORTLIST)
    assert answer.status_code == 201, answer.text
    return answer.json


@pytest.fixture
def document(classified, compliance, desk, index):  # noqa: ARG001 - it has a class
    opened(
        compliance, "ai_system", "widespread", "personal_data", known=-60, system="wf-4b1e", text="applicants were lost"
    )
    return described(NodeRecords(index))


def test_every_statement_names_its_source(document):
    stated = [each for place in places(document).values() for each in place["statements"]]
    assert len(stated) > 20
    assert all(each["sources"] for each in stated)


def test_what_is_not_known_is_missing_and_nothing_is_made_up(document):
    found = places(document)
    assert found["technical_documentation: Annex IV(8)"]["statements"] == []
    assert found["technical_documentation: Annex IV(8)"]["missing"] == ["a copy of the EU declaration of conformity"]
    assert found["technical_documentation: Annex IV(1)(a)"]["missing"] == ["the name of the provider and the version"]
    assert found["technical_documentation: Annex IV(6)"]["missing"] == []
    assert len(document["missing"]) == sum(len(place["missing"]) for place in found.values())
    assert "Annex IV(4): why its metrics are the right ones" in document["missing"]


def test_the_places_are_those_of_annex_iv(document):
    names = [each["place"] for each in document["sections"][0]["places"]]
    assert names == [
        *(f"Annex IV(1)({letter})" for letter in "abcdefgh"),
        *(f"Annex IV(2)({letter})" for letter in "abcdefgh"),
        *(f"Annex IV({number})" for number in range(3, 10)),
    ]


def test_the_class_its_decision_and_the_policies_stand_in_it(document, classified):
    assert document["classification"]["decision_id"] == classified["decision_id"]
    assert document["policy"]["bundle"] == shipped().digest
    [purpose] = places(document)["technical_documentation: Annex IV(1)(a)"]["statements"]
    assert purpose["value"]["purpose"] == SHORTLIST["purpose"]
    assert purpose["sources"] == [{"decision": classified["decision_id"]}]


def test_decisions_are_counted_by_action_for_this_system_in_this_period(document):
    decided = places(document)["logs: Art.12"]["statements"][1]
    assert decided["value"]["decisions"] == [{"action": "studio.run", "allowed": 1, "denied": 1}]
    assert decided["sources"] == [{"index": "checkpoint 7"}]
    [chains] = places(document)["logs: Art.12"]["statements"][0]["value"]
    assert (chains["chain"], chains["retention_class"]) == (CHAIN_ID, "std7y")


def test_records_that_are_kept_too_short_are_missing(document, index):
    assert places(document)["logs: Art.18"]["missing"] == ["a class of records that is kept for ten years"]
    assert places(document)["logs: Art.19"]["missing"] == []
    longer = settings(index.data, OMEGA_RETENTION="std7y=2555,long=3653")
    assert places(described(NodeRecords(longer)))["logs: Art.18"]["missing"] == []


def test_incidents_stand_in_it_with_what_was_missed_and_without_what_people_wrote(document):
    [incidents, _] = places(document)["post_market: Art.73"]["statements"]
    [one] = incidents["value"]
    assert [each["clock"] for each in one["missed"]] == ["ai_act_widespread"]
    assert "applicants" not in json.dumps(one)
    assert "ofc-1" not in json.dumps(document)


def test_no_clock_is_called_missed_before_its_time(document):
    [incidents, _] = places(document)["post_market: Art.73"]["statements"]
    standings = {each["clock"]: each["standing"] for each in incidents["value"][0]["clocks"]}
    assert standings == {"ai_act_widespread": "missed", "gdpr_authority": "soon"}
    assert document["period"] == {"from": "2025-11-23", "to": "2026-11-30", "as_of": "2026-11-22T14:00:00Z"}


def test_gates_of_human_oversight_are_those_in_force(document):
    [oversight] = places(document)["human_oversight: Art.14"]["statements"]
    gates = {each["gate"]: each["enforcement"] for each in oversight["value"]}
    assert gates["studio.deploy/two_approvers"] == "blocking"
    assert "studio.deploy/high_risk_duties" in gates
    assert {"policy": "rego/studio/deploy.rego", "bundle": shipped().digest, "revision": "r1"} in oversight["sources"]


def test_every_gate_that_is_named_is_one(document):
    found = places(document)
    for name in ("technical_documentation: Annex IV(2)(g)", "quality_management: Art.17(1)(m)"):
        assert len(found[name]["statements"][0]["value"]) == 3


def test_without_a_node_nothing_is_said_of_its_log(classified):  # noqa: ARG001
    found = places(described(NoRecords()))
    assert found["logs: Art.12"]["statements"] == []
    assert found["logs: Art.18"]["missing"] == ["documentation is kept for ten years"]


def test_without_an_index_or_with_a_broken_one_nothing_is_counted(classified, tmp_path):  # noqa: ARG001
    node = settings(tmp_path / "other")
    node.data.mkdir()
    assert places(described(NodeRecords(node)))["logs: Art.12"]["statements"] == []
    node.index_file.write_bytes(b"no database at all, not even a header of one" * 40)
    assert places(described(NodeRecords(node)))["logs: Art.12"]["statements"] == []


def test_the_same_input_gives_the_same_bytes(classified, index):  # noqa: ARG001
    files = {encode(described(NodeRecords(index))) for _ in range(2)}
    assert len(files) == 1
    assert json.loads(files.pop())["form"] == "omega-conformity-file-1"


def test_what_comes_after_a_period_changes_nothing_in_its_file(desk, compliance, classified, index):
    name = opened(compliance, "ai_system", "widespread", system="wf-4b1e")
    before = encode(described(NodeRecords(index), last=date(2026, 11, 23), now=desk.now() + 11 * HOUR))
    desk.later(30 * HOUR)
    compliance = desk.officer("ofc-1", "omega-compliance")
    send(compliance, "systems", {"system": "wf-4b1e", "kind": "workflow"} | SHORTLIST | {"annex_iii": ["justice"]})
    opened(compliance, "ai_system", known=20, system="wf-4b1e")
    notice = {"recipient": "market_surveillance", "authority": "the one", "notified_at": at(29), "text": "by letter"}
    assert send(compliance, f"incidents/{name}/steps", {"step": "notify"} | notice).status_code == 200
    assert encode(described(NodeRecords(index), last=date(2026, 11, 23), now=desk.now())) == before
    assert described(NodeRecords(index))["classification"]["decision_id"] != classified["decision_id"]


def test_a_system_without_a_class_has_no_file(product):  # noqa: ARG001
    with pytest.raises(AiActError, match="no such system"):
        gather("wf-1", FIRST, LAST, bundle=shipped(), records=NoRecords(), now=int(NOW))


def test_nobody_watches_where_jobs_are_off(classified, tmp_path):  # noqa: ARG001
    off = places(described(NodeRecords(settings(tmp_path, OMEGA_JOBS="no"))))
    assert off["quality_management: Art.17(1)(h)"]["statements"][0]["says"] == "nobody watches the clocks of incidents"
    assert off["post_market: Art.73"]["statements"][0]["says"] == "no incident that concerns it is on record"


# the policy data against the catalog


def test_every_article_is_in_the_catalog_with_the_day_that_policy_has():
    law, data = catalog.load()["eu-ai-act"].items, json.loads(shipped().data)["ai_duties"]
    days = {name: date.fromisoformat(each["from"]) for name, each in data["dates"].items()}
    for roles in data["high_risk"].values():
        for groups in roles.values():
            for member in (each for group in groups.values() for each in group):
                assert law[article_of(member)].effective_from == days["annex_iii"], member
    assert law["Art.6(1)"].effective_from == days["annex_i"]
    assert law["Art.4"].effective_from == days["literacy"]
    assert law["Art.5-intimate-imagery"].effective_from == days["intimate_imagery"]
    assert {law[f"Art.50({number})"].effective_from for number in (1, 3, 4)} == {days["transparency"]}
    assert law["Art.50(2)"].effective_from == days["marking_existing"]
    for name, item in {"annex_iii": "Art.9", "annex_i": "Art.6(1)", "marking_existing": "Art.50(2)"}.items():
        assert law[item].formerly == date.fromisoformat(data["dates"][name]["was"])
        assert law[item].unchecked is data["dates"][name]["unchecked"] is True


def test_gates_that_are_not_there_are_not_stated(classified):  # noqa: ARG001
    known = gather("wf-4b1e", FIRST, LAST, bundle=shipped(), records=NoRecords(), now=int(NOW))
    found = places(conformity_file(replace(known, gates=())))
    assert found["human_oversight: Art.14"]["missing"] == ["the gates of human oversight in force"]


def test_a_name_that_is_no_article():
    assert article_of("unchecked") is None
    assert article_of("art_50_2") == "Art.50(2)"


@given(st.dictionaries(st.text(max_size=12), st.one_of(st.text(max_size=8), st.lists(st.text(max_size=4), max_size=3))))
def test_whatever_a_form_sends_is_read(sent):
    schema_of = shipped().actions["ai_act.classify"].contract.schema["properties"]["context"]
    found = read(schema_of, sent)
    assert found.keys() <= schema_of["properties"].keys()
    assert found["profiling"] is ("profiling" in sent)
