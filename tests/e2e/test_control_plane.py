"""Officers' pages of a real service: beside decisions, and in workers of their own."""

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow


class Browser:
    """Keeps the one cookie there is."""

    def __init__(self, url):
        self._address, self._cookie = urlsplit(url).netloc, ""

    def ask(self, method, path, body=None, **headers):
        connection = HTTPConnection(self._address, timeout=60)
        form = {"content-type": "application/x-www-form-urlencoded"} if body else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"accept": "text/html", "cookie": self._cookie} | form | given)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name == "set-cookie" and value.startswith("omega="):
                self._cookie = value.partition(";")[0]
        text = answer.read().decode()
        connection.close()
        return answer.status, text


def link(service):
    """Return the path of a login link, as the operator gets it."""
    command = [sys.executable, "-m", "app.cli", "officer", "login", "--json", "--id", "maria"]
    environment = service.environment | {"OMEGA_PUBLIC_URL": service.url}
    ended = subprocess.run(
        [*command, "--groups", "omega-auditors"], env=environment, cwd=ROOT, capture_output=True, check=True
    )
    url = urlsplit(json.loads(ended.stdout)["url"])
    return url.path, url.query


@pytest.mark.parametrize("planes", [(), ("control",)], ids=["beside decisions", "alone"])
def test_an_officer_signs_in_and_reads_and_both_verifiers_see_it(serving, planes):
    service = serving(planes=planes, OMEGA_OPA="none")
    browser = Browser(service.url)
    path, token = link(service)
    assert browser.ask("POST", path, token, sec_fetch_site="same-origin")[0] == 303
    status, text = browser.ask("GET", "/policies/")
    assert (status, "publish.rego" in text) == (200, True)
    assert browser.ask("POST", path, token, sec_fetch_site="same-origin")[0] == 403
    assert browser.ask("GET", "/readyz")[0] == 200
    assert browser.ask("POST", "/access/v1/evaluation", "csrf=", sec_fetch_site="none")[0] == (
        403 if planes else 401
    )  # no form of ours
    assert service.stop() == 0
    settings = service.settings
    log = verified(Path(settings.store), settings.keys / "log.vkey")
    decisions = {record.body["action"]: record for record in log.decisions}
    assert decisions.keys() >= {"session.open", "policies.view"}  # jobs ask as well
    assert "maria" not in json.dumps([record.body for record in decisions.values()])
