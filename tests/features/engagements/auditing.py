"""A control plane with officers, a portal's database, a place for evidence, and an index of the log."""

import io
from weakref import WeakKeyDictionary

from sqlalchemy import text

from app.db import open_engine
from app.objects import open_objects
from tests.audits.indexed import Indexed
from tests.features.serving import Served

COMPLIANCE, CISO, AUTHOR, AUDITOR = "omega-compliance", "omega-ciso", "omega-policy-authors", "omega-auditors"
CLASS = "https://refeds.org/profile/mfa"
DAYS = {"period_first": "2026-10-01", "period_last": "2026-10-31", "first": "2026-11-01", "last": "2026-11-30"}
ENGAGEMENT = {"id": "soc2-2026", "firm": "acme", "title": "SOC 2, October", "frameworks": "soc2", **DAYS}
ASKED = {
    "reference": "PBC-1",
    "title": "Changes of policies",
    "text": "All",
    "control": "soc2/CC8.1",
    "due": "2026-11-20",
}
GIVEN = {
    "effective_from": "2026-10-01",
    "effective_to": "2026-10-31",
    "collected": "2026-11-02T08:00",
    "source": "policy repository",
    "query": "git log --since=2026-10-01",
    "actor": "ofc-1",
    "tool": "git 2.39",
    "policy_commit": "0123abcd",
}

_TOKENS = WeakKeyDictionary()  # of forms, by the browser that has the session


class Places:
    """A directory for evidence, and an index that a test has follow the log."""

    def __init__(self, folder):
        self.folder, self.indexed = folder, None

    def objects(self):
        return open_objects(str(self.folder / "objects"))

    def index(self):
        return self.indexed.engine


class Plane:
    """A control plane whose officers have shown a second factor, unless a test says otherwise."""

    def __init__(self, url, folder):
        self.places = Places(folder)
        self.served = Served(audits=self.places)
        self.around, self.clock, self.app = self.served.around, self.served.clock, self.served.app
        self.index = self.places.indexed = Indexed(self.around, folder / "index.db")
        self._engine = open_engine(url)

    def officer(self, name="ofc-1", *groups, second_factor=1):
        browser = self.served.officer(name, *(groups or (COMPLIANCE,)))
        with self._engine.begin() as connection:
            connection.execute(text(f"UPDATE officer_session SET second_factor = {second_factor}"))  # noqa: S608
        return browser

    def close(self):
        self._engine.dispose()
        self.index.engine.dispose()


def send(browser, path, said=None, **files):
    """Send a form, with files if there are any, as a program with a session does."""
    if browser.client not in _TOKENS:
        _TOKENS[browser.client] = browser.csrf()
    sent = {"csrf": _TOKENS[browser.client]} | (said or {})
    sent |= {name: (io.BytesIO(data), f"{name}.txt") for name, data in files.items()}
    headers = {"accept": "application/json", "sec-fetch-site": "same-origin"}
    return browser.client.post(f"/engagements/{path}", data=sent, headers=headers)


def gates(answer):
    """Return the gates that an answer says have failed."""
    assert answer.status_code == 403, answer.text
    return [each["id"] for each in answer.json["gates"]]


def begun(browser, firm):
    """Let a firm in, name its auditor, open its engagement, and have the auditor take part."""
    assert send(browser, "firms", firm).status_code == 201
    person = {"name_id": "a.lee@acme.example", "name": "A. Lee"}
    assert send(browser, "firms/acme/auditors", person).status_code == 201
    assert send(browser, "", ENGAGEMENT).status_code == 201
    assert send(browser, "e/soc2-2026/members", person | {"role": "lead"}).status_code == 200
