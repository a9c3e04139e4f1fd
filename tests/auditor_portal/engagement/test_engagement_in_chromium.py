"""An engagement's own pages as an auditor meets them: wide, narrow, dark, for everybody."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.assurance import Kept
from app.audits import threads
from app.audits.request import Evidence, State
from auditor_portal import product
from auditor_portal.trail import probes
from evidence.store import Level
from tests.auditor_portal.engagement.speaking import PROVENANCE, entity
from tests.auditor_portal.portal import ENGAGEMENT
from tests.audits.indexed import Indexed
from tests.browser import barriers, chromium, on_a_port, overflow, shoot

pytestmark = pytest.mark.slow


def test_a_request_is_made_and_accepted_without_a_script(portal, tmp_path, monkeypatch):
    portal.auditor()
    index = Indexed(portal.around, tmp_path / "index.db")
    kept = Kept(level=Level.L2, label="L2", time=datetime(2026, 11, 22, 6, tzinfo=UTC))
    monkeypatch.setattr(probes.assurance, "kept", lambda _: kept)
    product.install(portal.app, lambda: SimpleNamespace(index=index.engine, reader=None, settings=None))
    with on_a_port(portal.app) as url, chromium() as page:
        barred, noise = [], []
        page.on("console", lambda message: noise.append(message.text))

        def look(path, name):
            page.goto(f"{url}{path}")
            barred.extend(barriers(page))
            for width in (1280, 768, 320):
                page.set_viewport_size({"width": width, "height": 900})
                assert not overflow(page), (path, width)
                shoot(page, f"portal-{name}-{width}")
            page.set_viewport_size({"width": 1280, "height": 900})

        look("/", "engagements")
        page.get_by_role("link", name="SOC 2, October").press("Enter")
        page.get_by_role("link", name="Requests", exact=True).press("Enter")
        page.get_by_label("Reference, your own").fill("PBC-1")
        page.get_by_label("What is asked for").fill("Changes of policies")
        page.get_by_role("button", name="Ask").press("Enter")
        page.get_by_role("heading", name="Changes of policies").wait_for()
        given = {"name": "export.csv", "size": 4, "sha256": "5" * 64, "key": "k", "provenance": PROVENANCE}
        threads.attach(entity(1), ENGAGEMENT, 1, Evidence(number=0, by="", at=0, decision_id="", **given))
        threads.say(entity(2), ENGAGEMENT, 1, "the export of October", State.PROVIDED)
        look(f"/e/{ENGAGEMENT}/requests/1", "request")
        page.get_by_role("button", name="Accept").press("Enter")
        page.get_by_text("accepted", exact=True).first.wait_for()
        index.catch_up()
        page.emulate_media(color_scheme="dark")
        look(f"/e/{ENGAGEMENT}/", "home")
        look(f"/e/{ENGAGEMENT}/requests", "requests")
        look(f"/e/{ENGAGEMENT}/activity", "activity")
        assert barred == []
        assert noise == []
    index.engine.dispose()
