"""The pages of systems and incidents as an officer meets them: in Chromium, with the keyboard, for everybody."""

import pytest

from tests.browser import barriers, chromium, on_a_port, shoot
from tests.features.ai_act.registering import SHORTLIST, assess_and_miss, send

pytestmark = pytest.mark.slow


def test_a_system_is_classified_and_an_incident_reported_without_a_script(desk, compliance):
    send(compliance, "systems", {"system": "wf-4b1e", "kind": "workflow"} | SHORTLIST)
    assess_and_miss(compliance)
    with on_a_port(desk.control.app) as url, chromium() as page:
        barred = []
        cookie = compliance.client.get_cookie("omega")
        page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": url}])

        def look(path, name):
            if path is not None:
                page.goto(f"{url}/ai_act/{path}")
            barred.extend(barriers(page))
            shoot(page, name)

        look("systems", "ai-systems")
        page.get_by_label("Id, as the platform knows it").fill("ag-1")
        page.get_by_label("What people call it").fill("Front desk")
        page.get_by_label("What it is meant for, in words").fill("answers questions of customers")
        page.get_by_label("provider").check()
        page.get_by_label("The day it was or will be placed on the market").fill("2026-07-01")
        page.get_by_label("Deals with natural persons directly").press("Space")
        page.get_by_role("button", name="Classify").press("Enter")
        page.wait_for_url(f"{url}/ai_act/systems/ag-1")
        assert page.get_by_text("limited", exact=True).is_visible()
        look("systems/wf-4b1e", "ai-system")
        look("systems/wf-4b1e/conformity", "ai-conformity")
        look("incidents", "ai-incidents")
        page.get_by_label("Known since (UTC)").fill("2026-11-22T13:00")
        page.get_by_label("What happened").fill("a customer was told another's address")
        page.get_by_label("Personal data were breached").check()
        page.get_by_role("button", name="Open").press("Enter")
        page.get_by_role("heading", name="Clocks").wait_for()
        assert page.get_by_text("data protection authority: by").is_visible()
        look(None, "ai-incident")
        assert barred == []
