"""The page that verifies: who gets it, what it may do, and that the file to keep is the same for everybody."""

import base64
import hashlib
import re

from tests.auditor_portal.portal import ENGAGEMENT

PAGE = f"/e/{ENGAGEMENT}/verify"
SAVED = f"{PAGE}/verify-evidence.html"


def test_the_page_is_on_record_and_may_open_no_connection(portal):
    answer = portal.auditor().get(PAGE)
    assert answer.status_code == 200
    assert portal.decided == [("auditor_portal.view", True)]
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    assert '<a href="/e/soc2-2026/verify" aria-current="page">Verify</a>' in answer.text
    assert hashlib.sha256(portal.auditor().get(SAVED).data).hexdigest() in answer.text


def test_who_is_not_of_the_engagement_gets_neither(portal):
    for path in (PAGE, SAVED):
        assert portal.auditor(firm="other").get(path).status_code == 404
    assert portal.decided == [("auditor_portal.view", False)] * 2


def test_the_file_to_keep_is_one_and_runs_what_stands_in_it_alone(portal):
    answer = portal.auditor().get(SAVED)
    assert answer.headers["content-disposition"] == 'attachment; filename="verify-evidence.html"'
    assert answer.headers["cache-control"] == "no-store"
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', answer.text)[1]
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", answer.text, re.DOTALL)
        found = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{found}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "connect-src 'none'" in policy
    assert re.findall(r'(?:src|href)="[^"]*"', answer.text) == []
    assert answer.data == portal.auditor().get(SAVED).data
