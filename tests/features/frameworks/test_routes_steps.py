"""What persons do about tests and findings: two attest, an auditor inspects, findings are accepted and remediated."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import update

from app.db import open_engine, writing
from app.features.frameworks import dealing
from app.features.frameworks.attesting import countersign
from app.features.frameworks.errors import StepError
from app.features.frameworks.rows import FindingRow
from app.features.frameworks.standing import attestations, in_period
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from frameworks.collection import Collection
from tests.features.frameworks.testing_run import NOW, Node, controls, only, steps
from tests.features.gating import officer
from tests.features.serving import served

ATTESTED, INSPECTED, YEARS = "access-review/attested", "access-review/inspected", "retention/years"
STATEMENT = "the list of privileged roles was reviewed"
MONTH = (NOW + timedelta(days=28)).strftime("%Y-%m-%d")
TERMS = {"role": "ciso", "until": MONTH, "reason": "the class is changed next month"}


class Plane:
    """A control plane whose officers show a second factor."""

    def __init__(self, control, url):
        self.around, self.visitor, self._control = control.around, control.visitor, control
        self.clock = control.clock
        self.engine = open_engine(url)

    def officer(self, name, *groups):
        browser = self._control.officer(name, *groups)
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        return browser


@pytest.fixture
def plane(sqlite_url):
    with served(sqlite_url, collection=lambda: Collection(catalogs={}, controls=controls())) as control:
        made = Plane(control, sqlite_url)
        yield made
        made.engine.dispose()


@pytest.fixture
def node(plane):
    return Node(plane.around)


def post(browser, path, **sent):
    return browser.post(f"/frameworks/{path}", sent, accept="application/json")


def standing(browser, test):
    found = browser.json("/frameworks/attestations").json["attestations"]
    return next(each for each in found if each["test"] == test)


def test_two_persons_attest_and_it_counts_from_then_on(plane, node):
    first = plane.officer("ofc-61", "omega-security", "omega-ciso")
    answer = post(first, f"tests/{ATTESTED}/attest", statement=STATEMENT)
    assert (answer.status_code, answer.json["newest"], answer.json["stale"]) == (201, None, True)
    assert answer.json["waiting"]["at"] == "2026-11-22T14:00:00Z"
    node.run()
    assert node.outcomes()[ATTESTED] == "not_tested"
    denied = post(first, f"tests/{ATTESTED}/countersign")
    assert (denied.status_code, [each["id"] for each in denied.json["gates"]]) == (403, ["another"])
    second = plane.officer("ofc-71", "omega-ciso")
    done = post(second, f"tests/{ATTESTED}/countersign").json
    assert (done["stale"], done["due"], done["stale_at"]) == (False, False, "2027-03-02T14:00:00Z")
    node.run(after=timedelta(minutes=1))
    assert node.outcomes()[ATTESTED] == "effective"
    again = post(second, f"tests/{ATTESTED}/countersign")
    assert [each["id"] for each in again.json["gates"]] == ["another", "waiting"]
    (_, body) = plane.around.records[-1]
    assert body["resource"] == {"type": "control_test", "id": ATTESTED}
    node.run(after=timedelta(days=101))
    assert node.outcomes()[ATTESTED] == "stale"


def test_a_statement_that_was_signed_or_replaced_meanwhile_is_not_countersigned(plane):
    first = plane.officer("ofc-61", "omega-security")
    post(first, f"tests/{ATTESTED}/attest", statement=STATEMENT)
    (old,) = attestations(ATTESTED)
    test = controls()["access-review"].tests[1]

    def sign():
        facts = {"waiting": True, "second_role": "ciso", "by": "ofc-61"}
        asked = EvaluationRequest(
            subject=officer("ofc-71", "omega-ciso"),
            action="frameworks.countersign",
            resource=Entity(type="control_test", id=ATTESTED, properties=facts),
            context={},
        )
        countersign(plane.around.pdp.enforce(asked, CONTROL), test, old.decision_id, NOW)

    sign()
    with pytest.raises(StepError, match="has changed"):
        sign()
    plane.clock.seconds += 1
    post(first, f"tests/{ATTESTED}/attest", statement=STATEMENT)
    with pytest.raises(StepError, match="has changed"):
        sign()
    plane.clock.seconds += 1
    own = plane.officer("ofc-71", "omega-security", "omega-ciso")
    post(own, f"tests/{ATTESTED}/attest", statement=STATEMENT)
    old = attestations(ATTESTED)[0]  # by whoever was to countersign another's
    with pytest.raises(StepError, match="has changed"):
        sign()


def test_an_inspection_with_exceptions_is_a_finding_until_it_is_dealt_with(plane, node):
    auditor = plane.officer("ofc-51", "omega-auditors")
    sent = {"conclusion": "exceptions", "reason": "two of 25 accounts had no review"}
    answer = post(auditor, f"tests/{INSPECTED}/inspect", **sent)
    assert answer.status_code == 201
    assert plane.around.records[-1][1]["result"]["failed"] == ["without_exception"]
    node.run(after=timedelta(minutes=1))
    found = only(INSPECTED)
    assert found.deviations[0].position == attestations(INSPECTED)[0].decision_id
    owner = plane.officer("ofc-61", "omega-security")
    done = post(owner, f"findings/{found.id}/remediate", by_hand="yes", note="both accounts were taken away")
    assert done.json == {"finding": found.id, "state": "remediated"}
    node.run(after=timedelta(days=1))
    assert [code for _, code in steps(only(INSPECTED))] == ["opened", "by_hand", "confirmed"]
    (still,) = [each for each in in_period(NOW, NOW + timedelta(days=1)) if each.test == INSPECTED]
    assert still.deviations == found.deviations
    assert standing(auditor, INSPECTED)["newest"]["at"] == "2026-11-22T14:00:00Z"


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("tests/access-review/none/attest", {"statement": STATEMENT}, 404),
        (f"tests/{ATTESTED}/attest", {}, 400),
        (f"tests/{ATTESTED}/attest", {"statement": "a\nb"}, 400),
        (f"tests/{ATTESTED}/attest", {"statement": "all is well"}, 403),
        (f"tests/{YEARS}/attest", {"statement": STATEMENT}, 403),
        (f"tests/{INSPECTED}/inspect", {"conclusion": "maybe", "reason": "took 25 accounts"}, 400),
        ("findings/fnd-1/accept", TERMS, 404),
        ("findings/fnd-0000000000000000/accept", TERMS, 404),
        ("findings/fnd-0000000000000000/remediate", {"by_hand": "perhaps"}, 400),
    ],
    ids=[
        "no such test",
        "nothing is stated",
        "two lines",
        "other words",
        "a test that a machine makes",
        "no conclusion",
        "no id",
        "no finding",
        "neither by hand nor not",
    ],
)
def test_what_is_not_taken(plane, path, sent, status):
    browser = plane.officer("ofc-61", "omega-security", "omega-ciso")
    if status == 400 and path.startswith("findings"):
        node = Node(plane.around)
        node.log.days = 365
        node.run()
        path = path.replace("fnd-0000000000000000", only(YEARS).id)
    assert post(browser, path, **sent).status_code == status


@pytest.mark.parametrize(
    "until", ["", "tomorrow", "2026-02-30", "2026-13-01"], ids=["none", "words", "no day", "no month"]
)
def test_a_time_that_is_none(plane, node, until):
    node.log.days = 365
    node.run()
    ciso = plane.officer("ofc-71", "omega-ciso")
    answer = post(ciso, f"findings/{only(YEARS).id}/accept", **(TERMS | {"until": until}))
    assert (answer.status_code, "until" in answer.json["detail"]) == (400, True)


def test_it_takes_two_persons_in_two_roles_to_accept_and_it_ends(plane, node):
    node.log.days = 365
    node.run()
    path = f"findings/{only(YEARS).id}/accept"
    ciso, compliance = plane.officer("ofc-71", "omega-ciso"), plane.officer("ofc-81", "omega-compliance")
    assert post(ciso, path, **TERMS).json["state"] == "open"
    assert post(ciso, path, **TERMS).status_code == 403
    assert post(compliance, path, **(TERMS | {"role": "compliance_officer"})).json["state"] == "accepted"
    found = only(YEARS)
    assert [(each.person, each.role) for each in found.acceptances] == [
        ("ofc-71", "ciso"),
        ("ofc-81", "compliance_officer"),
    ]
    assert found.accepted_until == datetime(2026, 12, 20, tzinfo=UTC)
    node.run(after=timedelta(days=1))
    assert only(YEARS).state == "accepted"
    node.run(after=timedelta(days=28))
    assert [code for _, code in steps(only(YEARS))][1:] == [
        "acceptance_asked",
        "accepted",
        "acceptance_ended",
        "overdue",
    ]


def test_what_changed_since_policy_decided_is_not_done(plane, node):
    node.log.days = 365
    node.run()
    found = only(YEARS)
    facts = {"state": "open", "severity": "critical", "owner": "policy_admin", "approvals": []}
    until = NOW + timedelta(days=7)
    context = {"role": "ciso", "until": "2026-11-29T14:00:00Z", "reason": "the class is changed"}

    def permit(name):
        asked = EvaluationRequest(
            subject=officer(name, "omega-ciso"),
            action="frameworks.accept",
            resource=Entity(type="finding", id=found.id, properties=facts),
            context=context,
        )
        return plane.around.pdp.enforce(asked, CONTROL)

    first, second = permit("ofc-71"), permit("ofc-72")
    terms = {"role": "ciso", "until": until, "reason": "the class is changed", "now": NOW}
    dealing.accept(first, found.id, **terms)
    with pytest.raises(StepError, match="has changed"):
        dealing.accept(second, found.id, **terms)
    second.request.resource.properties["approvals"] = [{}]
    object.__setattr__(second.request.subject, "id", "OFC-71")
    with pytest.raises(StepError, match="has changed"):
        dealing.accept(second, found.id, **terms)
    with writing(first) as session:
        session.exec(update(FindingRow).values(state="closed"))
    with pytest.raises(StepError, match="has changed"):
        dealing.accept(first, found.id, **terms)
    with pytest.raises(StepError, match="no such thing"):
        dealing.accept(first, "fnd-none", **terms)
    assert dealing.perform(first, found.id, {}, "x", NOW) is None


def test_an_officer_has_done_what_a_test_declares(plane, node):
    node.remedy.error = "not_done"
    node.log.add(NOW - timedelta(hours=1), "reviewed")
    node.run()
    found = only("access-review/reviewed")
    owner = plane.officer("ofc-61", "omega-security")
    assert post(owner, f"findings/{found.id}/remediate").json["state"] == "remediating"
    node.remedy.error = None
    assert node.run(job=node.job.remediate) == {"remediated": 1}
    assert post(owner, f"findings/{found.id}/remediate").status_code == 403
    assert [(each.by, each.code) for each in only("access-review/reviewed").steps][-2:] == [
        ("ofc-61", "wanted"),
        ("frameworks.remediate", "remediated"),
    ]


def test_a_page_is_shown_what_was_done(plane, node):
    node.log.days = 365
    node.run()
    found = only(YEARS)
    officer = plane.officer("ofc-61", "omega-security")
    assert officer.post(f"/frameworks/tests/{ATTESTED}/attest", {"statement": STATEMENT}).status_code == 303
    sent = {"by_hand": "yes", "note": "the class was changed"}
    answer = officer.post(f"/frameworks/findings/{found.id}/remediate", sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/frameworks/findings/{found.id}")


def test_looking_is_for_those_who_have_to_do_with_controls(plane):
    assert plane.visitor().json("/frameworks/attestations").status_code == 403
