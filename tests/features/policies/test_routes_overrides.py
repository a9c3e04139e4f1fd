"""Overrides as officers meet them: through policy, the pages and the database; and how they reach a decision."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import db
from app.features.policies.overrides import routes_overrides
from app.features.policies.overrides.granting import DatabaseGrants
from app.pdp.model import Entity, EvaluationRequest
from tests.features.serving import served

SCOPE = {
    "action": "studio.deploy",
    "gate": "in_change_window",
    "subject_type": "member",
    "subject_id": "mem-3c11",
    "resource_type": "workflow",
    "resource_id": "wf-4b1e",
}
ASKED = SCOPE | {"hours": 8, "uses": 2, "reason": "a customer waits for it", "ticket": "CHG-1"}
BROKEN = SCOPE | {"hours": 2, "role": "security_officer", "reason": "addresses leak right now", "ticket": "INC-7"}
HOUR = 3_600


class Life:
    """A control plane with officers, whose clock moves with the test."""

    def __init__(self, control, url, monkeypatch):
        self.control, self.url = control, url
        control.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(control.clock.seconds, UTC)
        monkeypatch.setattr(routes_overrides, "now", lambda: int(control.clock.seconds))
        self.grants = DatabaseGrants(db.open_engine(url), lambda: datetime.fromtimestamp(control.clock.seconds, UTC))

    def officer(self, name, *groups):
        """Return the browser of somebody whose identity provider saw a second factor."""
        browser = self.control.officer(name, *groups)
        self.sql("UPDATE officer_session SET second_factor = 1")
        return browser

    def sql(self, statement):
        with self.grants._engine.begin() as connection:
            connection.execute(text(statement))

    def later(self, seconds):
        self.control.clock.seconds += seconds

    def granted(self, **change):
        self.grants.look()
        scope = SCOPE | change
        asked = EvaluationRequest(
            subject=Entity(type=scope["subject_type"], id=scope["subject_id"], properties={}),
            action=scope["action"],
            resource=Entity(type=scope["resource_type"], id=scope["resource_id"], properties={}),
            context={},
        )
        return self.grants.of(scope.get("tenant", "default"), asked)

    def use(self, grant):
        return asyncio.run(self.grants.use(grant))


def send(browser, path, body=None):
    csrf = browser.csrf()
    return browser.client.post(
        f"/policies/overrides{path}",
        json=body or {},
        headers={"accept": "application/json", "sec-fetch-site": "same-origin", "x-csrf-token": csrf},
    )


def gates(answer):
    assert answer.status_code == 403, answer.text
    return [each["id"] for each in answer.json["gates"]]


@pytest.fixture
def life(sqlite_url, monkeypatch):
    with served(sqlite_url) as control:
        made = Life(control, sqlite_url, monkeypatch)
        yield made
        made.grants._engine.dispose()


@pytest.fixture
def author(life):
    return life.officer("ofc-1", "omega-policy-authors")


@pytest.fixture
def ciso(life):
    return life.officer("ofc-2", "omega-ciso")


@pytest.fixture
def compliance(life):
    return life.officer("ofc-3", "omega-compliance")


@pytest.fixture
def security(life):
    return life.officer("ofc-4", "omega-security")


def asked(author, **change):
    answer = send(author, "", ASKED | change)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def granted(author, ciso, compliance):
    name = asked(author)
    assert send(ciso, f"/{name}/approve", {"role": "ciso"}).status_code == 200
    answer = send(compliance, f"/{name}/approve", {"role": "compliance_officer"})
    assert (answer.status_code, answer.json["state"]) == (200, "granted")
    return name


def test_two_persons_in_two_roles_grant_what_a_third_asked_for(life, author, ciso, compliance):
    name = granted(author, ciso, compliance)
    [grant] = life.granted()
    assert (grant.id, grant.kind, grant.by) == (name, "request", "ofc-1")
    assert grant.expires_at == "2026-11-22T22:00:00Z"
    assert {each.person for each in grant.approvals} == {"ofc-2", "ofc-3"}


def test_until_both_have_approved_nothing_is_granted(life, author, ciso):
    name = asked(author)
    assert life.granted() == ()
    assert send(ciso, f"/{name}/approve", {"role": "ciso"}).json["state"] == "asked"
    assert life.granted() == ()


@pytest.mark.parametrize(
    "change",
    [
        {"resource_id": "wf-0001"},
        {"subject_id": "mem-1"},
        {"tenant": "other"},
        {"action": "studio.run"},
    ],
    ids=["resource", "subject", "tenant", "action"],
)
def test_another_scope_is_granted_nothing(life, author, ciso, compliance, change):
    granted(author, ciso, compliance)
    assert life.granted(**change) == ()


def test_nobody_approves_what_they_asked_for_whatever_the_capitals(life, ciso):
    name = asked(ciso)
    assert gates(send(ciso, f"/{name}/approve", {"role": "ciso"})) == ["not_own"]
    capitals = life.officer("OFC-2", "omega-ciso")
    assert gates(send(capitals, f"/{name}/approve", {"role": "ciso"})) == ["not_own"]


def test_nobody_approves_what_they_would_use(life, author):
    name = asked(author, subject_id="mem-7")
    own = life.officer("MEM-7", "omega-ciso")
    assert gates(send(own, f"/{name}/approve", {"role": "ciso"})) == ["not_own"]


def test_one_person_in_two_roles_is_one_person(life, author):
    both = life.officer("ofc-9", "omega-ciso", "omega-compliance")
    again = life.officer("OFC-9", "omega-compliance")
    name = asked(author)
    assert send(both, f"/{name}/approve", {"role": "ciso"}).status_code == 200
    assert gates(send(both, f"/{name}/approve", {"role": "compliance_officer"})) == ["another_person"]
    assert gates(send(again, f"/{name}/approve", {"role": "compliance_officer"})) == ["another_person"]
    assert life.granted() == ()


def test_a_role_that_is_not_held_and_one_that_policy_does_not_list(author, ciso, security):
    name = asked(author)
    assert gates(send(ciso, f"/{name}/approve", {"role": "compliance_officer"})) == ["authorised"]
    assert gates(send(security, f"/{name}/approve", {"role": "security_officer"})) == ["authorised"]


def test_what_cannot_be_overridden_is_not_asked_for(author):
    assert gates(send(author, "", ASKED | {"gate": "tested"})) == ["overridable", "within_limits"]
    assert gates(send(author, "", ASKED | {"hours": 25})) == ["within_limits"]
    assert gates(send(author, "", ASKED | {"uses": 11})) == ["within_limits"]


def test_a_form_names_action_and_gate_by_one_choice(author, security):
    def form(values):
        named = {name: value for name, value in values.items() if name not in {"action", "gate"}}
        return named | {"scope": f"{values['action']} {values['gate']}"}

    page = author.get("/policies/overrides").text
    assert page.count('<option value="studio.deploy in_change_window">') == 2
    assert "<option>security_officer</option>" in page
    assert send(author, "", form(ASKED)).json["gate"] == "in_change_window"
    assert gates(send(author, "", form(ASKED | {"gate": "tested"}))) == ["overridable", "within_limits"]
    broken_glass = send(security, "/break-glass", form(BROKEN | {"resource_id": "wf-2"}))
    assert (broken_glass.status_code, broken_glass.json["action"]) == (201, "studio.deploy")


def test_an_auditor_asks_for_nothing(life):
    assert gates(send(life.officer("ofc-8", "omega-auditors"), "", ASKED)) == ["authorised"]


def test_of_each_scope_one_is_running(author):
    asked(author)
    assert gates(send(author, "", ASKED)) == ["not_running"]
    asked(author, resource_id="wf-0001")


def test_it_expires_by_time_alone(life, author, ciso, compliance):
    name = granted(author, ciso, compliance)
    life.later(8 * HOUR)
    assert life.granted() == ()
    reader = life.officer("ofc-8")
    assert reader.json(f"/policies/overrides/{name}").json["state"] == "expired"


def test_it_is_used_as_often_as_was_granted(life, author, ciso, compliance):
    name = granted(author, ciso, compliance)
    [grant] = life.granted()
    assert [life.use(grant) for _ in range(3)] == [True, True, False]
    assert life.granted() == ()
    assert author.json(f"/policies/overrides/{name}").json["state"] == "used_up"


def test_of_two_workers_one_takes_the_last_use(life, author, ciso, compliance):
    granted(author, ciso, compliance)
    [grant] = life.granted()
    assert life.use(grant)
    other = DatabaseGrants(db.open_engine(life.url), life.grants._clock)

    async def both():
        return await asyncio.gather(life.grants.use(grant), other.use(grant))

    assert sorted(asyncio.run(both())) == [False, True]
    other._engine.dispose()


def test_what_was_revoked_between_is_not_used(life, author, ciso, compliance):
    name = granted(author, ciso, compliance)
    [grant] = life.granted()
    assert send(author, f"/{name}/revoke", {"reason": "no longer needed"}).json["state"] == "revoked"
    assert life.use(grant) is False
    assert life.granted() == ()
    assert gates(send(author, f"/{name}/revoke", {"reason": "no longer needed"})) == ["open"]


def test_the_same_pair_does_not_renew_within_the_gap(life, author, ciso, compliance):
    granted(author, ciso, compliance)
    life.later(9 * HOUR)
    author, ciso, compliance = (
        life.officer("ofc-1", "omega-policy-authors"),
        life.officer("ofc-2", "omega-ciso"),
        life.officer("ofc-33", "omega-compliance"),
    )
    name = asked(author)
    assert gates(send(ciso, f"/{name}/approve", {"role": "ciso"})) == ["no_silent_renewal"]
    fresh = life.officer("ofc-22", "omega-ciso")
    assert send(fresh, f"/{name}/approve", {"role": "ciso"}).status_code == 200
    assert send(compliance, f"/{name}/approve", {"role": "compliance_officer"}).json["state"] == "granted"


def test_after_the_gap_they_may(life, author, ciso, compliance):
    granted(author, ciso, compliance)
    life.later(8 * HOUR + 24 * HOUR)
    name = asked(life.officer("ofc-1", "omega-policy-authors"))
    ciso = life.officer("ofc-2", "omega-ciso")
    assert send(ciso, f"/{name}/approve", {"role": "ciso"}).status_code == 200


def broken(security, **change):
    answer = send(security, "/break-glass", BROKEN | change)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def test_one_person_breaks_the_glass_and_it_closes_unconfirmed(life, security):
    name = broken(security)
    [grant] = life.granted()
    assert (grant.kind, grant.by, grant.minutes) == ("break_glass", "ofc-4", 15)
    life.later(15 * 60)
    assert life.granted() == ()
    assert life.officer("ofc-8").json(f"/policies/overrides/{name}").json["state"] == "closed"


def test_confirmed_in_time_it_stays_open(life, security, compliance):
    name = broken(security)
    life.later(14 * 60)
    compliance = life.officer("ofc-3", "omega-compliance")
    assert send(compliance, f"/{name}/confirm", {"role": "compliance_officer"}).json["state"] == "granted"
    life.later(HOUR)
    assert [each.id for each in life.granted()] == [name]
    life.later(HOUR)
    assert life.granted() == ()


def test_a_confirmation_that_comes_too_late_and_one_by_the_same_person(life, security):
    name = broken(security)
    own = life.officer("OFC-4", "omega-compliance")
    assert gates(send(own, f"/{name}/confirm", {"role": "compliance_officer"})) == ["not_own"]
    life.later(15 * 60)
    late = life.officer("ofc-3", "omega-compliance")
    assert set(gates(send(late, f"/{name}/confirm", {"role": "compliance_officer"}))) == {"in_time", "open"}


def test_an_overdue_review_keeps_the_next_glass_whole(life, security):
    name = broken(security)
    life.later(72 * HOUR + 1)
    security, compliance = life.officer("ofc-4", "omega-security"), life.officer("ofc-3", "omega-compliance")
    assert gates(send(security, "/break-glass", BROKEN)) == ["reviews_done"]
    reviews = compliance.json("/policies/overrides").json["reviews"]
    assert [each["id"] for each in reviews] == [name]
    found = {"role": "compliance_officer", "justified": False, "reason": "the window was open"}
    assert gates(send(life.officer("Ofc-4", "omega-compliance"), f"/{name}/review", found)) == ["not_own"]
    assert send(compliance, f"/{name}/review", found).json["reviewed"] is True
    assert gates(send(compliance, f"/{name}/review", found)) == ["open"]
    broken(security)


def test_the_same_glass_is_not_broken_again_soon(life, security):
    broken(security)
    life.later(HOUR)
    assert gates(send(life.officer("ofc-4", "omega-security"), "/break-glass", BROKEN)) == ["no_silent_renewal"]


def test_a_session_without_a_second_factor_grants_nothing(life, author, ciso):
    name = asked(author)
    life.sql("UPDATE officer_session SET second_factor = 0")
    assert gates(send(ciso, f"/{name}/approve", {"role": "ciso"})) == ["second_factor"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        ASKED | {"hours": 0},
        ASKED | {"hours": "many"},
        ASKED | {"hours": True},
        ASKED | {"reason": 5},
        ASKED | {"subject_id": "x" * 257},
        ASKED | {"ticket": "a\nb"},
    ],
    ids=["nothing", "no hours", "hours in words", "a truth", "a number for a reason", "a long id", "two lines"],
)
def test_what_is_no_request_is_refused(author, body):
    answer = send(author, "", body)
    assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (400, "malformed_request")


def test_a_reason_of_one_word_is_none(author):
    answer = send(author, "", ASKED | {"reason": "please"})
    assert (answer.status_code, answer.json["diagnostics"][0]["code"]) == (403, "fact_out_of_bounds")


def test_a_review_says_yes_or_no(security, compliance):
    name = broken(security)
    body = {"role": "compliance_officer", "justified": "maybe", "reason": "it was fine"}
    assert send(compliance, f"/{name}/review", body).status_code == 400


@pytest.mark.parametrize("name", ["ovr-0000000000000000", "ovr-1", "..."])
def test_an_override_that_there_is_not(author, name):
    assert send(author, f"/{name}/revoke", {"reason": "no longer needed"}).status_code == 404
    assert author.json(f"/policies/overrides/{name}").status_code == 404


def test_the_effects_are_on_record(life, author, ciso, compliance):
    granted(author, ciso, compliance)
    actions = [body["action"] for kind, body in life.control.around.records if kind == "decision"]
    assert actions.count("policies.request_override") == 1
    assert actions.count("policies.approve_override") == 2


def test_pages_take_forms(life, author, security, compliance):
    answer = author.post("/policies/overrides", {name: str(value) for name, value in ASKED.items()})
    assert answer.status_code == 303
    page = author.get(answer.headers["location"]).text
    assert "asked" in page
    assert "CHG-1" in page
    glass = security.post(
        "/policies/overrides/break-glass",
        {name: str(value) for name, value in (BROKEN | {"resource_id": "wf-2"}).items()},
    )
    page = compliance.get(glass.headers["location"]).text
    assert "Confirm" in page
    assert "Was it justified?" in page
    board = compliance.get("/policies/overrides").text
    assert "Reviews that are due" in board
    assert "studio.deploy" in board
    life.later(73 * HOUR)
    assert "overdue since" in life.officer("ofc-8").get("/policies/overrides").text


def test_an_empty_board(author):
    assert "There are none." in author.get("/policies/overrides").text


def test_the_calendar_says_when_windows_open(author):
    found = author.json("/policies/windows").json["windows"]
    assert found["weekend"][0] == {"from": "2026-11-28T00:00:00Z", "to": "2026-11-28T06:00:00Z"}
    assert found["any_time"] == [{"from": "2026-11-22T14:00:00Z", "to": None}]
    page = author.get("/policies/windows").text
    assert "office_hours_berlin" in page
    assert "open now" in page


def test_where_the_database_does_not_answer_nothing_is_granted(life, author, ciso, compliance, caplog):
    granted(author, ciso, compliance)
    [grant] = life.granted()
    life.sql("ALTER TABLE override RENAME TO elsewhere")
    assert life.granted() == ()
    assert life.granted() == ()
    assert life.use(grant) is False
    assert len([each for each in caplog.records if "cannot be read" in each.message]) == 1


def test_it_looks_again_until_it_is_told_to_stop(life, author, ciso, compliance, monkeypatch):
    granted(author, ciso, compliance)
    monkeypatch.setattr("app.features.policies.overrides.granting.EVERY", 0.001)

    async def some_time():
        watching = asyncio.create_task(life.grants.watch())
        while not life.grants._known:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)
        watching.cancel()
        await asyncio.wait([watching])
        return watching.cancelled()

    assert asyncio.run(some_time())
