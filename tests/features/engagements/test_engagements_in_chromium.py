"""The pages of audits as officers meet them: a firm let in, an engagement opened, evidence attached, by keyboard."""

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.engagements.auditing import ASKED, CLASS, begun, send

pytestmark = pytest.mark.slow


def test_a_request_is_answered_with_a_file_without_a_script(plane, officer, firm, tmp_path):
    begun(officer, firm)
    send(officer, "e/soc2-2026/requests", ASKED)
    (tmp_path / "export.csv").write_text("a,b\n")
    with on_a_port(plane.app) as url, chromium() as page:
        cookie = officer.client.get_cookie("omega")
        page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": url}])
        barred, noise = [], []
        page.on("console", lambda message: noise.append(message.text))

        def look(path, name):
            page.goto(f"{url}/engagements/{path}")
            barred.extend(barriers(page))
            for width in (1280, 768, 320):
                page.set_viewport_size({"width": width, "height": 900})
                assert not overflow(page), (path, width)
                shoot(page, f"audits-{name}-{width}")
            page.set_viewport_size({"width": 1280, "height": 900})

        look("", "engagements")
        look("firms", "firms")
        look("firms/acme", "firm")
        assert page.get_by_label("AuthnContext classes").input_value() == CLASS
        look("e/soc2-2026", "engagement")
        look("e/soc2-2026/activity", "activity")
        look("e/soc2-2026/requests", "requests")
        page.get_by_role("link", name="PBC-1", exact=True).press("Enter")
        page.get_by_label("File, at most").set_input_files(tmp_path / "export.csv")
        page.get_by_label("First day it speaks of").fill("2026-10-01")
        page.get_by_label("Collected from its source").fill("2026-11-02T08:00")
        page.get_by_label("System it comes from").fill("policy repository")
        page.get_by_role("button", name="Attach").press("Enter")
        page.get_by_role("link", name="export.csv").wait_for()
        page.get_by_label("What you provide").fill("the export of October")
        page.get_by_role("button", name="Provide").press("Enter")
        page.get_by_text("the export of October").wait_for()
        page.emulate_media(color_scheme="dark")
        look("e/soc2-2026/requests/1", "request")
        assert barred == []
        assert noise == []
