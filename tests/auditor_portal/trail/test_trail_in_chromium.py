"""The pages of the audit trail as a person meets them: wide, narrow, dark, for everybody."""

import pytest

from tests.auditor_portal.portal import ENGAGEMENT
from tests.auditor_portal.trail.trails import HOUR, busy, shown
from tests.browser import SHOTS, barriers, chromium, on_a_port, overflow, shoot

pytestmark = pytest.mark.slow
WIDTHS = (320, 768, 1280) if SHOTS else (320,)


def test_pages_can_be_read_by_everybody(tmp_path, portal_url):
    trail = busy()
    trail.stamp(0)
    trail.log.cosign(1)
    trail.a.append("storage.probe", body={"level": "L1", "tried": 3, "accepted": []})
    trail.publish()
    trail.later(HOUR)
    pages = {
        "overview": "",
        "checkpoints": "/checkpoints",
        "checkpoint": "/checkpoints/1",
        "chain": f"/chains/{trail.a.id}",
        "seal": f"/chains/{trail.a.id}/seals/7",
        "keys": "/keys",
        "probes": "/probes",
    }
    with shown(trail, tmp_path, portal_url) as portal, on_a_port(portal.app) as url, chromium() as page:
        portal.auditor()
        noise, found = [], []
        page.on("console", lambda message: noise.append(message.text))
        for name, path in pages.items():
            page.goto(f"{url}/e/{ENGAGEMENT}/trail{path}")
            found += barriers(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert not overflow(page), (name, width)
                shoot(page, f"trail-{name}-{width}")
        page.emulate_media(color_scheme="dark")
        page.goto(f"{url}/e/{ENGAGEMENT}/trail")
        shoot(page, "trail-overview-1280-dark")
        assert found + barriers(page) == []
        assert noise == []  # nothing that our policy of content forbids
