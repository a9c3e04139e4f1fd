"""What can be done by itself, on a real database: sessions locked, overrides ended, policies put in force again."""

import json
import re
from datetime import UTC, datetime

import pytest

from app import sessions
from app.db import reading
from app.features.policies.drift.healing import Healer, NoChanges
from app.features.policies.errors import RepositoryError
from app.features.policies.overrides import overriding
from app.features.policies.overrides.override_request import State
from app.features.policies.overrides.rows_overrides import find
from app.features.policies.remedies import Revoking
from app.features.policies.remedies import remedies as policies_remedies
from app.features.session.remedies import remedies as session_remedies
from app.remediation import Case, RemediationError, table
from app.settings import Settings
from tests.features.frameworks.testing_run import CHAIN, NOW, Node
from tests.features.policies.test_overriding import NOW as ASKED
from tests.features.policies.test_overriding import POLICY, WANTED
from tests.features.policies.test_overriding import permit as somebodys

HOUR = 3_600


def case(*positions):
    return Case(finding="fnd-1", test="a/b", positions=positions)


class Declaring:
    """Knows nothing that is declared, or fails."""

    def __init__(self, error=None):
        self.error = error

    def declared(self, now):  # noqa: ARG002
        if self.error is not None:
            raise self.error

    def overrides(self, now):  # noqa: ARG002
        return ()


@pytest.fixture
def node(gating, product):  # noqa: ARG001 - it is open meanwhile
    return Node(gating)


def policies(tmp_path, declaring=None):
    settings = Settings.from_environment({"OMEGA_DATA": str(tmp_path)})
    declaring = declaring or Declaring()
    return table(policies_remedies(settings, declaring, Healer(settings, None, NoChanges())))


def test_the_sessions_that_deviating_decisions_opened_are_ended(node):
    remedy = table(session_remedies())["sessions.lock"]
    first, second = node.permit(), node.permit()
    tokens = [
        sessions.begin(each, officer="ofc-1", groups=(), second_factor=False, login=each.decision_id, now=0)
        for each in (first, second)
    ]
    then = datetime.fromtimestamp(0, UTC)
    assert remedy.run(node.permit(), case(first.decision_id, "none-1"), then) == {"sessions": 1}
    assert [sessions.find(each, 1) is None for each in tokens] == [True, False]
    assert remedy.run(node.permit(), case(first.decision_id), NOW) == {"sessions": 0}


def test_an_override_past_its_time_is_ended_for_good(node, tmp_path):
    remedy = policies(tmp_path)["policies.revoke_override"]
    asked = overriding.request(somebodys(), WANTED, POLICY, ASKED)
    early, late = (datetime.fromtimestamp(ASKED + days * 24 * HOUR, UTC) for days in (1, 8))
    assert remedy.run(node.permit(), case(), early) == {"overrides": 0}
    assert remedy.run(node.permit(), case(), late) == {"overrides": 1}
    assert overriding.get(asked.id).state(ASKED) is State.REVOKED
    assert remedy.run(node.permit(), case(), late) == {"overrides": 0}


def test_an_override_that_a_deviating_decision_used_or_began_is_ended(node):
    asked = overriding.request(somebodys(), WANTED, POLICY, ASKED)
    using = Records({"result": {"overrides": [{"gate": "g", "id": asked.id}]}})
    at = datetime.fromtimestamp(ASKED + 1, UTC)
    assert Revoking(Records({"type": "other"})).run(node.permit(), case("a-1"), at) == {"overrides": 0}
    assert Revoking(using).run(node.permit(), case("a-1"), at) == {"overrides": 1}
    again = overriding.request(somebodys(resource="ovr-2"), WANTED, POLICY, ASKED)
    with reading() as session:
        place = find(session, again.id)[0].decision_id
    assert Revoking(Records({"result": {}})).run(node.permit(), case(place), at) == {"overrides": 1}


def test_a_log_that_cannot_be_read_is_not_guessed_at(node, tmp_path):
    with pytest.raises(RemediationError) as found:
        policies(tmp_path)["policies.revoke_override"].run(node.permit(), case(f"{CHAIN}-1"), NOW)
    assert found.value.code == "log"


class Records:
    """A log in which one body stands everywhere."""

    def __init__(self, body):
        self.body = body

    def __call__(self, _position):
        return self


def test_policies_that_are_as_declared_are_left_alone(node, tmp_path):
    assert policies(tmp_path)["policies.heal"].run(node.permit(), case(), NOW) == {"nodes": 0}


def test_policies_that_cannot_be_healed(node, tmp_path, monkeypatch):
    with pytest.raises(RemediationError) as found:
        policies(tmp_path, Declaring(RepositoryError("gone")))["policies.heal"].run(node.permit(), case(), NOW)
    assert found.value.code == "repository"
    remedy = policies(tmp_path)["policies.heal"]
    monkeypatch.setattr("app.features.policies.remedies.wanted", lambda *_: True)
    with pytest.raises(RemediationError) as found:
        remedy.run(node.permit(), case(), NOW)
    assert found.value.code == "not_healed"
    monkeypatch.setattr(Healer, "mend", lambda *_: (True, None))
    assert remedy.run(node.permit(), case(), NOW) == {"nodes": 1}


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match=re.escape("two remediations are called `sessions.lock`")):
        table([*session_remedies(), *session_remedies()])


def test_policy_lists_every_remediation_there_is_and_no_other(gating, tmp_path):
    listed = json.loads(gating.pdp.policies.bundle.data)["remediations"]
    assert table([*policies(tmp_path).values(), *session_remedies()]).keys() == listed.keys()
