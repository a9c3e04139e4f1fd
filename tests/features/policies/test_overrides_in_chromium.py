"""The pages of overrides, as a browser shows them."""

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.policies.test_routes_overrides import ASKED, life, send  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow


def test_overrides_can_be_read_and_asked_for_by_everybody(life):  # noqa: F811
    alice = life.officer("alice", "omega-compliance")
    answer = send(alice, "", ASKED)
    assert answer.status_code == 201, answer.text
    with on_a_port(life.control.app) as url, chromium() as page:
        page.context.add_cookies([{"name": "omega", "value": alice.client.get_cookie("omega").value, "url": url}])
        barred = []
        for path in ("overrides", f"overrides/{answer.json['id']}", "windows"):
            page.goto(f"{url}/policies/{path}")
            barred += barriers(page)
            shoot(page, f"{path.split('/')[0]}-{len(path)}")
            page.set_viewport_size({"width": 360, "height": 800})
            assert not overflow(page), path
            page.set_viewport_size({"width": 1200, "height": 800})
        assert barred == []
