"""The pages of change requests as two officers meet them: in Chromium, with the keyboard, for everybody."""

import json

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.policies.requests_made import LIMITS
from tests.features.policies.signing import ALICE

pytestmark = pytest.mark.slow

FOUND = {
    "admission": {"bundle": "ab" * 32},
    "impact": {
        "unapproved": 41,
        "figures": {"decisions": 50_000, "the_same": 49_959, "allow_to_deny": 0, "deny_to_allow": 41},
        "differences": [
            {
                "count": 41,
                "change": "deny to allow",
                "action": "marketplace.publish",
                "rules": ["covered"],
                "subject": "user",
                "examples": [{"id": "5f0c2e9a1b7d-118", "time": "2026-11-20T10:00:00Z"}],
            }
        ],
    },
    "owners": {"paths": 3},
    "tests": {"passed": 1_256, "failed": [], "failures": 0, "lines": 900, "missed_lines": 0, "missed": {}},
}
GATE = """package marketplace.publish

# METADATA
# title: {title}
# custom: {{severity: high, enforcement: {enforcement}, controls: [soc2/CC8.1]}}
passed contains "covered" if input.resource.properties.tests.coverage >= data.thresholds.coverage
"""
LIMITED = {"marketplace": {"publish": {"min_coverage_percent": 80, "min_soak_hours": 24}}}


def proposed(site):
    """Push a branch that loosens a gate and a limit."""
    rego, data = "policies/rego/marketplace/publish.rego", "policies/data/thresholds.json"
    before = {"title": "tests cover enough of the agent", "enforcement": "blocking"}
    site.work.commit({rego: GATE.format(**before), data: json.dumps(LIMITED, indent=2), LIMITS: None})
    LIMITED["marketplace"]["publish"]["min_coverage_percent"] = 75
    changed = {rego: GATE.format(**before | {"enforcement": "monitoring"}), data: json.dumps(LIMITED, indent=2)}
    return site.work.commit(changed, ALICE, [site.work.head()], branch="coverage")


def test_a_change_is_read_approved_and_merged_without_a_script(site):
    site.checker.said = FOUND
    head = proposed(site)
    with on_a_port(site.served.app) as url, chromium() as page:
        barred = []

        def look(name):
            barred.extend(barriers(page))
            shoot(page, name)

        def become(name):
            page.context.clear_cookies()
            cookie = site.officer(name).browser.client.get_cookie("omega")
            page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": url}])

        become("ofc-1")
        page.goto(f"{url}/policies/changes")
        look("changes")
        page.get_by_label("Title", exact=True).first.fill("Ask for 75 percent")
        page.get_by_role("button", name="Propose coverage").click()
        page.wait_for_url(f"{url}/policies/changes/1")
        look("change-fresh")
        become("ofc-2")
        page.goto(f"{url}/policies/changes/1")
        page.get_by_role("textbox", name="Comment").fill("Whom does it let through?")
        page.get_by_role("button", name="Comment").press("Enter")
        page.get_by_text("Whom does it let through?").wait_for()
        page.get_by_label("Role to approve in").select_option("compliance_officer")
        page.get_by_role("button", name="Approve this tree").click()
        page.get_by_text("Still missing: 1 persons, 1 roles.").wait_for()
        become("ofc-1")
        page.goto(f"{url}/policies/changes/1")
        page.get_by_label("Role to approve in").select_option("security_officer")
        page.get_by_role("button", name="Approve this tree").click()
        page.get_by_text("nobody approves a change that they wrote").wait_for()
        look("change-refused")
        become("ofc-3")
        page.goto(f"{url}/policies/changes/1")
        page.get_by_label("Role to approve in").select_option("security_officer")
        page.get_by_role("button", name="Approve this tree").click()
        page.get_by_text("complete", exact=True).wait_for()
        look("change-approved")
        page.get_by_role("button", name="Merge").click()
        page.get_by_text("merged by ofc-3").wait_for()
        look("change-merged")
        assert site.work.head() == head
        page.set_viewport_size({"width": 360, "height": 800})
        look("change-narrow")
        assert not overflow(page)
        assert barred == []
