"""Who saw what of a person: what the index has of allowed reads, named as policy data say."""

import json
from dataclasses import dataclass

import pytest

from app import schema
from app.access_report import Naming, access_report, naming
from app.db import open_engine
from app.privacy.consent import ConsentError
from tests.features.gating import shipped
from tests.index.logged import BOB, Logged, body

PERSON = f"psn_{'c' * 32}"
ABOUT = {"type": "person", "id": PERSON}
SAID = Naming(
    subjects={"officer": "an officer", "service": "a service"},
    by_pseudonym=frozenset({"service"}),
    actions={"privacy.view": "consents were looked at", "privacy.reveal": "a text was revealed"},
    stated=frozenset({"privacy.reveal"}),
    records={"dsr.opened": ("an archive was handed over", "whoever has the link")},
)
WORDLESS = {"subjects": {}, "actions": {}, "by_pseudonym": [], "stated": [], "records": {}}


@dataclass(frozen=True)
class Bundle:
    data: str


@pytest.fixture
def index(sqlite_url):
    engine = open_engine(sqlite_url, durable=False)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    made = Logged()
    chain = made.chain()

    def noted(kind, whom):
        about = {"type": "person", "id": whom}
        chain.append(kind, tenant="acme", body={"request": "dsr-1", "subject": whom, "resource": about})

    def saw(action, kind, **more):
        chain.append(body=body(action=action, subject={"type": kind, "ref": BOB}, **{"resource": ABOUT, **more}))

    saw("privacy.view", "officer")
    obligations = [{"id": "o", "type": "notice", "purpose": "x"}, {"id": "a", "type": "access", "purpose": "support"}]
    saw("privacy.reveal", "service", result={"allow": True, "failed": [], "obligations": obligations})
    saw("privacy.reveal", "robot", result={"allow": True, "failed": [], "obligations": obligations})
    saw("privacy.reveal", "service", result={"allow": True, "failed": [], "obligations": []})
    noted("dsr.opened", PERSON)
    noted("dsr.opened", f"psn_{'d' * 32}")
    noted("dsr.receipt", PERSON)
    saw("privacy.consent", "service")
    saw("privacy.view", "officer", resource={"type": "person", "id": f"psn_{'d' * 32}"})
    saw("privacy.view", "officer", result={"allow": False, "failed": ["authorised"]})
    made.publish()
    made.indexer(engine).catch_up()
    yield engine
    engine.dispose()


def test_each_allowed_read_of_this_person_and_nothing_else(index):
    report = access_report(index, PERSON, ("acme", "acme", "other"), SAID)
    assert report.whole
    assert sorted((each.what, each.who, each.purpose or "") for each in report.accesses) == [
        ("a text was revealed", f"a service ({BOB})", "support"),
        ("a text was revealed", "somebody", "support"),
        ("an archive was handed over", "whoever has the link", ""),
        ("consents were looked at", "an officer", ""),
    ]
    actions = {each["action"] for each in report.document()["accesses"]}
    assert actions == {"privacy.view", "privacy.reveal", "dsr.opened"}


def test_a_report_says_where_room_ran_out(index):
    report = access_report(index, PERSON, ("acme",), SAID, most=2)
    assert (len(report.accesses), report.whole) == (2, False)


def test_the_shipped_words():
    said = naming(shipped())
    assert "privacy.reveal" in said.stated <= said.actions.keys()
    assert {"dsr.export", "dsr.opened"} == said.records.keys()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"subjects": {}, "actions": {}}, id="half of it"),
        pytest.param(WORDLESS | {"subjects": {"officer": 1}}, id="words that are none"),
        pytest.param(WORDLESS | {"records": {"dsr.opened": "opened"}}, id="a record that says nothing of who"),
        pytest.param(WORDLESS | {"records": {"dsr.opened": {"what": 1, "who": ""}}}, id="a record without words"),
    ],
)
def test_policy_data_that_cannot_be_used(wrong):
    with pytest.raises(ConsentError):
        naming(Bundle(json.dumps({"access_report": wrong})))
