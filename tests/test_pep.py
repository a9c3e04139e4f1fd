"""The gate: what may be served at all, and what happens around a view."""

import pytest
from flask import Flask

from app.errors import problem
from app.pdp.errors import DeniedError, TooLargeError, UnrecordedError
from app.pdp.model import Entity
from app.pep import (
    Feature,
    Gate,
    RefusedError,
    Resource,
    UngatedError,
    bundle_in_force,
    install,
    refuse_ungated,
    seen_other,
    sent,
)
from tests.features.gating import gating, officer

ACTIONS = {"policies.view"}


def sold(_permit):
    return "sold"


def revision(name):
    return Resource(type="policies", id=name, properties={})


class Served:
    """An application with one gated view, and what the gate was told."""

    def __init__(self, *groups, **options):
        self.around, self.seen, self.acted = gating(), [], []
        self.app = Flask("app")
        feature = Feature("policies")

        @feature.route("/at/<name>", **({"action": "view", "resource": revision, "methods": ["GET", "POST"]} | options))
        def look(permit, name):
            self.seen.append((permit.request, name))
            return {"decision_id": permit.decision_id}

        self.app.register_blueprint(feature.blueprint)
        subject = officer("ofc-51", *groups)
        install(self.app, Gate(pdp=self.around.pdp, subject=lambda: subject, acted=self.acted.append))
        self.app.testing = True
        self.client = self.app.test_client()


def test_a_view_runs_with_the_permit_that_is_on_record():
    served = Served("omega-ciso")
    answer = served.client.get("/policies/at/abc")
    assert answer.json["decision_id"] == served.around.log.records[0].position.decision_id
    request, name = served.seen[0]
    assert (request.subject.id, request.action, request.resource.id, name) == ("ofc-51", "policies.view", "abc", "abc")
    assert [permit.decision_id for permit in served.acted] == [answer.json["decision_id"]]


def test_a_view_does_not_run_when_policy_denies():
    served = Served("strangers")
    with pytest.raises(DeniedError):
        served.client.get("/policies/at/abc")
    assert (served.seen, served.acted) == ([], [])
    assert len(served.around.log.records) == 1


def test_a_view_does_not_run_when_nothing_can_be_recorded():
    served = Served("omega-ciso")
    served.around.log.refusing = UnrecordedError("full")
    with pytest.raises(UnrecordedError):
        served.client.get("/policies/at/abc")
    assert served.seen == []


def test_what_is_not_there_is_not_decided_on():
    def nothing(name):  # noqa: ARG001 - as it is called
        raise RefusedError(problem("not_found"))

    served = Served("omega-ciso", resource=nothing)
    with pytest.raises(RefusedError):
        served.client.get("/policies/at/abc")
    assert served.around.log.records == []


def test_circumstances_come_from_what_was_sent_and_facts_do_not():
    served = Served("omega-ciso", context=lambda form: {"reason": form["reason"]})
    served.client.post("/policies/at/abc", data={"reason": "a look", "author": "me"})
    request, _ = served.seen[0]
    assert request.context == {"reason": "a look"}
    assert request.resource == Entity(type="policies", id="abc", properties={})


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"data": {"a": "1", "csrf": "x"}}, {"a": "1"}),
        ({"data": {"a": ["1", "2"]}}, {"a": ["1", "2"]}),
        ({"json": {"a": 1}}, {"a": 1}),
        ({}, {}),
    ],
    ids=["a form", "a field more than once", "JSON", "nothing"],
)
def test_what_was_sent_is_read(options, found):
    with Flask("app").test_request_context("/", method="POST", **options):
        assert sent() == found


def test_a_get_that_names_the_type_of_no_body_sends_nothing():
    with Flask("app").test_request_context("/", method="GET", content_type="application/json"):
        assert sent() == {}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"[1]", RefusedError),
        (b'{"a": 1, "a": 2}', RefusedError),
        (b"{", RefusedError),
        (b" " * 300_000, TooLargeError),
    ],
    ids=["no object", "a name twice", "no JSON", "too much"],
)
def test_what_is_no_object_is_refused(body, error):
    with (
        Flask("app").test_request_context("/", method="POST", data=body, content_type="application/json"),
        pytest.raises(error),
    ):
        sent()


def test_after_a_form_one_sees_the_page():
    served = Served()
    with served.app.test_request_context("/"):
        answer = seen_other("policies.look", name="abc")
    assert (answer.status_code, answer.location) == (303, "/policies/at/abc")


def test_an_application_with_a_policy_for_everything_is_served():
    refuse_ungated(Served().app, ACTIONS)


def test_everything_that_no_policy_decides_on_is_named():
    served = Served()
    feature = Feature("market")
    feature.route("/sell", action="sell", resource=lambda: revision("x"))(sold)
    served.app.register_blueprint(feature.blueprint)
    served.app.add_url_rule("/open", "open", lambda: "everything")
    with pytest.raises(UngatedError) as caught:
        refuse_ungated(served.app, ACTIONS)
    assert str(caught.value) == "no policy decides on `/market/sell` (action `market.sell`), `/open` (`open`)"


def test_nothing_is_answered_for_options_beside_the_gate():
    assert Served("omega-ciso").client.options("/policies/at/abc").status_code == 405


def test_a_route_cannot_be_made_without_saying_what_it_is_about():
    with pytest.raises(TypeError):
        Feature("market").route("/sell")


def test_an_application_that_asks_elsewhere_has_no_policies_of_its_own():
    served = Served("omega-ciso")
    with served.app.app_context(), pytest.raises(RuntimeError, match="elsewhere"):
        bundle_in_force()
