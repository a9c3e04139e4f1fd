"""A control plane with change requests, and officers who have signed in to it."""

from concurrent.futures import Future
from typing import ClassVar

from sqlalchemy import text

from app.db import open_engine
from app.features.policies.changes import board
from app.features.policies.changes.board import Board
from app.features.policies.changes.change_request import Status
from app.features.policies.changes.checks_kept import write_check
from app.features.policies.changes.patching import Patcher
from tests.features.policies.requests_made import CHECKS, GROUPS
from tests.features.policies.signing import ENVIRONMENT, NOW
from tests.features.serving import Served

JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}


class InstantChecker:
    """Finds everything good at once."""

    class means:  # noqa: N801 - stands in for an instance
        names = CHECKS

    status = Status.PASSED
    said: ClassVar = {name: {} for name in CHECKS}

    def begin(self, permit, opened):
        for name in CHECKS:
            write_check(permit, opened, name, self.status, self.said[name], NOW)
        return Future()


class Site:
    """A control plane with change requests, and officers who have signed in to it with a second factor."""

    def __init__(self, work, mirror, database):
        self.work, self.database, self.served = work, database, Served()
        self.checker = InstantChecker()
        patcher = Patcher(mirror=mirror, url=str(work.remote), environment=ENVIRONMENT)
        self.repository = work.mirror(mirror)
        made = Board(
            repository=self.repository,
            checker=self.checker,
            patcher=patcher,
            required=lambda: CHECKS,
            now=lambda: NOW,
        )
        board.install(self.served.app, made)

    def officer(self, name):
        browser = self.served.officer(name, *GROUPS[name])
        engine = open_engine(self.database)
        with engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        engine.dispose()
        return Person(browser)


class Person:
    def __init__(self, browser):
        self.browser = browser
        self.csrf = browser.csrf("/policies/changes")

    def get(self, path):
        return self.browser.json(f"/policies/changes{path}")

    def page(self, path):
        return self.browser.get(f"/policies/changes{path}")

    def post(self, path, **document):
        headers = JSON | {"x-csrf-token": self.csrf}
        return self.browser.client.post(f"/policies/changes{path}", json=document, headers=headers)

    def form(self, path, **data):
        return self.browser.post(f"/policies/changes{path}", {"csrf": self.csrf} | data)
