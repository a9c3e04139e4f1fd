"""What tests of the pages of policies share: a node that is made once and copied for each test, and a way to look."""

import pytest

from tests.auditor_portal.policies.kept import build, shown, standing
from tests.auditor_portal.portal import ENGAGEMENT
from tests.auditor_portal.trail.trails import plain
from tests.features.policies.conftest import migrated

__all__ = ["migrated"]


@pytest.fixture(scope="session")
def template(tmp_path_factory, migrated):
    path = tmp_path_factory.mktemp("policies")
    return build(path, migrated), path


@pytest.fixture
def node(template, tmp_path):
    with standing(*template, tmp_path) as made:
        yield made


@pytest.fixture
def look(node, tmp_path, portal_url):
    """Shows policies to an auditor: returns a function from a path below policies to the text of its page."""
    opened = []

    def show(trail=None, **engagement):
        opened.append(shown(node, trail or node.log(), tmp_path, portal_url, **engagement))
        portal = opened[-1].__enter__()
        browser = portal.auditor()

        def page(path="", status=200):
            answer = browser.get(f"/e/{ENGAGEMENT}/policies{path}")
            assert answer.status_code == status, answer.text
            return plain(answer.text)

        page.portal = portal
        return page

    yield show
    for each in opened:
        each.__exit__(None, None, None)
