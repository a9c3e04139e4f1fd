"""The pages of policies as a person meets them: wide, narrow, dark, for everybody."""

import pytest

from tests.auditor_portal.policies.kept import shown
from tests.auditor_portal.portal import ENGAGEMENT
from tests.browser import SHOTS, barriers, chromium, on_a_port, overflow, shoot

pytestmark = pytest.mark.slow
WIDTHS = (320, 768, 1280) if SHOTS else (320,)


def test_pages_can_be_read_by_everybody(node, tmp_path, portal_url):
    second = node.second.digest
    pages = {
        "in-force": "",
        "tree": f"/{second}",
        "file": f"/{second}/file/rego/shop/sell.rego",
        "history": f"/{second}/history",
        "approvals": f"/{second}/approvals",
        "tests": f"/{second}/tests",
        "diff": f"/diff?before={node.first.digest}&after={second}",
    }
    with shown(node, node.log(), tmp_path, portal_url) as portal, on_a_port(portal.app) as url, chromium() as page:
        portal.auditor()
        noise, found = [], []
        page.on("console", lambda message: noise.append(message.text))
        for name, path in pages.items():
            page.goto(f"{url}/e/{ENGAGEMENT}/policies{path}")
            found += barriers(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert not overflow(page), (name, width)
                shoot(page, f"policies-{name}-{width}")
        page.emulate_media(color_scheme="dark")
        page.goto(f"{url}/e/{ENGAGEMENT}/policies{pages['diff']}")
        shoot(page, "policies-diff-1280-dark")
        assert found + barriers(page) == []
        assert noise == []  # nothing that our policy of content forbids
