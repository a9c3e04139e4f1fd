"""What holds for every page of the portal: who is told what when policy denies, headers, forms of other sites."""

from app.pep import refuse_ungated
from auditor_portal.application import PUBLIC
from tests.auditor_portal.portal import ENGAGEMENT

HOME = f"/e/{ENGAGEMENT}/"


def test_every_route_is_gated(portal):
    refuse_ungated(portal.app, portal.around.pdp.policies.bundle.actions, PUBLIC)


def test_styles_may_be_kept_and_are_those_of_all_pages(portal):
    answer = portal.visitor().get("/shared/omega.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert portal.visitor().get("/static/portal.css").status_code == 200


def test_there_is_nothing_elsewhere(portal):
    answer = portal.visitor().get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
